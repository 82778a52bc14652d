"""Documents of a case: `add`, `replace` (a new version), `describe`, `hold`, `let_go`, `withdraw`, `move` and `copy`.

A content has arrived before (service/documents/arriving.py); what is done here is one transaction with its audit
entry, which names the content by its SHA-256. The name is there as a digest: who reads the story may not see it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from service import audit
from service.db import db, new_id, utcnow
from service.documents import arriving
from service.errors import BadRequest, WrongState
from service.execution.running import lock
from service.languages import _
from service.models import Actor, Case, Document, DocumentVersion, HumanTask, NoteVisibility, StoredContent, User
from service.policy.permissions import Action, require

LONGEST, MOST_TAGS, LONGEST_TAG = 2_000, 20, 40  #: characters of a text, how many tags, characters of one
MOST = 5_000  #: documents of a case


@dataclass(frozen=True)
class About:
    """What is said of a document beside its name."""

    description: str = ""
    tags: Sequence[str] = ()
    visibility: NoteVisibility = NoteVisibility.TEAM
    task: HumanTask | None = None  #: with which it comes


def add(case: Case, content_id: UUID, name: str, *, by: Actor, about: About = About()) -> Document:
    """Put a content that arrived into the case's folder. Closed cases take documents, too: some come late.

    Raises `BadRequest` for what is said wrongly of it, and where the folder is full.
    """
    lock(case.id)
    require(by, Action.ADD_DOCUMENT, case)
    _check_room(case)
    document = Document(
        id=new_id(),
        case_id=case.id,
        task_id=_task_of(case, about.task, by),
        name=name,
        description=_text(about.description),
        tags=_tags(about.tags),
        visibility=about.visibility,
        created_by=by.name,
    )
    db.session.add(document)
    content = arriving.keep(content_id)
    _add_version(document, content, name, "", by)
    audit.record(case, "document:added", by=by, details=_about(document, content))
    return document


def replace(document: Document, content_id: UUID, name: str, *, by: Actor, comment: str = "") -> DocumentVersion:
    """Add a version of a document, which is the newest then; who held it lets it go.

    Raises `WrongState` while somebody else holds it, or when it was withdrawn.
    """
    case = _to_change(document, by, Action.ADD_DOCUMENT)
    _check_held(document, by)
    document.newest += 1
    document.name, document.held_by, document.held_at = name, None, None
    content = arriving.keep(content_id)
    version = _add_version(document, content, name, _text(comment), by)
    audit.record(case, "document:replaced", by=by, details=_about(document, content))
    return version


def describe(document: Document, *, by: Actor, about: About) -> None:
    """Change what is said of a document: its description, tags and who sees it."""
    case = _to_change(document, by, Action.CHANGE_DOCUMENT)
    document.description, document.tags = _text(about.description), _tags(about.tags)
    document.visibility = about.visibility
    audit.record(case, "document:described", by=by, details=_named(document))


def hold(document: Document, *, by: Actor) -> None:
    """Check it out: until it is let go, or replaced, nobody else adds a version."""
    case = _to_change(document, by, Action.ADD_DOCUMENT)
    _check_held(document, by)
    document.held_by, document.held_at = by.name, utcnow()
    audit.record(case, "document:held", by=by, details=_named(document))


def let_go(document: Document, *, by: Actor) -> None:
    """End what `hold` began; whoever steers the case may do it for somebody else."""
    case = _to_change(document, by, Action.FREE_DOCUMENT)
    if document.held_by is None:
        raise WrongState(_("Nobody works on this document."))
    document.held_by, document.held_at = None, None
    audit.record(case, "document:let-go", by=by, details=_named(document))


def withdraw(document: Document, *, by: Actor, reason: str) -> None:
    """Take it out of the folder: nobody opens it any more; that it was there, and why it went, stays to be read."""
    case = _to_change(document, by, Action.CHANGE_DOCUMENT)
    if not reason.strip():
        raise BadRequest(_("Say why the document goes: it is read in the case's story."), field="reason")
    document.withdrawn_at, document.withdrawn_because = utcnow(), _text(reason)
    document.held_by, document.held_at = None, None
    audit.record(case, "document:withdrawn", by=by, details=_named(document) | {"because": audit.digest_of(reason)})


def copy(document: Document, target: Case, *, by: Actor) -> Document:
    """Put the newest version into another case's folder, too; the content is kept once."""
    case = _to_read(document, by)
    if target.id == case.id:
        raise BadRequest(_("It is in this case already; pick another one."), field="case")
    for each in sorted((case.id, target.id)):
        lock(each)
    require(by, Action.ADD_DOCUMENT, target)
    _check_room(target)
    newest = db.session.get_one(DocumentVersion, (document.id, document.newest))
    made = Document(id=new_id(), case_id=target.id, name=document.name, description=document.description,
                    tags=document.tags, visibility=document.visibility, created_by=by.name)  # fmt: skip
    db.session.add(made)
    _add_version(made, newest.content, document.name, f"From {case.number}", by)
    audit.record(target, "document:added", by=by, details=_about(made, newest.content) | {"from": case.number})
    audit.record(case, "document:copied", by=by, details=_named(document) | {"to": target.number})
    return made


