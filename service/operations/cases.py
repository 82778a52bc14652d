"""A case's life: `start`, `change_variables`, `change`, `cancel`."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import lru_cache, partial
from typing import Any, Final

import sqlalchemy as sa

from service import audit, forms
from service.db import Base, Statement, db, local, localnow, new_id, utcnow
from service.engine.work import WorkflowState
from service.engine.workflow import Workflow
from service.errors import BadRequest, FormChanged, InvalidForm, WrongState
from service.execution import calendars, drafts, family, levels
from service.execution.definitions import Deployed, deployed, form_of
from service.execution.projection import NOTHING
from service.execution.running import load, lock, running, save
from service.execution.stores import Stores
from service.execution.titles import title_of
from service.languages import _
from service.models import (
    SYSTEM,
    Actor,
    AuditEntry,
    Case,
    CaseState,
    HumanTask,
    Incident,
    IncidentState,
    NumberSequence,
    PendingCall,
    ProcessDefinition,
    Subscription,
    TaskCandidate,
    TaskState,
    Timer,
    User,
)
from service.operations import choosing
from service.policy import reaching
from service.policy.permissions import Action, may, require


class Unset(Enum):
    """Says that an argument was not given, where None is a value."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True)
class Kin:
    """How a new case belongs to the case that opens it, which the caller has locked."""

    parent: Case
    activity: str | None = None  #: the parent's call activity
    blocking: bool = False
    on_parent_cancel: str = "keep"
    fragment: bool = False
    number: str | None = None  #: instead of a number of its own
    shares_people: bool = False  #: the parent's roles are the child's, and so is its being restricted to them

    @property
    def columns(self) -> dict[str, Any]:
        """The child's columns that say so."""
        return {
            "restricted": self.parent.restricted and self.shares_people,
            "parent_id": self.parent.id,
            "parent_activity": self.activity,
            "blocking": self.blocking,
            "on_parent_cancel": self.on_parent_cancel,
            "fragment": self.fragment,
        }


def start(definition: ProcessDefinition, *, by: Actor, submitted: Mapping[str, Any]) -> Case:
    """Open a case of `definition` with the start form's data and run it until it waits.

    Raises `Forbidden` for who may not open one, `InvalidForm` for data that breaks the start form's rules.
    """
    return open_prepared(prepare(definition, by=by, submitted=submitted), by=by)


@dataclass(frozen=True)
class Prepared:
    """A case that has run to where it waits, and is not there yet."""

    case_id: uuid.UUID
    definition: ProcessDefinition
    variables: Mapping[str, Any]
    workflow: Workflow
    stores: Stores


def prepare(definition: ProcessDefinition, *, by: Actor, submitted: Mapping[str, Any]) -> Prepared:
    """What takes time in `start`, and locks nothing. Raises as `start` does."""
    require(by, Action.OPEN_CASE, definition)
    case_id, stores = new_id(), Stores()
    version, variables = taken(definition, submitted, case_id, by=by)
    workflow = Workflow.start(
        deployed(version.id).definition, variables, now=localnow(), stores=stores, calendars=calendars.working_time
    )
    return Prepared(case_id, version, variables, workflow, stores)


def taken(
    definition: ProcessDefinition, submitted: Mapping[str, Any], case_id: uuid.UUID, *, by: Actor
) -> tuple[ProcessDefinition, dict[str, Any]]:
    """The version that a case takes which somebody opens by hand, and the variables that it begins with.

    `submitted` holds for the start form of `definition`, which they saw; where another version's form asks for more, or
    they may not open cases of it, the case stays with the one that they saw. Raises `InvalidForm`, `BadRequest`.
    """
    variables = _checked(definition, submitted, by)
    version = choosing.chosen(definition, variables, case_id)
    if version is definition or not may(by, Action.OPEN_CASE, version):
        return definition, variables
    try:
        return version, _checked(version, submitted, by)
    except (InvalidForm, BadRequest):
        return definition, variables


def _checked(definition: ProcessDefinition, submitted: Mapping[str, Any], by: Actor) -> dict[str, Any]:
    schema = form_of(definition.id, start_form(definition))
    found = forms.validate(schema, submitted, context={}, now=localnow()) if schema else plain(submitted)
    return {**found, "initiator": by.name}


def open_prepared(prepared: Prepared, *, by: Actor) -> Case:
    """Open the case that `prepare` made for the same person; one that asked a data store runs again, since others write
    there."""
    workflow = None if prepared.stores.asked else prepared.workflow
    return begin(
        prepared.definition, prepared.variables, by=by, owner_id=by.id, workflow=workflow, case_id=prepared.case_id
    )


