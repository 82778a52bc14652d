"""What events wait for and throw: the event definitions of BPMN 2.0.2 §10.5.5, and the base of all that catch.

A catching task is WAITING. Its internal data holds, for each timer, when it is due (`timers`: position -> [due, rounds
left or None, interval, since when]) and which of several definitions were seen already (`seen`, for parallel multiple
events). Older snapshots do not say since when a timer that fires once runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from service.engine import timing
from service.engine.elements import attributes, data
from service.engine.elements.node import Node
from service.engine.errors import Fault
from service.engine.expressions import evaluate
from service.engine.scope import EVERYTHING, View
from service.engine.upstream import Task, TaskState

if TYPE_CHECKING:
    from service.engine.elements.source import Source
    from service.engine.state.run import Run

TIMERS, SEEN, WAS, EXPECTED, FIRED, RACE = "timers", "seen", "was", "expected", "fired", "race"
NAMES = "names"  #: in internal data: position -> name, of the definitions whose name is an expression


@dataclass(frozen=True)
class EventDefinition:
    """One definition. `name` is the message's, signal's or link's name, the error's or escalation's code (None any).

    A name that begins with `=` is an expression, evaluated when the event is thrown or begins to wait.
    """

    kind: str  #: message signal date duration cycle conditional error escalation compensation cancel link terminate
    name: str | None = None
    text: str = ""  #: the timer's or condition's expression
    variable: str | None = None  #: where the payload goes; None: each of its names becomes a variable
    payload: str | None = None  #: expression of what is sent
    correlation_key: str | None = None  #: expression of the key that a message must bring
    code_variable: str | None = None  #: where a caught error's code goes
    message_variable: str | None = None
    activity_ref: str | None = None  #: of compensation

    @property
    def is_timer(self) -> bool:
        """Whether it fires by itself at a time."""
        return self.kind in ("date", "duration", "cycle")


class Catching(Node):
    """An element that waits for one of its event definitions, or for all of them (`parallelMultiple`)."""

    events: tuple[EventDefinition, ...]
    hands: tuple[data.Association, ...] = ()
    all_needed: bool

    def read(self, source: Source) -> None:
        self.events = source.events()
        self.hands = source.associations("dataOutputAssociation")
        self.all_needed = source.flag("parallelMultiple") and len(self.events) > 1

    def _update_hook(self, my_task: Task) -> bool:
        if not my_task.workflow.is_silent(my_task):  # else it has not begun
            self.script_once(my_task.workflow, my_task, "preScript")
        return super()._update_hook(my_task)

    def begin_with(self, run: Run, scope: Task, name: str | None) -> None:
        position = self._position(name)
        if self.all_needed:  # the others have to happen too, to this very case
            run.spawn(scope, self, **{SEEN: {str(position): {}}})
            return
        run.spawn(scope, self, **{FIRED: position})
        for flow in self.incoming:
            flow.source.begun_by(run, scope, self, flow)

    def bring_first(self, run: Run, task: Task, brought: Mapping[str, Any]) -> EventDefinition | None:
        if not self.events:
            return None
        if seen := task.internal_data.get(SEEN):
            position = int(next(iter(seen)))
            seen[str(position)] = dict(brought)
        else:
            position = int(task.internal_data[FIRED])
            self.store(run, task, position, brought)
        return self.events[position]

    def _position(self, name: str | None) -> int:
        """Which definition has this name, or this timer's text; the first when none has."""
        found = (place for place, event in enumerate(self.events) if name and name in (event.name, event.text))
        return next(found, 0)

    def arm(self, run: Run, task: Task) -> bool:
        """Begin to wait: fix when the timers are due and what the messages must bring. True: it has fired already."""
        if FIRED in task.internal_data or not self.events:
            return True
        for position in range(len(self.events)):
            self.arm_at(run, task, position)
        self.wait(task)
        run.watch(task)
        return False

    def arm_at(self, run: Run, task: Task, position: int) -> None:
        """Fix what one definition waits for."""
        event = self.events[position]
        if event.is_timer:
            task.internal_data.setdefault(TIMERS, {})[str(position)] = self.timer(run, task, event, run.now)
        elif event.correlation_key:
            value = run.evaluate(event.correlation_key, task)
            task.internal_data.setdefault(EXPECTED, {})["correlationKey"] = value
        if event.name and event.name.startswith("="):
            task.internal_data.setdefault(NAMES, {})[str(position)] = run.named(event.name, task)

    def timer(self, run: Run, task: Task, event: EventDefinition, began: datetime) -> list[Any]:
        """A timer that runs since `began`: when it is due next, rounds left, the cycle's text, and since when."""
        value: Any = event.text.strip()
        if not timing.is_literal(value):
            value = evaluate(value, View(task).readable(), now=began)
        if value is None:
            raise Fault(f"The timer's “{event.text}” gives no time.")
        try:
            if event.kind == "cycle" or timing.is_cycle(value):
                rounds = timing.cycle(str(value), began)
                due, left = timing.ahead(rounds, run.now - timedelta(microseconds=1))
                if left == 0:  # all rounds are past: as with a date that is past, it is due at once
                    due, left = run.now, 1
                return [due.isoformat(), left, str(value), began.isoformat()]
            return [attributes.due(run, task, value, began).isoformat(), 1, "", began.isoformat()]
        except timing.BadTime as problem:
            raise Fault(str(problem)) from None

    def catches(self, task: Task, kind: str, name: str | None) -> int | None:
        """The position of the definition that waits for this, if any."""
        for position, event in enumerate(self.events):
            seen = str(position) in task.internal_data.get(SEEN, ())
            if event.kind == kind and self.name_at(task, position) == name and not seen:
                return position
        return None

    def name_at(self, task: Task, position: int) -> str | None:
        """The name of what the task waits for there."""
        named: str | None = task.internal_data.get(NAMES, {}).get(str(position), self.events[position].name)
        return named

    def occur(self, run: Run, task: Task, position: int, payload: Mapping[str, Any] | None = None) -> None:
        """The event at `position` happened to the waiting task."""
        if self.all_needed:
            seen = task.internal_data.setdefault(SEEN, {})
            seen[str(position)] = dict(payload or {})
            if len(seen) < len(self.events):
                return
            for place, brought in seen.items():
                self.store(run, task, int(place), brought)
        elif payload is not None:
            self.store(run, task, position, payload)
        self.wake(run, task, position)

    def can_move(self, task: Task) -> bool:
        return task.state == TaskState.WAITING or super().can_move(task)

    def look(self, run: Run, task: Task) -> None:
        """Variables changed: a condition that now holds, and did not before, is an event."""
        for position, event in enumerate(self.events):
            if event.kind != "conditional" or task.id not in run.tasks:
                continue
            was = task.internal_data.setdefault(WAS, {})
            if isinstance(was, bool):  # so it was stored when one event had one condition
                was = task.internal_data[WAS] = {"0": was}
            before, was[str(position)] = was.get(str(position)), run.holds_if_known(event.text, task)
            if was[str(position)] and not before and task.state == TaskState.WAITING:
                self.occur(run, task, position)

    def store(self, run: Run, task: Task, position: int, payload: Mapping[str, Any]) -> None:
        """Write what the event brought, into its variable or each name on its own; an error's names stay with it."""
        event = self.events[position]
        mapped = [(say.source, say.target) for say in self.element.outputs]
        if event.kind in ("error", "escalation"):
            payload = self._caught(run, task, event, payload)
        if self.hands:
            data.hand_over(run, task, self.hands, payload)
        elif mapped and EVERYTHING not in mapped and not hasattr(self, "gives"):
            run.write(task, run.mapped(mapped, task, payload))
        elif event.variable:
            run.write(task, {event.variable: dict(payload)})
        elif event.kind != "error":
            run.write(task, payload)

    def _caught(self, run: Run, task: Task, event: EventDefinition, thrown: Mapping[str, Any]) -> Mapping[str, Any]:
        """What was thrown upwards, its code and message told where the diagram says; with an error's data they stay."""
        names = {event.code_variable: thrown.get("code"), event.message_variable: thrown.get("message")}
        run.write(task, {name: value for name, value in names.items() if name})
        brought = dict(thrown.get("data") or {})
        return (
            brought | {"code": thrown.get("code"), "message": thrown.get("message")}
            if event.kind == "error"
            else brought
        )

    def wake(self, run: Run, task: Task, position: int) -> None:
        """All that was waited for has happened: go on."""
        run.win(task)
        task.internal_data[FIRED] = position
        run.rerun(task)

    def next_round(self, run: Run, task: Task, position: int) -> bool:
        """Set the timer to its next round; False when there is none."""
        timer = task.internal_data[TIMERS][str(position)]
        if timer[1] is not None:
            timer[1] -= 1
            if timer[1] <= 0:
                del task.internal_data[TIMERS][str(position)]
                return False
        due = datetime.fromisoformat(timer[0])
        began = datetime.fromisoformat(timer[3]) if len(timer) > 3 else due  # older snapshots do not say
        rounds = timing.cycle(timer[2], began.astimezone(run.now.tzinfo))
        timer[0] = rounds.following(due).isoformat()
        task.internal_data["round"] = task.internal_data.get("round", 0) + 1
        return True

    def note_entry(self, run: Run, task: Task) -> None:
        if "listener" not in task.internal_data:
            super().note_entry(run, task)


def timer_id(task: Task, position: str) -> str:
    """Names one round of one timer of a task."""
    return f"{task.id}:{position}:{task.internal_data.get('round', 0)}"
