"""The same thing done to many tasks: looked at beforehand (`judged`), begun, done to one task after the other (`do`),
each in a transaction of its own, and undone where nothing has happened to the task since.

Nothing here commits: who calls `do` or `undo` commits after each task, and calls `refuse` or `keep` when one raised.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service import forms
from service.db import before_the_lock, db, utcnow
from service.errors import BadRequest, InvalidForm, NotFound, ServiceError, WrongState
from service.execution.definitions import deployed, form_of_task
from service.execution.running import lock
from service.languages import _, later
from service.models import Actor, BatchAction, BatchItem, HumanTask, ItemOutcome, TaskBatch, User
from service.operations import tasks
from service.policy.permissions import Action, is_offered, may, require
from service.policy.standing_in import stood_in

MOST = 200  #: tasks of one batch
ACTIONS = {
    BatchAction.CLAIM: Action.CLAIM,
    BatchAction.RELEASE: Action.RELEASE,
    BatchAction.ASSIGN: Action.ASSIGN,
    BatchAction.DUE: Action.SCHEDULE,
    BatchAction.PRIORITY: Action.SCHEDULE,
    BatchAction.COMPLETE: Action.COMPLETE,
}
NOT_THERE = later("There is no such task, or it is not yours to see.")


@dataclass(frozen=True)
class Wanted:
    """What shall be done to each task; of the rest only what the action needs is looked at."""

    action: BatchAction
    to: str | None = None  #: user name; None: back to the candidates
    due_at: datetime | None = None  #: None: no due date
    priority: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)  #: by field; what is empty stays as each task has it


@dataclass(frozen=True)
class Verdict:
    """What would become of one task: it is done (`outcome` None), is so already, or is refused."""

    outcome: ItemOutcome | None = None
    message: str = ""


def judged(found: Sequence[HumanTask | None], wanted: Wanted, *, by: Actor) -> list[Verdict]:
    """What would become of each task now; None is one that `by` may not see, or that is not there."""
    to = _checked(wanted)
    first = next((task for task in found if task is not None and _is_fit(task, wanted, by)), None)
    kind = _kind(first) if first is not None and wanted.action is BatchAction.COMPLETE else None
    return [Verdict(ItemOutcome.REFUSED, NOT_THERE) if task is None else _judge(task, wanted, to, kind, by)
            for task in found]  # fmt: skip


def _is_fit(task: HumanTask, wanted: Wanted, by: Actor) -> bool:
    return task.state.is_open and may(by, ACTIONS[wanted.action], task)


def model(found: Iterable[HumanTask | None], *, by: Actor) -> HumanTask | None:
    """The task whose form is filled in for all: the first of them that is `by`'s to complete."""
    wanted = Wanted(BatchAction.COMPLETE)
    return next((task for task in found if task is not None and _is_fit(task, wanted, by)), None)


def _judge(task: HumanTask, wanted: Wanted, to: User | None, kind: object, by: Actor) -> Verdict:
    try:
        require(by, Action.READ_TASK, task)
        already = _already(task, wanted, by)
        if already:
            return Verdict(ItemOutcome.ALREADY, already)
        if wanted.action is BatchAction.COMPLETE:
            _require_alike(task, kind)
            tasks.accept(task, by=by, submitted=values(task, wanted.data))
        else:
            tasks.check(task, ACTIONS[wanted.action], by=by, to=to)
            _require_taker(task, wanted)
    except ServiceError as refused:
        return Verdict(ItemOutcome.REFUSED, sentence(refused))
    return Verdict()


def sentence(refused: ServiceError) -> str:
    """What is said of one task that was refused."""
    if isinstance(refused, InvalidForm):
        return " ".join(
            f"{name}: {' '.join(said)}" if name else " ".join(said) for name, said in refused.errors.items()
        )
    return str(refused)


