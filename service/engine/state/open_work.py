"""What a workflow waits for, as plain values for the rest of the service."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from service.engine.elements import attributes
from service.engine.elements.activity import Activity
from service.engine.elements.adhoc import AdHocSubProcess
from service.engine.elements.delivery import expected
from service.engine.elements.events import SEEN, TIMERS, Catching, timer_id
from service.engine.elements.repetition import STATE
from service.engine.elements.subprocess import CallActivity
from service.engine.elements.tasks import HumanTask
from service.engine.scope import DECLARED, OWNER
from service.engine.upstream import Task, TaskState
from service.engine.work import OpenAdHoc, OpenChild, OpenService, OpenSubscription, OpenTask, OpenTimer, OpenWork

if TYPE_CHECKING:
    from service.engine.state.run import Run


def open_work(run: Run) -> OpenWork:
    """All that waits now, oldest first."""
    tasks: list[OpenTask] = []
    services: list[OpenService] = []
    children: list[OpenChild] = []
    timers: list[OpenTimer] = []
    subscriptions: list[OpenSubscription] = []
    adhoc: list[OpenAdHoc] = []
    for task in run.tasks.values():
        node = task.task_spec
        if task.state == TaskState.READY and node.waits_outside(task):
            if isinstance(node, HumanTask):
                tasks.append(_task(run, task))
            elif isinstance(node, CallActivity):
                children.append(_child(run, task))
            elif isinstance(node, Activity):
                services.append(_service(run, task))
        elif task.state == TaskState.WAITING and isinstance(node, Catching):
            timers += _timers(run, task)
            subscriptions += _subscriptions(run, task)
        elif _is_adhoc(task):
            adhoc.append(_adhoc(run, task))
    return OpenWork(
        tuple(tasks),
        tuple(timers),
        tuple(subscriptions),
        tuple(services),
        tuple(adhoc),
        tuple(children),
        tuple(_marked(run)),
    )


def open_adhoc(run: Run) -> tuple[OpenAdHoc, ...]:
    """The ad hoc sub-processes of `open_work`."""
    return tuple(_adhoc(run, task) for task in run.tasks.values() if _is_adhoc(task))


def _is_adhoc(task: Task) -> bool:
    node = task.task_spec
    return task.state == TaskState.STARTED and isinstance(node, AdHocSubProcess) and not node.container(task)


def _common(run: Run, task: Task) -> dict[str, Any]:
    element = task.task_spec.element
    return {
        "activity_id": task.id,
        "element_id": element.id,
        "name": element.name,
        "local": _local(task),
        "process": run.process_of(task.parent),
    }


def _local(task: Task, *, own: bool = False) -> dict[str, Any]:
    """The variables of the layers over the case's: only this task, or those beside it in a multi-instance, see them.

    `own`: without the counters and results of multi-instances, which change with every instance that ends.
    """
    found: dict[str, Any] = {}
    current: Task | None = task
    while current is not None and current.parent is not None and OWNER not in current.internal_data:
        if not (own and STATE in current.internal_data):
            for name, value in current.data.items():
                found.setdefault(name, value)
        current = current.parent
    return found


def _task(run: Run, task: Task) -> OpenTask:
    element = task.task_spec.element
    common = _common(run, task)
    return OpenTask(
        **{**common, "name": attributes.text(task, "name") or common["name"]},
        documentation=element.documentation,
        lane=element.lane,
        form_key=attributes.text(task, "formKey"),
        assignee=attributes.text(task, "assignee"),
        candidate_users=attributes.names(task, "candidateUsers"),
        candidate_groups=attributes.names(task, "candidateGroups"),
        candidate_roles=attributes.names(task, "candidateRoles"),
        assign_by=attributes.text(task, "assignBy"),
        not_done_by=attributes.names(task, "notDoneBy"),
        due_at=attributes.date(task, "dueDate"),
        follow_up_at=attributes.date(task, "followUpDate"),
        priority=attributes.priority(task),
        stage=element.attributes.get("stage"),
        own=_local(task, own=True),
    )


def _child(run: Run, task: Task) -> OpenChild:
    found: OpenChild = task.task_spec.child(run, task, _common(run, task))
    return found


def _adhoc(run: Run, task: Task) -> OpenAdHoc:
    node = task.task_spec
    return OpenAdHoc(
        **_common(run, task),
        enabled=node.describe(run, task),
        why_not_finish=node.why_not_end(task),
        missing=tuple(node.missing(task)),
        leaves_rest=not node.cancels_rest,
    )


def _service(run: Run, task: Task) -> OpenService:
    node = task.task_spec
    return OpenService(
        **_common(run, task),
        kind=node.attributes.get("type", ""),
        inputs=_given(task),
        wants_result=bool(node.gives) or bool(node.hands) or "resultVariable" in node.attributes,
    )


def _given(task: Task) -> dict[str, Any]:
    """The activity's mapped inputs."""
    return {name: task.data[name] for name in task.internal_data.get(DECLARED, ()) if name in task.data}


def _timers(run: Run, task: Task) -> Iterator[OpenTimer]:
    timers: Mapping[str, Any] = task.internal_data.get(TIMERS, {})
    for position, (due, left, *_) in timers.items():
        if position in task.internal_data.get(SEEN, ()):
            continue
        cycle = task.task_spec.events[int(position)].kind == "cycle"
        yield OpenTimer(
            **_common(run, task),
            timer_id=timer_id(task, position),
            due_at=datetime.fromisoformat(due),
            cycles_left=left if cycle else None,
        )


def _subscriptions(run: Run, task: Task) -> Iterator[OpenSubscription]:
    for position, event in enumerate(task.task_spec.events):
        if event.kind not in ("message", "signal") or str(position) in task.internal_data.get(SEEN, ()):
            continue
        yield OpenSubscription(
            **_common(run, task),
            kind=event.kind,
            event_name=task.task_spec.name_at(task, position) or "",
            correlation=expected(run, task, event.name or "") if event.kind == "message" else {},
        )


def _marked(run: Run) -> Iterator[str]:
    """Where tokens stand in this process's own diagram, not inside called processes; instances, not their container."""
    ahead = [run.task_tree]
    while ahead:
        task = ahead.pop()
        node = task.task_spec
        container = isinstance(node, Activity) and node.container(task)
        if task is not run.task_tree and node.drawn and not container and not run.is_silent(task):
            yield node.element.id
        if OWNER not in task.internal_data or task is run.task_tree:
            ahead += task.children
