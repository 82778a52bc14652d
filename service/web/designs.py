"""Drafts of case types: begun, edited as text, checked, tried, exported and published. Nothing saved is overwritten."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service.db import before_the_lock, db
from service.engine.definition import Problem, Severity
from service.errors import BadRequest, InvalidDeployment, InvalidForm, NotFound
from service.http import rate_limits, uploads
from service.http.auth import current_actor
from service.http.protection import as_file, permission
from service.languages import _
from service.models import Actor, DesignDraft, DesignRevision
from service.operations import designs as operations
from service.operations import rehearsals
from service.operations.designs import Overtaken
from service.operations.sources import KINDS
from service.policy.permissions import Action
from service.queries import definitions
from service.queries import designs as lists
from service.web.rendering import go, names_of, page

blueprint = Blueprint("designs", __name__)
LISTED, LATEST = 50, 20  #: drafts on a page, and steps of a draft's story
MOST_UNPACKED = 20_000_000  #: bytes of all files of an archive
CRAMPED = 200  #: times that a file of an archive may be larger than what it is packed in


@blueprint.get("/designs")
@permission(Action.DEPLOY)
def index() -> Response:
    """All drafts, what was changed last first; and the ways to begin one."""
    return _index()


def _index(wrong: Mapping[str, str] | None = None, status: int = 200) -> Response:
    found = lists.all_of(actor=current_actor(), limit=LISTED, cursor=request.args.get("after"))
    return page(
        "designs/index.html",
        status=status,
        drafts=found.rows,
        next=found.next,
        names=names_of(each.owner for each in found.rows),
        kinds=definitions.case_types(),
        said={name: request.form.get(name, "") for name in ("key", "title")},
        wrong=wrong or {},
    )


@blueprint.post("/designs")
@permission(Action.DEPLOY)
def begin() -> ResponseReturnValue:
    """Begin a draft: of a deployed case type (`of`), or under a new `key` from files, an archive, or nothing."""
    actor = current_actor()
    rate_limits.spend("deployment", actor)
    try:
        if of := request.form.get("of"):
            draft = operations.begin_from(definitions.active(of), by=actor)
        else:
            key, title = request.form.get("key", "").strip(), request.form.get("title", "")
            draft = operations.begin(key, title, by=actor, files=_sent() or _blank(key, title))
    except InvalidForm as wrong:
        db.session.rollback()
        return _index({name: " ".join(told) for name, told in wrong.errors.items()}, 422)
    except BadRequest as wrong:
        db.session.rollback()
        return _index({"files": str(wrong)}, 400)
    return _done(draft, _("The draft is begun."))


def _blank(key: str, title: str) -> dict[str, bytes]:
    return (
        {f"{key}.bpmn": operations.blank(key, title)} if operations.KEY.fullmatch(key) and title.isprintable() else {}
    )


def _sent() -> dict[str, bytes]:
    """The files that were sent, those of a ZIP among them, under their plain names. Raises `BadRequest`."""
    found: dict[str, bytes] = {}
    for upload in request.files.getlist("files"):
        data = upload.read() if upload.filename else b""
        if not upload.filename:
            continue
        unpacked = _unpacked(data) if upload.filename.lower().endswith(".zip") else {upload.filename: data}
        for name, content in unpacked.items():
            plain = PurePosixPath(name.replace("\\", "/")).name
            if plain in found:
                raise BadRequest(_("Two files are called “%(name)s”.", name=plain), field="files")
            found[plain] = content
    return found


def _unpacked(data: bytes) -> dict[str, bytes]:
    """Diagrams, decisions and forms of a ZIP; anything else in it is passed over."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            wanted = [each for each in archive.infolist() if PurePosixPath(each.filename).suffix.lower() in KINDS]
            if sum(each.file_size for each in wanted) > MOST_UNPACKED or len(wanted) > operations.MOST_FILES:
                raise BadRequest(_("The archive holds more than a draft does."), field="files")
            if any(each.file_size > 1000 + CRAMPED * each.compress_size for each in wanted):
                raise BadRequest(_("The archive is packed too tightly to be one of diagrams."), field="files")
            return {each.filename: archive.read(each) for each in wanted}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise BadRequest(_("This is no ZIP archive that can be read."), field="files") from error


