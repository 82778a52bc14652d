"""What people do with human tasks: claim, release, delegate, assign, schedule, complete (WS-HumanTask 1.1 §4.7).

Whoever comes second gets `WrongState` (409) at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service import audit, forms
from service.db import db, local, localnow, new_id, utcnow
from service.engine.workflow import Workflow
from service.errors import BadRequest, Forbidden, NotFound, WrongState
from service.execution import drafts, levels, offers
from service.execution.definitions import form_of_task
from service.execution.projection import can_sign_in
from service.execution.running import lock, running
from service.languages import _, formats
from service.models import Actor, AuditEntry, Case, CaseState, FormDefinition, HumanTask, TaskCandidate, TaskState, User
from service.notifications import notify
from service.operations import incidents, subtasks
from service.operations.cases import UNSET, Unset, plain, write
from service.policy import returning
from service.policy.permissions import Action, earlier_doers, in_scope, is_offered, may, require, require_other_person

_OF_ASSIGNEES = (Action.RELEASE, Action.DELEGATE, Action.HAND_BACK, Action.SEND_BACK, Action.COMPLETE)
WHY = 1000  #: characters
#: How somebody came to have a task, by the action that the audit keeps.
_GIVEN = {
    "task:claimed": "taken{0}",
    "task:assigned": "assigned{0}",
    "task:given": "given by the rule of its step",
    "task:delegated": "delegated{0}",
    "task:handed-back": "handed back{0}",
    "task:sent-back": "sent back{0}",
    "task:added": "added{0}",
}


def claim(task: HumanTask, *, by: Actor) -> None:
    """Take a task that is offered to `by`; from then on it is theirs alone."""
    with _open(task, by, Action.CLAIM):
        _require_claimable(task, by)
        _give(task, by.name)
        _tell(task, "task:claimed", by)


def release(task: HumanTask, *, by: Actor) -> None:
    """Give a claimed task back to its candidates; one that was never offered to anybody else is delegated instead."""
    with _open(task, by, Action.RELEASE):
        _require_releasable(task)
        _give(task, None)
        _tell(task, "task:released", by)


def delegate(task: HumanTask, *, by: Actor, to: User) -> None:
    """Let `to` work on the task; it comes back to `by` when handed back."""
    with _open(task, by, Action.DELEGATE):
        _require_state(task.delegated_by is None, _("This task is delegated already."))
        if to.name == by.name:
            raise BadRequest(_("Delegate to somebody else."))
        _check_receiver(task, to)
        _give(task, to.name, delegated_by=by.name)
        _tell(task, "task:delegated", by, to=to.name)
        _notify(task, "assigned", by)


def hand_back(task: HumanTask, *, by: Actor) -> None:
    """Return a delegated task to who delegated it."""
    with _open(task, by, Action.HAND_BACK):
        _require_state(task.delegated_by is not None, _("This task was not delegated."))
        owner = task.delegated_by
        _give(task, owner)
        _tell(task, "task:handed-back", by, to=owner)
        _notify(task, "sent-back", by)


def send_back(task: HumanTask, *, by: Actor, reason: str) -> User | None:
    """Return a task to who had it before, or did the step before it, where it is offered to them; else to the queue.

    Returns who has it now, if it is somebody. Raises `WrongState` where it was never offered to anybody else.
    """
    with _open(task, by, Action.SEND_BACK):
        _require_state(task.assignee is not None, _("Nobody has this task."))
        _require_state(task.delegated_by is None, _("A delegated task is handed back."))
        _require_state(is_offered(task), _("This task is offered to nobody else: delegate it, or have it assigned."))
        why = reason.strip()
        if not why or len(why) > WHY:
            raise BadRequest(_("Say why it goes back, in at most %(WHY)s characters.", WHY=f"{WHY:,}"), field="reason")
        to = returning.former(task)
        _give(task, to.name if to else None)
        _tell(task, "task:sent-back", by, to=to.name if to else None, reason=why)
        _notify(task, "sent-back", by, why)
        return to


def assign(task: HumanTask, *, by: Actor, to: User | None) -> None:
    """Give the task to `to`, whoever has it now; to nobody: back to its candidates."""
    with _open(task, by, Action.ASSIGN):
        if to is not None:
            _check_receiver(task, to)
        _give(task, to.name if to else None)
        incidents.settle(task, by=by)
        audit.record(
            task.case,
            "task:assigned",
            by=by,
            element=task.element_id or None,
            details=_about(task, to=to.name if to else None),
        )
        _notify(task, "assigned", by)


def schedule(
    task: HumanTask, *, by: Actor, due_at: datetime | Unset | None = UNSET, priority: int | Unset = UNSET
) -> None:
    """Say by when the task is to be done, and how it stands among others (0 to 100); what is not said stays."""
    with _open(task, by, Action.SCHEDULE):
        if isinstance(due_at, Unset) and isinstance(priority, Unset):
            raise BadRequest(_("Say by when, or with which priority."), field="due_at")
        told: dict[str, Any] = {}
        if not isinstance(due_at, Unset) and due_at != task.due_at:
            told["due"] = [task.due_at and task.due_at.isoformat(), due_at and due_at.isoformat()]
            task.due_at = due_at
            levels.left_to_people(task.case, task)
        if not isinstance(priority, Unset) and priority != task.priority:
            if not 0 <= priority <= 100:
                raise BadRequest(
                    _("The priority is %(priority)s; allowed is 0 to 100.", priority=priority), field="priority"
                )
            told["priority"] = [task.priority, priority]
            task.priority = priority
        if told:
            offers.keep(task)
            _tell(task, "task:scheduled", by, **told)


def check(task: HumanTask, action: Action, *, by: Actor, to: User | None = None) -> None:
    """Raise what the action would raise now; nothing is locked or changed. Of COMPLETE that is what `accept` does."""
    _allowed(task, by, action)(task.case)
    _require_both_open(task, task.case)
    if action is Action.CLAIM:
        _require_claimable(task, by)
    if action is Action.RELEASE:
        _require_releasable(task)
    if action is Action.ASSIGN and to is not None:
        _check_receiver(task, to)


def put_back(task: HumanTask, done: Action, before: Mapping[str, Any], *, version: int, by: Actor) -> None:
    """Undo what `by` did to the task, which `before` says how it was, if it is still at `version`."""
    undoing = {Action.CLAIM: Action.RELEASE, Action.RELEASE: Action.CLAIM}.get(done, done)
    with _open(task, by, undoing):
        _require_state(task.version == version, _("Something has happened to it since."))
        if done is Action.SCHEDULE:
            due = datetime.fromisoformat(before["due_at"]) if before["due_at"] else None
            schedule(task, by=by, due_at=due, priority=before["priority"])
            return
        name = before["assignee"]
        _require_state(name is None or can_sign_in(name), _("%(name)s cannot sign in any more.", name=name))
        _give(task, name, delegated_by=before["delegated_by"])
        action = "task:released" if done is Action.CLAIM else "task:assigned"
        _tell(task, action, by, **({} if done is Action.CLAIM else {"to": name}))


@dataclass(frozen=True)
class Accepted:
    """A form that was accepted as the case stood at `version`."""

    version: int
    data: Mapping[str, Any]


def accept(task: HumanTask, *, by: Actor, submitted: Mapping[str, Any]) -> Accepted:
    """What takes time in `complete`, and locks nothing. Raises as `complete` does."""
    _allowed(task, by, Action.COMPLETE)(task.case)
    _require_state(task.case.state is CaseState.ACTIVE, _("This case is %(state)s.", state=_(task.case.state)))
    require_completable(task, by)
    return Accepted(task.case.version, checked(task, submitted))


def complete(task: HumanTask, *, by: Actor, submitted: Mapping[str, Any], accepted: Accepted | None = None) -> None:
    """Finish `task` with the submitted form and run its case on.

    `accepted`: of the same form, which is not looked at again if the case still stands as it did then. Raises
    `InvalidForm` with the errors at each field; hidden, unknown and disabled values are dropped.
    """
    with running(task.case_id, by=by, allowed=_allowed(task, by, Action.COMPLETE), task=task) as workflow:
        require_completable(task, by)
        still = accepted is not None and accepted.version == task.case.version
        data = accepted.data if accepted is not None and still else checked(task, submitted)
        task.closed_for = task.assignee if task.assignee != by.name else None
        finish(task, workflow, data, by=by, **({"for": task.closed_for} if task.closed_for else {}))


def finish(
    task: HumanTask, workflow: Workflow, data: Mapping[str, Any], *, by: Actor, doer: str | None = None, **told: Any
) -> None:
    """Let the case go on with what was accepted of a task's form. `doer`: who counts as having done it, if not `by`."""
    task.state, task.closed_at, task.closed_by = TaskState.COMPLETED, utcnow(), doer or by.name
    _tell(task, "task:completed", by, **told)
    if task.activity_id is not None:
        workflow.complete(task.activity_id, data)
        return
    subtasks.closed(task)
    if data:
        write(workflow, data)
    _no_candidates(task)
    drafts.drop([task.id] if task.form_key else [])


