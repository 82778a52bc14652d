"""Sub-processes and called processes: tokens that hold other tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from service.engine.elements.activity import PASSED_OVER, Activity
from service.engine.elements.data import declare
from service.engine.elements.events import FIRED, RACE
from service.engine.elements.graph import Body
from service.engine.elements.node import DONE, register
from service.engine.elements.repetition import INDEX
from service.engine.errors import Fault
from service.engine.limits import NESTING
from service.engine.scope import DECLARED, EVERYTHING, OWNER, WRITTEN, View, plain
from service.engine.upstream import Task
from service.engine.work import OpenChild, What

if TYPE_CHECKING:
    from service.engine.elements.source import Source
    from service.engine.state.run import Run


KEY = "key"  #: in internal data: the key of the process whose case is opened


def begin_body(run: Run, holder: Task, body: Body, start: str | None = None) -> None:
    """Put the first tokens into a process or sub-process; `start`: it is begun by this start event, which happened."""
    begin_listeners(run, holder, body)
    if start is not None:
        node = body.nodes[0].graph.task_specs.get(start) if body.nodes else None
        if node is None:
            raise Fault(f"There is no start event “{start}”.")
        run.spawn(holder, node, **{FIRED: 0})
        return
    plain_start = next((event for event in body.starts if not getattr(event, "events", ())), None)
    if plain_start is not None:
        run.spawn(holder, plain_start)
        return
    for event in body.starts:
        run.spawn(holder, event, **{RACE: "start"})
    if not body.starts:
        for node in body.entries:
            run.spawn(holder, node)


def begin_listeners(run: Run, holder: Task, body: Body) -> None:
    """Let the event sub-processes of a body wait for what starts them."""
    for reaction in body.reactions:
        for event in reaction.graph.body(reaction.name).starts:
            if all(definition.kind != "compensation" for definition in getattr(event, "events", ())):
                run.spawn(holder, event, listener=reaction.name)


def end_body(run: Run, holder: Task) -> bool:
    """Whether nothing moves inside any more; if so its listeners are dropped."""
    if run.has_tokens(holder):
        return False
    for child in holder.children:
        run.cancel(child)
    return True


@register("subProcess", "transaction")
class SubProcess(Activity):
    """An embedded or event sub-process: what happens inside uses the variables around it."""

    def begin(self, run: Run, task: Task) -> bool:
        names = self.graph.body(self.name).data_objects
        if names:
            declared = task.internal_data.setdefault(DECLARED, [])
            declared += [name for name in names if name not in declared]
        return True

    def must_look(self, run: Run, task: Task) -> bool:
        return self.container(task) or not run.has_tokens(task)

    def behave(self, run: Run, task: Task) -> bool:
        begin_body(run, task, self.graph.body(self.name), task.internal_data.get("begin"))
        return False

    def inside_ended(self, run: Run, task: Task) -> None:
        if end_body(run, task):
            task.internal_data[DONE] = 1
            run.rerun(task)


@register("callActivity")
class CallActivity(Activity):
    """Runs another process, inside this workflow or (`case:childCase`) as a case of its own that somebody opens."""

    def read(self, source: Source) -> None:
        super().read(source)
        self.called = (source.get("calledElement") or "").strip()
        self.opens_case = self.attributes.get("childCase", "").lower() == "true"
        self.manual = self.opens_case and self.attributes.get("waitFor", "").lower() != "false"

    def must_look(self, run: Run, task: Task) -> bool:
        return self.container(task) or not run.has_tokens(task)

    def called_key(self, run: Run, task: Task) -> str:
        """The key of the process to call, evaluated where it is an expression."""
        if self.called.startswith("="):
            return str(run.evaluate(self.called, task))
        return self.called

    def _taken(self, run: Run, task: Task) -> dict[str, Any]:
        """What is mapped goes into the called process, see `_given`."""
        return super()._taken(run, task) if self.opens_case else {}

    def begin(self, run: Run, task: Task) -> bool:
        if self.opens_case:
            task.internal_data[KEY] = self.called_key(run, task)
        return True

    def child(self, run: Run, task: Task, common: Mapping[str, Any]) -> OpenChild:
        """The case to open, with the contract that the diagram makes with it."""
        names = task.internal_data.get(DECLARED, ())
        mapped = {name: task.data[name] for name in names if name in task.data}
        return OpenChild(
            **common,
            process_key=task.internal_data.get(KEY) or self.called_key(run, task),
            inputs=mapped if self.takes else View(task).flat(),
            inherits_roles=self.attributes.get("inheritRoles") == "true",
            on_parent_cancel=self.attributes.get("onParentCancel") or "cancel",
            on_failure=self.attributes.get("onChildFailure") or "",
        )

    def accept(self, run: Run, task: Task, brought: dict[str, Any]) -> None:
        if INDEX in task.internal_data:  # of many children each keeps its results to itself, unless they are mapped
            declare(task, brought)
        else:
            super().accept(run, task, brought)

    def behave(self, run: Run, task: Task) -> bool:
        if self.opens_case:
            if not self.manual:
                common = {"activity_id": task.id, "element_id": self.element.id, "name": self.element.name}
                run.note(What.CHILD_WANTED, task, child=self.child(run, task, common))
            return True
        key = self.called_key(run, task)
        called = run.definition.called(key)
        if called is None:
            raise Fault(f"The process “{key}” that is called here is not deployed.")
        if run.nesting(task) >= NESTING:
            raise Fault(f"Processes call each other more than {NESTING} deep; the last one called was “{key}”.")
        given = self._given(run, task, called.graph.data_inputs)
        task.internal_data["kept"] = task.data
        task.data = given
        task.internal_data[OWNER] = key
        task.internal_data[WRITTEN] = []
        begin_body(run, task, called.graph.body(None))
        return False

    def _given(self, run: Run, task: Task, names: tuple[str, ...]) -> dict[str, Any]:
        """What the called process gets: what is mapped, else what it declares, else a copy of everything."""
        view = View(task)
        if self.takes:
            given = {name: plain(value) for name, value in run.mapped(self.takes, task).items()}
            return (view.flat() if EVERYTHING in self.takes else {}) | given
        if not names:
            return view.flat()
        missing = [name for name in names if name not in view]
        if missing:
            raise Fault(f"The called process needs the variable “{missing[0]}”, which is not set.")
        return {name: plain(view[name]) for name in names}

    def inside_ended(self, run: Run, task: Task) -> None:
        if not end_body(run, task):
            return
        key = task.internal_data[OWNER]
        result = self._result(run, task, run.definition.called(key))
        task.data = task.internal_data.pop("kept")
        del task.internal_data[OWNER], task.internal_data[WRITTEN]
        run.write(task, result)
        task.internal_data[DONE] = 1
        run.rerun(task)

    def _result(self, run: Run, task: Task, called: Any) -> Mapping[str, Any]:
        """What comes back: what is mapped, else what the called process declares, else what it changed."""
        inside = task.data
        written = {name: inside[name] for name in task.internal_data[WRITTEN] if name in inside}
        if self.gives:
            return (written if EVERYTHING in self.gives else {}) | run.mapped(self.gives, task)
        names = called.graph.data_outputs if called else ()
        for name in names:
            if name not in inside:
                raise Fault(f"The called process has not set its output “{name}”.")
        return {name: inside[name] for name in names} if names else written

    def finish(self, run: Run, task: Task) -> None:
        gives = [] if PASSED_OVER in task.internal_data else self.gives
        gives = gives if self.manual else []  # what a called process gives back is mapped already
        self.end(run, task, gives)
