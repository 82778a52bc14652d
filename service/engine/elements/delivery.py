"""How events find those who wait for them: messages one receiver, signals all, errors and escalations the nearest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from service.engine import expressions
from service.engine.elements import data
from service.engine.elements.events import EXPECTED, SEEN, TIMERS, Catching, EventDefinition
from service.engine.errors import Fault
from service.engine.scope import OWNER, plain
from service.engine.upstream import Task, TaskState
from service.engine.work import What

if TYPE_CHECKING:
    from service.engine.parser import Definition
    from service.engine.state.run import Run

React = Callable[["Run", Task, int], None]


def throw(run: Run, task: Task, event: EventDefinition) -> None:
    """What a throwing event or send task does as its token leaves; what compensates has done so before."""
    action = THROWN.get(event.kind)
    if action:
        action(run, task, event)


def _payload(run: Run, task: Task, event: EventDefinition) -> dict[str, Any]:
    """What is sent: the payload expression's value, else the element's mapped inputs, else nothing."""
    if event.payload:
        value = run.evaluate(event.payload, task)
        parts = value if isinstance(value, Mapping) else {"value": value}
        return {str(name): plain(part) for name, part in parts.items()}
    taken = getattr(task.task_spec, "takes", None)
    if taken is None:
        taken = [(mapping.source, mapping.target) for mapping in task.task_spec.element.inputs]
    brought = data.bring(run, task, getattr(task.task_spec, "brings", ()))
    brought |= run.mapped(taken, task, brought)
    return {name: plain(value) for name, value in brought.items()}


def throw_message(run: Run, task: Task, event: EventDefinition) -> None:
    """Send a message: to one who waits for it in this workflow, else to the outside."""
    name, payload = run.named(event.name, task) or "", _payload(run, task, event)
    properties = correlation_of(run, name, payload)
    if event.correlation_key:
        properties["correlationKey"] = run.evaluate(event.correlation_key, task)
    for key, value in properties.items():
        run.correlations.setdefault(key, value)
    if not deliver(run, name, payload, properties):
        details = {"name": name, "payload": payload, "correlation": properties}
        run.note(What.MESSAGE_SENT, task, **details)


def throw_signal(run: Run, task: Task, event: EventDefinition) -> None:
    """Send a signal to all who wait for it here, and tell the outside, where others may."""
    name, payload = run.named(event.name, task) or "", _payload(run, task, event)
    broadcast(run, name, payload)
    run.note(What.SIGNAL_SENT, task, name=name, payload=payload)


def correlation_of(run: Run, name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that a message of this name carries (BPMN 2.0.2 §8.3.3), from its payload."""
    return properties_of(run.definition, name, payload, run.now)


