"""The token game on one scope: all places that its tokens may come to, whatever is decided, in any order.

As the engine plays it: after each thing that somebody or something outside does, tokens move on by themselves as far
as they can, then inclusive joins are looked at. What is inside a sub-process or called process is played on its own.
Tokens that can come neither to a join nor to an end of the whole are followed no further: they cannot matter.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import combinations

from service.engine import expressions
from service.engine.change.facets import sure
from service.engine.change.places import repetition
from service.engine.elements.activity import Activity
from service.engine.elements.complex import _PHASE, ComplexGateway
from service.engine.elements.events import Catching
from service.engine.elements.gateways import EventBasedGateway, ExclusiveGateway, Joining, ParallelGateway
from service.engine.elements.graph import Body, Flow, Graph
from service.engine.elements.node import Node
from service.engine.elements.start_end import EndEvent

Place = tuple[str, ...]  #: ("at", element, events that have fired beside it…), ("via", flow), ("race", events…), …
Open = tuple[tuple[str, tuple[str, ...]], ...]  #: complex gateway -> flows whose tokens its round has taken

MOST_STATES = 1_500  #: that are looked at before the answer is “not decided”
_MOST_TOKENS = 3  #: at one place
_MOST_CHOICES = 6  #: conditional flows of one inclusive gateway of which all combinations are tried
_AT_ONCE = ("task", "scriptTask", "sendTask", "businessRuleTask")
_NOW = datetime(2000, 1, 1, tzinfo=UTC)


class Undecided(Exception):
    """There is more to look at than can be."""


@dataclass(frozen=True)
class State:
    """Where the tokens of a scope stand when nothing moves by itself; `left` is set when it has ended otherwise."""

    places: tuple[Place, ...]
    rounds: Open = ()
    left: str = ""  #: ended, error:CODE, cancel, stuck:GATEWAY


ENDED = State((), left="ended")


@dataclass
class Answer:
    """Whether a scope can come to its end, from where it stands."""

    leaves: set[str] = field(default_factory=set)  #: ways in which it ends: ended, error:CODE, cancel
    stuck: list[State] = field(default_factory=list)  #: states from which it cannot end
    hopeless: bool = False  #: from where it stands there is no way to end at all
    decided: bool = True

    @property
    def is_sound(self) -> bool:
        """Whether it comes to its end whatever is decided."""
        return self.decided and not self.stuck and not self.hopeless


def end_kinds(node: Node) -> set[str]:
    """What an end event does beside ending its token: terminate, error, cancel."""
    return (
        {event.kind for event in node.events if event.kind in ("terminate", "error", "cancel")}
        if (isinstance(node, EndEvent))
        else set()
    )


class Game:
    """One scope's board. `inside`: the ways in which what an activity holds may end, where that is known."""

    def __init__(self, graph: Graph, owner: str | None, inside: Callable[[Node], set[str] | None]) -> None:
        self.graph = graph
        self.body: Body = graph.body(owner)
        self.inside = inside
        throwing = frozenset(node.name for node in self.body.nodes if self._throws(node))
        self.matters = _mattering(graph, owner, throwing)

    def _throws(self, node: Node) -> bool:
        """Whether an activity may end the whole scope, by what it throws and does not catch."""
        if not isinstance(node, Activity):
            return False
        thrown = (self.inside(node) or set()) - {"ended"}
        return any(not caught_at(node, each) for each in thrown)

    def start(self) -> list[Node]:
        """Where tokens begin when the scope is entered."""
        plain = next((event for event in self.body.starts if not getattr(event, "events", ())), None)
        if plain is not None:
            return [plain]
        return [] if self.body.starts else list(self.body.entries)

    def begin(self) -> set[State]:
        """The states after the scope is entered."""
        if not self.start() and self.body.starts:
            race = ("race", *sorted(node.name for node in self.body.starts))
            return self.settle(State((race,)), ())
        return self.settle(State(()), tuple((node.name, "") for node in self.start()))

    # Moving by itself

    def settle(self, state: State, arrivals: tuple[tuple[str, str], ...]) -> set[State]:
        """All states in which nothing moves by itself any more; `arrivals`: tokens that come to (element, by flow)."""
        found: set[State] = set()
        seen: set[tuple[State, tuple[tuple[str, str], ...]]] = set()
        ahead = [(state, arrivals)]
        while ahead:
            current = ahead.pop()
            if current in seen:
                continue
            seen.add(current)
            if len(seen) > MOST_STATES:
                raise Undecided
            now, coming = current
            if now.left:
                found.add(now)
            elif coming:
                ahead += self._arrive(now, *coming[0], coming[1:])
            else:
                further = list(self._joined(now))
                ahead += further
                if not further:
                    found.add(now)
        return found or {State(state.places, state.rounds, "stuck:")}

    def _arrive(
        self, state: State, name: str, via: str, rest: tuple[tuple[str, str], ...]
    ) -> Iterator[tuple[State, tuple[tuple[str, str], ...]]]:
        node: Node = self.graph.task_specs[name]
        if name not in self.matters:
            yield state, rest
        elif isinstance(node, Joining) and len(node.incoming) > 1 and via:
            yield from self._at_join(state, node, via, rest)
        elif isinstance(node, EventBasedGateway):
            if node.all_needed:
                yield state, rest + tuple((flow.target.name, flow.id) for flow in node.outgoing)
            else:
                yield self._with(state, ("race", *sorted(flow.target.name for flow in node.outgoing))), rest
        elif isinstance(node, EndEvent) and (kinds := end_kinds(node)):
            yield self._ended(node, kinds), ()
        elif self.passes(node):
            for flows in self._leaving(node):
                yield (state, rest + flows) if flows is not None else (State(state.places, left=f"stuck:{name}"), ())
        else:
            yield from self._at_activity(state, node, rest)

    def _at_activity(
        self, state: State, node: Node, rest: tuple[tuple[str, str], ...]
    ) -> Iterator[tuple[State, tuple[tuple[str, str], ...]]]:
        needs = node.needs if isinstance(node, Activity) else 1
        gathered = [place for place in state.places if place == ("gather", node.name)]
        if len(gathered) + 1 < needs:
            yield self._with(state, ("gather", node.name)), rest
            return
        yield self._with(_without(state, gathered[: needs - 1]), ("at", node.name)), rest

    def _ended(self, node: EndEvent, kinds: set[str]) -> State:
        if "error" in kinds:
            code = next(event.name for event in node.events if event.kind == "error")
            return ENDED if self.handles(code) else State((), left=f"error:{code or ''}")
        return State((), left="cancel") if "cancel" in kinds else ENDED

    def handles(self, code: str | None) -> bool:
        """Whether an event sub-process of the scope itself catches an error."""
        starts = (start for reaction in self.body.reactions for start in self.graph.body(reaction.name).starts)
        caught = (event for start in starts for event in getattr(start, "events", ()) if event.kind == "error")
        return any(event.name in (None, code) for event in caught)

    def passes(self, node: Node) -> bool:
        """Whether a token goes on from here by itself."""
        if isinstance(node, Activity):
            alone = not any(event.undone_by is None for event in node.attached)
            at_once = node.element.type in _AT_ONCE and not node.manual and not repetition(node)
            return at_once and alone and node.needs == 1
        return not isinstance(node, Catching) or node.element.type == "boundaryEvent" or not node.events

    def _leaving(self, node: Node) -> Iterator[tuple[tuple[str, str], ...] | None]:
        """The ways to leave an element, each as arrivals; None: there is none."""
        times = node.puts_out if isinstance(node, Activity) else 1
        for flows in leaving(node):
            yield None if flows is None else tuple((flow.target.name, flow.id) for flow in flows) * times

    def _with(self, state: State, place: Place) -> State:
        if state.places.count(place) >= _MOST_TOKENS:
            raise Undecided
        return State(tuple(sorted((*state.places, place))), state.rounds, state.left)

    # Joins

    def _at_join(
        self, state: State, node: Joining, via: str, rest: tuple[tuple[str, str], ...]
    ) -> Iterator[tuple[State, tuple[tuple[str, str], ...]]]:
        if isinstance(node, ComplexGateway) and node.condition:
            yield from self._at_complex(state, node, via, rest)
            return
        now = self._with(state, ("via", via))
        if isinstance(node, ParallelGateway) and self._is_full(now, node):
            yield from self._open(now, node, rest)
        else:
            yield now, rest

    def _is_full(self, state: State, node: Node) -> bool:
        return all(("via", flow.id) in state.places for flow in node.incoming)

    def _open(
        self, state: State, node: Node, rest: tuple[tuple[str, str], ...]
    ) -> Iterator[tuple[State, tuple[tuple[str, str], ...]]]:
        taken = [("via", flow.id) for flow in node.incoming if ("via", flow.id) in state.places]
        now = _without(state, taken)
        for flows in self._leaving(node):
            yield (now, rest + flows) if flows is not None else (State(now.places, left=f"stuck:{node.name}"), ())

    def _joined(self, state: State) -> Iterator[tuple[State, tuple[tuple[str, str], ...]]]:
        """Nothing else moves: what inclusive joins, and rounds of complex gateways, do now."""
        rounds = dict(state.rounds)
        arrived: dict[Node, set[str]] = {self.graph.task_specs[name]: set() for name in rounds}
        for kind, *names in state.places:
            if kind == "via":
                flow = self.graph.flows[names[0]]
                arrived.setdefault(flow.target, set()).add(flow.id)
        for node, here in arrived.items():
            if isinstance(node, ComplexGateway) and node.condition:
                if node.name in rounds and not self._may_come(state, node, set(rounds[node.name])):
                    yield from self._reset(state, node, ())
            elif isinstance(node, ParallelGateway):
                if here and len(here) == len(node.incoming):  # another version waited for more
                    yield from self._open(state, node, ())
            elif here and not self._may_come(state, node, here):
                yield from self._open(state, node, ())

    def _may_come(self, state: State, join: Node, here: set[str]) -> bool:
        """Whether a token may still come on another flow than those, and on none of them instead."""
        if len(here) == len(join.incoming):
            return False
        for node in self._standing(state):
            if node is not join:
                reached = self.graph.reach(node, join)
                if reached - here and not reached & here:
                    return True
        return False

    def _standing(self, state: State) -> Iterator[Node]:
        for kind, *names in state.places:
            if kind == "via":
                yield self.graph.flows[names[0]].target
            elif kind == "race":
                yield from (self.graph.task_specs[name] for name in names)
            else:
                yield self.graph.task_specs[names[0]]

    def _at_complex(
        self, state: State, node: ComplexGateway, via: str, rest: tuple[tuple[str, str], ...]
    ) -> Iterator[tuple[State, tuple[tuple[str, str], ...]]]:
        taken = dict(state.rounds).get(node.name)
        if taken is not None and via not in taken:
            now = _round(state, node.name, (*taken, via))
            if len(taken) + 1 == len(node.incoming):
                yield from self._reset(now, node, rest)
            else:
                yield now, rest
            return
        now = self._with(state, ("via", via))
        opens = self._activates(now, node)
        if opens is not False:
            here = tuple(sorted(flow.id for flow in node.incoming if ("via", flow.id) in now.places))
            yield from self._open(_round(now, node.name, here), node, rest)
        if opens is not True:
            yield now, rest

    def _activates(self, state: State, node: ComplexGateway) -> bool | None:
        """Whether the activation condition holds; None: that depends on data."""
        known: dict[str, object] = {flow.id: state.places.count(("via", flow.id)) for flow in node.incoming}
        known |= {"activationCount": sum(1 for n in known.values() if n), _PHASE: True}
        if not expressions.names(node.condition) <= known.keys():
            return None
        try:
            return expressions.holds(node.condition, known, now=_NOW)
        except expressions.ExpressionError:
            return None

    def _reset(
        self, state: State, node: ComplexGateway, rest: tuple[tuple[str, str], ...]
    ) -> Iterator[tuple[State, tuple[tuple[str, str], ...]]]:
        now = _round(state, node.name, None)
        asked = [flow for flow in node.outgoing if _PHASE in (flow.condition or "")]
        for flows in _subsets(asked):
            yield now, rest + tuple((flow.target.name, flow.id) for flow in flows)

    # What happens outside

    def moves(self, state: State) -> Iterator[set[State]]:
        """What may happen next: somebody completes something, or an event occurs."""
        for place in dict.fromkeys(state.places):
            kind, *names = place
            if kind == "at":
                yield from self._happens(state, place, self.graph.task_specs[names[0]], names[1:])
            elif kind == "race":
                for name in names:
                    node: Node = self.graph.task_specs[name]
                    for flows in self._leaving(node):
                        yield self.settle(_without(state, [place]), flows or ())

    def _happens(self, state: State, place: Place, node: Node, fired: list[str]) -> Iterator[set[State]]:
        gone = _without(state, [place])
        leaves = self.inside(node)
        if leaves is None or "ended" in leaves:
            for flows in self._leaving(node):
                if flows is None:
                    yield {State(state.places, left=f"stuck:{node.name}")}
                else:
                    yield self.settle(gone, flows)
        for thrown in leaves or ():
            if thrown != "ended" and not caught_at(node, thrown):
                yield {ENDED if thrown.startswith("error:") and self.handles(thrown[6:]) else State((), left=thrown)}
        for event in node.attached:
            if event.undone_by is not None:
                continue
            if getattr(event, "interrupting", True):
                yield self.settle(gone, ((event.name, ""),))
            elif event.name not in fired and event.name in self.matters:
                beside = self._with(gone, ("at", node.name, *sorted((*fired, event.name))))
                yield self.settle(beside, ((event.name, ""),))

    # All of it

    def play(self, begin: Iterable[State]) -> Answer:
        """Whether the scope ends, from each of these states, whatever happens."""
        first = list(begin)
        reached: dict[State, set[State]] = {}
        ahead = deque(first)
        try:
            while ahead:
                state = ahead.popleft()
                if state in reached:
                    continue
                reached[state] = set()
                if len(reached) > MOST_STATES:
                    raise Undecided
                if not state.left and state.places:
                    for after in self.moves(state):
                        reached[state] |= after
                        ahead += after
        except Undecided:
            return Answer({"ended"}, decided=False)
        return _answer(first, reached)


