"""Documents that the actor may see: of a case, by id, their versions. Every way to one chooses rows by `visible`."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from service.db import db
from service.errors import NotFound
from service.models import Actor, Case, Document, DocumentVersion, NoteVisibility, StoredContent
from service.policy.asking import Asker
from service.policy.permissions import Action, require
from service.queries.pages import LIMIT, Page, Sort, page
from service.queries.visibility import in_team, of_a_case, readable

NEWEST = (Sort(Document.id, uuid.UUID, descending=True),)
Row = tuple[Document, DocumentVersion]


def visible(actor: Asker) -> sa.ColumnElement[bool]:
    """Which rows of `document` the actor may see: the team all of its case's, other readers those for everybody."""
    open_to_me = sa.or_(Document.visibility == NoteVisibility.EVERYBODY, Document.created_by == actor.name)
    mine = sa.and_(of_a_case(Document.case_id, readable(actor)), open_to_me)
    return sa.or_(of_a_case(Document.case_id, in_team(actor)), mine)


def of_case(case: Case, *, actor: Actor, limit: int = LIMIT, cursor: str | None = None) -> Page[Document]:
    """The documents of a case that `actor` may see, the newest first; withdrawn ones are among them."""
    require(actor, Action.READ_CASE, case)
    return page(Document, Document.case_id == case.id, visible(actor), sorts=NEWEST, limit=limit, cursor=cursor)


def all_of(case: Case, *, actor: Actor) -> Sequence[Row]:
    """Each document of a case that `actor` may open, with its newest version, the oldest first."""
    require(actor, Action.READ_CASE, case)
    chosen = sa.select(Document, DocumentVersion).join(DocumentVersion, _is_newest())
    chosen = chosen.where(Document.case_id == case.id, Document.withdrawn_at.is_(None), visible(actor))
    return [(document, version) for document, version in db.session.execute(chosen.order_by(Document.id))]


def some_of(case: Case, *, actor: Actor, most: int) -> Sequence[Document]:
    """The last `most` documents of a case that `actor` may open, the newest first."""
    require(actor, Action.READ_CASE, case)
    chosen = sa.select(Document).where(Document.case_id == case.id, Document.withdrawn_at.is_(None), visible(actor))
    return db.session.scalars(chosen.order_by(Document.id.desc()).limit(most)).all()


def newest_of(documents: Sequence[Document]) -> dict[uuid.UUID, DocumentVersion]:
    """The newest version of each, by the document's id."""
    if not documents:
        return {}
    chosen = sa.select(DocumentVersion).join(Document, _is_newest())
    found = db.session.scalars(chosen.where(Document.id.in_([each.id for each in documents])))
    return {version.document_id: version for version in found}


def get(document_id: uuid.UUID, *, by: Actor) -> Document:
    """The document. Raises `NotFound` also for one that `by` may not see."""
    chosen = sa.select(Document).where(Document.id == document_id, visible(by)).options(joinedload(Document.case))
    document = db.session.scalar(chosen)
    if document is None:
        raise NotFound(NotFound.__doc__)
    require(by, Action.READ_CASE, document.case)
    return document


def version(document: Document, number: int | None = None) -> DocumentVersion:
    """A version of a document, the newest by default. Raises `NotFound` also where the document was withdrawn."""
    found = db.session.get(DocumentVersion, (document.id, number or document.newest))
    if found is None or document.withdrawn_at is not None:
        raise NotFound(NotFound.__doc__)
    return found


def versions(document: Document) -> Sequence[DocumentVersion]:
    """All versions, the newest first."""
    chosen = sa.select(DocumentVersion).where(DocumentVersion.document_id == document.id)
    return db.session.scalars(chosen.order_by(DocumentVersion.number.desc())).all()


def twin(case: Case, sha256: bytes, *, actor: Actor) -> Document | None:
    """A document of the case that `actor` may open and whose newest version has this very content."""
    chosen = sa.select(Document).join(DocumentVersion, _is_newest()).join(StoredContent)
    chosen = chosen.where(Document.case_id == case.id, Document.withdrawn_at.is_(None), visible(actor))
    return db.session.scalar(chosen.where(StoredContent.sha256 == sha256).order_by(Document.id).limit(1))


def _is_newest() -> sa.ColumnElement[bool]:
    return sa.and_(DocumentVersion.document_id == Document.id, DocumentVersion.number == Document.newest)
