"""What begins to wait, or waits for something else, as a case moves: definitions of events, boundary events, listeners,
the events of a race; and the joins that may open, now that fewer tokens are waited for.

Something is new when no element of before has become it. What is not new and does not wait has happened, or is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from service.engine.change.places import Ground, Places, is_reaction, positions
from service.engine.change.plan import Clock
from service.engine.change.tokens import Token
from service.engine.elements.activity import GATHERS, HOST, Activity
from service.engine.elements.compensation import HANDLES
from service.engine.elements.complex import ComplexGateway
from service.engine.elements.events import EXPECTED, NAMES, RACE, SEEN, TIMERS, Catching, EventDefinition
from service.engine.elements.gateways import Joining, ParallelGateway
from service.engine.elements.node import DONE, RELEASED, Node
from service.engine.elements.repetition import INDEX
from service.engine.elements.subprocess import SubProcess
from service.engine.errors import Fault, Unmovable
from service.engine.expressions import ExpressionError
from service.engine.scope import OWNER
from service.engine.state.run import Run
from service.engine.timing import BadTime
from service.engine.upstream import Task, TaskState
from service.engine.work import WorkflowState

Pairs = list[tuple[Token, Task]]


def arm(run: Run, places: Places, pairs: Pairs) -> None:
    """Arm what is new around the tokens of `pairs`, and let joins look again. Raises Unmovable."""
    for token, task in pairs:
        if isinstance(token.node, Catching) and task.state == TaskState.WAITING and token.was is not None:
            with _naming(token):
                _rearm(run, places, token, token.was, task)
    for token, task in pairs:
        if isinstance(token.node, Activity) and _at_work(task):
            _guard(run, places, token, task)
    if run.status in (WorkflowState.ACTIVE, WorkflowState.FAILED):
        for token, task in pairs:
            for body in _bodies(token, task):
                _listen(run, places, token.inside, task, body)
    _race(run, places, pairs)
    _rejoin(run, pairs)
    _gather(run, pairs)


def _rearm(run: Run, places: Places, token: Token, was: Task, task: Task) -> None:
    """Arm the definitions that are new, and wait for the names and times that the version after says."""
    before, after = was.task_spec, token.node
    same = {new: old for old, new in positions(before, after).items()} if isinstance(before, Catching) else {}
    for position, event in enumerate(after.events):
        if position not in same:
            after.arm_at(run, task, position)
        elif str(position) not in task.internal_data.get(SEEN, ()):
            _rename(run, task, position, before.events[same[position]], event)
            if event.is_timer and str(position) in task.internal_data.get(TIMERS, {}):
                _set_clock(run, places, token, task, position, event)
    if any(event.kind == "conditional" for event in after.events) and before.events != after.events:
        run.watch(task)


def _rename(run: Run, task: Task, position: int, before: EventDefinition, after: EventDefinition) -> None:
    """A name or key that is an expression was evaluated as the wait began; where its text differs, it is anew."""
    internal, place = task.internal_data, str(position)
    if before.name != after.name:
        internal.get(NAMES, {}).pop(place, None)
        if after.name and after.name.startswith("="):
            internal.setdefault(NAMES, {})[place] = run.named(after.name, task)
        elif internal.get(NAMES) == {}:
            del internal[NAMES]
    if before.correlation_key != after.correlation_key:
        internal.pop(EXPECTED, None)
        if after.correlation_key:
            internal[EXPECTED] = {"correlationKey": run.evaluate(after.correlation_key, task)}


def _set_clock(run: Run, places: Places, token: Token, task: Task, position: int, event: EventDefinition) -> None:
    """Let a running timer be as it was armed, or count anew, as the plan says."""
    clock, timers, place = places.clock(token.ground, token.node), task.internal_data[TIMERS], str(position)
    if clock is Clock.KEEP:
        return
    began = run.now
    if clock is Clock.ENTRY:
        if len(timers[place]) < 4:
            raise Unmovable(
                token.ground.named(token.node.name),
                f"Since when the timer “{token.node.name}” runs is not known: keep it, or count it from now.",
            )
        began = datetime.fromisoformat(timers[place][3]).astimezone(run.now.tzinfo)
    timers[place] = token.node.timer(run, task, event, began)


def _at_work(task: Task) -> bool:
    """Whether boundary events wait beside it."""
    internal = task.internal_data
    return "entered" in internal and not {DONE, RELEASED, INDEX} & internal.keys()


def _guard(run: Run, places: Places, token: Token, task: Task) -> None:
    """Arm the boundary events that are new at an open activity."""
    guards = {guard.task_spec for guard in run.guards.get(task.id, ())}
    for event in token.node.attached:
        if event.undone_by is None and event not in guards and not _hung_here(places, token, event):
            run.spawn(task.parent, event, **{HOST: task.id})


def _hung_here(places: Places, token: Token, event: Node) -> bool:
    """Whether the event was at the activity before."""
    formers = places.formers(token.ground, event)
    return token.was is not None and any(former in token.was.task_spec.attached for former in formers)


def _bodies(token: Token, task: Task) -> Iterator[str | None]:
    """The body whose tokens the task holds, where it is open; None: a process's."""
    if task.parent is None or OWNER in task.internal_data:
        yield None
    elif isinstance(token.node, SubProcess) and task.state == TaskState.STARTED and not token.node.container(task):
        yield token.node.name


