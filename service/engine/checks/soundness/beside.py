"""Which places may have tokens at the same time, and where branches that run side by side meet without a join."""

from __future__ import annotations

from collections import deque

from service.engine.checks.soundness.net import Net
from service.engine.checks.soundness.reduce import Small
from service.engine.checks.soundness.search import Bound


def pairs(net: Net, made: Small, bound: Bound) -> dict[int, int]:
    """For each place of the small net the others that may have a token while it has one, as bits; perhaps too many.

    Kovalyov and Esparza's (1996): what a transition gives is there together, and together with whatever was there
    together with all that it took. Empty where the bound is passed.
    """
    beside: dict[int, int] = {}
    rules = [(move.takes, move.gives) for move in made.moves.values() if not move.ends]
    for join, places in made.joins.items():
        rules += [(frozenset({place}), gives) for gives, _ in net.joins[join].ways for place in places]
    takers: dict[int, list[int]] = {}
    for number, (takes, _) in enumerate(rules):
        for place in takes:
            takers.setdefault(place, []).append(number)
    reached = {0}
    waiting = deque(takers.get(0, ()))
    while waiting:
        takes, gives = rules[waiting.popleft()]
        if not takes <= reached:
            continue
        common = -1
        for place in takes:
            common &= beside.get(place, 0)
        if not bound.spend(1 + len(gives)):
            return {}
        changed = gives - reached
        reached |= gives
        for place in gives:
            changed |= _join(beside, place, common | _bits(gives - {place}))
        for place in changed:
            waiting.extend(takers.get(place, ()))
    return beside


def _join(beside: dict[int, int], place: int, others: int) -> set[int]:
    """Let a place be together with others; the places of which something new is known."""
    new = others & ~beside.get(place, 0)
    if not new:
        return set()
    beside[place] = beside.get(place, 0) | new
    changed = {place}
    while new:
        other = (new & -new).bit_length() - 1
        new &= new - 1
        beside[other] = beside.get(other, 0) | 1 << place
        changed.add(other)
    return changed


def _bits(places: frozenset[int]) -> int:
    found = 0
    for place in places:
        found |= 1 << place
    return found
