"""Messages and signals between cases and from outside: `publish`, `broadcast` (BPMN 2.0.2 §8.4.2, §10.5.1).

A message goes to exactly one receiver: a case that waits for it, else a message start event, else it is kept for a
while. A signal goes to everybody who listens, each in a transaction of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from service import audit, jobs
from service.db import db, utcnow
from service.engine.elements.delivery import fits, properties_of
from service.errors import WrongState
from service.execution.definitions import deployed
from service.execution.running import running
from service.languages import _
from service.models import SYSTEM, Actor, Case, CaseState, Message, MessageId, ProcessDefinition, Subscription
from service.operations import cases
from service.policy.permissions import Action, require

KEPT_FROM_CASES = timedelta(days=1)  #: how long a message that a case threw waits for its receiver


@dataclass(frozen=True)
class Published:
    """What became of a message: `correlated` or `started` (then `case` is who has it), or `kept`."""

    outcome: str
    case: Case | None = None


def publish(
    name: str,
    payload: Mapping[str, Any],
    *,
    by: Actor,
    correlation: Mapping[str, Any] | None = None,
    keep_for: timedelta = timedelta(0),
    message_id: str | None = None,
) -> Published:
    """Give the message to one receiver. Without one it is kept for `keep_for`; zero: refused with `WrongState`.

    A second message of the same name and `message_id` is refused with `WrongState`, for a week.
    """
    require(by, Action.PUBLISH_MESSAGE)
    if message_id is not None:
        _refuse_again(name, message_id)
    keys = dict(correlation or {})
    for case in _waiting(name, payload, keys):
        if deliver(case, name, payload, keys, by=by):
            return Published("correlated", case)
    start = _start_for("message", name)
    if start is not None:
        definition, element_id = start
        return Published("started", _open(definition, element_id, name, payload, keys, by=by))
    if keep_for <= timedelta(0):
        raise WrongState(
            _("Nobody waits for the message “%(name)s” with these keys; say how long to keep it (keep_for).", name=name)
        )
    db.session.add(
        Message(
            name=name,
            payload=dict(payload),
            correlation=keys,
            published_by=by.name,
            expires_at=utcnow() + keep_for,
        )
    )
    return Published("kept")


def _open(
    definition: ProcessDefinition,
    element_id: str,
    name: str,
    payload: Mapping[str, Any],
    keys: Mapping[str, Any],
    *,
    by: Actor,
) -> Case:
    return cases.begin(
        definition, {}, by=by, start_event=element_id, event_name=name, payload=payload, correlation=keys
    )


def _refuse_again(name: str, message_id: str) -> None:
    insert = sqlite.insert if db.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = insert(MessageId).values(name=name, message_id=message_id, published_at=utcnow()).on_conflict_do_nothing()
    if db.session.execute(row.returning(MessageId.name)).first() is None:
        raise WrongState(
            _(
                "The message “%(name)s” with the id “%(message_id)s” was published already.",
                name=name,
                message_id=message_id,
            )
        )


def deliver(case: Case, name: str, payload: Mapping[str, Any], keys: Mapping[str, Any], *, by: Actor) -> bool:
    """Offer the message to `case`; False when it no longer waits for it, or has just ended."""
    try:
        with running(case.id, by=by) as workflow:
            taken = workflow.deliver(name, payload, keys)
            if taken:
                audit.record(case, "message:received", by=by, details={"name": name, "payload": dict(payload)})
            return taken
    except WrongState:
        return False


def take_kept(case_id: uuid.UUID) -> None:
    """Give `case_id` one kept message that it waits for, if there is one; another job looks for the next."""
    case = db.session.get_one(Case, case_id)
    definition = deployed(case.definition_id).definition
    waits = db.session.scalars(
        sa.select(Subscription).where(Subscription.case_id == case_id, Subscription.kind == "message")
    ).all()
    for wait in waits:
        kept = db.session.scalars(
            sa.select(Message)
            .where(Message.name == wait.event_name, Message.expires_at > utcnow())
            .order_by(Message.id)
            .with_for_update(skip_locked=True)
        ).all()
        for message in kept:
            brought = properties_of(definition, message.name, message.payload, utcnow()) | message.correlation
            if not fits(wait.correlation, brought):
                continue
            message_id, name, payload, keys = message.id, message.name, message.payload, message.correlation
            if case.state is CaseState.ACTIVE and deliver(case, name, payload, keys, by=SYSTEM):
                db.session.execute(sa.delete(Message).where(Message.id == message_id))
                jobs.enqueue("take_kept_messages", {"case": str(case_id)}, partition=str(case.root_id))
            return


def broadcast(name: str, payload: Mapping[str, Any], *, by: Actor, from_case: uuid.UUID | None = None) -> int:
    """Leave one job for each case and each start event that listens for the signal; how many there are."""
    require(by, Action.PUBLISH_MESSAGE)
    listeners = db.session.execute(
        sa.select(Subscription.case_id, Subscription.definition_id, Subscription.element_id, Case.root_id)
        .outerjoin(Case, Case.id == Subscription.case_id)
        .where(Subscription.kind == "signal", Subscription.event_name == name)
    ).all()
    heard: set[uuid.UUID] = set()
    for case_id, definition_id, element_id, root_id in listeners:
        if case_id in heard or (case_id is not None and case_id == from_case):
            continue
        if case_id is not None:
            heard.add(case_id)
            arguments = {"case": str(case_id), "name": name, "payload": dict(payload)}
            jobs.enqueue("hear_signal", arguments, partition=str(root_id))
        else:
            arguments = {"definition": str(definition_id), "element": element_id, "name": name}
            arguments["payload"] = dict(payload)
            jobs.enqueue("start_by_signal", arguments, partition=str(definition_id))
    return len(listeners)


def hear(case_id: uuid.UUID, name: str, payload: Mapping[str, Any]) -> None:
    """Let one case hear the signal, if it is still there."""
    case = db.session.get(Case, case_id)
    if case is None or case.state is not CaseState.ACTIVE:
        return
    with running(case.id, by=SYSTEM) as workflow:
        if workflow.broadcast(name, payload):
            audit.record(case, "signal:received", by=SYSTEM, details={"name": name, "payload": dict(payload)})


def start_by_signal(definition_id: uuid.UUID, element_id: str, name: str | None, payload: Mapping[str, Any]) -> Case:
    """Open a case by the signal start event `element_id`."""
    definition = db.session.get_one(ProcessDefinition, definition_id)
    return cases.begin(definition, {}, by=SYSTEM, start_event=element_id, event_name=name, payload=payload)


def _waiting(name: str, payload: Mapping[str, Any], keys: Mapping[str, Any]) -> list[Case]:
    """The cases that wait for the message and whose correlation it fits, oldest subscription first."""
    rows = db.session.execute(
        sa.select(Subscription.correlation, Case)
        .join(Case, Case.id == Subscription.case_id)
        .where(Subscription.kind == "message", Subscription.event_name == name, Case.state == CaseState.ACTIVE)
        .order_by(Subscription.id)
    ).all()
    brought: dict[uuid.UUID, dict[str, Any]] = {}
    for _name, case in rows:
        if case.definition_id not in brought:
            definition = deployed(case.definition_id).definition
            brought[case.definition_id] = properties_of(definition, name, payload, utcnow()) | dict(keys)
    return [case for wanted, case in rows if fits(wanted, brought[case.definition_id])]


def _start_for(kind: str, name: str) -> tuple[ProcessDefinition, str] | None:
    row = db.session.execute(
        sa.select(ProcessDefinition, Subscription.element_id)
        .join(Subscription, Subscription.definition_id == ProcessDefinition.id)
        .where(Subscription.kind == kind, Subscription.event_name == name)
        .order_by(ProcessDefinition.key)
    ).first()
    return (row[0], row[1]) if row else None
