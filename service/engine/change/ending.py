"""Question 3: can a case come to its end from where it stands in a version?

Every open scope, and every sub-process or called process that may still be entered, is played through on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from service.engine.change.ahead import Region, called_by, standing
from service.engine.change.game import Answer, Game, State, Undecided, finishing
from service.engine.change.standing import Scope, Spot
from service.engine.elements.adhoc import AdHocSubProcess
from service.engine.elements.node import Node
from service.engine.elements.subprocess import CallActivity, SubProcess
from service.engine.parser import Definition


@dataclass(frozen=True)
class Trouble:
    """Why a case may not come to its end."""

    kind: str  #: waits (at a join), spins, uncaught, undecided
    definition: Definition = field(repr=False)
    node: Node  #: where
    missing: tuple[Node, ...] = ()  #: of a join: where the branches end on which nothing comes
    always: bool = False  #: whatever is decided


def troubles(scope: Scope, region: Region) -> list[Trouble]:
    """All that may keep a case from its end; `region`: what lies ahead of it."""
    found: list[Trouble] = []
    answer = _open(scope, found, saved=False)
    here = {node for each in scope.walk() for spot in each.spots for node in standing(spot)}
    for definition, nodes in region.items():
        for node in nodes & region.entered:
            if isinstance(node, SubProcess) and not isinstance(node, AdHocSubProcess):
                found += _of(definition, node.name, _closed(definition, node.name), always=False)
            elif isinstance(node, CallActivity) and (called := called_by(definition, node)) is not None:
                found += _of(called, None, _closed(called, None), always=False)
        found += _round_and_round(definition, nodes, here)
    for thrown in answer.leaves - {"ended"}:
        thrower = _thrower(region, thrown)
        if thrower is not None:
            found.append(Trouble("uncaught", scope.definition, thrower))
    return list(dict.fromkeys(found))


def _open(scope: Scope, found: list[Trouble], *, saved: bool) -> Answer:
    """How an open scope may end; what is wrong in it, and in what is open inside it, is added to `found`.

    `saved`: something may end what is around it, so that nothing waits for ever.
    """
    inside: dict[Node, set[str]] = {}
    for spot in scope.spots:
        for inner in spot.inside:
            leaves = _open(inner, found, saved=saved or _may_be_stopped(spot.node)).leaves
            inside[spot.node] = inside.get(spot.node, set()) | leaves
    if isinstance(scope.owner, AdHocSubProcess) and scope.name is not None:
        return Answer({"ended"})
    game = Game(scope.graph, scope.name, _inside(scope.definition, inside))
    try:
        answer = game.play(_states(game, scope))
    except Undecided:
        answer = Answer({"ended"}, decided=False)
    found += _of(scope.definition, scope.name, answer, always=answer.hopeless and not saved)
    return answer


def _may_be_stopped(node: Node) -> bool:
    """Whether a boundary event that comes from outside may end an activity."""
    events = ((each, event) for each in node.attached for event in getattr(each, "events", ()))
    outside = ("message", "signal", "date", "duration", "cycle", "conditional")
    return any(event.kind in outside and getattr(each, "interrupting", True) for each, event in events)


def _states(game: Game, scope: Scope) -> set[State]:
    """Where the game begins for an open scope."""
    places: list[tuple[str, ...]] = []
    arrivals: list[tuple[str, str]] = []
    for spot in scope.spots:
        place, arrival = _stand(game, spot)
        places += [place] if place else []
        arrivals += [arrival] if arrival else []
    rounds = tuple(sorted((name, tuple(sorted(flows))) for name, flows in scope.rounds.items()))
    return game.settle(State(tuple(sorted(places)), rounds), tuple(arrivals))


def _stand(game: Game, spot: Spot) -> tuple[tuple[str, ...] | None, tuple[str, str] | None]:
    if spot.race:
        names = sorted(node.name for node in spot.race)
        return (("race", *names), None) if any(name in game.matters for name in names) else (None, None)
    name = spot.node.name
    if name not in game.matters:
        return None, None
    if spot.via is not None:
        return ("via", spot.via.id), None
    if spot.gathers:
        return ("gather", name), None
    return (None, (name, "")) if game.passes(spot.node) and not spot.inside else (("at", name), None)


def _inside(definition: Definition, known: dict[Node, set[str]]) -> Callable[[Node], set[str] | None]:
    """The ways in which what an activity holds may end: what is open in it, or how it is when it is entered anew."""

    def leaves(node: Node) -> set[str] | None:
        fresh: set[str] | None = None
        if isinstance(node, SubProcess) and not isinstance(node, AdHocSubProcess):
            fresh = _closed(definition, node.name).leaves
        elif isinstance(node, CallActivity) and (called := called_by(definition, node)) is not None:
            fresh = _closed(called, None).leaves
        if fresh is None and node not in known:
            return None
        return (fresh or set()) | known.get(node, set())

    return leaves


_playing: set[tuple[Definition, str | None]] = set()


def _closed(definition: Definition, owner: str | None) -> Answer:
    """How a process or sub-process ends once it is entered; one that calls itself is taken to end."""
    if (definition, owner) in _playing:
        return Answer({"ended"})
    return _played(definition, owner)


@lru_cache(maxsize=4096)
def _played(definition: Definition, owner: str | None) -> Answer:
    _playing.add((definition, owner))
    try:
        game = Game(definition.graph, owner, _inside(definition, {}))
        return game.play(game.begin())
    except Undecided:
        return Answer({"ended"}, decided=False)
    finally:
        _playing.discard((definition, owner))


def _of(definition: Definition, owner: str | None, answer: Answer, *, always: bool) -> Iterator[Trouble]:
    """What an answer says, at elements."""
    body = definition.graph.body(owner).nodes
    if not answer.decided and body:
        yield Trouble("undecided", definition, _owner(definition, owner) or body[0])
    waiting = [state for state in answer.stuck if _waits(state)]
    for state in waiting[:1] or answer.stuck[:1]:
        yield from _stuck(definition, state, body, always=always)


def _waits(state: State) -> bool:
    return bool(state.places) and not state.left and all(place[0] in ("via", "gather") for place in state.places)


def _stuck(definition: Definition, state: State, body: list[Node], *, always: bool) -> Iterator[Trouble]:
    graph = definition.graph
    if state.left.startswith("stuck:"):
        yield Trouble("spins", definition, graph.task_specs.get(state.left[6:]) or body[0], always=always)
        return
    seen: set[Node] = set()
    for kind, name, *_ in state.places:
        join: Node = graph.flows[name].target if kind == "via" else graph.task_specs[name]
        if kind not in ("via", "gather") or join in seen:
            continue
        seen.add(join)
        missing = (flow.source for flow in join.incoming if ("via", flow.id) not in state.places)
        yield Trouble("waits", definition, join, tuple(missing), always=always)
    if not seen:
        yield Trouble("spins", definition, graph.task_specs[state.places[0][1]], always=always)


def _owner(definition: Definition, owner: str | None) -> Node | None:
    found = definition.graph.task_specs.get(owner or "")
    return found if isinstance(found, Node) else None


def _round_and_round(definition: Definition, nodes: set[Node], here: set[Node]) -> Iterator[Trouble]:
    """Elements ahead from which no end can be reached."""
    owners = {node.element.parent for node in nodes}
    for owner in owners:
        body = definition.graph.body(owner)
        ending = finishing(definition.graph, owner)
        lost = [node for node in body.nodes if node in nodes and node.name not in ending]
        if lost:
            yield Trouble("spins", definition, lost[0], always=not here.isdisjoint(lost))


def _thrower(region: Region, thrown: str) -> Node | None:
    kind, _, code = thrown.partition(":")
    for _, nodes in region.items():
        for node in nodes:
            events = getattr(node, "events", ()) if node.element.type == "endEvent" else ()
            if any(event.kind == kind and (kind == "cancel" or (event.name or "") == code) for event in events):
                return node
    return None
