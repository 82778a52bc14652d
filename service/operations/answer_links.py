"""People without an account: a link to the form of one task, for once, until it expires or is revoked.

Nobody comes in by it: whoever has the address sees that form alone, and may send it once. What they send counts as done
by who made the link, for four eyes too; the story says for whom it was made.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from service import audit, forms
from service.db import db, localnow, new_id, utcnow
from service.errors import BadRequest, WrongState
from service.execution.definitions import form_of_task, is_answerable
from service.execution.running import lock, running
from service.languages import _, later
from service.models import Actor, AnswerLink, Case, CaseState, HumanTask, User
from service.operations import tasks
from service.operations.users import actor_of
from service.policy.credentials import digest
from service.policy.permissions import Action, may, require, require_other_person

LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}
LONGEST_NAME, LONGEST_MESSAGE = 80, 500  #: characters
MOST_DAYS, MOST_OPEN = 90, 20  #: days that a link may hold; open links of one task
NOT_OUTSIDE = later("This task is not for people outside: its diagram does not say that it may be answered by link.")


class Standing(StrEnum):
    """How a link stands."""

    OPEN = "open"
    USED = "used"
    REVOKED = "revoked"
    EXPIRED = "expired"
    OVER = "over"  #: the task is done or no longer needed, or who made the link has no say in it any more


@dataclass(frozen=True)
class Wanted:
    """For whom a link is made, what they are told, and for how many days it holds."""

    recipient: str
    days: int = 14
    message: str = ""
    language: str = "en"


@dataclass(frozen=True)
class Made:
    """A new link. `token` is shown once; only its hash is kept."""

    link: AnswerLink
    token: str


def make(task: HumanTask, wanted: Wanted, *, by: Actor) -> Made:
    """Make a link to the form of an open task, which `by` may do or steers.

    Raises `WrongState` where the diagram keeps the task inside, and where its form would tell more than it asks.
    """
    case = lock(task.case_id, task)
    require(by, Action.SEND_LINK, task)
    require_other_person(by, task)
    _require_open(task, case)
    recipient, message = _checked(wanted)
    outside(task)
    if _open_links(task) >= MOST_OPEN:
        raise WrongState(_("%(MOST_OPEN)s links to this task are open; revoke one first.", MOST_OPEN=MOST_OPEN))
    token, now = secrets.token_urlsafe(32), utcnow()
    link = AnswerLink(
        id=new_id(),
        task_id=task.id,
        hash=digest(token),
        recipient=recipient,
        message=message or None,
        language=wanted.language,
        made_by=by.name,
        created_at=now,
        expires_at=now + timedelta(days=wanted.days),
    )
    db.session.add(link)
    _tell(task, "task:link-made", by, **{"for": recipient}, until=link.expires_at.isoformat())
    return Made(link, token)


def revoke(link: AnswerLink, *, by: Actor) -> None:
    """End a link at once; nothing happens to one that is over already."""
    task = link.task
    case = lock(task.case_id)
    require(by, Action.SEND_LINK, task)
    _require_open(task, case)
    if link.revoked_at is None and link.used_at is None:
        link.revoked_at, link.revoked_by = utcnow(), by.name
        _tell(task, "task:link-revoked", by, **{"for": link.recipient})


def standing(link: AnswerLink) -> Standing:
    """How the link stands now. It ends with its task, and with what its maker may see of that."""
    if link.used_at is not None:
        return Standing.USED
    if link.revoked_at is not None:
        return Standing.REVOKED
    if link.expires_at <= utcnow():
        return Standing.EXPIRED
    task = link.task
    is_open = task.state.is_open and not task.case.state.is_closed and is_answerable(task)
    return Standing.OPEN if is_open and _maker(link) is not None else Standing.OVER


def outside(task: HumanTask) -> forms.Outside:
    """The form as somebody outside sees it. Raises `WrongState` as `make` does."""
    schema = form_of_task(task) if is_answerable(task) else None
    if schema is None:
        raise WrongState(NOT_OUTSIDE)
    return forms.for_outside(schema, {**task.case.variables, **(task.local or {})}, now=localnow())


def accept(link: AnswerLink, submitted: Mapping[str, Any]) -> tasks.Accepted:
    """What takes time in `answer`, and locks nothing. Raises as it does."""
    maker = _usable(link)
    tasks.require_completable(link.task, maker)
    outside(link.task)
    return tasks.Accepted(link.task.case.version, tasks.checked(link.task, submitted))


def answer(link: AnswerLink, submitted: Mapping[str, Any], *, accepted: tasks.Accepted | None = None) -> None:
    """Complete the link's task with the submitted form. Raises `InvalidForm` as `tasks.complete` does, and `WrongState`
    for a link that is over or was used in the meantime."""
    task, maker = link.task, _usable(link)
    outsider = Actor(None, f"{link.recipient} (by link)")  # no user can have such a name

    def allowed(_case: Case) -> None:
        _usable(link)

    with running(task.case_id, by=outsider, allowed=allowed) as workflow:
        tasks.require_completable(task, maker)
        still = accepted is not None and accepted.version == task.case.version
        data = accepted.data if accepted is not None and still else tasks.checked(task, submitted)
        link.used_at, task.answered_by = utcnow(), link.recipient
        told = {"link": str(link.id), "link_for": link.recipient, "link_by": maker.name}
        tasks.finish(task, workflow, data, by=outsider, doer=maker.name, **told)


def _usable(link: AnswerLink) -> Actor:
    """Who made the link, if it can be used. Raises `WrongState`."""
    found = standing(link)
    maker = _maker(link)
    if found is not Standing.OPEN or maker is None:
        raise WrongState(_("This link is %(found)s.", found=found))
    return maker


def _maker(link: AnswerLink) -> Actor | None:
    """Who made the link, unless they have left or may no longer see the task."""
    made_by = sa.select(User.id).where(User.name == link.made_by, User.active)
    user_id = db.session.scalar(made_by)
    maker = actor_of(user_id) if user_id is not None else None
    return maker if maker is not None and may(maker, Action.READ_TASK, link.task) else None


def _require_open(task: HumanTask, case: Case) -> None:
    if case.state is not CaseState.ACTIVE:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    if not task.state.is_open:
        raise WrongState(_("This task is %(state)s.", state=_(task.state)))


def _checked(wanted: Wanted) -> tuple[str, str]:
    """The recipient's name and the message, as they are kept. Raises `BadRequest` for what is not allowed."""
    recipient, message = " ".join(wanted.recipient.split()), wanted.message.strip()
    if not recipient or len(recipient) > LONGEST_NAME or not recipient.isprintable():
        raise BadRequest(
            _("Say for whom the link is, in at most %(LONGEST_NAME)s characters.", LONGEST_NAME=LONGEST_NAME),
            field="recipient",
        )
    if len(message) > LONGEST_MESSAGE:
        raise BadRequest(
            _("The message has at most %(LONGEST_MESSAGE)s characters.", LONGEST_MESSAGE=LONGEST_MESSAGE),
            field="message",
        )
    if not 1 <= wanted.days <= MOST_DAYS:
        raise BadRequest(_("A link holds for 1 to %(MOST_DAYS)s days.", MOST_DAYS=MOST_DAYS), field="days")
    if wanted.language not in LANGUAGES:
        raise BadRequest(_("The languages are %(LANGUAGES)s.", LANGUAGES=", ".join(LANGUAGES)), field="language")
    return recipient, message


def _open_links(task: HumanTask) -> int:
    held = AnswerLink.task_id == task.id, AnswerLink.used_at.is_(None), AnswerLink.revoked_at.is_(None)
    counted = sa.select(sa.func.count()).select_from(AnswerLink).where(*held, AnswerLink.expires_at > utcnow())
    return db.session.execute(counted).scalar_one()


def _tell(task: HumanTask, action: str, by: Actor, **more: Any) -> None:
    audit.record(task.case, action, by=by, element=task.element_id, details={"task": str(task.id), **more})