def _to_read(document: Document, by: Actor) -> Case:
    case = document.case
    require(by, Action.READ_CASE, case)
    if document.withdrawn_at is not None:
        raise WrongState(_("This document was withdrawn."))
    return case


def _to_change(document: Document, by: Actor, action: Action) -> Case:
    case = lock(document.case_id)
    require(by, Action.READ_CASE, case)
    require(by, action, case if action is Action.ADD_DOCUMENT else document)
    return _to_read(document, by)


def _check_held(document: Document, by: Actor) -> None:
    if document.held_by not in (None, by.name):
        name = db.session.scalar(sa.select(User.display_name).where(User.name == document.held_by))
        raise WrongState(
            _(
                "%(who)s works on this document; wait, or ask them to let it go.",
                who=name or document.held_by,
            )
        )


def _check_room(case: Case) -> None:
    count = sa.select(sa.func.count()).select_from(Document).where(Document.case_id == case.id)
    if (db.session.scalar(count) or 0) >= MOST:
        raise BadRequest(_("A case has at most %(most)s documents.", most=f"{MOST:,}"), field="files")


def _add_version(document: Document, content: StoredContent, name: str, comment: str, by: Actor) -> DocumentVersion:
    version = DocumentVersion(
        document_id=document.id, number=document.newest or 1, content=content, name=name, comment=comment, by=by.name
    )
    db.session.add(version)
    return version


def _task_of(case: Case, task: HumanTask | None, by: Actor) -> UUID | None:
    if task is None:
        return None
    require(by, Action.READ_TASK, task)
    if task.case_id != case.id:
        raise BadRequest(_("That is a task of another case."), field="task")
    return task.id


def _text(text: str) -> str:
    if len(text) > LONGEST:
        raise BadRequest(
            _("This has at most %(most)s characters; it has %(number)s.", most=f"{LONGEST:,}", number=f"{len(text):,}")
        )
    return text.strip()


def _tags(given: Sequence[str]) -> str:
    """Tags as they are kept: in order, each once, commas between."""
    found = dict.fromkeys(" ".join(tag.split()) for tag in given if tag.strip())
    if len(found) > MOST_TAGS:
        raise BadRequest(_("A document has at most %(most)s tags.", most=MOST_TAGS), field="tags")
    for tag in found:
        if len(tag) > LONGEST_TAG or not re.fullmatch(r"[\w .:/+#-]+", tag):
            raise BadRequest(
                _(
                    "“%(tag)s” is no tag: letters, digits and .:/+#- up to %(most)s.",
                    tag=tag[:LONGEST_TAG],
                    most=LONGEST_TAG,
                ),
                field="tags",
            )
    return ",".join(found)


def _named(document: Document) -> dict[str, str]:
    name = audit.digest_of(document.name)
    return {"document": str(document.id), "name": name, "visibility": document.visibility.value}


def _about(document: Document, content: StoredContent) -> dict[str, str | int]:
    known: dict[str, str | int] = {
        "version": document.newest or 1,
        "sha256": content.sha256.hex(),
        "size": content.size,
    }
    return {**_named(document), **known}