@blueprint.get("/designs/<uuid:draft_id>")
@permission(Action.DEPLOY)
def show(draft_id: UUID) -> Response:
    """A draft: its files, who saved what, and, with `?check=1`, what deployment would say."""
    actor = current_actor()
    draft = lists.get(draft_id, by=actor)
    if not request.args.get("check"):
        return _page(draft)
    rate_limits.spend("deployment", actor)
    with before_the_lock():
        return _page(draft, problems=operations.check(draft))


def _page(draft: DesignDraft, status: int = 200, **values: Any) -> Response:
    files, steps = operations.files_of(draft), operations.revisions(draft, limit=LATEST)
    names = names_of([draft.owner, *(each.saved_by for each in (*files.values(), *steps))])
    problems: Sequence[Problem] | None = values.pop("problems", None)
    wrong = [each for each in problems or () if each.severity is Severity.ERROR]
    return page(
        "designs/draft.html",
        status=status,
        draft=draft,
        files=[(row, _kind(name)) for name, row in files.items()],
        steps=steps,
        names=names,
        problems=problems,
        has_errors=bool(wrong),
        **values,
    )


def _kind(name: str) -> str:
    kinds = {"process": _("Diagram"), "decision": _("Decision"), "form": _("Form")}
    return kinds.get(KINDS[PurePosixPath(name).suffix.lower()], _("File"))


@blueprint.post("/designs/<uuid:draft_id>/files")
@permission(Action.DEPLOY)
def add(draft_id: UUID) -> ResponseReturnValue:
    """Bring files, or an archive: those of a name that is there already become its newest revision."""
    actor = current_actor()
    draft = lists.get(draft_id, by=actor)
    try:
        sent = _sent()
        if not sent:
            raise BadRequest(_("Pick at least one file."), field="files")
        for name, content in sent.items():
            operations.save(draft, name, content, on=draft.revision, by=actor, said=request.form.get("said") or None)
    except BadRequest as wrong:
        db.session.rollback()
        return _page(lists.get(draft_id, by=actor), int(wrong.status), wrong=str(wrong))
    return _done(draft, _("The files are saved."))


@blueprint.get("/designs/<uuid:draft_id>/files/<name>")
@permission(Action.DEPLOY)
def edit(draft_id: UUID, name: str) -> Response:
    """A file as text, `?revision=` as it was once."""
    draft = lists.get(draft_id, by=current_actor())
    number = request.args.get("revision", "")
    chosen = int(number) if number.isdecimal() and len(number) < 10 else lists.newest(draft, name).number
    row = operations.revision(draft, name, chosen)
    return _editor(draft, row, lists.newest(draft, name).number)


def _editor(draft: DesignDraft, row: DesignRevision, newest: int, status: int = 200, **values: Any) -> Response:
    known = {"text": _text(row), "mine": None, "editable": _is_text(row), **values}
    return page("designs/file.html", status=status, draft=draft, row=row, newest=newest,
                names=names_of([row.saved_by]), **known)  # fmt: skip


def _text(row: DesignRevision) -> str:
    return (row.content or b"").decode("utf-8", "replace")


def _is_text(row: DesignRevision) -> bool:
    """Whether a file comes back from a page as it went there; one in another encoding would not."""
    try:
        return "\ufeff" not in (row.content or b"").decode()
    except UnicodeDecodeError:
        return False


def _typed(draft: DesignDraft, name: str) -> bytes:
    """What was typed, with the ends of lines that the file has: browsers send CR LF for each. Raises `BadRequest`."""
    if "text" not in request.form:
        raise BadRequest(_("Send the file's text."), field="text")
    there = lists.newest(draft, name)
    if not _is_text(there):
        raise BadRequest(_("This file is not in UTF-8: edit it in another tool, and bring it."), field="text")
    text = request.form["text"].replace("\r\n", "\n")
    return (text.replace("\n", "\r\n") if b"\r\n" in (there.content or b"") else text).encode()