def _answer(first: list[State], reached: dict[State, set[State]]) -> Answer:
    before: dict[State, set[State]] = {}
    for state, following in reached.items():
        for after in following:
            before.setdefault(after, set()).add(state)
    good = [state for state in reached if _is_end(state)]
    fine, ahead = set(good), deque(good)
    while ahead:
        for state in before.get(ahead.popleft(), ()):
            if state not in fine:
                fine.add(state)
                ahead.append(state)
    answer = Answer({state.left or "ended" for state in good})
    answer.stuck = sorted((s for s in reached if s not in fine), key=lambda s: (bool(reached[s]), len(s.places)))
    answer.hopeless = not any(state in fine for state in first)
    return answer


def _is_end(state: State) -> bool:
    return not state.places if not state.left else not state.left.startswith("stuck:")


def caught_at(node: Node, thrown: str) -> bool:
    """Whether a boundary event of an activity catches what came out of it."""
    kind, _, code = thrown.partition(":")
    events = [event for each in node.attached for event in getattr(each, "events", ())]
    return any(event.kind == kind and (kind == "cancel" or event.name in (None, code)) for event in events)


def leaving(node: Node) -> Iterator[tuple[Flow, ...] | None]:
    """The flows on which a token may leave an element, each way once; None: there may be no way at all."""
    if isinstance(node, ExclusiveGateway):
        yield from _one_of(node)
    elif isinstance(node, ParallelGateway) or not any(flow.condition for flow in node.outgoing):
        yield tuple(node.outgoing)
    else:
        yield from _some_of(node)


