"""A case's links, from both of their ends; what the actor may not read is named by its number alone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from ..db import db
from ..errors import NotFound
from ..models import Case, CaseLink, CaseState, LinkKind
from ..permissions import Action, Actor, require
from .cases import readable

#: How a link reads from its source and from its target.
WORDS = {
    LinkKind.RELATED: ("related to", "related to"),
    LinkKind.DUPLICATE: ("duplicate of", "duplicated by"),
    LinkKind.BLOCKS: ("blocks", "blocked by"),
    LinkKind.MERGED: ("merged into", "merged from"),
    LinkKind.SPLIT: ("split from", "split into"),
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
    outward: bool  #: whether this case is the link's source


def of_case(case: Case, *, actor: Actor) -> Sequence[Linked]:
    """The links of a case that `actor` may read, the oldest first."""
    require(actor, Action.READ_CASE, case)
    other = sa.case((CaseLink.source_id == case.id, CaseLink.target_id), else_=CaseLink.source_id)
    may_read = readable(actor).label("readable")
    rows = db.session.execute(
        sa.select(
            CaseLink.id, CaseLink.kind, CaseLink.source_id, Case.id, Case.number, Case.title, Case.state, may_read
        )
        .join(Case, Case.id == other)
        .where(sa.or_(CaseLink.source_id == case.id, CaseLink.target_id == case.id))
        .order_by(CaseLink.id)
    ).all()
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
            source == case.id,
        )
        for link, kind, source, found, number, title, state, seen in rows
    ]


def get(link_id: uuid.UUID, *, by: Actor) -> CaseLink:
    """The link. Raises `NotFound` also when `by` may not read its source."""
    found = db.session.get(CaseLink, link_id)
    if found is None:
        raise NotFound(NotFound.__doc__)
    require(by, Action.READ_CASE, found.source)
    return found