def _listen(run: Run, places: Places, ground: Ground, scope: Task, name: str | None) -> None:
    """Arm the starts of event sub-processes that are new in an open scope, unless one has taken it over."""
    if any(_has_taken_over(child) for child in scope.children):
        return
    there = {(child.internal_data.get("listener"), child.task_spec.name) for child in scope.children}
    for reaction in ground.after.body(name).reactions:
        for start in ground.after.body(reaction.name).starts:
            wanted = isinstance(start, Catching) and all(event.kind != "compensation" for event in start.events)
            if not wanted or (reaction.name, start.name) in there or _listened(places, ground, reaction, start):
                continue
            run.spawn(scope, start, listener=reaction.name)


def _has_taken_over(child: Task) -> bool:
    begun = child.internal_data.get("begin")
    if not begun or HANDLES in child.internal_data:
        return False
    return bool(getattr(child.task_spec.graph.task_specs.get(begun), "interrupting", False))


def _listened(places: Places, ground: Ground, reaction: Node, start: Node) -> bool:
    """Whether that start event was one of the same event sub-process before."""
    formers = places.formers(ground, reaction)
    starts = [each for former in formers if is_reaction(former) for each in former.graph.body(former.name).starts]
    return any(former in starts for former in places.formers(ground, start))


def _race(run: Run, places: Places, pairs: Pairs) -> None:
    """Arm the events that are new behind an event-based gateway whose race is open."""
    seen: set[str] = set()
    for token, task in pairs:
        race, flow = task.internal_data.get(RACE), task.internal_data.get("flow")
        if race is None or flow is None or race in seen:
            continue
        seen.add(race)
        there = {each.task_spec for _token, each in pairs if each.internal_data.get(RACE) == race}
        for other in token.ground.after.flows[flow].source.outgoing:
            if other.target not in there and not places.formers(token.ground, other.target):
                run.spawn(task.parent, other.target, **{RACE: race, "flow": other.id})


def _rejoin(run: Run, pairs: Pairs) -> None:
    """Open the joins at which, after the move, all that they wait for is there."""
    waiting = [(token, task) for token, task in pairs if isinstance(token.node, Joining)]
    for token, task in waiting:
        node = token.node
        if task.id not in run.tasks or task.state != TaskState.WAITING:
            continue
        if len(node.incoming) < 2:
            Joining.open(node, run, {"": task})
        elif _opens(run, token, task):
            node.open(run, node.arrived(run.scope_of(task)))


def _opens(run: Run, token: Token, task: Task) -> bool:
    node = token.node
    if isinstance(node, ParallelGateway):
        return node.ready_at_arrival(run, task)
    before: Any = token.was.task_spec if token.was is not None else None
    if not isinstance(node, ComplexGateway) or not node.condition:
        return False
    same = getattr(before, "condition", None) == node.condition and len(before.incoming) == len(node.incoming)
    return not same and node.ready_at_arrival(run, task)


def _gather(run: Run, pairs: Pairs) -> None:
    """Let tokens that wait for others at an activity look again, where it needs another number of them."""
    waiting = [task for token, task in pairs if GATHERS in task.internal_data and _needs_other(token)]
    for task in waiting:
        del task.internal_data[GATHERS]
        task._set_state(TaskState.FUTURE)
        run.queue(task)


def _needs_other(token: Token) -> bool:
    return token.was is not None and token.was.task_spec.needs != token.node.needs


@contextmanager
def _naming(token: Token) -> Iterator[None]:
    """Whatever cannot be armed, say at which element."""
    try:
        yield
    except (Fault, ExpressionError, BadTime) as problem:
        name = token.node.element.name or token.node.name
        raise Unmovable(token.ground.named(token.node.name), f"“{name}” cannot wait there: {problem}") from None
