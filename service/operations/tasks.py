"""What people do with human tasks: claim, release, delegate, hand back, assign, complete (WS-HumanTask 1.1 §4.7).

Whoever comes second gets `WrongState` (409) at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .. import audit, forms
from ..db import utcnow
from ..errors import BadRequest, WrongState
from ..execution import form_of, lock, running
from ..models import CaseState, HumanTask, TaskState, User
from ..permissions import Action, Actor, require, require_other_person
from .cases import plain


def claim(task: HumanTask, *, by: Actor) -> None:
    """Take a task that is offered to `by`; from then on it is theirs alone."""
    with _open(task):
        require(by, Action.READ_TASK, task)
        _require_state(task.assignee is None, f"{task.assignee} has this task already.")
        require(by, Action.CLAIM, task)
        require_other_person(by, task)
        _give(task, by.name)
        audit.record(task.case, "task:claimed", by=by, element=task.element_id)


def release(task: HumanTask, *, by: Actor) -> None:
    """Give a claimed task back to its candidates."""
    with _open(task):
        require(by, Action.RELEASE, task)
        _require_state(task.assignee is not None, "Nobody has this task.")
        _require_state(task.delegated_by is None, "A delegated task is handed back, not released.")
        _give(task, None)
        audit.record(task.case, "task:released", by=by, element=task.element_id)


def delegate(task: HumanTask, *, by: Actor, to: User) -> None:
    """Let `to` work on the task; it comes back to `by` when handed back."""
    with _open(task):
        require(by, Action.DELEGATE, task)
        _require_state(task.delegated_by is None, "This task is delegated already.")
        if to.name == by.name or not to.active:
            raise BadRequest("Delegate to somebody else who can sign in.")
        _give(task, to.name, delegated_by=by.name)
        audit.record(task.case, "task:delegated", by=by, element=task.element_id, details={"to": to.name})


def hand_back(task: HumanTask, *, by: Actor) -> None:
    """Return a delegated task to who delegated it."""
    with _open(task):
        require(by, Action.HAND_BACK, task)
        _require_state(task.delegated_by is not None, "This task was not delegated.")
        owner = task.delegated_by
        _give(task, owner)
        audit.record(task.case, "task:handed-back", by=by, element=task.element_id, details={"to": owner})


def assign(task: HumanTask, *, by: Actor, to: User | None) -> None:
    """Give the task to `to`, whoever has it now; to nobody: back to its candidates."""
    with _open(task):
        require(by, Action.ASSIGN, task)
        if to is not None and not to.active:
            raise BadRequest(f"{to.display_name} cannot sign in any more.")
        _give(task, to.name if to else None)
        audit.record(
            task.case, "task:assigned", by=by, element=task.element_id, details={"to": to.name if to else None}
        )


def complete(task: HumanTask, *, by: Actor, submitted: Mapping[str, Any]) -> None:
    """Finish `task` with the submitted form and run its case on.

    Raises `InvalidForm` with the errors at each field; hidden, unknown and disabled values are dropped.
    """
    with running(task.case_id, by=by) as workflow:
        require(by, Action.READ_TASK, task)
        _require_state(task.state.is_open, f"This task is {task.state}.")
        require(by, Action.COMPLETE, task)
        require_other_person(by, task)
        schema = form_of(task.case.definition_id, task.form_key)
        context = {**task.case.variables, **(task.local or {})}
        data = forms.validate(schema, submitted, context=context) if schema else plain(submitted)
        task.state, task.closed_at, task.closed_by = TaskState.COMPLETED, utcnow(), by.name
        audit.record(task.case, "task:completed", by=by, element=task.element_id, details={"task": str(task.id)})
        workflow.complete(task.activity_id, data)


@contextmanager
def _open(task: HumanTask) -> Iterator[None]:
    """Lock the task's case and see that both are open."""
    lock(task.case_id)
    _require_state(task.case.state is CaseState.ACTIVE, f"This case is {task.case.state}.")
    _require_state(task.state.is_open, f"This task is {task.state}.")
    yield


def _give(task: HumanTask, name: str | None, *, delegated_by: str | None = None) -> None:
    task.assignee, task.delegated_by = name, delegated_by
    task.state = TaskState.RESERVED if name else TaskState.READY


def _require_state(holds: bool, message: str) -> None:
    if not holds:
        raise WrongState(message)
