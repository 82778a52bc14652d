"""The façade of the engine: one running process, from its start to its end.

Each call runs on until the workflow waits again. Time is passed in, and with it the zone that a date without one means;
nothing here reads a clock, touches a database or the network. Not to be shared by threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from service.engine import working_time
from service.engine.elements import delivery
from service.engine.elements.activity import PASSED_OVER
from service.engine.elements.events import SEEN, TIMERS, Catching, timer_id
from service.engine.elements.node import RELEASED
from service.engine.elements.subprocess import begin_body, begin_listeners
from service.engine.errors import EngineError, Fault, NotReady
from service.engine.expressions import ExpressionError
from service.engine.parser import Definition
from service.engine.scope import View, plain
from service.engine.state import going_back, snapshot
from service.engine.state.open_work import open_adhoc, open_work
from service.engine.state.run import Run
from service.engine.upstream import Task, TaskState
from service.engine.work import Failure, Happening, OpenActivity, OpenAdHoc, OpenWork, WorkflowState
from service.engine.working_time import WorkingTime


class Workflow:
    """A running process. A script that raises or an error that nobody catches makes it FAILED; nothing is raised."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @classmethod
    def start(
        cls,
        definition: Definition,
        variables: Mapping[str, Any],
        *,
        now: datetime,
        start_event: str | None = None,
        event_name: str | None = None,
        payload: Mapping[str, Any] | None = None,
        correlation: Mapping[str, Any] | None = None,
        stores: Mapping[str, Any] | None = None,
        calendars: Callable[[str], WorkingTime] = working_time.unknown,
    ) -> Workflow:
        """Begin a process and run on until it waits.

        `start_event`: the id of the message, signal, timer or conditional start (or instantiating receive task) that
        has just happened, `event_name` which message or signal of several it was, `payload` and `correlation` what it
        brought. Without it the plain start event is used; a process that has none waits for one of its start events.
        Raises EngineError when there is no such start event.
        """
        run = Run(definition, _aware(now))
        run.stores, run.calendars = stores or {}, calendars
        root = Task(run, definition.graph.start, None, TaskState.STARTED, str(uuid4()))
        run.task_tree = root
        try:
            root.data = plain(variables)
        except Fault as problem:
            raise EngineError(str(problem)) from None
        if start_event is not None and start_event not in definition.starts():
            raise EngineError(f"The process “{definition.key}” has no start event “{start_event}”.")
        body = definition.graph.body(None)
        if start_event is None:
            begin_body(run, root, body)
        else:
            begin_listeners(run, root, body)
            definition.graph.task_specs[start_event].begin_with(run, root, event_name)
            _bring(run, root, start_event, payload, correlation or {})
        run.go()
        return cls(run)

    @classmethod
    def load(cls, definition: Definition, snapshot_: bytes, variables: Mapping[str, Any], *, now: datetime) -> Workflow:
        """The workflow as it was dumped, with the `variables` that it had; raises Unfit when it does not fit.

        Their values are the workflow's from now on: what it did not change is the same object afterwards.
        """
        return cls(snapshot.load(definition, snapshot_, variables, _aware(now)))

    def dump(self) -> bytes:
        """All that is needed to go on later, beside the definition and the variables."""
        return snapshot.dump(self._run)

    @property
    def run(self) -> Run:
        """The live state, for the engine's own rooms."""
        return self._run

    @property
    def definition(self) -> Definition:
        """What it executes."""
        return self._run.definition

    @property
    def now(self) -> datetime:
        """The time that timers and expressions are computed on, in the zone of dates without one; set it to go on."""
        return self._run.now

    @now.setter
    def now(self, value: datetime) -> None:
        self._run.now = _aware(value)

    @property
    def stores(self) -> Mapping[str, Any]:
        """The data stores' values by name, for elements that read them; set it before going on.

        What a process writes to a store is told as What.STORED and must be kept by whoever runs it.
        """
        return self._run.stores

    @stores.setter
    def stores(self, values: Mapping[str, Any]) -> None:
        self._run.stores = values

    @property
    def calendars(self) -> Callable[[str], WorkingTime]:
        """Gives the calendar of a name, or raises BadTime; set it before going on."""
        return self._run.calendars

    @calendars.setter
    def calendars(self, known: Callable[[str], WorkingTime]) -> None:
        self._run.calendars = known

    @property
    def state(self) -> WorkflowState:
        """Where it stands."""
        return self._run.status

    @property
    def failure(self) -> Failure | None:
        """Why it is FAILED."""
        return self._run.failure

    @property
    def variables(self) -> dict[str, Any]:
        """The case file, live: to be read at once and never changed, see `set_variables`."""
        return self._run.task_tree.data

    def visible(self, activity_id: str) -> dict[str, Any]:
        """The variables as that open activity sees them; the values are live, not to be changed. Raises NotReady."""
        task = self._run.tasks.get(activity_id)
        if task is None:
            raise NotReady(f"There is no open activity {activity_id}.")
        return dict(View(task))

    def complete(self, activity_id: str, data: Mapping[str, Any] | None = None) -> None:
        """Finish a user, manual, service or receive task or a child's call, write `data`, and run on.

        Raises NotReady when that activity does not wait for this, and EngineError for data that cannot be stored;
        then nothing has changed.
        """
        task = self._waiting(activity_id)
        run = self._run
        if isinstance(task.task_spec, Catching):
            run.detach(task)
            task.task_spec.occur(run, task, 0, self._plain(data))
        else:
            task.task_spec.accept(run, task, self._plain(data))
            task.internal_data[RELEASED] = 1
            run.queue(task)
        run.go()

    def pass_over(self, activity_id: str) -> None:
        """Finish a child's call, a task or a service without results: no outputs are mapped. Raises NotReady."""
        task = self._waiting(activity_id)
        task.internal_data[PASSED_OVER] = 1
        task.internal_data[RELEASED] = 1
        self._run.queue(task)
        self._run.go()

    def throw_error(
        self, activity_id: str, code: str | None, message: str = "", data: Mapping[str, Any] | None = None
    ) -> None:
        """A waiting service or user task ends with a BPMN error; uncaught, the workflow is FAILED. Raises NotReady."""
        task = self._waiting(activity_id)
        payload = self._plain(data)
        try:
            delivery.throw_error(self._run, task, code, message, payload)
        except Fault as fault:
            self._run.fail(task, fault)
        self._run.go()

    def catches_error(self, activity_id: str, code: str | None) -> bool:
        """Whether the diagram catches this error when that open activity throws it. Raises NotReady."""
        return delivery.catcher(self._run, self._waiting(activity_id), "error", code) is not None

    def set_variables(self, changes: Mapping[str, Any], activity_id: str | None = None) -> None:
        """Change variables from outside, as the process (or that activity) sees them; conditions are looked at anew."""
        self._active()
        task = self._run.task_tree
        if activity_id is not None:
            found = self._run.tasks.get(activity_id)
            if found is None:
                raise NotReady(f"There is no open activity {activity_id}.")
            task = found
        self._write(task, changes)
        self._run.go()

    def fire(self, timer_id_: str) -> bool:
        """A timer is due. False when it no longer waits, or is not due by `now`."""
        identity, _, rest = timer_id_.partition(":")
        position = rest.partition(":")[0]
        run = self._run
        task = run.tasks.get(identity)
        if task is None or self.state is not WorkflowState.ACTIVE or task.state != TaskState.WAITING:
            return False
        timer = task.internal_data.get(TIMERS, {}).get(position)
        if timer is None or timer_id(task, position) != timer_id_ or position in task.internal_data.get(SEEN, ()):
            return False
        if datetime.fromisoformat(timer[0]) > run.now:
            return False
        self._act(task, lambda: task.task_spec.occur(run, task, int(position)))
        return True

    def deliver(
        self, name: str, payload: Mapping[str, Any] | None = None, correlation: Mapping[str, Any] | None = None
    ) -> bool:
        """A message arrived. True when an activity or event took it; at most one does."""
        if self.state is not WorkflowState.ACTIVE:
            return False
        brought, run = self._plain(payload), self._run
        return self._act(None, lambda: delivery.deliver(run, name, brought, correlation))

    def broadcast(self, name: str, payload: Mapping[str, Any] | None = None) -> bool:
        """A signal was sent elsewhere. True when somebody here waited for it; all who do get it.

        A signal that this workflow sends itself reaches its own waiters at once; do not send it back here.
        """
        if self.state is not WorkflowState.ACTIVE:
            return False
        brought, run = self._plain(payload), self._run
        return self._act(None, lambda: delivery.broadcast(run, name, brought))

    def activate(self, adhoc_activity_id: str, element_id: str, data: Mapping[str, Any] | None = None) -> str:
        """Launch an enabled activity of an open ad hoc sub-process; returns the new activity's id.

        `data` is written first. Raises NotReady, with the reason, when it may not be started.
        """
        task = self._adhoc(adhoc_activity_id)
        activity: Task = task.task_spec.activate(self._run, task, element_id, self._plain(data))
        self._run.go()
        return activity.id

    def finish_adhoc(self, adhoc_activity_id: str) -> None:
        """End an open ad hoc sub-process by hand. Raises NotReady, with the reason, when it may not end yet."""
        task = self._adhoc(adhoc_activity_id)
        task.task_spec.end_by_hand(self._run, task)
        self._run.go()

    def terminate(self) -> None:
        """Cancel everything that is open."""
        run = self._run
        for task in run.task_tree.children:
            run.cancel(task)
        if self.state in (WorkflowState.ACTIVE, WorkflowState.FAILED):
            run.status, run.failure = WorkflowState.TERMINATED, None

    def retry(self) -> None:
        """Try the step that failed once more, perhaps after changing variables. Raises NotReady when not FAILED."""
        if self.state is not WorkflowState.FAILED:
            raise NotReady(f"The workflow is {self.state}, not failed.")
        self._run.retry()
        self._run.go()

    def mend(self, changes: Mapping[str, Any]) -> None:
        """Change variables of a FAILED workflow before trying again; nothing runs."""
        self._write(self._run.task_tree, changes)

    def open_work(self) -> OpenWork:
        """All that it waits for."""
        return open_work(self._run) if self.state is not WorkflowState.COMPLETED else OpenWork()

    def open_adhoc(self) -> tuple[OpenAdHoc, ...]:
        """Its open ad hoc sub-processes, which are part of `open_work`."""
        return open_adhoc(self._run) if self.state is not WorkflowState.COMPLETED else ()

    def holds(self, condition: str) -> bool:
        """Whether a condition is true of the case file; one that cannot be evaluated so far is not."""
        try:
            return self._run.holds_if_known(condition, self._run.task_tree)
        except ExpressionError:
            return False

    def ahead_of(self, element_id: str) -> set[str]:
        """The ids of the element and of all that can be reached from it. Raises NotReady."""
        return going_back.ahead_of(self._run, element_id)

    def overtaken_by(self, element_id: str) -> list[OpenActivity]:
        """What `repeat` would cancel; nothing is changed. Raises NotReady, with the reason, when it cannot be."""
        return going_back.overtaken(self._run, element_id)

    def repeat(self, element_id: str) -> None:
        """Do an element again, and cancel what comes after it. Raises NotReady, with the reason, when it cannot."""
        self._active()
        going_back.repeat(self._run, element_id)
        self._run.go()

    def reopen_at(self, element_id: str) -> None:
        """Let a workflow that has ended go on from an element. Raises NotReady."""
        going_back.ahead_of(self._run, element_id)
        going_back.reopen(self._run)
        self.repeat(element_id)

    def shift(self, by: timedelta) -> None:
        """Move timers and due dates, those at dates of the calendar excepted: the case stood still for so long."""
        going_back.shift(self._run, by)

    def take_happenings(self) -> list[Happening]:
        """What happened since this was last called, in order."""
        found, self._run.happenings = self._run.happenings, []
        return found

    def _active(self) -> None:
        if self.state is not WorkflowState.ACTIVE:
            raise NotReady(f"The workflow is {self.state}.")

    def _waiting(self, activity_id: str) -> Task:
        """The task with this id, which must wait for somebody outside."""
        self._active()
        task = self._run.tasks.get(activity_id)
        if task is not None:
            node = task.task_spec
            if task.state == TaskState.READY and node.waits_outside(task):
                return task
            if task.state == TaskState.WAITING and node.element.type == "receiveTask":
                return task
        raise NotReady(f"The activity {activity_id} does not wait for this.")

    def _adhoc(self, activity_id: str) -> Task:
        self._active()
        task = self._run.tasks.get(activity_id)
        if task is None or task.state != TaskState.STARTED or not hasattr(task.task_spec, "activate"):
            raise NotReady(f"The activity {activity_id} is no open ad hoc sub-process.")
        return task

    def _plain(self, data: Mapping[str, Any] | None) -> dict[str, Any]:
        try:
            copied: dict[str, Any] = plain(data or {})
        except Fault as problem:
            raise EngineError(str(problem)) from None
        return copied

    def _write(self, task: Task, data: Mapping[str, Any] | None) -> None:
        self._run.write(task, self._plain(data))

    def _act(self, task: Task | None, action: Any) -> bool:
        """Do something that may be impossible, then run on."""
        try:
            result = bool(action())
        except Fault as fault:
            self._run.fail(task, fault)
            result = True
        self._run.go()
        return result


def _bring(
    run: Run, root: Task, start_event: str, payload: Mapping[str, Any] | None, correlation: Mapping[str, Any]
) -> None:
    """Write what the event that began the process brought, and begin its conversation."""
    if payload is None:
        return
    try:
        brought = plain(payload)
    except Fault as problem:
        raise EngineError(str(problem)) from None
    begun = next(task for task in root.children if task.task_spec.name == start_event)
    event = begun.task_spec.bring_first(run, begun, brought)
    if event is not None and event.kind == "message":
        run.correlations.update(delivery.correlation_of(run, event.name or "", brought))
        known = run.definition.graph.correlation.keys
        run.correlations.update({key: value for key, value in correlation.items() if key in known})


def _aware(now: datetime) -> datetime:
    if now.tzinfo is None:
        raise EngineError("The time must say its zone.")
    return now