def _one_of(node: Node) -> Iterator[tuple[Flow, ...] | None]:
    if len(node.outgoing) < 2 and not any(flow.condition for flow in node.outgoing):
        yield tuple(node.outgoing)
        return
    fallback = node.default
    asked = False
    for flow in node.outgoing:
        if flow is node.default:
            continue
        if not flow.condition:
            fallback = fallback or flow
            continue
        holds = sure(flow)
        if holds is not False:
            asked = True
            yield (flow,)
        if holds:
            return
    if fallback is not None:
        yield (fallback,)
    elif not asked:
        yield None


def _some_of(node: Node) -> Iterator[tuple[Flow, ...] | None]:
    others = [flow for flow in node.outgoing if flow is not node.default]
    always = [flow for flow in others if not flow.condition or sure(flow)]
    asked = [flow for flow in others if flow.condition and sure(flow) is None]
    if len(asked) > _MOST_CHOICES:
        raise Undecided
    for flows in _subsets(asked):
        if always or flows:
            yield (*always, *flows)
    if not always:
        if node.default is not None:
            yield (node.default,)
        elif not asked:
            yield None


def _subsets(flows: list[Flow]) -> Iterator[tuple[Flow, ...]]:
    for size in range(len(flows) + 1):
        yield from combinations(flows, size)