def _already(task: HumanTask, wanted: Wanted, by: Actor) -> str:
    """That what is wanted is so; empty where it is not, or where it is not `by`'s to know."""
    if not task.state.is_open:
        return ""
    match wanted.action:
        case BatchAction.CLAIM if task.assignee == by.name:
            return _("You have it.")
        case BatchAction.RELEASE if task.assignee is None:
            return _("Nobody has it.")
        case BatchAction.ASSIGN if task.assignee == wanted.to and may(by, Action.ASSIGN, task):
            return _("They have it.") if wanted.to else _("Nobody has it.")
        case BatchAction.DUE if task.due_at == wanted.due_at:
            return _("It is due then.")
        case BatchAction.PRIORITY if task.priority == wanted.priority:
            return _("It has this priority.")
    return ""


def _require_taker(task: HumanTask, wanted: Wanted) -> None:
    """Many tasks given back are not looked at one by one: none may be left that nobody is offered."""
    if wanted.action is BatchAction.ASSIGN and wanted.to is None and not is_offered(task):
        raise WrongState(_("This task is offered to nobody else: assign it to somebody."))


def _kind(task: HumanTask) -> tuple[object, ...]:
    """What tasks that are completed together have in common: the step and its form, of whatever version."""
    form = task.form_id or deployed(task.case.definition_id).forms.get(task.form_key or "")
    return task.case.case_type, task.element_id, task.name if task.activity_id is None else "", form


def _require_alike(task: HumanTask, kind: object) -> None:
    if kind is not None and _kind(task) != kind:
        raise WrongState(_("It is another step, or asks for something else: complete it by itself."))
    if task.checklist:
        raise WrongState(_("It has a list to tick off: complete it by itself."))


