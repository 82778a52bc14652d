"""Whether a process comes to its end however its tokens go (van der Aalst's soundness), each fault with a way to it.

Told are joins that wait for what never comes, branches that meet without a join before an activity, and elements that
no way leads out of. Of a scope in which too much may happen, nothing is told: the bound is a number of states, so that
the same file is always told the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from service.engine.checks.soundness import beside, words
from service.engine.checks.soundness.net import Apart, Beyond, Drawing, Net, build
from service.engine.checks.soundness.reduce import small
from service.engine.checks.soundness.search import Bound, Found, Marking, Played, agrees, is_dead, replay, search
from service.engine.definition import Element
from service.engine.normalise.structure import Scope
from service.engine.xml.document import ACTIVITIES, SCOPES, Document, is_true, local

_MERGING = ACTIVITIES | {"exclusiveGateway", "intermediateThrowEvent", "intermediateCatchEvent"}
_MOST_TOLD = 10  #: of one scope
_MOST_TRIED = 10  #: meetings that are looked into


@dataclass
class Judged:
    """What is known of a scope: `completes`: whether it may use all its tokens up; `hopeless`: it surely cannot end."""

    completes: bool = True
    hopeless: bool = False
    waiting: list[Waiting] = field(default_factory=list)


@dataclass
class Waiting:
    """A join that waits for ever: which flows had no token, how it came so, and whether it never opens at all."""

    join: str
    lacking: list[str]
    way: list[Played]
    never: bool
    left_over: bool = False  #: it had opened before
    circle: bool = False  #: an inclusive join: what it waits for waits for it


def check(doc: Document, process: etree._Element, elements: Mapping[str, Element], together: Apart) -> None:
    """Tell what is unsound in a normalised process. `together`: see `Drawing`."""
    bound = Bound()
    judged: dict[str, Judged] = {}
    scopes = [node for node in process.iter() if local(node) in SCOPES]
    for element in reversed(scopes):
        scope = Scope(element)
        drawing = Drawing(scope, lambda key: key not in judged or judged[key].completes, together)
        try:
            net = build(drawing)
            found = judge(net, bound)
            met = meetings(net, scope, bound)
        except Beyond:
            continue
        found.hopeless &= local(element) != "adHocSubProcess" and not _is_rescued(scope)
        found.completes |= local(element) == "adHocSubProcess"
        judged[element.get("id") or ""] = found
        telling = words.Telling(doc, scope, net, elements)
        for waiting in found.waiting[:_MOST_TOLD]:
            if local(element) != "adHocSubProcess" or waiting.never:
                telling.waits(waiting, certain=waiting.never and found.hopeless and local(element) == "process")
        for node, way in met[:_MOST_TOLD]:
            telling.twice(node, way)


def _is_rescued(scope: Scope) -> bool:
    """Whether something beside the flow may end a scope: an event sub-process."""
    return any(is_true(node.get("triggeredByEvent")) for node in scope.nodes)


def judge(net: Net, bound: Bound) -> Judged:
    """Look for tokens that are left where nothing takes them."""
    everything = all(way.sure for way in net.transitions)
    made = small(net, sure=True)
    bound.spend(made.work)
    found = search(net, made, bound)
    if not found.whole and not found.dead and not made.joins:
        found = search(net, made, bound, cut=True)
        found.fired = set()
    full = found if everything else _all_ways(net, bound)
    certain = full.whole and bool(full.fired or not made.moves)
    judged = Judged(completes=full.ended or not full.whole, hopeless=certain and not full.ended and not full.ends)
    passed = full.fired | made.passed if certain else None
    seen: set[str] = set()
    for marking in found.dead:
        _read_dead(net, found, marking, passed, seen, judged)
    judged.hopeless &= bool(judged.waiting)
    return judged


def _all_ways(net: Net, bound: Bound) -> Found:
    made = small(net, sure=False)
    bound.spend(made.work)
    found = search(net, made, bound)
    found.fired |= made.passed
    return found


def _read_dead(
    net: Net, found: Found, marking: Marking, passed: set[int] | None, seen: set[str], judged: Judged
) -> None:
    joins = {way.element: number for number, way in enumerate(net.transitions) if len(way.takes) > 1}
    loose = {join.element: join for join in net.joins}
    standing = {net.at[place] for place in marking}
    fresh = standing & (joins.keys() if standing & joins.keys() else loose.keys()) - seen
    if not fresh:
        return
    steps = found.way(marking)
    way = replay(net, steps) if agrees(net, steps) else None
    if not way or not is_dead(net, way[-1].marking):
        return
    takes = {join: net.transitions[joins[join]].takes if join in joins else loose[join].takes for join in fresh}
    last = set(way[-1].marking)
    lacking = {join: [net.places[each] for each in sorted(takes[join]) if each not in last] for join in fresh}
    for join in _first_of(net, lacking):
        seen.add(join)
        opened = any(step.element == join for step in way)
        never = passed is not None and join in joins and joins[join] not in passed and not opened
        told = Waiting(join, lacking[join], way, never, opened and join in joins, join in loose)
        judged.waiting.append(told)


def _first_of(net: Net, lacking: Mapping[str, list[str]]) -> list[str]:
    """Of joins that wait those that do not wait for another one; of those that wait for each other, one."""
    first = [
        join
        for join, flows in lacking.items()
        if not any(net.reach(other, join) & set(flows) for other in lacking if other != join)
    ]
    return first or sorted(lacking)[:1]


def meetings(net: Net, scope: Scope, bound: Bound) -> list[tuple[str, list[Played]]]:
    """Elements at which branches that run side by side meet without a join, and after which an activity stands."""
    nodes = {node.get("id") or "": node for node in scope.nodes}
    into: dict[str, list[int]] = {}
    for place, target in enumerate(net.at):
        if target in nodes and local(nodes[target]) in _MERGING and net.places[place] != target:
            into.setdefault(target, []).append(place)
    into = {key: places for key, places in into.items() if len(places) > 1 and _works(nodes, net, key)}
    kept = frozenset(place for places in into.values() for place in places)
    if not kept or not any(len(way.gives) > 1 for way in net.transitions):
        return []
    made = small(net, sure=True, keep=kept)
    bound.spend(made.work)
    together = beside.pairs(net, made, bound)
    found: list[tuple[str, list[Played]]] = []
    for key, first, second in list(_candidates(into, together))[:_MOST_TRIED]:
        if bound.left > 0 and (way := _way_to(net, frozenset({first, second}), bound)):
            found.append((key, way))
    return _first_only(net, found)


def _candidates(into: Mapping[str, list[int]], together: Mapping[int, int]) -> Iterator[tuple[str, int, int]]:
    """For each element the first two flows that may bring tokens at once, as far as the relation knows."""
    for key, places in into.items():
        for first in places:
            others = [other for other in places if other > first and together.get(first, 0) >> other & 1]
            if others:
                yield key, first, others[0]
                break


def _first_only(net: Net, found: list[tuple[str, list[Played]]]) -> list[tuple[str, list[Played]]]:
    """Of meetings after each other the first: what follows gets two tokens because of it."""
    told: list[tuple[str, list[Played]]] = []
    for key, way in sorted(found, key=lambda each: len(each[1])):
        if not any(_leads(net, other, key) for other, _ in told):
            told.append((key, way))
    return told


def _leads(net: Net, source: str, goal: str) -> bool:
    return bool(net.reach(source, goal))


def _way_to(net: Net, both: frozenset[int], bound: Bound) -> list[Played] | None:
    """How two places come to have tokens at once; None: it is not found."""
    made = small(net, sure=True, keep=both)
    bound.spend(made.work)
    for number in [number for place in both for number in made.takers.get(place, ())]:
        if number in made.moves:
            made.remove(number)
    found = search(net, made, bound, wanted=both)
    if not found.wanted:
        return None
    steps = found.way(found.dead[0])
    way = replay(net, steps) if agrees(net, steps) else None
    return way if way and both <= set(way[-1].marking) else None


def _works(nodes: Mapping[str, etree._Element], net: Net, begin: str) -> bool:
    """Whether a token that is here may come to an activity, before anything waits for others."""
    seen, ahead = {begin}, [begin]
    while ahead:
        key = ahead.pop()
        if local(nodes[key]) in ACTIVITIES:
            return True
        joins = local(nodes[key]) in {"parallelGateway", "inclusiveGateway", "complexGateway"}
        if joins and sum(target == key for target in net.at) > 1:
            continue
        for _, target in net.following.get(key, ()):
            if target in nodes and target not in seen:
                seen.add(target)
                ahead.append(target)
    return False