def properties_of(definition: Definition, name: str, payload: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """The same for a message that has not reached a case yet: what `definition` reads from its payload."""
    found = {}
    for key, expression in definition.retrieval(name).items():
        try:
            found[key] = expressions.evaluate(expression, payload, now=now)
        except expressions.ExpressionError:
            continue  # the message lacks what the property is read from
    return found


def deliver(run: Run, name: str, payload: Mapping[str, Any], correlation: Mapping[str, Any] | None = None) -> bool:
    """Give a message to the first who waits for it and whose correlation it fits. True when somebody took it."""
    properties = correlation_of(run, name, payload) | dict(correlation or {})
    for task in waiting(run):
        position = task.task_spec.catches(task, "message", name)
        if position is not None and fits(expected(run, task, name), properties):
            for key in set(properties) & set(task.task_spec.graph.correlation.keys):
                run.correlations.setdefault(key, properties[key])
            task.task_spec.occur(run, task, position, payload)
            return True
    return False


def expected(run: Run, task: Task, name: str) -> dict[str, Any]:
    """What a message must bring for this task: the process's and the conversation's properties, and its own key."""
    correlation = task.task_spec.graph.correlation
    known = correlation.retrieval.get(name, {})
    wanted = {key: value for key, value in run.correlations.items() if key in known}
    for key in known.keys() & correlation.bindings.keys():
        try:
            value = run.evaluate(correlation.bindings[key], task)
        except expressions.ExpressionError:
            continue  # it has no value yet, so any will do
        wanted |= {} if value is None else {key: plain(value)}
    wanted.update(task.internal_data.get(EXPECTED, {}))
    return wanted


def fits(wanted: Mapping[str, Any], brought: Mapping[str, Any]) -> bool:
    """Whether the message brings all that is wanted."""
    return all(key in brought and brought[key] == value for key, value in wanted.items())


def broadcast(run: Run, name: str, payload: Mapping[str, Any]) -> bool:
    """Give a signal to all who wait for it. True when somebody did."""
    taken = False
    for task in waiting(run):
        position = task.task_spec.catches(task, "signal", name)
        if position is not None and task.id in run.tasks and task.state == TaskState.WAITING:
            task.task_spec.occur(run, task, position, payload)
            taken = True
    return taken


def waiting(run: Run) -> list[Task]:
    """All tasks that wait for an event, oldest first."""
    return [
        task for task in run.tasks.values() if task.state == TaskState.WAITING and isinstance(task.task_spec, Catching)
    ]


def trigger(run: Run, task: Task, position: int, interrupting: bool, react: React) -> None:
    """A boundary event or event sub-process's start happened: react, and go on waiting where it may come again."""
    kind = task.task_spec.events[position].kind
    react_again = not interrupting
    if task.task_spec.events[position].is_timer and react_again:
        react_again = task.task_spec.next_round(run, task, position) or len(task.task_spec.events) > 1
    task.internal_data.pop(SEEN, None)
    if interrupting and "listener" in task.internal_data:
        interrupt_scope(run, task)
    react(run, task, position)
    if not react_again and task.id in run.tasks:
        run.cancel(task)
    elif kind == "conditional":
        run.watch(task)


def interrupt_scope(run: Run, listener: Task) -> None:
    """An interrupting event sub-process begins: all else in its scope ends, the other listeners too."""
    for other in run.scope_of(listener).children:
        if other is not listener:
            run.cancel(other)


def catchers(run: Run, source: Task) -> Iterator[list[Task]]:
    """Who may catch what `source` throws upwards: scope by scope, nearest first (BPMN 2.0.2 §10.5.7).

    What an event sub-process throws goes past its own start event, and past all in its scope when it handles an error
    or escalation: that is thrown again, to what encloses the scope (§10.5.6).
    """
    level: Task | None = source
    while level is not None:
        yield [guard for guard in run.guards.get(level.id, ()) if guard.state in _ARMED]
        parent = level.parent
        if parent is not None and not _handles(level):
            inside = level.task_spec.name if "begin" in level.internal_data else None
            yield [child for child in parent.children if _listens(child) and child.internal_data["listener"] != inside]
        level = parent


def _listens(task: Task) -> bool:
    return task.state in _ARMED and bool(task.internal_data.get("listener"))


def _handles(task: Task) -> bool:
    """Whether it is an event sub-process that an error or escalation has begun."""
    begun = task.internal_data.get("begin")
    start = task.task_spec.graph.task_specs.get(begun) if begun else None
    return start is not None and start.events[task.internal_data.get("position", 0)].kind in ("error", "escalation")


_ARMED = (TaskState.FUTURE, TaskState.WAITING)


def throw_upwards(run: Run, source: Task, kind: str, code: str | None, payload: Mapping[str, Any]) -> bool:
    """Give an error or escalation to the nearest who catches it: by its code first, else who catches any."""
    found = catcher(run, source, kind, code)
    if found is None:
        return False
    task, position = found
    task.task_spec.occur(run, task, position, payload)
    return True


def catcher(run: Run, source: Task, kind: str, code: str | None) -> tuple[Task, int] | None:
    """Who would catch that, and by which of its definitions."""
    for level in catchers(run, source):
        for wanted in dict.fromkeys((code, None)):
            for task in level:
                position = task.task_spec.catches(task, kind, wanted)
                if position is not None:
                    return task, position
    return None


def throw_error(run: Run, source: Task, code: str | None, message: str = "", data: Any = None) -> None:
    """Raise a BPMN error; raises Fault when nobody catches it."""
    payload = {"code": code, "message": message, "data": plain(data) if data else None}
    if not throw_upwards(run, source, "error", code, payload):
        said = f"The error “{code}” was thrown" if code else "An error was thrown"
        raise Fault(f"{said} and not caught{': ' + message if message else ''}.", error_code=code or "")


def catch_failure(run: Run, task: Task, code: str, message: str) -> bool:
    """Whether the diagram foresees that the work of an activity cannot be done: then that is an error of this code.

    An error event without a code catches it only at the activity itself: further out it means errors that were drawn,
    and mistakes in a script are to be seen by operations.
    """
    found = catcher(run, task, "error", code)
    if found is None:
        return False
    event, position = found
    host = run.tasks.get(event.internal_data.get("host", ""))
    at_home = host is not None and host.task_spec is task.task_spec  # itself, or the loop that it is an instance of
    if event.task_spec.name_at(event, position) is None and not at_home:
        return False
    event.task_spec.occur(run, event, position, {"code": code, "message": message, "data": None})
    return True


def throw_escalation(run: Run, source: Task, event: EventDefinition) -> None:
    """Raise an escalation; one that nobody catches is only noted."""
    code = run.named(event.name, source)
    payload = {"code": code, "message": "", "data": _payload(run, source, event)}
    caught = throw_upwards(run, source, "escalation", code, payload)
    run.note(What.ESCALATED, source, code=code, caught=caught)


def throw_drawn_error(run: Run, source: Task, event: EventDefinition) -> None:
    """Raise the error of an end event, with what it takes along; raises Fault when nobody catches it."""
    throw_error(run, source, run.named(event.name, source), data=_payload(run, source, event))


def throw_cancel(run: Run, source: Task, _event: EventDefinition) -> None:
    """End the transaction by its cancel boundary event; its work has been undone by now."""
    if not throw_upwards(run, source, "cancel", None, {}):
        raise Fault("The transaction was cancelled, and no cancel boundary event is attached to it.")


THROWN: dict[str, Callable[[Run, Task, EventDefinition], None]] = {
    "message": throw_message,
    "signal": throw_signal,
    "escalation": throw_escalation,
    "error": throw_drawn_error,
    "cancel": throw_cancel,
}

__all__ = ["OWNER", "THROWN", "TIMERS", "broadcast", "deliver", "throw", "throw_error", "throw_upwards", "trigger"]
