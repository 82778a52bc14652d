"""The documents of a case: brought, looked at, replaced, described, held, withdrawn, taken along as one file."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import zipstream
from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.documents import kinds, stores
from service.errors import BadRequest, NotFound, TooLarge, WrongState
from service.http import uploads
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _, later, ngettext
from service.models import Actor, Case, Document, DocumentVersion, NoteVisibility, StoredContent
from service.operations import documents as operations
from service.policy.permissions import Action, may, require
from service.queries import cases as case_lists
from service.queries import documents as lists
from service.web.rendering import go, names_of, page, wants_json

blueprint = Blueprint("documents", __name__)
LISTED, NEWEST = 50, 5  #: documents on a page of their own, and on the case's
SHOWN = 64 * 1024  #: bytes of a text or mail that a page shows
VISIBILITIES = {
    NoteVisibility.TEAM: later("The team"),
    NoteVisibility.EVERYBODY: later("Everybody who sees the case"),
}
_KINDS = {"image": later("Picture"), "text": later("Text"), "audio": later("Sound"), "video": later("Film")}


@dataclass(frozen=True)
class Shown:
    """A document as it stands in a list."""

    id: UUID
    name: str
    kind: str
    size: str
    by: str
    at: datetime
    number: int
    description: str
    tags: Sequence[str]
    for_team: bool
    held: str  #: what whoever works on it is called
    withdrawn: bool
    because: str
    picture: bool


def shown(documents: Sequence[Document]) -> list[Shown]:
    """`documents` for a page."""
    newest = lists.newest_of(documents)
    names = names_of(name for each in documents for name in (newest[each.id].by, each.held_by))
    return [_shown(each, newest[each.id], names.get) for each in documents]


def _shown(document: Document, version: DocumentVersion, called: Callable[[str, str], str]) -> Shown:
    return Shown(
        document.id,
        document.name,
        kind_of(version.content.media_type, document.name),
        size_of(version.content.size),
        called(version.by, version.by),
        version.at,
        version.number,
        document.description,
        document.tags.split(",") if document.tags else [],
        document.visibility is NoteVisibility.TEAM,
        called(document.held_by, document.held_by) if document.held_by else "",
        document.withdrawn_at is not None,
        document.withdrawn_because or "",
        kinds.is_image(version.content.media_type) and document.withdrawn_at is None,
    )


def kind_of(media: str, name: str) -> str:
    """What kind of file it is, for people: `PDF`, `Picture`."""
    known = _KINDS.get(media.partition("/")[0])
    return _(known) if known else kinds.ending_of(name).upper()


def size_of(size: int) -> str:
    """Bytes, for people: `12 kB`, `3.4 MB`."""
    if size < 1000:
        return ngettext("%(num)s byte", "%(num)s bytes", size)
    if size < 1_000_000:
        return f"{round(size / 1000):,} kB"
    return f"{size / 1_000_000:,.1f} MB"


def newest(case: Case, actor: Actor) -> dict[str, Any]:
    """What the case's own page says of its documents."""
    found = lists.some_of(case, actor=actor, most=NEWEST + 1)
    brings = may(actor, Action.ADD_DOCUMENT, case)
    return {"documents": shown(found[:NEWEST]), "more_documents": len(found) > NEWEST, "brings": brings}


@blueprint.get("/cases/<number>/documents")
@permission(Action.READ_CASE)
def index(number: str) -> ResponseReturnValue:
    """All documents of a case that I may see, the newest first."""
    return page("documents/page.html", **_about(*_case(number)))


def _about(case: Case, actor: Actor, wrong: str = "") -> dict[str, Any]:
    found = lists.of_case(case, actor=actor, limit=LISTED, cursor=request.args.get("after"))
    said = {name: request.form.get(name, "") for name in ("description", "tags")}
    visibility = request.form.get("visibility", NoteVisibility.TEAM.value)
    return {
        "case": case,
        "documents": shown(found.rows),
        "next": found.next,
        "brings": may(actor, Action.ADD_DOCUMENT, case),
        "visibilities": VISIBILITIES,
        "said": {**said, "visibility": visibility},
        "wrong": wrong,
        "most": f"{uploads.most() // 1024 // 1024:,} MB",
        "brought": _number("brought"),
    }


def _number(name: str) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 7 else 0


