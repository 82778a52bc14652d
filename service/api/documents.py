"""Documents over REST: the body of a request is a file, its name stands in the query."""

from __future__ import annotations

from uuid import UUID

from flask import Response

from service.api import schemas, shapes
from service.api.representations import all_of, etag, listed, moment
from service.api.routes import Answer, Routes
from service.db import db
from service.http import uploads
from service.http.auth import current_actor
from service.models import Actor, Document, DocumentVersion
from service.operations import documents as operations
from service.policy.permissions import Action, require
from service.queries import cases as case_lists
from service.queries import documents
from service.queries import tasks as task_lists

routes = Routes("documents")


def _may_add(case_id: UUID) -> None:
    actor = current_actor()
    require(actor, Action.ADD_DOCUMENT, case_lists.get(case_id, by=actor))


def _may_replace(document_id: UUID) -> None:
    actor = current_actor()
    require(actor, Action.ADD_DOCUMENT, documents.get(document_id, by=actor).case)


@routes.get("/cases/{case_id}/documents", Action.READ_CASE, query=schemas.Paged, gives=list[shapes.DocumentShape])
def list_documents(case_id: UUID, query: schemas.Paged) -> Answer:
    """The documents of the case that you may see, the newest first; of withdrawn ones, that there were some."""
    actor = current_actor()
    found = documents.of_case(case_lists.get(case_id, by=actor), actor=actor, **dict(query))
    newest = documents.newest_of(found.rows)
    return Answer(listed(found, lambda document: _shape(document, newest[document.id])))


@routes.post(
    "/cases/{case_id}/documents",
    Action.ADD_DOCUMENT,
    query=schemas.AboutDocument,
    gives=shapes.DocumentShape,
    status=201,
    brings=_may_add,
)
def add(case_id: UUID, query: schemas.AboutDocument, brought: uploads.Brought) -> Answer:
    """Put a document into the case's folder: the body is the file, whatever its Content-Type says."""
    actor = current_actor()
    task = task_lists.get(query.task_id, by=actor) if query.task_id is not None else None
    about = operations.About(query.description, query.tags.split(","), query.visibility, task)
    case = case_lists.get(case_id, by=actor)
    return _answer(operations.add(case, brought.content_id, brought.name, by=actor, about=about), actor)


@routes.get("/documents/{document_id}", Action.READ_CASE, gives=shapes.DocumentShape)
def show(document_id: UUID) -> Answer:
    """A document and its newest version."""
    actor = current_actor()
    return _answer(documents.get(document_id, by=actor), actor)


@routes.get(
    "/documents/{document_id}/content", Action.READ_CASE, query=schemas.WhichVersion, media="*/*",
    gives=bytes,
)  # fmt: skip
def content(document_id: UUID, query: schemas.WhichVersion) -> Response:
    """A version's content, as a file; a range of it, where one is asked for."""
    found = documents.version(documents.get(document_id, by=current_actor()), query.version)
    return uploads.answer(found.content, found.name, found.at)


@routes.get("/documents/{document_id}/versions", Action.READ_CASE, gives=list[shapes.DocumentVersionShape])
def list_versions(document_id: UUID) -> Answer:
    """All versions of a document, the newest first."""
    return Answer(all_of(documents.versions(documents.get(document_id, by=current_actor())), _version))


@routes.post(
    "/documents/{document_id}/versions",
    Action.ADD_DOCUMENT,
    query=schemas.AboutVersion,
    gives=shapes.DocumentShape,
    status=201,
    brings=_may_replace,
)
def replace(document_id: UUID, query: schemas.AboutVersion, brought: uploads.Brought) -> Answer:
    """Add a version: the body is the file. Refused while somebody else works on the document."""
    actor = current_actor()
    document = documents.get(document_id, by=actor)
    operations.replace(document, brought.content_id, brought.name, by=actor, comment=query.comment)
    return _answer(document, actor)


@routes.put(
    "/documents/{document_id}", Action.CHANGE_DOCUMENT, body=schemas.DescribeDocument, gives=shapes.DocumentShape
)
def describe(document_id: UUID, body: schemas.DescribeDocument) -> Answer:
    """Change what is said of a document, and who sees it."""
    actor = current_actor()
    document = documents.get(document_id, by=actor)
    operations.describe(document, by=actor, about=operations.About(body.description, body.tags, body.visibility))
    return _answer(document, actor)


@routes.post("/documents/{document_id}/hold", Action.ADD_DOCUMENT, gives=shapes.DocumentShape)
def hold(document_id: UUID) -> Answer:
    """Work on a document: nobody else adds a version until you add one, or let it go."""
    actor = current_actor()
    document = documents.get(document_id, by=actor)
    operations.hold(document, by=actor)
    return _answer(document, actor)


@routes.post("/documents/{document_id}/let-go", Action.FREE_DOCUMENT, gives=shapes.DocumentShape)
def let_go(document_id: UUID) -> Answer:
    """Let others add versions again."""
    actor = current_actor()
    document = documents.get(document_id, by=actor)
    operations.let_go(document, by=actor)
    return _answer(document, actor)


@routes.post(
    "/documents/{document_id}/copy",
    Action.ADD_DOCUMENT,
    body=schemas.CopyDocument,
    gives=shapes.DocumentShape,
    status=201,
)
def copy(document_id: UUID, body: schemas.CopyDocument) -> Answer:
    """Put a document into another case's folder, too."""
    actor = current_actor()
    document = documents.get(document_id, by=actor)
    return _answer(operations.copy(document, case_lists.by_number(body.case, by=actor), by=actor), actor)


@routes.post(
    "/documents/{document_id}/withdraw",
    Action.CHANGE_DOCUMENT,
    body=schemas.WithdrawDocument,
    gives=shapes.DocumentShape,
)
def withdraw(document_id: UUID, body: schemas.WithdrawDocument) -> Answer:
    """Take a document out of the folder, with a reason; nobody opens it any more."""
    actor = current_actor()
    document = documents.get(document_id, by=actor)
    operations.withdraw(document, by=actor, reason=body.reason)
    return _answer(document, actor)


def _answer(document: Document, actor: Actor) -> Answer:
    db.session.flush()
    newest = documents.newest_of([document])[document.id]
    return Answer(_shape(document, newest), etag=etag(actor, document.version))


def _shape(document: Document, newest: DocumentVersion) -> shapes.DocumentShape:
    return {
        "id": str(document.id),
        "case_id": str(document.case_id),
        "task_id": str(document.task_id) if document.task_id else None,
        "name": document.name,
        "description": document.description,
        "tags": document.tags.split(",") if document.tags else [],
        "visibility": document.visibility.value,
        "created_by": document.created_by,
        "created_at": moment(document.created_at) or "",
        "held_by": document.held_by,
        "withdrawn_at": moment(document.withdrawn_at),
        "newest": _version(newest),
        "version": document.version,
    }


def _version(version: DocumentVersion) -> shapes.DocumentVersionShape:
    return {
        "number": version.number,
        "name": version.name,
        "media_type": version.content.media_type,
        "size": version.content.size,
        "sha256": version.content.sha256.hex(),
        "comment": version.comment,
        "by": version.by,
        "at": moment(version.at) or "",
    }