def require_completable(task: HumanTask, by: Actor) -> None:
    """Raise unless the task is open, all on its list is done, and four eyes let `by` do it."""
    _require_state(task.state.is_open, _("This task is %(state)s.", state=_(task.state)))
    require_other_person(by, task)
    _require_state(
        all(item["done"] for item in task.checklist or ()), _("Not everything on the task's list is ticked off.")
    )
    subtasks.require_done(task)


def checked(task: HumanTask, submitted: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the task's form accepts of what was submitted. Raises `InvalidForm`."""
    schema = form_of_task(task)
    context = {**task.case.variables, **(task.local or {})}
    return forms.validate(schema, submitted, context=context, now=localnow()) if schema else plain(submitted)


def add(
    case: Case,
    *,
    by: Actor,
    name: str,
    description: str | None = None,
    form_key: str | None = None,
    checklist: Sequence[str] = (),
    to: User | None = None,
    candidate_groups: Iterable[str] = (),
    due_at: datetime | None = None,
    priority: int = 50,
    parent: HumanTask | None = None,
    optional: bool = False,
) -> HumanTask:
    """Add a task that nobody drew to a running case, which then waits for it before it is closed.

    `parent`: an open task of the case, of which it is a subtask; that waits for it too, unless it is `optional`.

    `form_key`: a deployed form, in its newest version; what it asks for becomes variables. `checklist`: texts to tick
    off. Raises `BadRequest` when nobody could do it, `NotFound` for an unknown form.
    """
    lock(case.id)
    require(by, Action.ADD_TASK, case)
    _require_state(case.state is CaseState.ACTIVE, _("This case is %(state)s.", state=_(case.state)))
    groups = list(dict.fromkeys(candidate_groups))
    _check_added(name, to, groups)
    if parent is not None:
        subtasks.check_parent(parent, case, by=by)
    task = HumanTask(
        id=new_id(),
        case_id=case.id,
        element_id="",
        name=name.strip(),
        description=(description or "").strip() or None,
        state=TaskState.RESERVED if to else TaskState.READY,
        assignee=to.name if to else None,
        form_key=form_key,
        form_id=_newest_form(form_key) if form_key else None,
        checklist=[{"text": text, "done": False} for text in checklist] or None,
        stage=case.stage,
        priority=priority,
        due_at=due_at,
        created_by=by.name,
        parent_id=parent.id if parent else None,
        optional=optional and parent is not None,
    )
    db.session.add(task)
    subtasks.added(parent)
    offers.offer(task, [f"group:{group}" for group in groups])
    audit.record(case, "task:added", by=by, details=_about(task, to=task.assignee))
    levels.keep(case)
    notify([task.assignee], "assigned", f"assigned:{task.id}:0", case=case, task=task, by=by)
    return task


def _check_added(name: str, to: User | None, groups: Sequence[str]) -> None:
    """Raise `BadRequest` for a task without a name, or that nobody could do."""
    if not name.strip():
        raise BadRequest(_("Give the task a name."), field="name")
    if to is None and not groups:
        raise BadRequest(_("Say who shall do it: somebody, or a group."), field="to")
    if to is not None and not to.active:
        raise BadRequest(_("%(to)s cannot sign in any more.", to=to.display_name))


def tick(task: HumanTask, done: Iterable[int], *, by: Actor) -> None:
    """Say which items of the task's list (by their places, from 0) are done; the others are not."""
    with _open(task, by, Action.COMPLETE):
        places = set(done)
        items = task.checklist or []
        if not places <= set(range(len(items))):
            raise BadRequest(_("The list has %(items)s items.", items=len(items)))
        task.checklist = [{**item, "done": place in places} for place, item in enumerate(items)]
        _tell(task, "task:ticked", by, done=sorted(places))


def withdraw(task: HumanTask, *, by: Actor, reason: str) -> None:
    """Cancel a task that nobody drew; those of the diagram end with it only."""
    with running(task.case_id, by=by, allowed=_allowed(task, by, Action.WITHDRAW_TASK)):
        _require_state(task.state.is_open, _("This task is %(state)s.", state=_(task.state)))
        _require_state(task.activity_id is None, _("This task stands in the diagram; only added ones are withdrawn."))
        if not reason.strip():
            raise BadRequest(_("Say why the task is withdrawn."), field="reason")
        task.state, task.closed_at = TaskState.CANCELLED, utcnow()
        subtasks.closed(task)
        _no_candidates(task)
        _tell(task, "task:withdrawn", by, reason=reason.strip())
        drafts.drop([task.id] if task.form_key else [])


def _newest_form(key: str) -> uuid.UUID:
    found = db.session.scalar(sa.select(FormDefinition.id).where(FormDefinition.key == key, FormDefinition.latest))
    if found is None:
        raise NotFound(_("The form “%(key)s” is not deployed.", key=key))
    return found


def _no_candidates(task: HumanTask) -> None:
    db.session.execute(sa.delete(TaskCandidate).where(TaskCandidate.task_id == task.id))


def _tell(task: HumanTask, action: str, by: Actor, **more: Any) -> None:
    audit.record(task.case, action, by=by, element=task.element_id or None, details=_about(task, **more))


def _notify(task: HumanTask, kind: str, by: Actor, text: str | None = None) -> None:
    """Tell who has the task now, unless that is `by`."""
    notify([task.assignee], kind, f"{kind}:{task.id}:{task.version}", task=task, by=by, text=text)


def _about(task: HumanTask, **more: Any) -> dict[str, Any]:
    """What the audit keeps of a task; one that nobody drew by its name."""
    said = {"name": task.name} if task.activity_id is None else {}
    return {"task": str(task.id), **said, **more}


def _check_receiver(task: HumanTask, to: User) -> None:
    """Raise `BadRequest` when `to` could not complete the task anyway."""
    if not to.active:
        raise BadRequest(_("%(to)s cannot sign in any more.", to=to.display_name))
    if to.name in earlier_doers(task):
        raise BadRequest(
            _("%(to)s did an earlier step of this case; pick somebody else (four eyes).", to=to.display_name)
        )


@contextmanager
def _open(task: HumanTask, by: Actor, action: Action) -> Iterator[None]:
    """Lock the task's case, see that `by` may do this, and then that both are open."""
    case = lock(task.case_id, task)
    _allowed(task, by, action)(case)
    _require_both_open(task, case)
    yield


def _require_both_open(task: HumanTask, case: Case) -> None:
    _require_state(case.state is CaseState.ACTIVE, _("This case is %(state)s.", state=_(case.state)))
    _require_state(task.state.is_open, _("This task is %(state)s.", state=_(task.state)))


def _require_claimable(task: HumanTask, by: Actor) -> None:
    require_other_person(by, task)
    _require_state(task.assignee is None, _who_has(task, by))


def _require_releasable(task: HumanTask) -> None:
    _require_state(task.assignee is not None, _("Nobody has this task."))
    _require_state(task.delegated_by is None, _("A delegated task is handed back, not released."))
    _require_state(is_offered(task), _("This task is offered to nobody else: delegate it, or have it assigned."))


def _give(task: HumanTask, name: str | None, *, delegated_by: str | None = None) -> None:
    task.assignee, task.delegated_by = name, delegated_by
    task.state = TaskState.RESERVED if name else TaskState.READY
    offers.keep(task)
    levels.keep(task.case)


def _allowed(task: HumanTask, by: Actor, action: Action) -> Callable[[Case], None]:
    """`require` for a task, once its case is locked; who may not is told who has it since when, or that it is over."""

    def check(_case: Case) -> None:
        require(by, Action.READ_TASK, task)
        if may(by, action, task) or not in_scope(by, action) or (task.state.is_open and action not in _OF_ASSIGNEES):
            require(by, action, task)
            return
        if task.state.is_open:
            raise Forbidden(_("%(task)s You may not %(action)s it.", task=_who_has(task, by), action=_(action)))
        _require_state(
            by.name not in (task.assignee, task.closed_by), _("This task is %(state)s.", state=_(task.state))
        )
        raise Forbidden(_("This task is %(state)s. You may not %(action)s it.", state=task.state, action=_(action)))

    return check


def _who_has(task: HumanTask, by: Actor) -> str:
    """Who has an open task, by whom and since when, as sentences for `by`."""
    if task.assignee is None:
        return _("Nobody has this task now.")
    given = _given(task)
    called = _called({task.assignee, given.actor if given else task.assignee})
    holder = (
        _("You have")
        if task.assignee == by.name
        else _("%(assignee)s has", assignee=called.get(task.assignee, task.assignee))
    )
    if given is None:
        return _("%(holder)s this task now.", holder=holder)
    giver, at = "you" if given.actor == by.name else called.get(given.actor, given.actor), local(given.at)
    how = _GIVEN[given.action].format("" if given.actor == task.assignee else _(" by %(giver)s", giver=giver))
    return _(
        "%(holder)s this task now: %(how)s, %(day)s, %(at)s.",
        holder=holder,
        how=how,
        day=formats.day(at.date()),
        at=f"{at:%H:%M}",
    )


def _called(names: Collection[str]) -> dict[str, str]:
    """User name -> what that person is called."""
    return {user.name: user.display_name for user in db.session.scalars(sa.select(User).where(User.name.in_(names)))}


def _given(task: HumanTask) -> AuditEntry | None:
    """How its assignee came to have the task; None where it came with a role, or from the diagram."""
    told = sa.select(AuditEntry).where(
        AuditEntry.case_id == task.case_id,
        AuditEntry.action.in_(_GIVEN),
        AuditEntry.details["task"].as_string() == str(task.id),
    )
    entry = db.session.scalar(told.order_by(AuditEntry.seq.desc()).limit(1))
    if entry is None or (entry.details or {}).get("to", entry.actor) != task.assignee:
        return None
    return entry


def _require_state(holds: bool, message: str) -> None:
    if not holds:
        raise WrongState(message)
