"""The states of a small net, looked at one by one within bounds, and how the engine comes to one of them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from service.engine.checks.soundness.net import Net
from service.engine.checks.soundness.reduce import Small, Step

Marking = tuple[int, ...]  #: places, once for each token, sorted

MOST_STATES = 2_000
MOST_TOKENS = 3  #: at one place


@dataclass
class Bound:
    """How much may still be looked at, counted in transitions: for all scopes of a file together."""

    left: int = 250_000

    def spend(self, many: int) -> bool:
        """Whether so much is left, and no more of it."""
        self.left -= many
        return self.left > 0


@dataclass
class Found:
    """What a search came to."""

    whole: bool = True  #: all states were looked at
    ended: bool = False  #: all tokens were used up
    ends: set[str] = field(default_factory=set)  #: other ways in which the scope ended
    dead: list[Marking] = field(default_factory=list)  #: tokens that nothing takes, the nearest first
    fired: set[int] = field(default_factory=set)  #: transitions of the whole net
    wanted: bool = False  #: what was wanted is `dead[0]`
    came: dict[Marking, tuple[Marking, tuple[Step, ...]]] = field(default_factory=dict)

    def way(self, marking: Marking) -> list[Step]:
        """The steps that lead to a marking."""
        steps: list[tuple[Step, ...]] = []
        while marking in self.came and marking != (0,):
            marking, some = self.came[marking]
            steps.append(some)
        return [step for some in reversed(steps) for step in some]


def search(net: Net, made: Small, bound: Bound, *, wanted: frozenset[int] = frozenset(), cut: bool = False) -> Found:
    """Every state of the small net, nearest first.

    `wanted`: until all these places have tokens at once, then that is `dead[0]`.

    `cut`: of what can happen in any order only one (stubborn sets), each way to its end first: some dead state is found
    soon, and in the end all.
    """
    found = Found(came={(0,): ((0,), ())})
    ahead: deque[Marking] = deque([(0,)])
    while ahead:
        marking = ahead.pop() if cut else ahead.popleft()
        if wanted and wanted <= set(marking):
            found.dead, found.wanted = [marking], True
            return found
        if len(found.came) > MOST_STATES or not bound.spend(4 + 2 * len(marking)):
            found.whole = False
            return found
        after = list(_after(net, made, marking, bound, cut))
        if not after:
            if marking:
                found.dead.append(marking)
            else:
                found.ended = True
        for following, steps, ends in after:
            found.fired.update(step for step, _ in steps)
            if ends:
                found.ends.add(ends)
            elif max(Counter(following).values(), default=0) > MOST_TOKENS:
                found.whole = False
            elif following not in found.came:
                found.came[following] = (marking, steps)
                ahead.append(following)
    return found


def _after(
    net: Net, made: Small, marking: Marking, bound: Bound, cut: bool
) -> Iterator[tuple[Marking, tuple[Step, ...], str]]:
    tokens = Counter(marking)
    enabled = _enabled(made, tokens, bound)
    if cut and len(enabled) > 1 and not made.joins:
        enabled = _stubborn(made, tokens, enabled, bound)
    for number in enabled:
        move = made.moves[number]
        yield _fired(tokens, move.takes, move.gives), move.steps, move.ends
    for join, places in made.joins.items():
        here = [place for place in places if tokens[place]]
        if here and not may_come(net, tokens, join, here):
            for way, (gives, _) in enumerate(net.joins[join].ways):
                yield _fired(tokens, here, gives), ((-1 - join, way),), ""


def _enabled(made: Small, tokens: Counter[int], bound: Bound) -> list[int]:
    near = {number for place in tokens for number in made.takers.get(place, ())}
    bound.spend(len(near))
    return sorted(number for number in near if all(tokens[place] for place in made.moves[number].takes))


def _stubborn(made: Small, tokens: Counter[int], enabled: list[int], bound: Bound) -> list[int]:
    """A stubborn set's enabled transitions (Valmari): what is left out can as well happen later."""
    best = enabled
    can = set(enabled)
    for seed in enabled[:4]:
        closed, ahead = {seed}, [seed]
        while ahead:
            move = made.moves[ahead.pop()]
            bound.spend(1)
            lacking = next((place for place in sorted(move.takes) if not tokens[place]), None)
            if lacking is None:
                more = {number for place in move.takes for number in made.takers.get(place, ())}
            else:
                more = made.givers.get(lacking, set())
            ahead += more - closed
            closed |= more
        some = sorted(closed & can)
        if len(some) < len(best):
            best = some
        if len(best) == 1:
            break
    return best


