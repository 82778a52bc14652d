"""Notes that the actor may see: of a case, where they are mentioned, and what a note said before.

Every way to a note chooses its rows through `visible`; nothing here picks notes without it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from service.db import at_once, db, utcnow
from service.errors import NotFound
from service.models import Actor, Case, HumanTask, Note, NoteMention, NoteRevision, NoteVisibility, User
from service.policy.asking import Asker, asked_by, asker
from service.policy.permissions import Action, require
from service.queries.pages import LIMIT, Page, Sort, page
from service.queries.visibility import in_team, of_a_case, readable

NEWEST = (Sort(Note.id, uuid.UUID, descending=True),)
_MENTIONED = (
    sa.select(NoteMention.note_id, User.name, User.display_name)
    .join(User, User.name == NoteMention.name)
    .where(NoteMention.note_id.in_(sa.bindparam("notes", expanding=True)))
)


def visible(actor: Asker) -> sa.ColumnElement[bool]:
    """Which rows of `note` the actor may see: the team all of its case's, other readers those for everybody."""
    open_to_me = sa.or_(Note.visibility == NoteVisibility.EVERYBODY, Note.author == actor.name)
    return sa.or_(_of_my_team(actor), sa.and_(of_a_case(Note.case_id, readable(actor)), open_to_me))


def of_case(case: Case, *, actor: Actor, limit: int = LIMIT, cursor: str | None = None) -> Page[Note]:
    """The notes on a case that `actor` may see, the newest first."""
    require(actor, Action.READ_CASE, case)
    return page(Note, Note.case_id == case.id, visible(actor), sorts=NEWEST, limit=limit, cursor=cursor)


def newest(case: Case, *, actor: Actor, most: int) -> Sequence[Note]:
    """The last `most` notes on a case that `actor` may see, the newest first."""
    require(actor, Action.READ_CASE, case)
    return db.session.scalars(_newest(asker(actor), most), {"case": case.id, **asked_by(actor)}).all()


@cache
def _newest(who: Asker, most: int) -> sa.Select[Note]:
    of_case = sa.select(Note).where(Note.case_id == sa.bindparam("case"), visible(who))
    return of_case.order_by(Note.id.desc()).limit(most)


def get(note_id: uuid.UUID, *, by: Actor) -> Note:
    """The note. Raises `NotFound` also for one that `by` may not see."""
    chosen = sa.select(Note).where(Note.id == note_id, visible(by)).options(joinedload(Note.case))
    note = db.session.scalar(chosen)
    if note is None:
        raise NotFound(NotFound.__doc__)
    require(by, Action.READ_CASE, note.case)
    return note


def history(note: Note, *, actor: Actor) -> Sequence[NoteRevision]:
    """What a note said before, the oldest first. Of a time when it was for the team, only the team learns."""
    get(note.id, by=actor)
    before = sa.select(NoteRevision).join(Note, NoteRevision.note_id == Note.id).where(Note.id == note.id)
    shown = sa.or_(
        NoteRevision.visibility == NoteVisibility.EVERYBODY.value, Note.author == actor.name, _of_my_team(actor)
    )
    return db.session.scalars(before.where(shown).order_by(NoteRevision.number)).all()


def mentioning(actor: Actor, *, limit: int = LIMIT, cursor: str | None = None) -> Page[Note]:
    """The notes that mention `actor` and that they may see, the newest first."""
    mine = sa.select(NoteMention.note_id).where(NoteMention.name == actor.name)
    return page(Note, Note.id.in_(mine), visible(actor), sorts=NEWEST, limit=limit, cursor=cursor)


def about_task(task: HumanTask, *, actor: Actor, most: int) -> Sequence[Note]:
    """The last `most` comments on a task that `actor` may see, the newest first."""
    require(actor, Action.READ_TASK, task)
    of_task = sa.select(Note).where(Note.case_id == task.case_id, Note.task_id == task.id, visible(actor))
    return db.session.scalars(of_task.order_by(Note.id.desc()).limit(most)).all()


def asked_of(actor: Actor, *, limit: int = LIMIT, cursor: str | None = None) -> Page[Note]:
    """The questions to `actor` that wait for an answer and that they may see, the newest first."""
    return page(Note, *_open_to(actor), visible(actor), sorts=NEWEST, limit=limit, cursor=cursor)


def questions(actor: Actor, *, most: int) -> int:
    """How many questions wait for an answer of `actor`; counting stops at `most`."""
    found = sa.select(Note.id).where(*_open_to(actor), visible(actor)).limit(most)
    return db.session.scalar(sa.select(sa.func.count()).select_from(found.subquery())) or 0


def _open_to(actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    return Note.asked == actor.name, Note.answered_at.is_(None), Note.withdrawn_at.is_(None)


def unseen(actor: Actor, *, most: int) -> int:
    """How many notes of others mention `actor` since they last looked at these; counting stops at `most`."""
    return db.session.scalar(unseen_by(asker(actor), most), asked_by(actor)) or 0


@cache
def unseen_by(who: Asker, most: int) -> sa.Select[int]:
    """The statement of `unseen`, with the parameters of `asked_by`."""
    seen_at = sa.select(User.mentions_seen_at).where(User.id == who.id).scalar_subquery()
    mine = sa.select(NoteMention.note_id).where(NoteMention.name == who.name)
    written = sa.func.coalesce(Note.edited_at, Note.created_at)
    news = sa.or_(seen_at.is_(None), written > seen_at)
    found = sa.select(Note.id).where(Note.id.in_(mine), Note.author != who.name, news, visible(who)).limit(most)
    return sa.select(sa.func.count()).select_from(found.subquery())


def saw(actor: Actor) -> None:
    """Remember that `actor` looked at the notes that mention them."""
    at_once(sa.update(User).where(User.id == actor.id).values(mentions_seen_at=utcnow()))


def _of_my_team(actor: Asker) -> sa.ColumnElement[bool]:
    return of_a_case(Note.case_id, in_team(actor))


def mentioned(notes: Iterable[Note]) -> Mapping[uuid.UUID, Mapping[str, str]]:
    """Whom each of `notes` mentions: user name -> what they are called."""
    found: dict[uuid.UUID, dict[str, str]] = {note.id: {} for note in notes}
    if found:
        for note_id, name, display_name in db.session.execute(_MENTIONED, {"notes": list(found)}):
            found[note_id][name] = display_name
    return found
