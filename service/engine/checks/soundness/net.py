"""A scope as a Petri net: a place for each sequence flow, a transition for each way in which an element may go on.

As the engine plays it (design/engine.md): a parallel gateway takes a token from each flow; an inclusive one, and a
complex one without condition, takes what has come as soon as no more may come (BPMN 2.0.2 §13.4.3); an end event uses
its token up, and one that terminates, throws an error or cancels ends everything. What stands in a sub-process is a net
of its own. Conditions are not worked out, but for those that can never hold, or never together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from lxml import etree

from service.engine.normalise.structure import Scope, is_loose
from service.engine.xml.document import (
    ACTIVITIES,
    GATEWAYS,
    STARTABLE,
    child,
    definitions_of,
    has_definition,
    is_true,
    local,
)
from service.engine.xml.document import text_of as text_of_element

_WIDEST = 200  #: flows into or out of one element, beyond which nothing is said
_MOST_BESIDE = 3  #: events that do not end their host, of one host
_ALL_SUBSETS = 4  #: flows of an inclusive gateway of which all combinations are looked at; of more: one, two, all
_ENDING = ("terminate", "error", "cancel")
_ALWAYS = {"true", "=true", "= true", "1"}
_NEVER = {"false", "=false", "= false", "0"}


class Beyond(Exception):
    """Something of which nothing is said: it needs or gives more than one token, or waits for a condition."""


@dataclass(frozen=True)
class Transition:
    """One way in which an element goes on. Places are numbers; `flows`: ids of the flows that get a token."""

    element: str
    takes: frozenset[int]
    gives: frozenset[int]
    flows: tuple[str, ...] = ()
    outside: bool = False  #: somebody or something outside decides when
    ends: str = ""  #: ends the whole scope: terminate, error, cancel
    chosen: bool = False  #: other ways were there
    sure: bool = True  #: False: it may be that its conditions never hold together
    asked: tuple[tuple[str, bool], ...] = ()  #: conditions, and whether they held


@dataclass(frozen=True)
class Loose:
    """An inclusive join: takes a token from each of `takes` that has one, when no more may come."""

    element: str
    takes: tuple[int, ...]
    ways: tuple[tuple[frozenset[int], tuple[str, ...]], ...]


@dataclass
class Net:
    """`places`: what each stands for: the id of a flow, or that of an element at which a token is."""

    places: list[str] = field(default_factory=list)
    at: list[str] = field(default_factory=list)  #: by place: the element that takes its token next
    transitions: list[Transition] = field(default_factory=list)
    joins: list[Loose] = field(default_factory=list)
    following: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  #: element -> (flow or "", next element)
    _ways: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def place(self, name: str, at: str) -> int:
        """A new place."""
        self.places.append(name)
        self.at.append(at)
        return len(self.places) - 1

    def reach(self, element: str, join: str) -> frozenset[str]:
        """The flows into a join on which a token may come from an element, without passing the join."""
        if (element, join) not in self._ways:
            found: set[str] = set()
            seen, ahead = {element}, [element]
            while ahead:
                for flow, target in self.following.get(ahead.pop(), ()):
                    if target == join:
                        found.add(flow)
                    elif target not in seen:
                        seen.add(target)
                        ahead.append(target)
            self._ways[element, join] = frozenset(found)
        return self._ways[element, join]


Apart = Callable[[etree._Element, tuple[etree._Element, ...], tuple[etree._Element, ...]], bool | None]


@dataclass
class Drawing:
    """What a scope's net is made of. `completes`: whether what an activity holds may come to its end.

    `together`: whether of an inclusive gateway these flows' conditions may hold while those of the others do not; None:
    nobody knows.
    """

    scope: Scope
    completes: Callable[[str], bool]
    together: Apart


def build(drawing: Drawing) -> Net:
    """The net of a scope; place 0 holds the token with which it begins. Raises Beyond."""
    made = _Building(drawing)
    made.build()
    return made.net


class _Building:
    def __init__(self, drawing: Drawing) -> None:
        self.drawing, self.scope, self.net = drawing, drawing.scope, Net()
        self.nodes = {node.get("id") or "": node for node in self.scope.nodes}
        self.flows: dict[str, int] = {}
        self.attached: dict[str, list[etree._Element]] = {}
        for node in self.scope.nodes:
            if local(node) == "boundaryEvent" and not has_definition(node, "compensate"):
                self.attached.setdefault(node.get("attachedToRef") or "", []).append(node)
        self.handled = {
            local(definition).removesuffix("EventDefinition")
            for node in self.scope.nodes
            if is_true(node.get("triggeredByEvent"))
            for start in node
            if local(start) == "startEvent"
            and (start.get("isInterrupting") is None or is_true(start.get("isInterrupting")))
            for definition in definitions_of(start)
        }

    def build(self) -> None:
        net = self.net
        joining = [key for key, node in self.nodes.items() if local(node) in GATEWAYS]
        wide = max((len(self.scope.incoming.get(key, ())) for key in joining), default=0)
        if max([wide, *map(len, self.scope.outgoing.values())]) > _WIDEST:
            raise Beyond
        net.place("", "")
        for flows in self.scope.outgoing.values():
            for flow in flows:
                self.flows[flow.get("id") or ""] = net.place(flow.get("id") or "", flow.get("targetRef") or "")
        for key in self.nodes:
            ahead = [(flow.get("id") or "", flow.get("targetRef") or "") for flow in self.scope.outgoing.get(key, ())]
            net.following[key] = ahead + [("", event.get("id") or "") for event in self.attached.get(key, ())]
        self._begin()
        for key, node in self.nodes.items():
            if key in self.attached or self.scope.incoming.get(key):
                self._node(key, node)

    def _begin(self) -> None:
        """Each start event is a way in; in an ad hoc sub-process, anything may be started, alone or with all others."""
        if local(self.scope.element) == "adHocSubProcess":
            first = [k for k, n in self.nodes.items() if local(n) in STARTABLE and not is_loose(n) and not self._in(k)]
            entries = {key: self.net.place("", key) for key in first}
            for key, place in entries.items():
                self._add(key, frozenset({0}), [frozenset({place})], chosen=True)
                self._node(key, self.nodes[key], frozenset({place}))
            if len(first) > 1:
                self._add(first[0], frozenset({0}), [frozenset(entries.values())], chosen=True)
            return
        starts = [(key, node) for key, node in self.nodes.items() if self._starts(key, node)]
        for key, node in starts:
            if local(node) == "startEvent":
                for transition in self._leaving(key, node, frozenset({0})):
                    self.net.transitions.append(transition)
            else:
                self._node(key, node, frozenset({0}))

    def _starts(self, key: str, node: etree._Element) -> bool:
        name = local(node)
        return name == "startEvent" or (is_true(node.get("instantiate")) and not self._in(key))

    def _in(self, key: str) -> list[int]:
        return [self.flows[flow.get("id") or ""] for flow in self.scope.incoming.get(key, ())]

    def _add(
        self, element: str, takes: frozenset[int], ways: Iterable[frozenset[int]], *, chosen: bool = False
    ) -> None:
        for gives in ways:
            self.net.transitions.append(Transition(element, takes, gives, outside=True, chosen=chosen))

    def _node(self, key: str, node: etree._Element, begin: frozenset[int] | None = None) -> None:
        places = self._in(key) if begin is None else list(begin)
        name = local(node)
        if name == "parallelGateway" and len(places) > 1:
            self.net.transitions += self._leaving(key, node, frozenset(places))
        elif name in {"inclusiveGateway", "complexGateway"} and len(places) > 1:
            if name == "complexGateway" and child(node, "activationCondition") is not None:
                raise Beyond
            ways = tuple((way.gives, way.flows) for way in self._leaving(key, node, frozenset()))
            self.net.joins.append(Loose(key, tuple(places), ways))
        elif name in ACTIVITIES:
            self._activity(key, node, places)
        else:
            for place in places:
                self.net.transitions += self._leaving(key, node, frozenset({place}))

    def _activity(self, key: str, node: etree._Element, places: list[int]) -> None:
        if {node.get("startQuantity"), node.get("completionQuantity")} - {None, "1"}:
            raise Beyond
        events = self.attached.get(key, [])
        beside = [event for event in events if _is_beside(event)]
        if len(beside) > _MOST_BESIDE:
            raise Beyond
        if not beside:
            for place in places:
                self._at(key, node, place, [event for event in events if event not in beside])
            return
        fired: dict[tuple[str, ...], int] = {}
        for size in range(len(beside) + 1):
            for some in combinations([event.get("id") or "" for event in beside], size):
                fired[some] = self.net.place(key, key)
        for place in places:
            self.net.transitions.append(Transition(key, frozenset({place}), frozenset({fired[()]})))
        for some, place in fired.items():
            self._at(key, node, place, [event for event in events if event not in beside])
            for event in beside:
                event_id = event.get("id") or ""
                if event_id not in some:
                    after = fired[tuple(sorted({*some, event_id}, key=list(_ids(beside)).index))]
                    for way in self._leaving(event_id, event, frozenset({place})):
                        more = Transition(event_id, way.takes, way.gives | {after}, way.flows, True, way.ends, True)
                        self.net.transitions.append(more)

    def _at(self, key: str, node: etree._Element, place: int, events: list[etree._Element]) -> None:
        takes = frozenset({place})
        if self.drawing.completes(key):
            for way in self._leaving(key, node, takes):
                self.net.transitions.append(Transition(key, takes, way.gives, way.flows, True, way.ends, way.chosen))
        for event in events:
            event_id = event.get("id") or ""
            for way in self._leaving(event_id, event, takes):
                self.net.transitions.append(Transition(event_id, takes, way.gives, way.flows, True, way.ends, True))

    def _leaving(self, key: str, node: etree._Element, takes: frozenset[int]) -> Iterator[Transition]:
        """The ways in which a token that an element has taken leaves it."""
        flows = self.scope.outgoing.get(key, [])
        name = local(node)
        kinds = {local(definition).removesuffix("EventDefinition") for definition in definitions_of(node)}
        ending = next((kind for kind in _ENDING if kind in kinds and name == "endEvent"), "")
        thrown = name in {"endEvent", "intermediateThrowEvent"} and kinds & {"escalation", "signal"} & self.handled
        if ending or thrown:
            yield Transition(key, takes, frozenset(), (), False, ending or "thrown")
            return
        outside = name in {"intermediateCatchEvent", "eventBasedGateway"}
        ways = list(self._ways(node, name, flows))
        for some, sure in ways:
            gives = frozenset(self.flows[flow.get("id") or ""] for flow in some)
            told = tuple(flow.get("id") or "" for flow in some)
            asked = tuple(_asked(node, name, flows, some))
            yield Transition(key, takes, gives, told, outside, chosen=len(ways) > 1, sure=sure, asked=asked)

    def _ways(
        self, node: etree._Element, name: str, flows: list[etree._Element]
    ) -> Iterator[tuple[tuple[etree._Element, ...], bool]]:
        if name == "eventBasedGateway":
            if (node.get("eventGatewayType") or "").lower() == "parallel":
                yield tuple(flows), True
            else:
                yield from (((flow,), True) for flow in flows)
        elif name == "exclusiveGateway":
            yield from (((flow,), True) for flow in _one_of(node, flows))
        elif name in {"inclusiveGateway", "complexGateway"}:
            yield from self._some_of(node, flows)
        else:
            yield tuple(flows), True

    def _some_of(
        self, node: etree._Element, flows: list[etree._Element]
    ) -> Iterator[tuple[tuple[etree._Element, ...], bool]]:
        default = node.get("default")
        always = [flow for flow in flows if flow.get("id") != default and _said(flow) is True]
        asked = [flow for flow in flows if flow.get("id") != default and _said(flow) is None]
        plain = [flow for flow in always if flow not in asked]
        for size in _sizes(len(asked)):
            for some in combinations(asked, size):
                taken = (*plain, *some)
                if not taken:
                    continue
                others = tuple(flow for flow in asked if flow not in some)
                known = self.drawing.together(node, some, others) if some else None
                if known is not False:
                    yield taken, len(taken) < 2 or len(some) < 2 or known is True
        fallback = [flow for flow in flows if flow.get("id") == default]
        if fallback and not plain:
            yield (fallback[0],), True


def _asked(
    node: etree._Element, name: str, flows: list[etree._Element], taken: tuple[etree._Element, ...]
) -> Iterator[tuple[str, bool]]:
    """The conditions that were asked, as texts without “not”, and what came of them."""
    if name not in {"exclusiveGateway", "inclusiveGateway"}:
        return
    for flow in flows:
        condition = child(flow, "conditionExpression")
        if condition is None or flow.get("id") == node.get("default"):
            continue
        text = " ".join(text_of_element(condition).split())
        positive = re.fullmatch(r"(=?) ?not (\w+)|(= ?)not\((.*)\)", text)
        if positive:
            text = (positive[1] or positive[3] or "") + (positive[2] or positive[4])
        yield text.replace("= ", "="), (flow in taken) is (positive is None)
        if name == "exclusiveGateway" and flow in taken:
            return


def _sizes(many: int) -> Iterable[int]:
    return range(many + 1) if many <= _ALL_SUBSETS else (0, 1, 2, many)


def _ids(events: list[etree._Element]) -> Iterator[str]:
    return (event.get("id") or "" for event in events)


def _is_beside(event: etree._Element) -> bool:
    return event.get("cancelActivity") is not None and not is_true(event.get("cancelActivity"))


def _said(flow: etree._Element) -> bool | None:
    """Whether a flow's condition is always, or never, true; None: that depends on data."""
    condition = child(flow, "conditionExpression")
    if condition is None:
        return True
    text = text_of_element(condition).lower()
    return True if text in _ALWAYS else False if text in _NEVER else None


def _one_of(node: etree._Element, flows: list[etree._Element]) -> list[etree._Element]:
    default = next((flow for flow in flows if flow.get("id") == node.get("default")), None)
    if len(flows) < 2:
        return flows
    found: list[etree._Element] = []
    for flow in flows:
        if flow is default:
            continue
        if child(flow, "conditionExpression") is None:
            default = default if default is not None else flow
        elif _said(flow) is not False:
            found.append(flow)
            if _said(flow):
                return found
    return [*found, default] if default is not None else found


def names(net: Net, marking: Iterable[int]) -> Mapping[str, int]:
    """A marking as ids of flows and elements, with how many tokens each has."""
    found: dict[str, int] = {}
    for place in marking:
        key = net.places[place] or net.at[place]
        if key:
            found[key] = found.get(key, 0) + 1
    return found