def begin(
    definition: ProcessDefinition,
    variables: Mapping[str, Any],
    *,
    by: Actor,
    owner_id: uuid.UUID | None = None,
    start_event: str | None = None,
    event_name: str | None = None,
    payload: Mapping[str, Any] | None = None,
    correlation: Mapping[str, Any] | None = None,
    kin: Kin | None = None,
    roles: Iterable[tuple[str, str]] = (),
    workflow: Workflow | None = None,
    case_id: uuid.UUID | None = None,
) -> Case:
    """Open a case whose data is already checked: from `start`, a message, a signal, a timer, or by a parent case.

    It takes the version that `choosing` says; with `case_id`, the id that it shall have, exactly `definition`.
    `workflow`: one that has run already. The number is taken late: until the end, nobody else gets one of the kind.
    """
    now = utcnow()
    if case_id is None:
        case_id = new_id()
        definition = choosing.chosen(definition, {**variables, **(payload or {})}, case_id, start=start_event)
    source = deployed(definition.id)
    workflow = workflow or Workflow.start(
        source.definition,
        variables,
        now=local(now),
        start_event=start_event,
        event_name=event_name,
        payload=payload,
        correlation=correlation,
        stores=Stores(),
        calendars=calendars.working_time,
    )
    case = _row(definition, source, variables, case_id=case_id, by=by, owner_id=owner_id, kin=kin, now=now)
    db.session.add(case)
    details = {"version": source.version, **({"parent": kin.parent.number} if kin else {})}
    audit.record(case, "case:opened", by=by, details=details, at=now)
    family.bind(case, source.definition.info, roles, by=by)
    save(case, workflow, NOTHING, by=by)
    return case


def _row(
    definition: ProcessDefinition,
    source: Deployed,
    variables: Mapping[str, Any],
    *,
    case_id: uuid.UUID,
    by: Actor,
    owner_id: uuid.UUID | None,
    kin: Kin | None,
    now: datetime,
) -> Case:
    """The row of a case that has not begun."""
    attributes = source.definition.info.attributes
    return Case(
        id=case_id,
        number=(kin and kin.number) or next_number(definition.number_prefix or definition.key.upper()[:12], now.year),
        case_type=definition.key,
        definition_id=definition.id,
        title=title_of(source.title, variables),
        state=CaseState.ACTIVE,
        priority=int(said) if (said := attributes.get("priority", "")).isdecimal() else 50,
        due_at=calendars.due_of_case(attributes, local(now)),
        owner_id=owner_id,
        created_by=by.name,
        created_at=now,
        root_id=kin.parent.root_id if kin else case_id,
        **(kin.columns if kin else {}),
        inline={},
        visits={},
        audit_seq=0,
        audit_hash=b"",
    )


def start_form(definition: ProcessDefinition) -> str | None:
    """The form key of the definition's none start event."""
    starts = deployed(definition.id).definition.info.starts
    return next((start.form_key for start in starts if start.kind == "none"), None)


def start_form_id(definition: ProcessDefinition) -> str | None:
    """The id of that form's version; None without a form."""
    key = start_form(definition)
    found = deployed(definition.id).forms.get(key) if key else None
    return str(found) if found else None


def require_form(definition: ProcessDefinition, opened: str | None, submitted: Mapping[str, Any]) -> None:
    """Raise `FormChanged` when `submitted` was filled into another version of the start form (its id) than today's.

    Its errors would be at fields that nobody sees, and what is asked for now would be missing. None: not known which.
    """
    newest = start_form_id(definition)
    if opened is None or opened == newest:
        return
    schema = form_of(definition.id, start_form(definition))
    if schema is None:
        return  # nothing is asked for any more
    raise FormChanged({"id": newest, "schema": schema, "data": forms.initial(schema, submitted)})


def plain(submitted: Mapping[str, Any]) -> dict[str, Any]:
    """What a start or a task without a form takes: any JSON object with names that expressions can use."""
    wrong = [name for name in submitted if not str(name).isidentifier()]
    if wrong:
        raise BadRequest(
            _("Variables need names of letters, digits and _, not %(repr)s.", repr=", ".join(map(repr, wrong[:5])))
        )
    return {name: value for name, value in submitted.items() if name != "initiator"}


def next_number(prefix: str, year: int) -> str:
    """The next readable case number of `prefix` in `year`; its row is locked until the commit, so there are no gaps."""
    connection = db.session.connection()
    [[last]] = _counting(connection.dialect.name).rows(connection, {"prefix": prefix, "year": year, "last": 1})
    return f"{prefix}-{year}-{last:05d}"


@lru_cache(maxsize=2)
def _counting(dialect: str) -> Statement:
    from sqlalchemy.dialects import postgresql, sqlite

    table = Base.metadata.tables[NumberSequence.__tablename__]
    insert = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table)
    one_more = {"last": table.c.last + 1}
    counting = insert.on_conflict_do_update(index_elements=["prefix", "year"], set_=one_more).returning(table.c.last)
    return Statement(counting, ("prefix", "year", "last"))


