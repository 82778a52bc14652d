"""Notes on a case: `write`, `edit` and `withdraw`. What a note said before is kept."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from service import audit
from service.db import db, new_id, utcnow
from service.errors import BadRequest, WrongState
from service.execution.running import lock
from service.languages import _
from service.models import (
    Actor,
    Case,
    FollowedTask,
    HumanTask,
    Note,
    NoteMention,
    NoteRevision,
    NoteVisibility,
    StarredCase,
    User,
)
from service.models.notes import mentioned_in
from service.notifications import notify
from service.operations.users import actor_of
from service.policy.permissions import Action, may, require

LONGEST = 20_000  #: characters


@dataclass(frozen=True)
class About:
    """What a note is about besides its case: a `task` of it, whom it `asks` something, what it `tells` who is named."""

    task: HumanTask | None = None
    asks: User | None = None
    tells: str = "mention"  #: a kind of notification


def write(
    case: Case,
    text: str,
    *,
    by: Actor,
    visibility: NoteVisibility = NoteVisibility.TEAM,
    about: About = About(),
) -> Note:
    """Add a note in Markdown; `@name` mentions somebody. Notes can be written on closed cases too.

    Raises `BadRequest` when it asks somebody who could not read it.
    """
    lock(case.id)
    require(by, Action.WRITE_NOTE, case)
    note = Note(id=new_id(), case_id=case.id, author=by.name, text=_checked(text), visibility=visibility)
    if about.task is not None:
        _of_this_case(about.task, case, by)
        note.task_id = about.task.id
    if about.asks is not None:
        _check_asked(about.asks, case, visibility)
        note.asked = about.asks.name
    db.session.add(note)
    mentioned = _mention(note)
    audit.record(case, "note:written", by=by, details=_about(note) | ({"mentions": mentioned} if mentioned else {}))
    _leave_word(note, case, mentioned, about, by)
    return note


def answer(question: Note, text: str, *, by: Actor) -> Note:
    """Answer what a note asks of `by`, for all who may read it; whoever asked finds the answer among their mentions."""
    case = lock(question.case_id)
    require(by, Action.READ_CASE, case)
    require(by, Action.ANSWER, question)
    if question.withdrawn_at is not None or question.answered_at is not None:
        raise WrongState(
            _("This question was withdrawn.") if question.withdrawn_at else _("This question was answered already.")
        )
    question.answered_at = utcnow()
    found = Note(
        id=new_id(),
        case_id=case.id,
        author=by.name,
        text=_checked(text),
        visibility=question.visibility,
        task_id=question.task_id,
        answers=question.id,
    )
    db.session.add(found)
    mentioned = _mention(found, question.author)
    audit.record(case, "note:answered", by=by, details=_about(found) | ({"mentions": mentioned} if mentioned else {}))
    notify([question.author], "answer", f"note:{found.id}", case=case, note=found, by=by)
    _leave_word(found, case, mentioned, About(), by)
    return found


def _of_this_case(task: HumanTask, case: Case, by: Actor) -> None:
    require(by, Action.READ_TASK, task)
    if task.case_id != case.id:
        raise BadRequest(_("That is a task of another case."), field="task")


def _check_asked(asked: User, case: Case, visibility: NoteVisibility) -> None:
    """Raise `BadRequest` for somebody who could not read the question."""
    if not asked.active or asked.is_machine:
        raise BadRequest(_("%(asked)s cannot sign in; ask somebody else.", asked=asked.display_name), field="asks")
    needed = Action.READ_CASE if visibility is NoteVisibility.EVERYBODY else Action.WRITE_NOTE
    if not may(actor_of(asked.id), needed, case):
        seen = _("this case") if needed is Action.READ_CASE else _("what is for the team")
        raise BadRequest(
            _("%(asked)s may not see %(seen)s; ask somebody who may.", asked=asked.display_name, seen=seen),
            field="asks",
        )


def edit(note: Note, text: str, *, by: Actor, visibility: NoteVisibility | None = None) -> None:
    """Change one's own note; what it said before stays readable in its history."""
    _to_change(note, by=by)
    checked = _checked(text)
    _keep(note)
    note.text, note.edited_at = checked, utcnow()
    note.visibility = visibility or note.visibility
    db.session.execute(sa.delete(NoteMention).where(NoteMention.note_id == note.id))
    mentioned = _mention(note)
    details = _about(note) | ({"mentions": mentioned} if mentioned else {})
    audit.record(note.case, "note:edited", by=by, details=details)
    _leave_word(note, note.case, mentioned, About(), by)


def withdraw(note: Note, *, by: Actor) -> None:
    """Take one's own note back: its text goes out of sight, that there was one does not."""
    _to_change(note, by=by)
    _keep(note)
    note.text, note.withdrawn_at = "", utcnow()
    db.session.execute(sa.delete(NoteMention).where(NoteMention.note_id == note.id))
    audit.record(note.case, "note:withdrawn", by=by, details=_about(note))


def _to_change(note: Note, *, by: Actor) -> None:
    lock(note.case_id)
    require(by, Action.READ_CASE, note.case)
    require(by, Action.EDIT_NOTE, note)
    if note.withdrawn_at is not None:
        raise WrongState(_("This note was withdrawn."))


def _keep(note: Note) -> None:
    revision = NoteRevision(
        note_id=note.id, number=note.version, text=note.text, visibility=note.visibility.value, until=utcnow()
    )
    db.session.add(revision)


def _mention(note: Note, *also: str) -> list[str]:
    """Remember whom the note mentions, of those who can sign in."""
    said = mentioned_in(note.text) | {*also}
    known = sorted(db.session.scalars(sa.select(User.name).where(User.name.in_(said), User.active))) if said else []
    db.session.add_all(NoteMention(note_id=note.id, name=name) for name in known)
    return known


def _leave_word(note: Note, case: Case, mentioned: list[str], about: About, by: Actor) -> None:
    """Tell whom the note asks, mentions or concerns: each of them once, in this order."""
    key = f"note:{note.id}"
    if note.asked and note.answered_at is None:
        notify([note.asked], "question", key, case=case, note=note, by=by)
    notify(mentioned, about.tells, key, case=case, note=note, by=by)
    followers = db.session.scalars(_followers(case, about.task)).all()
    notify([*followers, about.task.assignee if about.task else None], "comment", key, case=case, note=note, by=by)


def _followers(case: Case, task: HumanTask | None) -> sa.Select[str]:
    """The names of who follows the case, or the task."""
    whose = sa.select(StarredCase.user_id).where(StarredCase.case_id == case.id)
    if task is None:
        return sa.select(User.name).where(User.id.in_(whose))
    of_task = sa.select(FollowedTask.user_id).where(FollowedTask.task_id == task.id)
    return sa.select(User.name).where(User.id.in_(whose.union_all(of_task)))


def _checked(text: str) -> str:
    if not text.strip():
        raise BadRequest(_("Write something."))
    if len(text) > LONGEST:
        raise BadRequest(
            _(
                "A note has at most %(LONGEST)s characters; this one has %(text)s.",
                LONGEST=f"{LONGEST:,}",
                text=f"{len(text):,}",
            )
        )
    return text.strip()


def _about(note: Note) -> dict[str, str]:
    said = audit.digest_of(note.text)  # so that a changed text is found; the text itself is not for everybody
    about = {"task": str(note.task_id) if note.task_id else None, "asks": note.asked}
    known = {name: value for name, value in about.items() if value}
    return {"note": str(note.id), "visibility": note.visibility.value, "text": said, **known}
