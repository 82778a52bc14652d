"""What differs between two versions of a process, and which element of one is which of the other.

Elements of one id and kind are the same. One of another id is taken for renamed when it alone has the kind and name,
or the kind and neighbours, of one that is gone; where two are alike, nothing is taken for granted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from service.engine.change import words
from service.engine.change.facets import facets, is_gateway
from service.engine.change.places import kind
from service.engine.elements.boundary import BoundaryEvent
from service.engine.elements.graph import Flow, Graph
from service.engine.elements.node import Node
from service.engine.parser import Definition


@dataclass(frozen=True)
class Names:
    """Which versions of what a process names it is linked with: key -> version or hash, as whoever deploys knows."""

    forms: Mapping[str, str] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)
    calls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """One thing that differs."""

    kind: str  #: added, removed, changed, moved or renamed; or form, decision, called process (another version)
    message: str  #: a sentence
    before: str | None = None  #: element id
    after: str | None = None
    aspects: tuple[str, ...] = ()  #: of `changed`, see `facets.ASPECTS`
    process: str | None = None  #: the called process in which it is; None: in the process itself


@dataclass(frozen=True, eq=False)
class Differences:
    """How two graphs correspond. Ids are of flow nodes and sequence flows; the hidden ones that normalisation makes
    are matched likewise."""

    before: Graph
    after: Graph
    same: Mapping[str, str]  #: node before -> node after: of one id, or of one role (start and end events)
    renamed: Mapping[str, str]  #: likewise, of another id: to be proposed
    alike: Mapping[str, tuple[str, ...]]  #: node before -> several that it may be
    flows: Mapping[str, str]  #: flow before -> flow after between the same nodes
    aspects: Mapping[str, tuple[str, ...]]  #: node before -> aspects in which its match differs
    listed: tuple[Difference, ...] = ()

    @property
    def matched(self) -> Mapping[str, str]:
        """Both those of one id and those taken for renamed."""
        return {**self.renamed, **self.same}

    def differs(self, node: str, *aspects: str) -> bool:
        """Whether the match of a node before says something else in one of these aspects."""
        return any(aspect in aspects for aspect in self.aspects.get(node, ()))


def compare(
    before: Definition, after: Definition, names: Names | None = None, later: Names | None = None
) -> Differences:
    """What differs between two versions; `names` and `later`: what each is linked with, where that is known."""
    found = _compared(before.graph, after.graph)
    linked = tuple(_linked(before, after, names or Names(), later or Names()))
    if not linked:
        return found
    return Differences(
        found.before,
        found.after,
        found.same,
        found.renamed,
        found.alike,
        found.flows,
        found.aspects,
        (*found.listed, *linked),
    )


@lru_cache(maxsize=128)
def _compared(before: Graph, after: Graph) -> Differences:
    matching = _Matching(before, after)
    flows = dict(_matched_flows(before, after, matching.all()))
    aspects = dict(_aspects(before, after, matching.all()))
    found = Differences(before, after, matching.same, matching.renamed, matching.alike(), flows, aspects)
    listed = tuple(_listed(found))
    return Differences(before, after, found.same, found.renamed, found.alike, flows, aspects, listed)


def nodes(graph: Graph) -> Iterator[Node]:
    """The elements of a process, hidden ones included; not the process itself."""
    return (node for node in graph.task_specs.values() if isinstance(node, Node))


class _Matching:
    """Finds which node before is which node after."""

    def __init__(self, before: Graph, after: Graph) -> None:
        self.before, self.after = before, after
        self.same: dict[str, str] = {}
        self.renamed: dict[str, str] = {}
        for node in nodes(before):
            other = after.task_specs.get(node.name)
            if isinstance(other, Node) and _one_kind(node, other):
                self.same[node.name] = other.name
        self._by_role()
        while self._once(self._by_name) or self._once(self._by_neighbours):
            pass

    def all(self) -> dict[str, str]:
        return {**self.renamed, **self.same}

    def _left(self) -> tuple[list[Node], list[Node]]:
        known = self.all()
        taken = set(known.values())
        return (
            [node for node in nodes(self.before) if node.name not in known],
            [node for node in nodes(self.after) if node.name not in taken],
        )

    def _by_role(self) -> None:
        """The only plain start event of a scope is what it was, also when it was not drawn before; hidden gateways."""
        known = self.all()
        for owner, body in list(self.before.bodies.items()):
            there = None if owner is None else known.get(owner)
            if owner is not None and there is None:
                continue
            starts = [[node for node in each.starts if not getattr(node, "events", ())] for each in (body,)]
            other = [node for node in self.after.body(there).starts if not getattr(node, "events", ())]
            if len(starts[0]) == 1 == len(other) and starts[0][0].name not in known:
                self.same.setdefault(starts[0][0].name, other[0].name)

    def _once(self, key: Callable[[Node, Mapping[str, str]], Hashable | None]) -> bool:
        """Match what has a key that nothing else has. True when something was found."""
        pairs = [(one[0], other[0]) for one, other in self._groups(key) if len(one) == 1 == len(other)]
        self.renamed |= {one.name: other.name for one, other in pairs}
        return bool(pairs)

    def _groups(
        self, key: Callable[[Node, Mapping[str, str]], Hashable | None]
    ) -> Iterator[tuple[list[Node], list[Node]]]:
        old, new = self._left()
        here, there = self.all(), {other: other for other in self.all().values()}
        left, right = _grouped(old, lambda node: key(node, here)), _grouped(new, lambda node: key(node, there))
        return ((group, right[found]) for found, group in left.items() if found in right)

    def _by_name(self, node: Node, known: Mapping[str, str]) -> Hashable | None:
        """Kind and name, in the same scope; drawn without a name it has none."""
        if not node.element.name or not node.drawn:
            return None
        return kind(node), node.element.name, _parent(node, known)

    def _by_neighbours(self, node: Node, known: Mapping[str, str]) -> Hashable | None:
        """Kind and all neighbours, which are known; of a boundary event its host and what it waits for."""
        around = _neighbours(node)
        if around is None or not all(name in known for _, name in around):
            return None
        events = tuple(event.kind for event in getattr(node, "events", ()))
        parted = frozenset((side, known[name]) for side, name in around)
        return kind(node), parted, events, _parent(node, known)

    def alike(self) -> dict[str, tuple[str, ...]]:
        """What may be several, by name or by neighbours."""
        found: dict[str, tuple[str, ...]] = {}
        for key in (self._by_neighbours, self._by_name):
            for one, other in self._groups(key):
                found |= {node.name: tuple(each.name for each in other) for node in one}
        moved = {node.name: self._elsewhere(node) for node in self._left()[0] if node.name not in found}
        return found | {name: places for name, places in moved.items() if places}

    def _elsewhere(self, node: Node) -> tuple[str, ...]:
        """What has its kind and name in another scope, such as a sub-process that is new."""
        if not node.element.name:
            return ()
        return tuple(
            other.name
            for other in self._left()[1]
            if (kind(other), other.element.name) == (kind(node), node.element.name)
        )


def _one_kind(node: Node, other: Node) -> bool:
    return kind(node) == kind(other) or (is_gateway(node) and is_gateway(other))


def _grouped(found: Iterable[Node], key: Callable[[Node], Hashable | None]) -> dict[Hashable, list[Node]]:
    groups: dict[Hashable, list[Node]] = defaultdict(list)
    for node in found:
        if (made := key(node)) is not None:
            groups[made].append(node)
    return groups


def _parent(node: Node, known: Mapping[str, str]) -> str | None:
    parent = node.element.parent
    return None if parent is None else known.get(parent, f"? {parent}")


def _neighbours(node: Node) -> set[tuple[str, str]] | None:
    if isinstance(node, BoundaryEvent):
        host = host_of(node)
        return None if host is None else {("host", host.name)}
    around = {("to", flow.target.name) for flow in node.outgoing} | {
        ("from", flow.source.name) for flow in node.incoming
    }
    return around or None


def host_of(event: Node) -> Node | None:
    """The activity that a boundary event is attached to."""
    return _hosts(event.graph).get(event)


@lru_cache(maxsize=128)
def _hosts(graph: Graph) -> Mapping[Node, Node]:
    return {event: node for node in nodes(graph) for event in node.attached}


def _matched_flows(before: Graph, after: Graph, known: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Flows between the same nodes; where two nodes have several between them, those of one id, then in order."""
    there: dict[tuple[str, str], list[Flow]] = defaultdict(list)
    for flow in after.flows.values():
        there[flow.source.name, flow.target.name].append(flow)
    for flow in sorted(before.flows.values(), key=lambda flow: flow.id not in after.flows):
        ends = (known.get(flow.source.name, ""), known.get(flow.target.name, ""))
        candidates = there.get(ends, [])
        chosen = next((each for each in candidates if each.id == flow.id), candidates[0] if candidates else None)
        if chosen is not None:
            candidates.remove(chosen)
            yield flow.id, chosen.id