@blueprint.post("/designs/<uuid:draft_id>/files/<name>")
@permission(Action.DEPLOY)
def save(draft_id: UUID, name: str) -> ResponseReturnValue:
    """Save a file's text on the revision that was opened. Where somebody saved another meanwhile, both are shown."""
    actor = current_actor()
    draft = lists.get(draft_id, by=actor)
    opened = request.form.get("on", "")
    if not opened.isdecimal() or len(opened) > 9:
        raise BadRequest(_("Open the file again: it is not said on which revision this is to be saved."), field="text")
    removed = "remove" in request.form
    content = b"" if removed else _typed(draft, name)
    try:
        said = request.form.get("said") or None
        done = operations.save(draft, name, None if removed else content, on=int(opened), by=actor, said=said)
    except Overtaken as overtaken:
        theirs = overtaken.newest
        return _editor(draft, theirs, theirs.number, int(overtaken.status), mine=content.decode())
    if done is None:
        return go(url_for(".show", draft_id=draft.id), _("Nothing was changed."), "info")
    if removed:
        return _done(draft, _("“%(name)s” is removed; its revisions stay.", name=name))
    return _done(draft, _("“%(name)s” is saved.", name=name))


@blueprint.get("/designs/<uuid:draft_id>.zip")
@permission(Action.DEPLOY)
def export(draft_id: UUID) -> Response:
    """The files in the layout of the repository."""
    draft = lists.get(draft_id, by=current_actor())
    response = Response(operations.export(draft), mimetype="application/zip")
    response.headers["Content-Disposition"] = uploads.disposition(f"{draft.key}.zip")
    response.headers["Content-Security-Policy"] = uploads.SANDBOX
    return response


@blueprint.get("/designs/<uuid:draft_id>/files/<name>/diagram")
@permission(Action.DEPLOY)
def diagram(draft_id: UUID, name: str) -> Response:
    """A diagram of the draft, as it is now, for the page that draws it."""
    row = operations.files_of(lists.get(draft_id, by=current_actor())).get(name)
    if row is None:
        raise NotFound(NotFound.__doc__)
    return as_file(Response(row.content, mimetype="application/xml"), name)


@blueprint.post("/designs/<uuid:draft_id>/try")
@permission(Action.DEPLOY)
def begin_rehearsal(draft_id: UUID) -> ResponseReturnValue:
    """Try the draft out, as it is now."""
    actor = current_actor()
    rate_limits.spend("evaluation", actor)
    draft = lists.get(draft_id, by=actor)
    try:
        made = rehearsals.begin_with(f"draft:{draft.id}", draft.key, by=actor)
    except InvalidDeployment as refused:
        db.session.rollback()
        return _page(lists.get(draft_id, by=actor), int(refused.status), problems=refused.problems)
    db.session.commit()
    return go(url_for("rehearsals.show", rehearsal_id=made.id))


@blueprint.post("/designs/<uuid:draft_id>/publish")
@permission(Action.DEPLOY)
def publish(draft_id: UUID) -> ResponseReturnValue:
    """Deploy the files as they are now, all or nothing."""
    actor = current_actor()
    rate_limits.spend("deployment", actor)
    draft = lists.get(draft_id, by=actor)
    try:
        done = operations.publish(draft, by=actor, reason=request.form.get("reason") or None)
    except InvalidDeployment as refused:
        db.session.rollback()
        return _page(lists.get(draft_id, by=actor), int(refused.status), problems=refused.problems)
    if not done.added:
        return _done(draft, _("Everything was deployed already; nothing was added."))
    return _done(draft, _("Published: %(names)s.", names=", ".join(_called(row) for row in done.added)))


def _called(row: Any) -> str:
    return _("%(name)s version %(version)s", name=getattr(row, "name", row.key), version=row.version)


@blueprint.post("/designs/<uuid:draft_id>/discard")
@permission(Action.DEPLOY)
def discard(draft_id: UUID) -> ResponseReturnValue:
    """Throw it away."""
    actor: Actor = current_actor()
    draft = lists.get(draft_id, by=actor)
    title = draft.title
    operations.discard(draft, by=actor)
    db.session.commit()
    return go(url_for(".index"), _("The draft “%(title)s” is thrown away.", title=title))


def _done(draft: DesignDraft, message: str) -> ResponseReturnValue:
    where = url_for(".show", draft_id=draft.id)
    db.session.commit()
    return go(where, message)