@blueprint.post("/cases/<number>/documents")
@permission(Action.ADD_DOCUMENT)
@uploads.takes_files
def add(number: str) -> ResponseReturnValue:
    """Bring files; what is wrong with one is said above the form, and then none was added."""
    case, actor = _case(number)
    try:
        brought = uploads.bring(lambda: require(actor, Action.ADD_DOCUMENT, case), uploads.of_form())
    except (BadRequest, TooLarge) as error:
        if wants_json():
            raise
        return page("documents/page.html", status=error.status, **_about(case, actor, str(error)))
    twins = [lists.twin(case, each.sha256, actor=actor) for each in brought]
    for each in brought:
        operations.add(case, each.content_id, each.name, by=actor, about=_described())
    db.session.commit()
    many = request.form.get("one_of", "1") != "1"  # sent one by one: a message for each would be many
    return go(url_for(".index", number=number), "" if many else _added([each.name for each in brought], twins))


def _added(names: Sequence[str], twins: Iterable[Document | None]) -> str:
    told = _("“%(name)s” is in the folder.", name=names[0])
    if len(names) > 1:
        told = _("%(number)s documents are in the folder.", number=len(names))
    same = [each.name for each in twins if each is not None]
    return told + (" " + _("The same content was there already: “%(name)s”.", name=same[0]) if same else "")


def _described() -> operations.About:
    try:
        visibility = NoteVisibility(request.form.get("visibility", NoteVisibility.TEAM.value))
    except ValueError as error:
        raise BadRequest(_("Pick who may open it."), field="visibility") from error
    return operations.About(request.form.get("description", ""), request.form.get("tags", "").split(","), visibility)


@blueprint.get("/documents/<uuid:document_id>")
@permission(Action.READ_CASE)
def show(document_id: UUID) -> ResponseReturnValue:
    """One document: what it shows, its versions, and what may be done with it."""
    document, actor = _document(document_id)
    return page("documents/document.html", **_one(document, actor))


def _one(document: Document, actor: Actor, wrong: str = "") -> dict[str, Any]:
    case, versions = document.case, lists.versions(document)
    names = names_of([*(each.by for each in versions), document.held_by])
    there, brings = document.withdrawn_at is None, may(actor, Action.ADD_DOCUMENT, case)
    return {
        "case": case,
        "document": _shown(document, versions[0], names.get),
        "versions": [
            (each, kind_of(each.content.media_type, each.name), size_of(each.content.size), names.get(each.by, each.by))
            for each in versions
        ],
        "preview": _preview(versions[0]) if there else None,
        "brings": brings and there,
        "replaces": brings and there and document.held_by in (None, actor.name),
        "changes": there and may(actor, Action.CHANGE_DOCUMENT, document),
        "holds": document.held_by == actor.name,
        "frees": document.held_by is not None and may(actor, Action.FREE_DOCUMENT, document),
        "visibilities": VISIBILITIES,
        "visibility": document.visibility.value,
        "wrong": wrong,
        "most": f"{uploads.most() // 1024 // 1024:,} MB",
    }


@dataclass(frozen=True)
class Preview:
    """What a page shows of a document: a `text`, with the `head` of a mail before it, or a picture."""

    text: str = ""
    head: Sequence[tuple[str, str]] = ()
    cut: bool = False
    picture: bool = False


def _preview(version: DocumentVersion) -> Preview | None:
    content = version.content
    if kinds.is_image(content.media_type):
        return Preview(picture=True)
    if content.media_type == "message/rfc822":
        return _mail(_beginning(content), content.size > SHOWN)
    if kinds.is_text(content.media_type):
        return Preview(_decoded(_beginning(content)), cut=content.size > SHOWN)
    return None


def _beginning(content: StoredContent) -> bytes:
    return b"".join(stores.pieces(content, 0, SHOWN))


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        cut_short = error.start >= len(data) - 3
        return data.decode("utf-8-sig", "ignore") if cut_short else data.decode("cp1252", "replace")


def _mail(data: bytes, cut: bool) -> Preview:
    """A mail's head and its plain text; what else it holds is in the file."""
    mail = email.message_from_bytes(data, EmailMessage, policy=email.policy.default)
    head = [(_(name), str(mail[name])[:500]) for name in ("From", "To", "Cc", "Date", "Subject") if mail[name]]
    try:
        body = mail.get_body(("plain",))
        text = body.get_content() if body is not None else ""
    except (LookupError, KeyError, ValueError, AttributeError):  # a charset that nobody knows, half a mail
        text = ""
    return Preview(str(text), head, cut)


@blueprint.get("/documents/<uuid:document_id>/content")
@permission(Action.READ_CASE)
def content(document_id: UUID) -> Response:
    """A version as a file, `?version=`; the newest by default."""
    found = _version(document_id)
    return uploads.answer(found.content, found.name, found.at)


@blueprint.get("/documents/<uuid:document_id>/picture")
@permission(Action.READ_CASE)
def picture(document_id: UUID) -> Response:
    """A version as a picture in a page."""
    found = _version(document_id)
    return uploads.answer(found.content, found.name, found.at, inline=True)