def values(task: HumanTask, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the task's form begins with, and over it what was filled in for all."""
    schema = form_of_task(task)
    begins = forms.initial(schema, {**task.case.variables, **(task.local or {})}) if schema else {}
    return _over(begins, data)


def _over(begins: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(begins)
    for name, value in data.items():
        if isinstance(value, Mapping):
            inner = merged.get(name)
            merged[name] = _over(inner if isinstance(inner, Mapping) else {}, value)
        elif value not in (None, "", [], False):
            merged[name] = value
    return merged


def begin(batch_id: uuid.UUID, task_ids: Sequence[uuid.UUID], wanted: Wanted, *, by: Actor) -> TaskBatch:
    """Note what shall be done; who sends the same batch again gets the one that is there."""
    require(by, Action.CHANGE_TASKS)
    there = db.session.get(TaskBatch, batch_id)
    if there is not None:
        return own(there, by=by)
    _checked(wanted)
    chosen = list(dict.fromkeys(task_ids))
    check_number(chosen)
    assert by.id is not None
    batch = TaskBatch(id=batch_id, user_id=by.id, action=wanted.action, details=_details(wanted))
    db.session.add(batch)
    db.session.flush()
    db.session.add_all(BatchItem(batch_id=batch_id, place=place, task_id=each) for place, each in enumerate(chosen))
    return batch


def begun(batch_id: uuid.UUID, *, by: Actor) -> bool:
    """Whether there is such a batch of `by`."""
    batch = db.session.get(TaskBatch, batch_id)
    return batch is not None and own(batch, by=by) is batch


def check_number(chosen: Sequence[object]) -> None:
    """Raise `BadRequest` for no task, and for more than are done in one act."""
    if not chosen:
        raise BadRequest(_("Choose at least one task."), field="tasks")
    if len(chosen) > MOST:
        raise BadRequest(
            _(
                "These are %(chosen)s tasks; choose at most %(MOST)s, then the next %(MOST)s.",
                chosen=len(chosen),
                MOST=MOST,
            ),
            field="tasks",
        )


def own(batch: TaskBatch | None, *, by: Actor) -> TaskBatch:
    """The batch, for who began it. Raises `NotFound`."""
    if batch is None or batch.user_id != by.id:
        raise NotFound(NotFound.__doc__)
    return batch


def _checked(wanted: Wanted) -> User | None:
    """Who shall get the tasks. Raises `BadRequest` for what could be done to no task whatsoever."""
    if wanted.action is BatchAction.PRIORITY and not (wanted.priority is not None and 0 <= wanted.priority <= 100):
        raise BadRequest(_("Say the priority, 0 to 100."), field="priority")
    if wanted.action is not BatchAction.ASSIGN or wanted.to is None:
        return None
    to = db.session.scalar(sa.select(User).where(User.name == wanted.to))
    if to is None or not to.active or to.is_machine:
        raise BadRequest(_("Pick one of the people who can sign in."), field="to")
    return to


def _details(wanted: Wanted) -> dict[str, Any]:
    match wanted.action:
        case BatchAction.ASSIGN:
            return {"to": wanted.to}
        case BatchAction.DUE:
            return {"due_at": wanted.due_at and wanted.due_at.isoformat()}
        case BatchAction.PRIORITY:
            return {"priority": wanted.priority}
        case BatchAction.COMPLETE:
            return {"data": dict(wanted.data)}
    return {}


def wanted_of(batch: TaskBatch) -> Wanted:
    """What was asked for."""
    given = dict(batch.details)
    if given.get("due_at"):
        given["due_at"] = datetime.fromisoformat(given["due_at"])
    return Wanted(batch.action, **given)


def waiting(batch: TaskBatch) -> Sequence[int]:
    """The places of what is still to be done, or to be undone once that was begun."""
    left = BatchItem.outcome.is_(None) if batch.undone_at is None else BatchItem.outcome == ItemOutcome.DONE
    statement = sa.select(BatchItem.place).where(BatchItem.batch_id == batch.id, left).order_by(BatchItem.place)
    return db.session.scalars(statement).all()


def do(batch_id: uuid.UUID, place: int, *, by: Actor) -> None:
    """Do it to one task, unless that was done already. Raises as the single action does."""
    with before_the_lock():
        batch, task = _found(batch_id, place, by)
        wanted = wanted_of(batch)
        accepted = _accepted(batch, task, wanted, by) if wanted.action is BatchAction.COMPLETE else None
    if not _take(batch_id, place, None, ItemOutcome.DONE):
        return
    lock(task.case_id, task)
    require(by, Action.READ_TASK, task)
    already = _already(task, wanted, by)
    if already:
        _note(batch_id, place, outcome=ItemOutcome.ALREADY, message=already)
        return
    before = _before(task)
    _act(task, wanted, by, accepted)
    db.session.flush()  # the version is counted up as it is written
    _note(batch_id, place, before=before, version=task.version)


def _found(batch_id: uuid.UUID, place: int, by: Actor) -> tuple[TaskBatch, HumanTask]:
    batch = own(db.session.get(TaskBatch, batch_id), by=by)
    chosen = sa.select(HumanTask).join(BatchItem, BatchItem.task_id == HumanTask.id)
    task = db.session.scalar(chosen.where(_mine(batch_id, place)))
    if task is None or not may(by, Action.READ_TASK, task):
        raise NotFound(NOT_THERE)
    return batch, task


def _accepted(batch: TaskBatch, task: HumanTask, wanted: Wanted, by: Actor) -> tasks.Accepted:
    """The form as it was filled in, for a task like the first of the batch that was, or is, the actor's."""
    mine = sa.or_(HumanTask.assignee == by.name, stood_in(by), HumanTask.closed_by == by.name)
    chosen = sa.select(HumanTask).join(BatchItem, BatchItem.task_id == HumanTask.id)
    chosen = chosen.where(BatchItem.batch_id == batch.id, mine).order_by(BatchItem.place).limit(1)
    first = db.session.scalar(chosen)
    _require_alike(task, _kind(first) if first is not None else None)
    return tasks.accept(task, by=by, submitted=values(task, wanted.data))


def _act(task: HumanTask, wanted: Wanted, by: Actor, accepted: tasks.Accepted | None) -> None:
    match wanted.action:
        case BatchAction.CLAIM:
            tasks.claim(task, by=by)
        case BatchAction.RELEASE:
            tasks.release(task, by=by)
        case BatchAction.ASSIGN:
            _require_taker(task, wanted)
            tasks.assign(task, by=by, to=_checked(wanted))
        case BatchAction.DUE:
            tasks.schedule(task, by=by, due_at=wanted.due_at)
        case BatchAction.PRIORITY:
            tasks.schedule(task, by=by, priority=wanted.priority or 0)
        case BatchAction.COMPLETE:
            tasks.complete(task, by=by, submitted=values(task, wanted.data), accepted=accepted)


def _before(task: HumanTask) -> dict[str, Any]:
    return {
        "assignee": task.assignee,
        "delegated_by": task.delegated_by,
        "due_at": task.due_at and task.due_at.isoformat(),
        "priority": task.priority,
    }


def refuse(batch_id: uuid.UUID, place: int, message: str) -> None:
    """Note why one task was refused, in a transaction of its own."""
    undone = db.session.scalar(sa.select(TaskBatch.undone_at).where(TaskBatch.id == batch_id))
    before, after = (None, ItemOutcome.REFUSED) if undone is None else (ItemOutcome.DONE, ItemOutcome.KEPT)
    mine = _mine(batch_id, place), _stands(before)
    db.session.execute(sa.update(BatchItem).where(*mine).values(outcome=after, message=message[:500]))


def finish(batch: TaskBatch) -> None:
    """What was filled in is forgotten once it was sent to every task."""
    if batch.action is BatchAction.COMPLETE and batch.details and not waiting(batch):
        batch.details = {}


def begin_undoing(batch: TaskBatch, *, by: Actor) -> None:
    """Say that what was done shall be undone; `undo` then does it to each task. What still waited stays undone."""
    require(by, Action.CHANGE_TASKS)
    own(batch, by=by)
    if batch.action is BatchAction.COMPLETE:
        raise WrongState(_("Completed tasks are not undone: their cases went on. Go back in a case by itself."))
    if batch.undone_at is None:
        batch.undone_at = utcnow()


def undo(batch_id: uuid.UUID, place: int, *, by: Actor) -> None:
    """Put one task back as it was. Raises `WrongState` when something has happened to it since."""
    batch, task = _found(batch_id, place, by)
    item = db.session.get_one(BatchItem, (batch_id, place))
    before, version = item.before or {}, item.version or 0
    if _take(batch_id, place, ItemOutcome.DONE, ItemOutcome.UNDONE):
        tasks.put_back(task, ACTIONS[batch.action], before, version=version, by=by)


def _take(batch_id: uuid.UUID, place: int, before: ItemOutcome | None, after: ItemOutcome) -> bool:
    """Whether it is this transaction's turn to do it: whoever sends it at the same time waits here, and is late."""
    turn = sa.update(BatchItem).where(_mine(batch_id, place), _stands(before)).values(outcome=after)
    found: Any = db.session.execute(turn, execution_options={"synchronize_session": False})
    return bool(found.rowcount)


def _note(batch_id: uuid.UUID, place: int, **said: Any) -> None:
    noted = sa.update(BatchItem).where(_mine(batch_id, place)).values(**said)
    db.session.execute(noted, execution_options={"synchronize_session": False})


def _mine(batch_id: uuid.UUID, place: int) -> sa.ColumnElement[bool]:
    return sa.and_(BatchItem.batch_id == batch_id, BatchItem.place == place)


def _stands(outcome: ItemOutcome | None) -> sa.ColumnElement[bool]:
    return BatchItem.outcome.is_(None) if outcome is None else BatchItem.outcome == outcome
