"""Question 2: would what a case has done have led, in another version, to where it stands?

What it has done is known by the elements and flows that it has been at. Parts of loops that lie behind it once more
are cut: only their last round counts. In what is left, each element must be the same in the other version, joined by
the same flows, and nothing else may have had to happen beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.engine.change import words
from service.engine.change.ahead import called_by
from service.engine.change.compare import compare, host_of, nodes
from service.engine.change.facets import ASPECTS, DONE_BY, is_gateway
from service.engine.change.marking import LISTENER, Token
from service.engine.change.plan import Reason, Verdict
from service.engine.change.standing import Pair
from service.engine.elements.boundary import BoundaryEvent
from service.engine.elements.gateways import VIA, Joining, ParallelGateway
from service.engine.elements.graph import Flow
from service.engine.elements.node import Node
from service.engine.elements.subprocess import CallActivity
from service.engine.scope import OWNER


@dataclass
class _Been:
    """Where a case has been in one process before."""

    visited: set[Node]  #: completed, or ended by a boundary event
    flows: set[Flow]  #: taken
    open: set[Node]  #: where tokens are
    waiting: set[Flow]  #: on which tokens came that wait at joins


def reasons(pair: Pair, root: Token, visits: Mapping[str, int], elements: Mapping[str, str | None]) -> list[Reason]:
    """What in its past is otherwise in the version after; nothing: its history would have led here.

    `root`: the process or called process in the marking; `elements`: what the plan maps.
    """
    been = _been(pair, root, visits)
    kept = _uncut(been)
    known = {**pair.differences.matched, **_planned(pair, elements)}
    look = _Look(pair, been, kept, known)
    return list(dict.fromkeys(look.all()))


def _planned(pair: Pair, elements: Mapping[str, str | None]) -> dict[str, str]:
    mine = (key for key in elements if key.startswith(pair.prefix))
    return {
        key.removeprefix(pair.prefix): (to or "").removeprefix(pair.prefix) for key in mine if (to := elements[key])
    }


def _been(pair: Pair, root: Token, visits: Mapping[str, int]) -> _Been:
    graph = pair.before.graph
    standing, waiting = set(), set()
    ahead = list(root.inside)
    while ahead:
        token = ahead.pop()
        node = pair.node(token.element)
        if token.has(VIA) and (flow := graph.flows.get(token.fact(VIA)[0])) is not None:
            waiting.add(flow)
        elif node is not None and not token.has(LISTENER):
            standing.add(node)
        if not token.has(OWNER):
            ahead += token.inside
    visited = {node for node in nodes(graph) if node.drawn and visits.get(node.name)}
    visited |= {host for node in visited if isinstance(node, BoundaryEvent) and (host := host_of(node)) is not None}
    flows = {flow for flow in graph.flows.values() if flow.drawn and visits.get(flow.id)}
    while True:  # hidden elements are not told of: they were passed when what leads to them was
        more = {flow for flow in graph.flows.values() if not flow.drawn and flow.source in visited} - flows
        more |= {
            flow
            for flow in graph.flows.values()
            if not flow.drawn
            and not flow.source.drawn
            and not flow.source.incoming
            and flow.target in visited | standing
        } - flows
        passed = {flow.target for flow in more if not flow.target.drawn} | {
            flow.source for flow in more if not flow.source.drawn
        }
        if not more and passed <= visited:
            return _Been(visited, flows, standing, waiting)
        flows |= more
        visited |= passed


def _uncut(been: _Been) -> set[Node]:
    """The visited elements without those that only belong to rounds of loops before the last."""
    following: dict[Node, list[Node]] = {}
    for flow in been.flows:
        following.setdefault(flow.source, []).append(flow.target)
    for node in been.visited | been.open:
        following.setdefault(node, []).extend(event for event in node.attached if event in been.visited)
    if not _has_circle(following):
        return set(been.visited)
    dominating = _dominators(following)
    goals = been.open | {flow.source for flow in been.waiting}
    goals |= {node for node in been.visited if not following.get(node)}
    return {node for node in been.visited if _leads(node, following, goals, dominating.get(node, set()))}


def _has_circle(following: Mapping[Node, list[Node]]) -> bool:
    entering: dict[Node, int] = {}
    for targets in following.values():
        for target in targets:
            entering[target] = entering.get(target, 0) + 1
    ahead = [node for node in following if not entering.get(node)]
    seen = 0
    while ahead:
        node = ahead.pop()
        seen += 1
        for target in following.get(node, ()):
            entering[target] -= 1
            if not entering[target]:
                ahead.append(target)
    return seen < len(set(following) | {target for targets in following.values() for target in targets})


def _dominators(following: Mapping[Node, list[Node]]) -> dict[Node, set[Node]]:
    """By element, what every way to it has passed (itself not)."""
    everything = set(following) | {target for targets in following.values() for target in targets}
    before: dict[Node, list[Node]] = {node: [] for node in everything}
    for node, targets in following.items():
        for target in targets:
            before[target].append(node)
    roots = {node for node in everything if not before[node]}
    found = {node: ({node} if node in roots else set(everything)) for node in everything}
    order = [node for node in _in_order(roots, following) if node not in roots]
    changed = True
    while changed:
        changed = False
        for node in order:
            now = set.intersection(*(found[each] for each in before[node])) | {node}
            if now != found[node]:
                found[node], changed = now, True
    return {node: over - {node} for node, over in found.items()}


def _in_order(roots: set[Node], following: Mapping[Node, list[Node]]) -> list[Node]:
    """All that can be reached, each after most of what leads to it."""
    found: list[Node] = []
    seen = set(roots)
    work = [(root, iter(following.get(root, ()))) for root in roots]
    while work:
        node, targets = work[-1]
        target = next((each for each in targets if each not in seen), None)
        if target is None:
            found.append(node)
            work.pop()
        else:
            seen.add(target)
            work.append((target, iter(following.get(target, ()))))
    return found[::-1]


def _leads(node: Node, following: Mapping[Node, list[Node]], goals: set[Node], avoided: set[Node]) -> bool:
    """Whether a goal can be reached from an element without passing again what leads to it."""
    if node in goals:
        return True
    seen, ahead = {node}, [node]
    while ahead:
        for target in following.get(ahead.pop(), ()):
            if target in avoided or target in seen:
                continue
            if target in goals:
                return True
            seen.add(target)
            ahead.append(target)
    return False


class _Look:
    """Compares what a case has done with what the version after would have had it do."""

    def __init__(self, pair: Pair, been: _Been, kept: set[Node], known: Mapping[str, str]) -> None:
        self.pair, self.been, self.kept, self.known = pair, been, kept, known
        self.taken = {pair.differences.flows.get(flow.id) for flow in been.flows}

    def all(self) -> Iterator[Reason]:
        """Every reason."""
        for node in self.kept:
            yield from self._done(node)
        for node in self.been.open - self.kept:
            yield from self._place(node)

    def _say(self, message: str, element: str | None) -> Reason:
        return Reason(2, Verdict.SAFE, message, element_id=element)

    def _new(self, node: Node) -> Node | None:
        found = self.pair.after.graph.task_specs.get(self.known.get(node.name, ""))
        return found if isinstance(found, Node) else None

    def _place(self, node: Node) -> Iterator[Reason]:
        new = self._new(node)
        parent = node.element.parent
        if new is not None and (None if parent is None else self.known.get(parent)) != new.element.parent:
            yield self._say(f"{words.said(new)} stands elsewhere: {words.moved(new)}", node.name)

    def _done(self, node: Node) -> Iterator[Reason]:
        new = self._new(node)
        if _is_silent(node):
            return
        if new is None:
            if node.drawn:
                yield self._say(
                    f"The case has passed {words.said(node)}, which the new version does not have.", node.name
                )
            return
        yield from self._place(node)
        yield from self._otherwise(node, new)
        yield from self._onward(node, new)
        yield from self._beside(node, new)

    def _otherwise(self, node: Node, new: Node) -> Iterator[Reason]:
        if is_gateway(node) and node.element.type != new.element.type:
            message = f"The case has passed {words.said(node)}, a {words.kind(node)}; it is a {words.kind(new)} now."
            yield self._say(message, node.name)
            return
        aspects = [aspect for aspect in self.pair.differences.aspects.get(node.name, ()) if aspect in DONE_BY]
        if len(node.outgoing) > 1 and self._decides_otherwise(node, new):
            yield self._say(f"At {words.said(node)} the case has decided by other conditions than now.", node.name)
        if aspects:
            shown = words.listed([ASPECTS[aspect] for aspect in aspects])
            yield self._say(f"The case has done {words.said(node)} in its former form: other {shown}.", node.name)
        if isinstance(node, CallActivity) and self._called_otherwise(node):
            yield self._say(f"The case has done {words.said(node)} in the process that was called then.", node.name)
        if isinstance(node, BoundaryEvent) and self.pair.differences.differs(node.name, "host"):
            yield self._say(f"{words.said(node)} has occurred, and is attached to another activity now.", node.name)

    def _called_otherwise(self, node: CallActivity) -> bool:
        """Whether what was done in a called process that has ended would be done otherwise."""
        one, other = called_by(self.pair.before, node), called_by(self.pair.after, node)
        if one is None or other is None or one is other or node in self.been.open:
            return False
        listed = compare(one, other).listed
        return any(each.kind != "changed" or set(each.aspects) & {*DONE_BY, "conditions"} for each in listed)

    def _decides_otherwise(self, node: Node, new: Node) -> bool:
        """Whether its conditions are others, or another one leads where the case went."""
        if not any(flow.condition for flow in (*node.outgoing, *new.outgoing)):
            return False
        if sorted(_said(flow) for flow in node.outgoing) != sorted(_said(flow) for flow in new.outgoing):
            return True
        after = self.pair.after.graph.flows
        pairs = ((flow, self.pair.differences.flows.get(flow.id)) for flow in node.outgoing if flow in self.been.flows)
        return any(other is not None and _said(flow) != _said(after[other]) for flow, other in pairs)

    def _onward(self, node: Node, new: Node) -> Iterator[Reason]:
        """The flows that were taken."""
        there = {flow.target for flow in _passing(new)}
        for flow in node.outgoing:
            if flow not in self.been.flows:
                continue
            for last in _through(flow):
                target = self._new(last.target)
                if not self._counts(last) or target is None or target in there:
                    continue
                between = list(_between(new, target, set(self.known.values())))
                if between:
                    shown = words.listed([words.said(each) for each in between])
                    lie = "are new and lie" if len(between) > 1 else "is new and lies"
                    yield self._say(f"{shown} {lie} before: the case has passed it.", between[0].name)
                else:
                    yield self._say(f"{words.said(new)} does not lead to {words.said(target)} any more.", node.name)

    def _counts(self, flow: Flow) -> bool:
        """Whether a flow that was taken belongs to the last round; or what it led to was cancelled."""
        begun = flow.target not in self.been.visited  # and perhaps open
        return begun or flow.target in self.kept or flow.target in self.been.open or flow in self.been.waiting

    def _beside(self, node: Node, new: Node) -> Iterator[Reason]:
        """What the version after would have begun, or waited for, beside what was done."""
        if _takes_all(new):
            old = {self.known.get(flow.target.name) for flow in _passing(node)}
            added = [flow.target for flow in _passing(new) if flow.target.name not in old]
            if len(_passing(new)) > len(_passing(node)):
                for target in added:
                    message = f"From {words.said(new)} a branch to {words.said(target)} is new: it is left out."
                    yield self._say(message, target.name)
        if isinstance(new, Joining) and len(new.incoming) > max(1, len(node.incoming)):
            yield self._say(f"{words.said(new)} waits for more branches than when the case passed it.", node.name)


def _said(flow: Flow) -> tuple[str, bool]:
    return flow.condition or "", flow is flow.source.default


def _takes_all(node: Node) -> bool:
    """Whether a token leaves by every flow."""
    if isinstance(node, ParallelGateway):
        return True
    return not is_gateway(node) and node.element.type != "eventBasedGateway" and len(node.outgoing) > 1


def _is_silent(node: Node) -> bool:
    """Whether tokens pass it one by one, and nothing is told of it but that."""
    return node.element.type == "exclusiveGateway" and len(node.outgoing) == 1


def _through(flow: Flow) -> Iterator[Flow]:
    """The flow itself, or the last after what only brings ways together."""
    seen = set()
    while _is_silent(flow.target) and flow not in seen:
        seen.add(flow)
        [flow] = flow.target.outgoing
    yield flow


def _passing(node: Node) -> list[Flow]:
    return [last for flow in node.outgoing for last in _through(flow)]


def _between(source: Node, target: Node, known: set[str]) -> Iterator[Node]:
    """New elements on ways from one element to another."""
    seen: set[Node] = set()
    ways: dict[Node, list[Node]] = {}
    ahead = [flow.target for flow in source.outgoing if flow.target.name not in known or _is_silent(flow.target)]
    while ahead:
        node = ahead.pop()
        if node in seen:
            continue
        seen.add(node)
        for flow in node.outgoing:
            ways.setdefault(flow.target, []).append(node)
            if flow.target.name not in known or _is_silent(flow.target):
                ahead.append(flow.target)
    back, found = [target], set()
    while back:
        for node in ways.get(back.pop(), ()):
            if node not in found:
                found.add(node)
                back.append(node)
    return (node for node in nodes(source.graph) if node in found and node.drawn and node.name not in known)
