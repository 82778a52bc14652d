"""Compensation: undoing what was completed (BPMN 2.0.2 §10.7 and §13.5.5), and the cancelling of transactions.

What encloses activities remembers, in the order of completion, how each can be undone; a sub-process hands its list on
when it is completed, with the variables of its own, which those who undo it see. A compensation event works the list
off backwards, one after the other, and then goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from service.engine.elements.data import declare
from service.engine.elements.node import DONE, Node
from service.engine.scope import plain
from service.engine.upstream import Task

if TYPE_CHECKING:
    from service.engine.elements.events import EventDefinition
    from service.engine.state.run import Run

#: In internal data of what encloses: [{"of": activity, "run": handler}, {"of": …, "inner": […], "data": …}, …]; of a
#: compensation event sub-process: how to undo what it belongs to.
UNDO = "undo"
HANDLES = "handles"  #: in internal data of a compensation event sub-process: what it belongs to is completed
UNDOING = "undoing"  #: in internal data of a throwing event: what is still to be undone

Undo = dict[str, Any]


def remember(run: Run, task: Task, *, instance: bool) -> None:
    """The activity is completed: note how to undo it, with what encloses it; a loop's `instance` has no handler."""
    node, scope = task.task_spec, run.scope_of(task)
    handler = None if instance else next((event.undone_by for event in node.attached if event.undone_by), None)
    listener = None if node.container(task) else _listener(node)
    inner = None if node.element.type == "callActivity" else task.internal_data.get(UNDO)  # a called process is done
    entry: Undo = {"of": node.name}
    if handler:
        entry["run"] = handler
    elif listener:
        entry |= {"run": listener[0], "begin": listener[1], "inner": inner or [], "data": plain(task.data)}
    elif inner:
        entry |= {"inner": inner, "data": plain(task.data)}
    else:
        return
    scope.internal_data.setdefault(UNDO, []).append(entry)


def _listener(node: Node) -> tuple[str, str] | None:
    """The compensation event sub-process inside a sub-process, and its start event."""
    for reaction in node.graph.body(node.name).reactions if node.name in node.graph.bodies else ():
        for start in node.graph.body(reaction.name).starts:
            if any(event.kind == "compensation" for event in getattr(start, "events", ())):
                return reaction.name, start.name
    return None


def begin(run: Run, task: Task, events: Iterable[EventDefinition]) -> bool:
    """Before an event is thrown: undo what its compensation (or cancel) definitions say. False: that takes a while."""
    waiting: list[Undo] = []
    for event in events:
        if event.kind == "compensation":
            for scope in _scopes(run, task):
                waiting += _take(scope, event.activity_ref)
        elif event.kind == "cancel":
            for scope in _up_to_transaction(run, task):
                waiting += _take(scope, None)
    if not waiting:
        return True
    task.internal_data[UNDOING] = waiting
    _next(run, task)
    return False


def _up_to_transaction(run: Run, task: Task) -> list[Task]:
    """The scopes around a cancel event up to the transaction that it cancels, all else in them ended."""
    scopes = []
    current = task
    while True:
        inside, current = current, run.scope_of(current)
        for other in current.children:
            if other is not inside:
                run.cancel(other)
        scopes.append(current)
        if current.task_spec.element.type == "transaction":
            return scopes


def go_on(run: Run, task: Task) -> None:
    """Something that undoes has ended: begin the next, or let the event go on."""
    if run.has_tokens(task):
        return
    if task.internal_data.get(UNDOING):
        _next(run, task)
    else:
        task.internal_data[DONE] = 1
        run.rerun(task)


def _next(run: Run, task: Task) -> None:
    entry = task.internal_data[UNDOING].pop(0)
    more: dict[str, Any] = {}
    if "begin" in entry:
        more = {"begin": entry["begin"], "position": 0, HANDLES: 1, UNDO: entry.get("inner", [])}
    undoing = run.spawn(task, task.task_spec.graph.task_specs[entry["run"]], **more)
    declare(undoing, entry.get("data") or {})


def _scopes(run: Run, task: Task) -> Iterator[Task]:
    """Whose activities are undone: those around the event, and of an event sub-process those of what it belongs to."""
    scope = run.scope_of(task)
    yield scope
    while "begin" in scope.internal_data and HANDLES not in scope.internal_data:
        scope = run.scope_of(scope)
        yield scope


def _take(scope: Task, activity: str | None) -> list[Undo]:
    """Take what is to be undone off the list, the last first: all, or what undoes one activity."""
    entries: list[Undo] = scope.internal_data.get(UNDO, [])
    chosen = [entry for entry in entries if activity in (None, entry["of"])]
    scope.internal_data[UNDO] = [entry for entry in entries if entry not in chosen]
    return list(_backwards(chosen))


def _backwards(entries: list[Undo], around: Undo | None = None) -> Iterator[Undo]:
    """Handlers to run; each sees the variables that the completed sub-processes around it had."""
    for entry in reversed(entries):
        data = {**(around or {}), **entry.get("data", {})}
        if "run" in entry:
            yield {**entry, "data": data} if data else entry
        else:
            yield from _backwards(entry["inner"], data)
