"""Activities: what they share. Boundary events, mappings in and out, loops and multi-instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.engine.elements import compensation, data
from service.engine.elements.graph import Flow
from service.engine.elements.node import DONE, SKIPPED, Node
from service.engine.elements.repetition import INDEX, Repetition
from service.engine.scope import DECLARED, EVERYTHING, plain
from service.engine.upstream import Task
from service.engine.work import What

if TYPE_CHECKING:
    from service.engine.elements.source import Source
    from service.engine.state.run import Run

_WORK = ("serviceTask", "sendTask", "businessRuleTask")  #: may be done by a connector, which brings one result
MAPPED = "mapped"  #: in internal data: the inputs are mapped, and the script before is run
GATHERS = "gathers"  #: in internal data: it waits for further tokens, before the activity may begin
PASSED_OVER = "passed over"  #: in internal data: it ends without results
HOST = "host"  #: in a boundary event's internal data: the id of the task it is attached to


class Activity(Node):
    """A task, sub-process or call activity."""

    def read(self, source: Source) -> None:
        self.repetition: Repetition | None = source.repetition()
        self.takes: list[tuple[str, str]] = source.mappings("input")  #: (source expression, local name)
        self.gives: list[tuple[str, str]] = source.mappings("output")  #: (source expression, name outside)
        self.local_names: list[str] = []  #: names that belong to each entry of this activity
        self.brings = source.associations("dataInputAssociation")
        self.hands = source.associations("dataOutputAssociation")
        self.for_compensation = source.flag("isForCompensation")
        self.needs, self.puts_out = source.number("startQuantity"), source.number("completionQuantity")

    def container(self, task: Task) -> bool:
        """Whether this task holds the instances of a loop, rather than being one."""
        return self.repetition is not None and INDEX not in task.internal_data

    def waits_outside(self, task: Task) -> bool:
        return super().waits_outside(task) and not self.container(task)

    def _update_hook(self, my_task: Task) -> bool:
        if self.needs > 1 and INDEX not in my_task.internal_data and not self._gathered(my_task.workflow, my_task):
            return False
        return super()._update_hook(my_task)

    def _gathered(self, run: Run, task: Task) -> bool:
        """Whether as many tokens are there as the activity needs (`startQuantity`, §13.3.2); these become this one."""
        beside = [other for other in run.scope_of(task).children if other.task_spec is self and other is not task]
        waiting = [other for other in beside if GATHERS in other.internal_data][: self.needs - 1]
        if len(waiting) < self.needs - 1:
            task.internal_data[GATHERS] = 1
            return self.wait(task)
        for other in waiting:
            run.forget(other)
        return True

    def note_entry(self, run: Run, task: Task) -> None:
        task.internal_data["entered"] = 1
        details = {"container": self.repetition.kind} if self.repetition and self.container(task) else {}
        run.note(What.ENTERED, task, **details)
        if INDEX not in task.internal_data:
            for event in self.attached:
                if event.undone_by is not None:
                    continue  # it waits for the completion, see compensation.py
                run.spawn(task.parent, event, **{HOST: task.id})

    def enter(self, run: Run, task: Task) -> bool:
        if self.container(task):
            return True
        if MAPPED not in task.internal_data:  # a step that failed later is tried again without it
            self._map_in(run, task)
            task.internal_data[MAPPED] = 1
        return self.begin(run, task)

    def _map_in(self, run: Run, task: Task) -> None:
        """Give the activity its inputs as variables of its own."""
        if self.local_names:
            declared = task.internal_data.setdefault(DECLARED, [])
            declared += [name for name in self.local_names if name not in declared]
        data.declare(task, data.bring(run, task, self._each(task, self.brings)))
        data.declare(task, self._taken(run, task))
        if script := self.attributes.get("preScript"):
            run.script(script, task)

    def _each(self, task: Task, arrows: tuple[data.Association, ...]) -> list[data.Association]:
        """The data associations of this task: a loop's whole collection and results belong to its container."""
        if not (self.repetition and INDEX in task.internal_data):
            return list(arrows)
        return [arrow for arrow in arrows if arrow.local not in {self.repetition.collection, self.repetition.results}]

    def _taken(self, run: Run, task: Task) -> dict[str, Any]:
        """The values of the mapped inputs."""
        return run.mapped(self.takes, task)

    def accept(self, run: Run, task: Task, brought: dict[str, Any]) -> None:
        """Write what somebody completed it with. Where outputs are mapped, only these go outwards."""
        if (name := self.attributes.get("resultVariable")) and self.element.type in _WORK:
            brought = {name: brought}
        if self.gives and EVERYTHING not in self.gives:
            data.declare(task, brought)
        else:
            run.write(task, brought)

    def script_once(self, run: Run, task: Task, moment: str) -> None:
        """Its scripts are run with its mappings."""

    def begin(self, run: Run, task: Task) -> bool:
        """`enter` of one instance, after its inputs are mapped."""
        return True

    def _run_hook(self, my_task: Task) -> bool | None:
        if self.repetition and self.container(my_task):
            if DONE not in my_task.internal_data:
                if not self.repetition.begin(my_task.workflow, my_task):
                    return None
                my_task.internal_data[DONE] = 1
            self.repetition.finish(my_task.workflow, my_task)
            my_task.workflow.leaving = self.choose(my_task.workflow, my_task)
            return True
        return super()._run_hook(my_task)

    def resume(self, run: Run, task: Task) -> None:
        if self.repetition and self.container(task):
            self.repetition.resume(run, task)
        else:
            self.inside_ended(run, task)

    def remember(self, run: Run, task: Task) -> None:
        skipped = SKIPPED in task.internal_data and compensation.UNDO not in task.internal_data
        if not self.for_compensation and not skipped:
            compensation.remember(run, task, instance=INDEX in task.internal_data)

    def inside_ended(self, run: Run, task: Task) -> None:
        """`resume` of one instance."""

    def choose(self, run: Run, task: Task) -> list[Flow]:
        return [] if INDEX in task.internal_data else super().choose(run, task)

    def finish(self, run: Run, task: Task) -> None:
        self.end(run, task, [] if PASSED_OVER in task.internal_data else self.gives)

    def end(self, run: Run, task: Task, gives: list[tuple[str, str]]) -> None:
        """Run the script after, give to data objects and stores, map the outputs, keep the instance's result."""
        if SKIPPED in task.internal_data:
            return
        if (script := self.attributes.get("postScript")) and MAPPED in task.internal_data:
            run.script(script, task)
            del task.internal_data[MAPPED]
        data.hand_over(run, task, self._each(task, self.hands))
        for name, value in run.mapped(gives, task).items():
            if self.repetition and INDEX in task.internal_data and name in self.repetition.own_names:
                task.data[name] = plain(value)
            else:
                run.write_outside(task, name, value)
        if self.repetition and INDEX in task.internal_data:
            self.repetition.keep_result(run, task)

    def leave(self, run: Run, task: Task, flows: list[Flow]) -> None:
        if INDEX in task.internal_data and self.repetition:
            self.repetition.collect(task)
            return
        run.detach(task)
        for _ in range(self.puts_out):
            super().leave(run, task, flows)