def _fired(tokens: Counter[int], takes: Iterable[int], gives: Iterable[int]) -> Marking:
    after = Counter(tokens)
    after.subtract(takes)
    after.update(gives)
    return tuple(sorted(after.elements()))


def may_come(net: Net, tokens: Mapping[int, int], join: int, here: Iterable[int]) -> bool:
    """Whether a token may still come to an inclusive join on another flow than `here`, and on none of those instead."""
    loose = net.joins[join]
    full = {net.places[place] for place in here}
    if len(full) == len(loose.takes):
        return False
    own = set(loose.takes)
    for place, many in tokens.items():
        if many and place not in own:
            reached = net.reach(net.at[place], loose.element)
            reached |= {net.places[place]} if net.at[place] == loose.element else frozenset()
            if reached - full and not reached & full:
                return True
    return False


@dataclass(frozen=True)
class Played:
    """A step as it was fired: an element, the flows that got a token, and where all tokens are then."""

    element: str
    flows: tuple[str, ...]
    marking: Marking
    chosen: bool


def replay(net: Net, steps: Iterable[Step]) -> list[Played] | None:
    """The steps on the whole net, as the engine does them; None: it would do otherwise.

    An inclusive join opens before anybody does anything else.
    """
    tokens: Counter[int] = Counter({0: 1})
    played: list[Played] = []
    early: Counter[int] = Counter()
    for number, way in steps:
        if number < 0:
            if early[-1 - number]:
                early[-1 - number] -= 1
            elif not _open(net, tokens, -1 - number, way, played):
                return None
            continue
        transition = net.transitions[number]
        if transition.outside:
            for join in range(len(net.joins)):
                if _open(net, tokens, join, 0, played):
                    early[join] += 1
        if not all(tokens[place] > 0 for place in transition.takes):
            return None
        tokens.subtract(transition.takes)
        tokens.update(transition.gives)
        now = tuple(sorted(tokens.elements()))
        played.append(Played(transition.element, transition.flows, now, transition.chosen))
    return played


def agrees(net: Net, steps: Iterable[Step]) -> bool:
    """Whether no two gateways on the way answer one question differently. (One that is come to again may.)"""
    answers: dict[str, dict[str, bool]] = {}
    for number, _ in steps:
        if number >= 0:
            for question, answer in net.transitions[number].asked:
                others = answers.setdefault(question, {})
                others[net.transitions[number].element] = answer
                if len(set(others.values())) > 1:
                    return False
    return True


def _open(net: Net, tokens: Counter[int], join: int, way: int, played: list[Played]) -> bool:
    loose = net.joins[join]
    here = [place for place in loose.takes if tokens[place] > 0]
    if not here or not loose.ways or may_come(net, tokens, join, here):
        return False
    gives, flows = loose.ways[way]
    tokens.subtract(here)
    tokens.update(gives)
    played.append(Played(loose.element, flows, tuple(sorted(tokens.elements())), len(loose.ways) > 1))
    return True


def is_dead(net: Net, marking: Marking) -> bool:
    """Whether nothing can happen any more on the whole net, though tokens are there."""
    tokens = Counter(marking)
    if not marking or any(all(tokens[place] for place in way.takes) for way in net.transitions):
        return False
    for join, loose in enumerate(net.joins):
        here = [place for place in loose.takes if tokens[place]]
        if here and not may_come(net, tokens, join, here):
            return False
    return True