def _ways(node: Node) -> list[Flow]:
    """The flows that a token may ever leave by: not those whose condition is never true."""
    found = {flow.id: flow for flow in node.outgoing if sure(flow) is not False or flow is node.default}
    return [*found.values(), *(flow for event in node.attached for flow in event.outgoing)]


def _reaching(nodes: list[Node], goals: set[str]) -> set[str]:
    """The elements from which one of these can be reached."""
    before: dict[str, list[str]] = {}
    for node in nodes:
        for flow in _ways(node):
            before.setdefault(flow.target.name, []).append(node.name)
        for event in node.attached:
            before.setdefault(event.name, []).append(node.name)
    found, ahead = set(goals), list(goals)
    while ahead:
        for name in before.get(ahead.pop(), ()):
            if name not in found:
                found.add(name)
                ahead.append(name)
    return found


def _goals(body: Body) -> set[str]:
    """Joins, activities that gather tokens, and ends of the whole: where tokens have to do with each other."""
    return {
        node.name
        for node in body.nodes
        if (isinstance(node, Joining) and len(node.incoming) > 1)
        or (isinstance(node, Activity) and node.needs > 1)
        or end_kinds(node)
    }


@lru_cache(maxsize=4096)
def _mattering(graph: Graph, owner: str | None, throwing: frozenset[str]) -> set[str]:
    """The elements of a scope from which a token may come to where it matters to others."""
    body = graph.body(owner)
    return _reaching(body.nodes, _goals(body) | throwing)


