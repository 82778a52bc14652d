"""Tasks below a task: how many there are and are done stands in the row of the task above, under the case's lock."""

from __future__ import annotations

import sqlalchemy as sa

from service.db import db
from service.errors import BadRequest, WrongState
from service.languages import _
from service.models import Actor, Case, HumanTask, TaskState
from service.policy.permissions import Action, require

MOST = 50  #: subtasks of one task


def check_parent(parent: HumanTask, case: Case, *, by: Actor) -> None:
    """Raise unless `parent`, an open task of the locked case, may have one subtask more."""
    require(by, Action.READ_TASK, parent)
    if parent.case_id != case.id:
        raise BadRequest(_("The task above is of another case."), field="parent")
    if not parent.state.is_open:
        raise WrongState(_("The task above is %(state)s.", state=parent.state))
    if parent.parent_id is not None:
        raise WrongState(_("A subtask has no subtasks of its own: add it to the task above."))
    if (parent.subtasks or 0) >= MOST:
        raise WrongState(_("A task has at most %(MOST)s subtasks.", MOST=MOST))


def added(parent: HumanTask | None) -> None:
    """Count a new subtask."""
    if parent is not None:
        parent.subtasks = (parent.subtasks or 0) + 1
        parent.subtasks_done = parent.subtasks_done or 0


def closed(task: HumanTask) -> None:
    """Count a subtask that is completed, or no longer one that was withdrawn."""
    if task.parent_id is None:
        return
    parent = db.session.get_one(HumanTask, task.parent_id)
    if task.state is TaskState.COMPLETED:
        parent.subtasks_done = (parent.subtasks_done or 0) + 1
    else:
        parent.subtasks = (parent.subtasks or 1) - 1


def require_done(task: HumanTask) -> None:
    """Raise `WrongState` while a subtask is open that the task waits for."""
    if not task.subtasks or task.subtasks == task.subtasks_done:
        return
    waits = HumanTask.parent_id == task.id, HumanTask.closed_at.is_(None), HumanTask.optional.is_(False)
    names = db.session.scalars(sa.select(HumanTask.name).where(*waits).order_by(HumanTask.id).limit(3)).all()
    if names:
        said = ", ".join(f"“{name}”" for name in names)
        raise WrongState(
            _(
                "%(subtasks_done)s of %(subtasks)s subtasks are done; first has to be done: %(said)s.",
                subtasks_done=task.subtasks_done,
                subtasks=task.subtasks,
                said=said,
            )
        )
