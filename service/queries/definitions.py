"""What is deployed: case types, their versions, and what runs on each."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import load_only

from service.db import Statement, db, is_reading, once, rows
from service.errors import NotFound
from service.languages import _
from service.models import (
    Actor,
    DecisionDefinition,
    DefinitionAccess,
    FormDefinition,
    ProcessDefinition,
)
from service.policy.permissions import may_insert
from service.queries.pages import LIMIT, Page, Sort, page

Definition = TypeVar("Definition", ProcessDefinition, DecisionDefinition, FormDefinition)

_TO_OPEN = rows.Query(
    [
        [
            ProcessDefinition.key, ProcessDefinition.version, ProcessDefinition.number_prefix, ProcessDefinition.rivals,
        ]
    ],
    lambda select: select.where(ProcessDefinition.key == sa.bindparam("key"), ProcessDefinition.active),
)  # fmt: skip
_INSERTABLE = ProcessDefinition.info["attributes", "insertable"].as_string() == "true"  #: as `is_fragment` says
_FRAGMENTS = Statement(sa.select(ProcessDefinition.id).where(ProcessDefinition.active, _INSERTABLE))
_MAY_START = sa.exists().where(
    DefinitionAccess.definition_id == ProcessDefinition.id,
    DefinitionAccess.role == "starter",
    DefinitionAccess.principal.in_(sa.bindparam("principals", expanding=True)),
)
_STARTED_BY_HAND = (
    sa.select(ProcessDefinition, sa.func.coalesce(_INSERTABLE, sa.false()))
    .where(ProcessDefinition.active)
    .where(sa.or_(_INSERTABLE, sa.and_(ProcessDefinition.number_prefix.is_not(None), _MAY_START)))
    .options(load_only(ProcessDefinition.key, ProcessDefinition.name, ProcessDefinition.number_prefix))
    .order_by(ProcessDefinition.name, ProcessDefinition.key)
)


def get(definition_id: uuid.UUID) -> ProcessDefinition:
    """The process definition with this id. Raises `NotFound`."""
    return one(ProcessDefinition, definition_id)


def one(kind: type[Definition], definition_id: uuid.UUID) -> Definition:
    """The process, decision or form definition with this id. Raises `NotFound`."""
    found = db.session.get(kind, definition_id)
    if found is None:
        raise NotFound(NotFound.__doc__)
    return found


def latest(kind: type[Definition], key: str) -> Definition:
    """The newest version under `key`. Raises `NotFound`."""
    found = db.session.scalar(sa.select(kind).where(kind.key == key, kind.latest))
    if found is None:
        raise NotFound(_("Nothing is deployed under “%(key)s”.", key=key[:100]))
    return found


def active(key: str) -> ProcessDefinition:
    """The version of the process `key` that new cases take. Raises `NotFound`."""
    found = db.session.scalar(
        sa.select(ProcessDefinition).where(ProcessDefinition.key == key, ProcessDefinition.active)
    )
    if found is None:
        raise NotFound(_("Nothing is deployed under “%(key)s”.", key=key[:100]))
    return found


def version(key: str, number: int) -> ProcessDefinition:
    """That version of the process `key`. Raises `NotFound`."""
    found = db.session.scalar(
        sa.select(ProcessDefinition).where(ProcessDefinition.key == key, ProcessDefinition.version == number)
    )
    if found is None:
        raise NotFound(_("There is no version %(number)s of “%(key)s”.", number=number, key=key[:100]))
    return found


def before(definition: ProcessDefinition) -> ProcessDefinition | None:
    """The version before this one; None for the first."""
    older = sa.select(ProcessDefinition).where(
        ProcessDefinition.key == definition.key, ProcessDefinition.version < definition.version
    )
    return db.session.scalar(older.order_by(ProcessDefinition.version.desc()).limit(1))


def to_open(key: str) -> ProcessDefinition:
    """The version of the process `key` that new cases take, without its files, forms and what its diagram says.

    Raises `NotFound`.
    """
    found = _TO_OPEN.one_or_none(db.session(), key=key)
    if found is None:
        raise NotFound(_("Nothing is deployed under “%(key)s”.", key=key[:100]))
    definition: ProcessDefinition = found[0]
    return definition


def listed(
    kind: type[Definition], *, key: str | None = None, limit: int = LIMIT, cursor: str | None = None
) -> Page[Definition]:
    """The newest version of each key, by key; or all versions of one `key`, the newest first."""
    if key is None:
        return page(kind, kind.latest.is_(True), sorts=[Sort(kind.key, str)], limit=limit, cursor=cursor)
    newest_first = [Sort(kind.version, int, descending=True)]
    return page(kind, kind.key == key, sorts=newest_first, limit=limit, cursor=cursor)


def case_types() -> Sequence[ProcessDefinition]:
    """Of each case type the version that new cases take, by name."""
    is_case_type = ProcessDefinition.number_prefix.is_not(None)
    return db.session.scalars(
        sa.select(ProcessDefinition)
        .where(ProcessDefinition.active, is_case_type)
        .order_by(ProcessDefinition.name, ProcessDefinition.key)
    ).all()


def fragments(actor: Actor) -> Sequence[ProcessDefinition]:
    """Of each plan fragment the version that is taken now, if `actor` may start inside a running case, by name."""
    return [each for each, is_part in _started_by_hand(actor) if is_part and may_insert(actor, each.id)]


def has_fragments(actor: Actor) -> bool:
    """Whether there are any for `fragments`."""
    if is_reading():  # what reads shows them as well
        return bool(fragments(actor))
    return any(may_insert(actor, each) for [each] in _FRAGMENTS.rows(db.session.connection(), {}))


def startable(actor: Actor) -> Sequence[ProcessDefinition]:
    """The case types of which `actor` may open a case, by name; plan fragments are started inside cases only."""
    return [each for each, is_part in _started_by_hand(actor) if not is_part]


def described(kinds: Sequence[ProcessDefinition]) -> Sequence[ProcessDefinition]:
    """`kinds` with what their diagrams say of them, read for all at once."""
    wanted = sa.select(ProcessDefinition).where(ProcessDefinition.id.in_([kind.id for kind in kinds]))
    db.session.scalars(wanted.options(load_only(ProcessDefinition.info))).all()
    return kinds


def _started_by_hand(actor: Actor) -> Sequence[tuple[ProcessDefinition, bool]]:
    """What `actor` may open a case of, and with True all plan fragments; in the versions taken now, by name."""
    given = {"principals": sorted(actor.principals)}
    found = once(("started by hand", actor), lambda: db.session.execute(_STARTED_BY_HAND, given).all())
    return [(definition, bool(is_part)) for definition, is_part in found]


def versions(key: str) -> Sequence[ProcessDefinition]:
    """All versions of a process, the newest first. Raises `NotFound` when there is none."""
    found = db.session.scalars(
        sa.select(ProcessDefinition).where(ProcessDefinition.key == key).order_by(ProcessDefinition.version.desc())
    ).all()
    if not found:
        raise NotFound(_("Nothing is deployed under “%(key)s”.", key=key[:100]))
    return found