def _aspects(before: Graph, after: Graph, known: Mapping[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, other in known.items():
        old, new = facets(before.task_specs[name]), facets(after.task_specs[other])
        if "conditions" in old:
            old["conditions"] = tuple((known.get(target, ""), *rest) for target, *rest in old["conditions"])
        differing = [aspect for aspect in {**old, **new} if old.get(aspect) != new.get(aspect)]
        if isinstance(before.task_specs[name], BoundaryEvent):
            hosts = (host_of(before.task_specs[name]), host_of(after.task_specs[other]))
            if hosts[0] and hosts[1] and known.get(hosts[0].name) != hosts[1].name:
                differing.append("host")
        if differing:
            yield name, tuple(differing)


def _listed(found: Differences) -> Iterator[Difference]:
    matched = found.matched
    taken = set(matched.values())
    for node in nodes(found.before):
        if node.drawn and node.name not in matched:
            yield Difference("removed", words.removed(node, found.after), before=node.name)
    for node in nodes(found.after):
        if node.drawn and node.name not in taken:
            yield Difference("added", words.added(node), after=node.name)
    for name, other in matched.items():
        old, new = found.before.task_specs[name], found.after.task_specs[other]
        if not (old.drawn and new.drawn):
            continue
        if name in found.renamed:
            yield Difference("renamed", words.renamed(old, new), before=name, after=other)
        if _parent(old, matched) != new.element.parent:
            yield Difference("moved", words.moved(new), before=name, after=other)
        if aspects := found.aspects.get(name, ()):
            yield Difference("changed", words.changed(old, new, aspects), before=name, after=other, aspects=aspects)
    yield from _rewired(found)


def _rewired(found: Differences) -> Iterator[Difference]:
    """Flows between elements that are both still there, but not joined any more, or joined now."""
    matched = found.matched
    taken, there = set(found.flows.values()), set(matched.values())
    for flow in found.before.flows.values():
        if flow.id not in found.flows and flow.drawn and {flow.source.name, flow.target.name} <= matched.keys():
            yield Difference("removed", words.no_longer(flow), before=flow.id)
    for flow in found.after.flows.values():
        if flow.id not in taken and flow.drawn and {flow.source.name, flow.target.name} <= there:
            yield Difference("added", words.leads_now(flow), after=flow.id)


def _linked(before: Definition, after: Definition, names: Names, later: Names) -> Iterator[Difference]:
    kinds = (
        ("form", names.forms, later.forms),
        ("decision", names.decisions, later.decisions),
        ("called process", names.calls, later.calls),
    )
    for word, old, new in kinds:
        for key in sorted(old.keys() & new.keys()):
            if old[key] != new[key]:
                yield Difference(word, f"The {word} “{key}” is another version.", before=key, after=key)
    for key in sorted({*before.info.calls} & {*after.info.calls}):
        one, other = before.called(key), after.called(key)
        if one is not None and other is not None and one is not other and key != before.key:
            for inside in _compared(one.graph, other.graph).listed:
                yield Difference(
                    inside.kind, f"In “{key}”: {inside.message}", inside.before, inside.after, inside.aspects, key
                )