def change_variables(case: Case, changes: Mapping[str, Any], *, by: Actor) -> None:
    """Set variables from outside; what the diagram makes conditional on them is looked at again."""
    with running(case.id, by=by, allowed=partial(require, by, Action.CHANGE_VARIABLES)) as workflow:
        changes = plain(changes)
        audit.record(case, "variables:changed", by=by, details={"names": sorted(changes)})
        write(workflow, changes)


def write(workflow: Workflow, changes: Mapping[str, Any]) -> None:
    """Set variables, also of a case that is kept open after its diagram has ended."""
    if workflow.state is WorkflowState.ACTIVE:
        workflow.set_variables(changes)
    else:
        workflow.mend(changes)


def change(
    case: Case,
    *,
    by: Actor,
    owner: User | Unset | None = UNSET,
    priority: int | Unset = UNSET,
    due_at: datetime | Unset | None = UNSET,
) -> None:
    """Hand the case over, or change its priority (0 to 100) or its due date."""
    lock(case.id)
    require(by, Action.CHANGE_CASE, case)
    if case.state.is_closed:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    details: dict[str, Any] = {}
    if not isinstance(owner, Unset):
        case.owner_id = owner.id if owner else None
        details["owner"] = owner.name if owner else None
        if case.restricted and not reaching.is_reached(case):
            raise WrongState(_("This case is restricted, and nobody could reach it any more: give it another owner."))
    if not isinstance(priority, Unset):
        if not 0 <= priority <= 100:
            raise BadRequest(
                _("The priority is %(priority)s; allowed is 0 to 100.", priority=priority), field="priority"
            )
        details["priority"] = [case.priority, priority]
        case.priority = priority
    if not isinstance(due_at, Unset):
        details["due"] = [case.due_at and case.due_at.isoformat(), due_at and due_at.isoformat()]
        case.due_at = due_at
        levels.left_to_people(case)
    if details:
        audit.record(case, "case:changed", by=by, details=details)


def printed(case: Case, *, by: Actor) -> AuditEntry:
    """Write down that `by` is about to print the case: from then on what it says may lie on any desk."""
    lock(case.id)
    require(by, Action.READ_CASE, case)
    return audit.record(case, "case:printed", by=by)


def cancel(case: Case, *, by: Actor, reason: str) -> None:
    """End the case now, with everything that is open in it. The reason is kept."""
    lock(case.id)
    require(by, Action.CANCEL_CASE, case)
    if case.state.is_closed:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    if not reason.strip():
        raise BadRequest(_("Say why the case is cancelled."), field="reason")
    terminate(case, by=by, reason=reason.strip())


def terminate(case: Case, *, by: Actor, reason: str) -> None:
    """Close the locked `case` and everything open in it, whatever state its workflow is in."""
    end_work(case, by=by)
    case.state, case.closed_at, case.reason = CaseState.TERMINATED, utcnow(), reason
    audit.record(case, "case:terminated", by=by, details={"reason": reason})
    family.cancel_children(case, f"{case.number} was cancelled: {reason}")
    family.ended(case)
    levels.keep(case)


def end_work(case: Case, *, by: Actor) -> None:
    """Cancel everything that is open in the locked `case`, and put its incidents away: nobody has to see to them now.

    What becomes of the case itself is the caller's.
    """
    now = utcnow()
    db.session.execute(
        sa.update(Incident)
        .where(Incident.case_id == case.id, Incident.state == IncidentState.OPEN)
        .values(state=IncidentState.RESOLVED, resolved_at=now, resolved_by=by.name)
    )
    open_tasks = sa.select(HumanTask.id).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    db.session.execute(sa.delete(TaskCandidate).where(TaskCandidate.task_id.in_(open_tasks)))
    db.session.execute(
        sa.update(HumanTask)
        .where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
        .values(state=TaskState.CANCELLED, closed_at=now, version=HumanTask.version + 1)
        .execution_options(synchronize_session=False)
    )
    drafts.drop_all(case.id)
    db.session.execute(sa.delete(Timer).where(Timer.case_id == case.id))
    db.session.execute(sa.delete(PendingCall).where(PendingCall.case_id == case.id))
    db.session.execute(sa.delete(Subscription).where(Subscription.case_id == case.id))
    workflow = load(case, now=now)
    workflow.terminate()
    case.snapshot, case.marked = workflow.dump(), []
    case.held_open, case.suspended_at, case.suspended_until = False, None, None


__all__ = ["SYSTEM", "UNSET", "begin", "cancel", "change", "change_variables", "printed", "start", "terminate"]