def _version(document_id: UUID) -> DocumentVersion:
    return lists.version(_document(document_id)[0], _number("version") or None)


@blueprint.get("/cases/<number>/documents.zip")
@permission(Action.READ_CASE)
def together(number: str) -> Response:
    """The newest versions of all documents of a case that I may open, in one file that is made while it is sent."""
    case, actor = _case(number)
    packed, used = zipstream.ZipStream(), set[str]()  # type: ignore[no-untyped-call]
    for document, version in lists.all_of(case, actor=actor):
        name = _unused(document.name, used)
        packed.add(stores.pieces(version.content), name)
    response = Response(iter(packed), mimetype="application/zip")
    response.headers["Content-Disposition"] = uploads.disposition(f"{case.number}.zip")
    response.headers["Content-Security-Policy"] = uploads.SANDBOX
    return response


def _unused(name: str, used: set[str]) -> str:
    stem, point, ending = name.rpartition(".")
    found, number = name, 2
    while found.casefold() in used:
        found, number = f"{stem or ending} ({number}){point}{ending if stem else ''}", number + 1
    used.add(found.casefold())
    return found


@blueprint.post("/documents/<uuid:document_id>/versions")
@permission(Action.ADD_DOCUMENT)
@uploads.takes_files
def replace(document_id: UUID) -> ResponseReturnValue:
    """Bring a new version."""
    document, actor = _document(document_id)
    try:
        files = uploads.of_form()[:1]
        (brought,) = uploads.bring(lambda: require(actor, Action.ADD_DOCUMENT, document.case), files)
        comment = request.form.get("comment", "")
        operations.replace(document, brought.content_id, brought.name, by=actor, comment=comment)
    except (BadRequest, TooLarge, WrongState) as error:
        if wants_json():
            raise
        db.session.rollback()
        return page("documents/document.html", status=error.status, **_one(*_document(document_id), str(error)))
    return _done(
        document, _("Version %(number)s of “%(name)s” is in the folder.", number=document.newest, name=document.name)
    )


@blueprint.post("/documents/<uuid:document_id>/describe")
@permission(Action.CHANGE_DOCUMENT)
def describe(document_id: UUID) -> ResponseReturnValue:
    """Change what is said of it."""
    document, actor = _document(document_id)
    operations.describe(document, by=actor, about=_described())
    return _done(document, _("“%(name)s” is described.", name=document.name))


@blueprint.post("/documents/<uuid:document_id>/hold")
@permission(Action.ADD_DOCUMENT)
def hold(document_id: UUID) -> ResponseReturnValue:
    """Work on it."""
    document, actor = _document(document_id)
    operations.hold(document, by=actor)
    told = _("You work on “%(name)s”: nobody else adds a version until you do, or let it go.", name=document.name)
    return _done(document, told)


@blueprint.post("/documents/<uuid:document_id>/let-go")
@permission(Action.FREE_DOCUMENT)
def let_go(document_id: UUID) -> ResponseReturnValue:
    """Let others work on it."""
    document, actor = _document(document_id)
    operations.let_go(document, by=actor)
    return _done(document, _("“%(name)s” is free for others.", name=document.name))


@blueprint.post("/documents/<uuid:document_id>/withdraw")
@permission(Action.CHANGE_DOCUMENT)
def withdraw(document_id: UUID) -> ResponseReturnValue:
    """Take it out of the folder."""
    document, actor = _document(document_id)
    operations.withdraw(document, by=actor, reason=request.form.get("reason", ""))
    number = document.case.number
    db.session.commit()
    return go(url_for(".index", number=number), _("“%(name)s” is withdrawn.", name=document.name))


@blueprint.post("/documents/<uuid:document_id>/copy")
@permission(Action.ADD_DOCUMENT)
def copy(document_id: UUID) -> ResponseReturnValue:
    """Put it into another case's folder, too."""
    document, actor = _document(document_id)
    number = request.form.get("case", "").strip()
    try:
        target = case_lists.by_number(number, by=actor)
    except NotFound as error:
        raise BadRequest(
            _("There is no case “%(number)s” that you may see.", number=number[:100]), field="case"
        ) from error
    operations.copy(document, target, by=actor)
    return _done(
        document, _("“%(name)s” is in the folder of %(number)s, too.", name=document.name, number=target.number)
    )


def _case(number: str) -> tuple[Case, Actor]:
    actor = current_actor()
    return case_lists.by_number(number, by=actor), actor


def _document(document_id: UUID) -> tuple[Document, Actor]:
    actor = current_actor()
    return lists.get(document_id, by=actor), actor


def _done(document: Document, message: str) -> ResponseReturnValue:
    where = url_for(".show", document_id=document.id)
    db.session.commit()
    return go(where, message)
