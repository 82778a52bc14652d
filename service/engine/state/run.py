"""One workflow at work: its tokens, what they have to do next, and what happened.

Everything happens in steps: one step takes one token one thing further (arrive, work and leave, or look whether what
it holds has ended). A step that cannot be carried out stops the workflow as FAILED and touches no other token, so that
the same step can be tried again later.
"""

from __future__ import annotations

from collections import ChainMap, Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from time import monotonic, thread_time
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from service.engine import expressions, timing, working_time
from service.engine.elements.events import RACE
from service.engine.elements.graph import Flow
from service.engine.elements.node import SILENT
from service.engine.errors import Fault
from service.engine.limits import CPU_SECONDS, SECONDS, STEPS
from service.engine.scope import EVERYTHING, OWNER, View
from service.engine.upstream import BaseWorkflow, Task, TaskState
from service.engine.work import Failure, Happening, What, WorkflowState
from service.engine.working_time import WorkingTime

if TYPE_CHECKING:
    from service.engine.parser import Definition


class Run(BaseWorkflow):
    """The live state of a workflow. workflow.py is its façade; the elements act on it."""

    def __init__(self, definition: Definition, now: datetime) -> None:
        super().__init__(definition.graph, deserializing=True)
        self.definition = definition
        self.now = now
        self.status = WorkflowState.ACTIVE
        self.failure: Failure | None = None
        self.correlations: dict[str, Any] = {}
        self.happenings: list[Happening] = []
        self.leaving: list[Flow] = []
        self.stores: Mapping[str, Any] = {}  #: data stores by name, as they are outside
        self.calendars: Callable[[str], WorkingTime] = working_time.unknown  #: by the names that diagrams say
        self._kept: dict[str, Any] = {}  #: what was written to them since
        self.guards: dict[str, list[Task]] = {}  #: host's id -> its boundary events
        self.watched: dict[str, Task] = {}  #: tasks that wait for a condition
        self.settling: dict[str, Task] = {}  #: tokens at joins that open only when nothing else moves
        self.resetting: dict[tuple[str, str], tuple[Task, Any]] = {}  #: open rounds of complex gateways
        self.allowed = STEPS  #: steps until the workflow must wait
        self._agenda: deque[Task] = deque()
        self._queued: set[str] = set()
        self._changed = True

    # Tokens

    def spawn(self, parent: Task | None, node: Any, **internal: Any) -> Task:
        """Put a token at a node; it will enter in a step of its own."""
        task = Task(self, node, parent, TaskState.FUTURE, str(uuid4()))
        task.internal_data.update(internal)
        self.index(task)
        self.queue(task)
        return task

    def index(self, task: Task) -> None:
        """Find this task again by what it guards."""
        if host := task.internal_data.get("host"):
            self.guards.setdefault(host, []).append(task)

    def take(self, flow: Flow, scope: Task | None) -> None:
        """A token goes along a sequence flow."""
        if flow.drawn:
            self.happenings.append(Happening(What.FLOWED, flow.id, process=self.process_of(scope)))
        if flow.target.joins:
            self.spawn(scope, flow.target, via=flow.id)
        else:
            self.spawn(scope, flow.target)

    def rerun(self, task: Task) -> None:
        """A waiting token may go on."""
        task._set_state(TaskState.READY)
        self.queue(task)

    def queue(self, task: Task) -> None:
        """This task has a step to make."""
        if task.id not in self._queued:
            self._queued.add(task.id)
            self._agenda.append(task)

    def forget(self, task: Task) -> None:
        """Take a finished token out of the tree; what encloses it will look whether it has ended."""
        if task.id not in self.tasks:
            return
        parent = task.parent
        if host := task.internal_data.get("host"):
            self.guards[host] = [guard for guard in self.guards.get(host, ()) if guard is not task]
        self.guards.pop(task.id, None)
        self.watched.pop(task.id, None)
        self.settling.pop(task.id, None)
        self._remove_task(task.id)
        if parent is not None and parent.state == TaskState.STARTED and parent.task_spec.must_look(self, parent):
            self.queue(parent)

    def cancel(self, task: Task) -> None:
        """End a token without its leaving, and all that it holds."""
        inside, ahead = [], [task]
        while ahead:  # no recursion: called processes may be nested deeply
            current = ahead.pop()
            inside.append(current)
            ahead += current.children
        for each in reversed(inside):
            self._end(each)

    def _end(self, task: Task) -> None:
        if task.id not in self.tasks:
            return
        self.detach(task)
        if not self.is_silent(task) and "entered" in task.internal_data:
            self.note(What.CANCELLED, task)
        task._set_state(TaskState.CANCELLED)
        task.task_spec._on_cancel(task)
        self.forget(task)

    def detach(self, host: Task) -> None:
        """The host ended: its boundary events wait no longer."""
        for guard in self.guards.pop(host.id, []):
            guard.internal_data.pop("host", None)
            guard.internal_data["listener"] = ""
            self.cancel(guard)

    def win(self, task: Task) -> None:
        """Of the events that wait for each other, this one came first."""
        race = task.internal_data.pop(RACE, None)
        if race is None:
            return
        for other in self.scope_of(task).children:
            if other.internal_data.get(RACE) == race:
                self.cancel(other)
        if flow := task.internal_data.pop("flow", None):
            self.happenings.append(Happening(What.FLOWED, flow, process=self.process_of(task.parent)))

    def watch(self, task: Task) -> None:
        """Have the task's conditions evaluated when variables change."""
        if any(event.kind == "conditional" for event in task.task_spec.events):
            self.watched[task.id] = task
            self._changed = True

    def scope_of(self, task: Task) -> Task:
        """What encloses a token."""
        parent = task.parent
        if parent is None:
            raise Fault("The process itself has no surroundings.")
        return parent

    def is_silent(self, task: Task) -> bool:
        """Whether it only waits to be woken: a boundary event, or the start of an event sub-process."""
        return any(key in task.internal_data for key in SILENT)

    def has_tokens(self, scope: Task) -> bool:
        """Whether anything inside is still under way."""
        return any(not self.is_silent(child) for child in scope.children)

    def process_of(self, scope: Task | None) -> str:
        """The key of the called process in whose diagram the tokens of a scope stand; empty for the workflow's own."""
        while scope is not None:
            if key := scope.internal_data.get(OWNER):
                return str(key)
            scope = scope.parent
        return ""

    def inside(self, scope: Task) -> Any:
        """The graph in which the tokens of a scope stand."""
        key = scope.internal_data.get(OWNER)
        called = self.definition.called(key) if key else None
        return called.graph if called else scope.task_spec.graph

    def nesting(self, task: Task) -> int:
        """In how many called processes the task stands."""
        depth, current = 0, task.parent
        while current is not None:
            depth += OWNER in current.internal_data
            current = current.parent
        return depth

    # Expressions and variables

    def evaluate(self, text: str, task: Task) -> Any:
        """The value of an expression as the task sees the variables."""
        return expressions.evaluate(text, View(task).readable(), now=self.now)

    def mapped(
        self, mappings: Iterable[tuple[str, str]], task: Task, brought: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """The values of (expression, name) mappings in their order, each of which sees those before it.

        All see the variables as the task does, and `brought` over them. A context for `*` gives its entries; the
        mapping of everything is left out.
        """
        found: dict[str, Any] = {}
        seen = ChainMap(found, dict(brought or {}), cast("dict[str, Any]", View(task).readable()))
        for expression, name in mappings:
            if (expression, name) == EVERYTHING:
                continue
            value = expressions.evaluate(expression, seen, now=self.now)
            found.update({name: value} if name != "*" else _entries(expression, value))
        return found

    def named(self, name: str | None, task: Task) -> str | None:
        """The name of a message or signal, or an error's code, evaluated where it is an expression."""
        if name is None or not name.startswith("="):
            return name
        value = self.evaluate(name, task)
        if not isinstance(value, str | int) or isinstance(value, bool) or value == "":
            raise Fault(f"“{name}” gives no name, but {value!r}.")
        return str(value)

    def holds(self, condition: str, task: Task) -> bool:
        """Whether a condition is true; FEEL's null is not."""
        return expressions.holds(condition, View(task).readable(), now=self.now)

    def holds_if_known(self, condition: str, task: Task) -> bool:
        """The same, but false while a variable that it needs is not set yet."""
        view = View(task)
        return all(name in view for name in expressions.names(condition)) and self.holds(condition, task)

    def script(self, text: str, task: Task, language: str = "python") -> None:
        """Run a script; what it changed is written only when it succeeded."""
        changed = expressions.run_script(text, View(task).readable(), language=language, now=self.now)
        self.write(task, changed)

    def write(self, task: Task, changes: Mapping[str, Any]) -> None:
        """Set variables as the task sees them: its own names locally, all others outwards."""
        if changes:
            View(task).update(changes)
            self._changed = True

    def write_outside(self, task: Task, name: str, value: Any) -> None:
        """Set a variable as what encloses the task sees it."""
        self.write(self.scope_of(task), {name: value})

    def stored(self, name: str) -> Any:
        """What a data store holds; None when it is empty."""
        return self._kept[name] if name in self._kept else self.stores.get(name)

    def keep(self, task: Task, name: str, value: Any) -> None:
        """Write a data store: seen here at once, and told to the outside."""
        self._kept[name] = value
        self.note(What.STORED, task, store=name, value=value)

    # What happened

    def note(self, what: What, task: Task, **details: Any) -> None:
        """Tell the outside."""
        node = task.task_spec
        if node.drawn:
            process = self.process_of(task.parent)
            self.happenings.append(Happening(what, node.element.id, task.id, node.element.name, details, process))

    # Steps

    def go(self) -> None:
        """Carry out steps until everything waits; stops as FAILED where one cannot be carried out."""
        visits: Counter[str] = Counter()
        steps, began, used = 0, monotonic(), thread_time() + CPU_SECONDS
        self.allowed = STEPS
        while self.status is WorkflowState.ACTIVE:
            task = self._next()
            try:
                if task is None:
                    if self._settle():
                        continue
                    self._look_for_deadlock()
                    return
                visits[task.task_spec.name] += 1
                steps += 1
                took = monotonic() - began  # never less than the thread's own time, which is dear to ask for
                if steps > self.allowed or took > SECONDS or (took > CPU_SECONDS and thread_time() > used):
                    self.queue(task)
                    seconds = SECONDS if took > SECONDS else CPU_SECONDS
                    raise Fault(
                        _loop(visits, f"{self.allowed} steps" if steps > self.allowed else f"{seconds:g} seconds")
                    )
                self._step(task)
            except (Fault, expressions.ExpressionError, timing.BadTime) as fault:
                self.fail(task, fault)

    def _next(self) -> Task | None:
        while self._agenda:
            task = self._agenda.popleft()
            self._queued.discard(task.id)
            if task.id in self.tasks:
                return task
        return None

    def _step(self, task: Task) -> None:
        if task.state == TaskState.STARTED:
            task.task_spec.resume(self, task)
            return
        if task.state == TaskState.FUTURE:
            task.task_spec._update(task)
        if task.state == TaskState.READY and not task.task_spec.waits_outside(task):
            task.run()

    def _task_completed_notify(self, task: Task) -> None:
        self.forget(task)

    def _settle(self) -> bool:
        """Nothing moves any more: look at conditions and at inclusive joins. True when something moves again."""
        if self._changed:
            self._changed = False
            for task in list(self.watched.values()):
                if task.id in self.tasks and task.state == TaskState.WAITING:
                    task.task_spec.look(self, task)
            if self._agenda:
                return True
        return any(node.settle(self, scope) for scope, node in self._joins())

    def _joins(self) -> Iterator[tuple[Task, Any]]:
        seen: dict[tuple[str, str], tuple[Task, Any]] = {}
        for task in self.settling.values():
            if task.state == TaskState.WAITING and task.parent is not None:
                seen[task.parent.id, task.task_spec.name] = (task.parent, task.task_spec)
        for key, (scope, node) in list(self.resetting.items()):
            if key[0] in self.tasks:
                seen[key] = (scope, node)
            else:
                del self.resetting[key]
        return iter(list(seen.values()))

    def _look_for_deadlock(self) -> None:
        """Where nobody outside can move anything, tokens wait for each other: say so, rather than wait for ever."""
        stuck = None
        for task in self.tasks.values():
            if task.task_spec.can_move(task):
                return
            if task.state == TaskState.WAITING:
                stuck = task
        if stuck is not None:
            name = stuck.task_spec.element.id
            self.fail(stuck, Fault(f"The token at “{name}” waits for others, but no other can come any more."))

    def fail(self, task: Task | None, fault: Exception) -> None:
        """Stop here, and say why."""
        code = getattr(fault, "error_code", None)
        element = task.task_spec.element if task is not None else None
        self.status = WorkflowState.FAILED
        self.failure = Failure(
            element_id=element and element.id,
            element_name=element and (element.name or None),
            message=str(fault),
            error_code=code,
            activity_id=task.id if task is not None else None,
        )
        if task is not None and task.id in self.tasks:
            self.note(What.FAILED, task, message=str(fault), error_code=code)

    def retry(self) -> None:
        """Try again the step that failed."""
        failed = self.failure and self.tasks.get(self.failure.activity_id or "")
        self.status, self.failure = WorkflowState.ACTIVE, None
        if failed:
            if failed.has_state(TaskState.FINISHED_MASK):
                failed._set_state(TaskState.READY)
            self.queue(failed)

    def resume_after_load(self) -> None:
        """Put the steps that were still to be made back on the agenda."""
        for task in self.tasks.values():
            self.index(task)
            if task.state == TaskState.WAITING and hasattr(task.task_spec, "settle"):
                self.settling[task.id] = task
            for name in task.internal_data.get("reset", ()):
                if (node := self.inside(task).task_specs.get(name)) is not None:
                    self.resetting[task.id, name] = (task, node)
            if task.state == TaskState.FUTURE or (
                task.state == TaskState.READY and not task.task_spec.waits_outside(task)
            ):
                self.queue(task)
            elif task.state == TaskState.WAITING and hasattr(task.task_spec, "look"):
                self.watch(task)
            elif task.state == TaskState.STARTED and self.status is WorkflowState.FAILED:
                self.queue(task)  # it may have been about to look when another step failed
        self._changed = False


def _entries(expression: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Fault(f"“{expression}” gives no context, whose entries would become variables, but {value!r}.")
    return value


def _loop(visits: Counter[str], spent: str) -> str:
    most = ", ".join(f"{name} ({count} times)" for name, count in visits.most_common(4))
    return f"More than {spent} without waiting for anybody: probably a loop without end through {most}."
