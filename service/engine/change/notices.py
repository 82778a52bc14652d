"""Question 5: what changes for people, clocks and partners who have to do with what is open."""

from __future__ import annotations

from collections.abc import Iterator

from service.engine.change import words
from service.engine.change.compare import Names
from service.engine.change.plan import Clock, Plan, Reason, Verdict
from service.engine.change.standing import Pair, Scope, Spot, Standing
from service.engine.elements.activity import Activity
from service.engine.elements.events import TIMERS, Catching, EventDefinition
from service.engine.elements.node import Node
from service.engine.elements.subprocess import CallActivity
from service.engine.elements.tasks import HumanTask


def notices(standing: Standing, plan: Plan, names: Names, later: Names) -> Iterator[Reason]:
    """Everything to be told of what is open."""
    for pair, old, spot in standing.placed:
        aspects = pair.differences.aspects.get(old.name, ())
        yield from _people(old, spot.node, aspects, names, later)
        yield from _clocks(pair, old, spot, aspects, plan)
        yield from _partners(old, spot.node, aspects)
        yield from _new_guards(pair, old, spot)
    for scope in standing.scope.walk():
        if not scope.fresh:
            yield from _listeners(scope, standing)


def clocks(standing: Standing, plan: Plan) -> dict[str, Clock]:
    """What to propose for the timers that run and have another duration now: they are kept as they are."""
    return {
        pair.prefix + spot.node.name: plan.clocks.get(pair.prefix + spot.node.name, Clock.KEEP)
        for pair, old, spot in standing.placed
        if _is_reset(pair, old, spot)
    }


def _is_reset(pair: Pair, old: Node, spot: Spot) -> bool:
    """Whether a timer that is armed says something else in the version after."""
    running = spot.token.has(TIMERS) and isinstance(spot.node, Catching)
    return running and pair.differences.differs(old.name, "timer") and any(e.is_timer for e in _events(spot.node))


def _events(node: Node) -> tuple[EventDefinition, ...]:
    return node.events if isinstance(node, Catching) else ()


def _tell(verdict: Verdict, message: str, element: str, way_out: str = "") -> Reason:
    return Reason(5, verdict, message, way_out, element)


def _people(old: Node, new: Node, aspects: tuple[str, ...], names: Names, later: Names) -> Iterator[Reason]:
    if not isinstance(new, HumanTask):
        if isinstance(new, CallActivity) and new.opens_case and "called" in aspects:
            message = f"The child case of {words.said(new)} goes on as it was opened."
            yield _tell(Verdict.SAFE, message, new.name)
        elif isinstance(new, Activity) and new.manual and "attributes" in aspects:
            yield _tell(Verdict.SAFE, f"What the worker does at {words.said(new)} is described otherwise.", new.name)
        return
    key = new.attributes.get("formKey", "")
    if "form" in aspects or (names.forms.get(key) != later.forms.get(key) and key in names.forms):
        message = f"Who works on {words.said(new)} is shown another form; what is entered and not sent yet is kept."
        yield _tell(Verdict.EXACT, message, new.name)
    if "people" in aspects:
        yield _tell(Verdict.EXACT, f"{words.said(new)} is offered to others than before.", new.name)
    if "name" in aspects:
        yield _tell(Verdict.EXACT, f"{words.said(old)} is called {words.said(new)}.", new.name)
    if "dates" in aspects:
        message = f"{words.said(new)} keeps the due date and priority that it has; the new ones are for later cases."
        yield _tell(Verdict.SAFE, message, new.name)


def _clocks(pair: Pair, old: Node, spot: Spot, aspects: tuple[str, ...], plan: Plan) -> Iterator[Reason]:
    new = spot.node
    if _is_reset(pair, old, spot):
        was, now = (", ".join(e.text for e in _events(node) if e.is_timer) for node in (old, new))
        chosen = plan.clocks.get(pair.prefix + new.name, Clock.KEEP)
        how = {
            Clock.KEEP: "it runs on as it was begun",
            Clock.ENTRY: "it counts anew, from when it was begun",
            Clock.NOW: "it counts anew, from the move",
        }[chosen]
        verdict = Verdict.SAFE if chosen is Clock.KEEP else Verdict.WITH_PLAN
        message = f"The timer {words.said(new)} is {now} instead of {was}: {how}."
        choices = f"The plan says otherwise with {pair.prefix}{new.name}: “from entry” or “from now”."
        yield _tell(verdict, message, new.name, choices)
    if "interrupting" in aspects:
        does = "ends what it is attached to" if getattr(new, "interrupting", True) else "lets it go on"
        yield _tell(Verdict.SAFE, f"When {words.said(new)} occurs it {does}, other than before.", new.name)


def _partners(old: Node, new: Node, aspects: tuple[str, ...]) -> Iterator[Reason]:
    if not isinstance(new, Catching):
        return
    for kind in ("message", "signal"):
        if kind in aspects:
            was, now = ([str(e.name) for e in _events(node) if e.kind == kind] for node in (old, new))
            if was != now and was and now:
                message = f"{words.said(new)} waits for the {kind} “{now[0]}” instead of “{was[0]}”."
                yield _tell(Verdict.SAFE, message, new.name, "Tell those who send it.")
            else:
                yield _tell(Verdict.SAFE, f"{words.said(new)} takes its {kind} otherwise.", new.name)
    if "condition" in aspects:
        yield _tell(Verdict.SAFE, f"The condition of {words.said(new)} is another, and looked at anew.", new.name)
    if "events" in aspects:
        yield _tell(Verdict.SAFE, f"{words.said(new)} waits for something else than before.", new.name)


def _new_guards(pair: Pair, old: Node, spot: Spot) -> Iterator[Reason]:
    """Boundary events that are new at an open activity."""
    known = {pair.differences.matched.get(event.name) for event in old.attached}
    for event in spot.node.attached:
        if event.undone_by is None and event.name not in known:
            message = f"{words.said(event)} is new at {words.said(spot.node)}; it begins to wait with the move."
            yield _tell(Verdict.SAFE, message, event.name)


def _listeners(scope: Scope, standing: Standing) -> Iterator[Reason]:
    """Event sub-processes that are new in an open scope, or gone from it."""
    pair = next((each for each in standing.pairs.values() if each.after is scope.definition), None)
    if pair is None:
        return
    back = {after: before for before, after in pair.differences.matched.items()}
    new = scope.graph.body(scope.name).reactions
    former = None if scope.name is None else back.get(scope.name)
    old = [] if scope.name is not None and former is None else pair.before.graph.body(former).reactions
    for reaction in new:
        if reaction.name not in back:
            yield _tell(Verdict.SAFE, f"{words.said(reaction)} is new; it begins to wait with the move.", reaction.name)
    for reaction in old:
        if reaction.name not in pair.differences.matched:
            yield _tell(Verdict.SAFE, f"{words.said(reaction)} does not wait any more.", reaction.name)
