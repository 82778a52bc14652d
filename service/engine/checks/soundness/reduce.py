"""A net made small before it is searched: what is built of sequences, choices, loops and joined branches goes away.

The rules are Murata's (1989), as van der Aalst uses them: each keeps whether tokens can be left that nothing takes. A
transition of the small net knows which transitions of the whole one it stands for, in an order in which they can fire.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from service.engine.checks.soundness.net import Beyond, Net

Step = tuple[int, int]  #: (a transition, 0), or (-1 - an inclusive join, which of its ways)
MOST_WORK = 250_000  #: places and steps that are looked at
_LONGEST = 4_000  #: steps of one transition
_MOST_PAIRS = 30  #: transitions that may be made of those around one place


@dataclass(frozen=True)
class Move:
    """A transition of the small net."""

    takes: frozenset[int]
    gives: frozenset[int]
    steps: tuple[Step, ...]
    ends: str = ""


@dataclass
class Small:
    """The small net: its moves by number, and which of them take from, and give to, each place."""

    moves: dict[int, Move] = field(default_factory=dict)
    takers: dict[int, set[int]] = field(default_factory=dict)
    givers: dict[int, set[int]] = field(default_factory=dict)
    joins: dict[int, frozenset[int]] = field(default_factory=dict)  #: inclusive join -> its places
    joining: dict[int, int] = field(default_factory=dict)  #: place -> the inclusive join that it leads to
    opened: dict[int, int] = field(default_factory=dict)  #: place -> the inclusive join that gives to it
    passed: set[int] = field(default_factory=set)  #: transitions of the whole net that have surely their way
    work: int = 0
    _next: int = 0
    _known: dict[tuple[frozenset[int], frozenset[int], str], int] = field(default_factory=dict)

    def add(self, move: Move) -> None:
        """One more move, unless one does the same, or it changes nothing."""
        same = (move.takes, move.gives, move.ends)
        self.work += len(move.takes) + len(move.gives) + len(move.steps) // 8
        if self.work > MOST_WORK:
            raise Beyond
        if same in self._known or (move.takes == move.gives and not move.ends):
            self.passed.update(step for step, _ in move.steps)
            return
        number = self._next
        self._next += 1
        self.moves[number] = move
        self._known[same] = number
        for place in move.takes:
            self.takers.setdefault(place, set()).add(number)
        for place in move.gives:
            self.givers.setdefault(place, set()).add(number)

    def remove(self, number: int) -> Move:
        """Take a move out."""
        move = self.moves.pop(number)
        del self._known[move.takes, move.gives, move.ends]
        for place in move.takes:
            self.takers[place].discard(number)
        for place in move.gives:
            self.givers[place].discard(number)
        return move


def small(net: Net, *, sure: bool, keep: frozenset[int] = frozenset()) -> Small:
    """The net without what cannot matter; `sure`: without ways of which nobody knows whether they can be taken.

    `keep`: places that stay. Raises Beyond where that is too much work.
    """
    made = Small()
    for number, join in enumerate(net.joins):
        made.joins[number] = frozenset(join.takes)
        made.joining |= dict.fromkeys(join.takes, number)
        made.opened |= {place: number for gives, _ in join.ways for place in gives}
    for number, way in enumerate(net.transitions):
        if way.sure or not sure:
            made.add(Move(way.takes, way.gives, ((number, 0),), way.ends))
    waiting = deque(range(1, len(net.places)))
    queued = set(waiting)
    while waiting:
        place = waiting.popleft()
        queued.discard(place)
        if place in keep:
            continue
        touched = _through(made, place) or _beside(made, place, keep) or _together(made, net, place, keep)
        for near in touched:
            if near not in queued and near:
                queued.add(near)
                waiting.append(near)
    return made


def _through(made: Small, place: int) -> set[int]:
    """A token that comes to a place goes on at once, where all that takes it needs nothing else."""
    takers, givers = made.takers.get(place, set()), made.givers.get(place, set())
    if place in made.joining or place in made.opened or not takers or len(takers) * len(givers) > _MOST_PAIRS:
        return set()
    made.work += 1 + len(takers) * len(givers)
    after = [made.moves[number] for number in takers]
    before = [made.moves[number] for number in givers]
    if any(len(move.takes) > 1 or place in move.gives for move in after) or any(place in move.takes for move in before):
        return set()
    if any((first.gives - {place}) & second.gives for first in before for second in after):
        return set()  # two tokens would come to one place
    if any(len(first.steps) + len(second.steps) > _LONGEST for first in before for second in after):
        return set()
    near: set[int] = set()
    for number in [*takers, *givers]:
        move = made.remove(number)
        near |= move.takes | move.gives
    for first in before:
        for second in after:
            gives = frozenset() if second.ends else (first.gives - {place}) | second.gives
            made.add(Move(first.takes, gives, first.steps + second.steps, second.ends))
    return near - {place}


def _beside(made: Small, place: int, keep: frozenset[int]) -> set[int]:
    """Of two places that always have tokens together, one is enough."""
    takers, givers = made.takers.get(place, set()), made.givers.get(place, set())
    if not takers or not givers or place in made.joining or place in made.opened:
        return set()
    candidates = made.moves[next(iter(takers))].takes & made.moves[next(iter(givers))].gives
    for other in candidates - {place} - keep:
        made.work += 1
        if other and made.takers[other] == takers and made.givers[other] == givers and other not in made.opened:
            near: set[int] = set()
            for number in takers | givers:
                move = made.remove(number)
                near |= move.takes | move.gives
                made.add(Move(move.takes - {other}, move.gives - {other}, move.steps, move.ends))
            return near - {other}
    return set()


def _together(made: Small, net: Net, place: int, keep: frozenset[int]) -> set[int]:
    """An inclusive join all of whose tokens come from one place: it opens with what came of it."""
    number = made.joining.get(place)
    if number is None or len(net.joins[number].ways) != 1:
        return set()
    inside = made.joins[number]
    if inside & keep:
        return set()
    givers = set().union(*(made.givers.get(each, set()) for each in inside))
    sources = {made.moves[each].takes for each in givers}
    made.work += len(givers)
    gives, _ = net.joins[number].ways[0]
    if len(sources) != 1 or len(next(iter(sources))) != 1 or next(iter(sources)) & inside:
        return set()
    if any(made.moves[each].gives & gives for each in givers):
        return set()
    near: set[int] = set(gives)
    for each in givers:
        move = made.remove(each)
        near |= move.takes | move.gives
        made.add(Move(move.takes, (move.gives - inside) | gives, (*move.steps, (-1 - number, 0)), move.ends))
    for each in inside:
        made.joining.pop(each)
    for each in gives:
        made.opened.pop(each, None)
    del made.joins[number]
    return near - inside