@lru_cache(maxsize=4096)
def finishing(graph: Graph, owner: str | None) -> set[str]:
    """The elements from which a token, and all that it becomes, can be used up; at a join that is the join's matter."""
    nodes, goals = graph.body(owner).nodes, _goals(graph.body(owner))
    before: dict[str, list[Node]] = {}
    for node in nodes:
        for name in (*(flow.target.name for flow in node.outgoing), *(event.name for event in node.attached)):
            before.setdefault(name, []).append(node)
    found = set(goals)
    ahead = list(nodes)
    while ahead:
        node = ahead.pop()
        if node.name not in found and _finishes(node, found):
            found.add(node.name)
            ahead += before.get(node.name, ())
    return found


def _finishes(node: Node, known: set[str]) -> bool:
    """Whether some way to leave an element leads to such elements only."""
    if any(getattr(event, "interrupting", True) and event.name in known for event in node.attached):
        return True
    if isinstance(node, EventBasedGateway) and not node.all_needed:
        return any(flow.target.name in known for flow in node.outgoing)
    try:
        ways = [flows for flows in leaving(node) if flows is not None]
    except Undecided:
        ways = [(flow,) for flow in node.outgoing]
    return any(all(flow.target.name in known for flow in flows) for flows in ways)


def _without(state: State, places: Sequence[Place]) -> State:
    left = Counter(state.places) - Counter(places)
    return State(tuple(sorted(left.elements())), state.rounds, state.left)


def _round(state: State, gateway: str, flows: tuple[str, ...] | None) -> State:
    rounds = {name: taken for name, taken in state.rounds if name != gateway}
    if flows is not None:
        rounds[gateway] = tuple(sorted(flows))
    return State(state.places, tuple(sorted(rounds.items())), state.left)
