"""Loops and multi-instance (BPMN 2.0.2 §13.3.6, §13.3.7): one container task, and one child task for each instance.

The container shows its children the counters of the standard (table 10.31: `numberOfInstances` and so on), also by the
names of Camunda 7 and Flowable (`nrOfInstances`), and the results so far; each child has its own `loopCounter` (from 0,
as in Camunda 7 and Flowable), item and output item. The condition of a loop sees as `loopCounter` how many rounds were.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.engine import expressions
from service.engine.elements import data, delivery
from service.engine.errors import Fault
from service.engine.limits import INSTANCES, STEPS_PER_INSTANCE
from service.engine.scope import DECLARED, INSTANCE, View, plain
from service.engine.upstream import Task

if TYPE_CHECKING:
    from service.engine.state.run import Run

INDEX = "index"  #: in an instance's internal data: its number
STATE = "loop"  #: in a container's internal data: next, total, completed, given up, items (sequential), order (of
#: the results)
RESULT = "result"  #: in an instance's internal data: what it adds to the collected results


@dataclass(frozen=True)
class Repetition:
    """What the diagram says of an activity's repetition. Texts are expressions."""

    kind: str  #: loop, parallel or sequential
    cardinality: str | None = None
    collection: str | None = None
    item: str | None = None  #: variable name of the element at hand
    results: str | None = None  #: variable name of the collected results
    result: str | None = None  #: variable name of one instance's result
    result_expression: str | None = None  #: or an expression that gives it
    until: str | None = None  #: completionCondition
    thrown: tuple[tuple[str | None, Any], ...] = ()  #: what instances throw as they complete: (condition, definition)
    thrown_once: bool = False  #: by the first only, rather than by each
    condition: str | None = None  #: of a standard loop: repeat while it holds
    maximum: int | None = None
    test_before: bool = False

    @property
    def own_names(self) -> tuple[str | None, ...]:
        """The names that belong to each instance."""
        return (self.item, self.result)

    def begin(self, run: Run, task: Task) -> bool:
        """Start the first instances; True when there is nothing to do."""
        state: dict[str, Any] = {"next": 0}
        task.internal_data[STATE] = state
        if self.kind != "loop":
            state["total"] = len(items) if (items := self._items(run, task)) is not None else self._count(run, task)
            if items is not None and self.item:
                state["items"] = items
            if self.results:
                task.data[self.results] = []
                state["order"] = []
            self._show(task)
        elif self.test_before and not self._again(run, task):
            return True
        run.allowed += STEPS_PER_INSTANCE * state.get("total", 0)
        first: int = state.get("total", 1) if self.kind == "parallel" else min(1, state.get("total", 1))
        for _ in range(first):
            self._next(run, task)
        if self.kind == "parallel":
            state.pop("items", None)
        return not first

    def _items(self, run: Run, task: Task) -> list[Any] | None:
        if self.collection is None:
            return None
        brought = data.bring(run, task, task.task_spec.brings)
        known = {**View(task), **brought} if brought else View(task).readable()
        found = expressions.evaluate(self.collection, known, now=run.now)
        if isinstance(found, Mapping):
            found = list(found.values())
        if found is None or isinstance(found, str) or not hasattr(found, "__iter__"):
            raise Fault(f"“{self.collection}” is no list to repeat over, but {found!r}.")
        return self._limited(plain(list(found)))

    def _limited(self, items: list[Any]) -> list[Any]:
        if len(items) > INSTANCES:
            raise Fault(f"{len(items)} instances are more than the {INSTANCES} allowed.")
        return items

    def _count(self, run: Run, task: Task) -> int:
        value = run.evaluate(self.cardinality or "1", task)
        if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < 0:
            raise Fault(f"“{self.cardinality}” is no number of instances, but {value!r}.")
        if value > INSTANCES:
            raise Fault(f"{value} instances are more than the {INSTANCES} allowed.")
        return int(value)

    def _next(self, run: Run, task: Task) -> None:
        """Begin the next instance."""
        state = task.internal_data[STATE]
        index: int = state["next"]
        state["next"] = index + 1
        child = run.spawn(task, task.task_spec, **{INDEX: index})
        child.data["loopCounter"] = index
        if self.kind != "loop":  # the rounds of a loop go on with what the one before has written
            child.internal_data[INSTANCE] = 1
        declared = [name for name in (self.item, self.result) if name]
        if declared:
            child.internal_data[DECLARED] = declared
        if self.item and "items" in state:
            child.data[self.item] = plain(state["items"][index])
        self._show(task)

    def _show(self, task: Task) -> None:
        """Keep the standard variables up to date."""
        state = task.internal_data[STATE]
        completed, given_up = state.get("completed", 0), state.get("given up", 0)
        if self.kind != "loop":
            counters = {
                "Instances": state["total"],
                "ActiveInstances": state["next"] - completed - given_up,
                "CompletedInstances": completed,
                "TerminatedInstances": given_up,
            }
            task.data.update({f"{first}{name}": n for name, n in counters.items() for first in ("nrOf", "numberOf")})

    def collect(self, child: Task) -> None:
        """An instance ended: keep its result, in input order. The container is resumed next, and looks further."""
        container = child.parent
        if container is None:
            return
        state = container.internal_data[STATE]
        state.setdefault("fresh", []).append(child.data if self.until else {})
        if RESULT in child.internal_data:
            place = bisect(state["order"], child.internal_data[INDEX])
            state["order"].insert(place, child.internal_data[INDEX])
            container.data[self.results or ""].insert(place, child.internal_data[RESULT])

    def resume(self, run: Run, task: Task) -> None:
        """Instances ended: end the whole, begin the next one, or wait for the others."""
        state = task.internal_data[STATE]
        while state.get("fresh"):
            last = state["fresh"][0]
            if "looked" not in state:  # a condition that fails is tried again, but counts only once
                state["completed"] = state.get("completed", 0) + 1
                state["looked"] = 1
                self._show(task)
                if self.thrown and not self._throw(run, task, {**View(task), **last}):
                    return
            self._show(task)
            ended = self._ended(run, task, state, last)
            state["fresh"].pop(0)
            del state["looked"]
            if ended:
                self._end(run, task)
                return
            if self.kind != "parallel":
                self._next(run, task)

    def _end(self, run: Run, task: Task) -> None:
        for child in task.children:
            run.cancel(child)
        task.internal_data["done"] = 1
        run.rerun(task)

    def give_up(self, run: Run, child: Task) -> None:
        """Cancel one instance of a multi-instance, which adds no result: the others, and those to come, go on."""
        container = run.scope_of(child)
        state = container.internal_data[STATE]
        run.cancel(child)
        state["given up"] = state.get("given up", 0) + 1
        self._show(container)
        if state.get("completed", 0) + len(state.get("fresh", ())) + state["given up"] >= state["total"]:
            if not state.get("fresh"):
                self._end(run, container)
        elif self.kind == "sequential" and not state.get("fresh"):
            self._next(run, container)

    def anew(self, run: Run, child: Task) -> None:
        """Begin one instance or round once more, with the number and item that it has."""
        container, index = run.scope_of(child), child.internal_data[INDEX]
        kept = {INDEX: index} | ({INSTANCE: 1} if INSTANCE in child.internal_data else {})
        fresh = run.spawn(container, child.task_spec, **kept)
        fresh.data["loopCounter"] = index
        if declared := [name for name in (self.item, self.result) if name]:
            fresh.internal_data[DECLARED] = declared
        if self.item in child.data:
            fresh.data[self.item or ""] = plain(child.data[self.item or ""])
        run.cancel(child)

    def _throw(self, run: Run, task: Task, seen: Mapping[str, Any]) -> bool:
        """An instance was completed: throw what the diagram says. False: what was thrown has ended the whole."""
        once = self.thrown_once and task.internal_data[STATE]["completed"] > 1
        for condition, event in () if once else self.thrown:
            if task.id in run.tasks and (not condition or expressions.holds(condition, seen, now=run.now)):
                delivery.throw(run, task, event)
        return task.id in run.tasks

    def _ended(self, run: Run, task: Task, state: dict[str, Any], last: dict[str, Any]) -> bool:
        """Whether that was enough. The completion condition also sees the variables of the instance that just ended."""
        if self.until and expressions.holds(self.until, {**View(task), **last}, now=run.now):
            return True
        if self.kind == "loop":
            return not self._again(run, task)
        return bool(state.get("completed", 0) + state.get("given up", 0) >= state["total"])

    def _again(self, run: Run, task: Task) -> bool:
        """Whether a standard loop goes on."""
        rounds = task.internal_data[STATE]["next"]
        if self.maximum is not None and rounds >= self.maximum:
            return False
        task.data["loopCounter"] = rounds
        return self.condition is None or run.holds(self.condition, task)

    def finish(self, run: Run, task: Task) -> None:
        """Write the collected results where the container's outside sees them."""
        if self.results and self.kind != "loop":
            collected = [arrow for arrow in task.task_spec.hands if arrow.local == self.results]
            if collected:
                data.hand_over(run, task, collected)
            else:
                run.write_outside(task, self.results, task.data.get(self.results, []))

    def keep_result(self, run: Run, child: Task) -> None:
        """Note one instance's result, as it is about to end."""
        if not self.results:
            return
        if self.result_expression:
            child.internal_data[RESULT] = plain(run.evaluate(self.result_expression, child))
        elif self.result:
            child.internal_data[RESULT] = plain(View(child).get(self.result))
