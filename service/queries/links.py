"""A case's links, from both of their ends; what the actor may not read is named by its number alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from service.db import Identifier, db
from service.errors import NotFound
from service.languages import later
from service.models import SYSTEM, Actor, Case, CaseLink, CaseRole, CaseState, DefinitionAccess, LinkKind
from service.policy.asking import Asker, asked_by, asker
from service.policy.permissions import Action, require, works_on_clause
from service.queries.visibility import readable

#: How a link reads from its source and from its target.
WORDS = {
    LinkKind.RELATED: (later("related to"), later("related to")),
    LinkKind.DUPLICATE: (later("duplicate of"), later("duplicated by")),
    LinkKind.BLOCKS: (later("blocks"), later("blocked by")),
    LinkKind.MERGED: (later("merged into"), later("merged from")),
    LinkKind.SPLIT: (later("split from"), later("split into")),
}


@dataclass(frozen=True)
class Linked:
    """Another case, and what it is to this one (`words`). Without the right to read it, it has no title."""

    id: uuid.UUID  #: of the link
    kind: LinkKind
    words: str
    case_id: uuid.UUID
    number: str
    title: str
    state: CaseState
    readable: bool
    linkable: bool  #: whether the actor may link it with others, and take links away
    outward: bool  #: whether this case is the link's source


def of_case(case: Case, *, actor: Actor) -> Sequence[Linked]:
    """The links of a case that `actor` may read, the oldest first."""
    require(actor, Action.READ_CASE, case)
    rows = db.session.execute(_of_case(asker(actor)), {"case": case.id, **asked_by(actor)}).all()
    return [
        Linked(
            link,
            kind,
            WORDS[kind][source != case.id],
            found,
            number,
            title if seen else "",
            state,
            bool(seen),
            bool(links),
            source == case.id,
        )
        for link, kind, source, found, number, title, state, seen, links in rows
    ]


@cache
def _of_case(who: Asker) -> sa.Select[*tuple[Any, ...]]:
    case_id = sa.bindparam("case", type_=Identifier())
    other = sa.case((CaseLink.source_id == case_id, CaseLink.target_id), else_=CaseLink.source_id)
    may_read, may_link = readable(who).label("readable"), linkable(who).label("linkable")
    shown = (CaseLink.id, CaseLink.kind, CaseLink.source_id, Case.id, Case.number, Case.title, Case.state)
    return (
        sa.select(*shown, may_read, may_link)
        .join(Case, Case.id == other)
        .where(sa.or_(CaseLink.source_id == case_id, CaseLink.target_id == case_id))
        .order_by(CaseLink.id)
    )


def linkable(actor: Asker) -> sa.ColumnElement[bool]:
    """`RULES[LINK]` as SQL, as far as they ask for the case. A test holds the two against each other."""
    if actor is SYSTEM:
        return sa.true()
    principals = actor.principals
    working = CaseRole.principal.in_(principals), CaseRole.access.in_(("work", "steer"))
    confided: sa.ColumnElement[bool] = Case.id.in_(sa.select(CaseRole.case_id).where(*working))
    if actor.id is not None:
        confided = sa.or_(Case.owner_id == actor.id, confided)
    if actor.is_admin:
        return sa.or_(Case.restricted.is_(False), confided)
    managed = sa.select(DefinitionAccess.definition_id).where(
        DefinitionAccess.principal.in_(principals), DefinitionAccess.role == "manager"
    )
    works = sa.exists(works_on_clause(actor, Case.id))
    return sa.or_(confided, sa.and_(Case.restricted.is_(False), sa.or_(Case.definition_id.in_(managed), works)))


def get(link_id: uuid.UUID, *, by: Actor) -> CaseLink:
    """The link. Raises `NotFound` also when `by` may not read its source."""
    found = db.session.get(CaseLink, link_id)
    if found is None:
        raise NotFound(NotFound.__doc__)
    require(by, Action.READ_CASE, found.source)
    return found
