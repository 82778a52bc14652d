"""The token game with every decision and in every order: where tokens are left, and where branches meet without a join.

The oracle of the checks of soundness: all states of a small net of `token_game`, one by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

from tests.engine.diagrams import node, process
from tests.engine.token_game import TAGS, Flow, Net, State, TooLong, _state

MOST = 4_000  #: states


@dataclass
class All:
    """All that can become of a net."""

    dead: list[State] = field(default_factory=list)  #: tokens that nothing takes
    ended: bool = False
    meet: set[str] = field(default_factory=set)  #: elements into which two flows have tokens at once


class Open(Net):
    """A net in which nothing is decided: conditions ask for variables that nobody knows."""

    def drawn(self) -> str:
        elements = "".join(node(TAGS[kind], name) for name, kind in self.kinds.items())
        paths = []
        for number, (source, target, _) in enumerate(self.flows):
            asked = self.kinds.get(source) in ("xor", "or") and len(self.targets[source]) > 1
            paths.append(f"{source} {target}" + (f": c{number}" if asked else ""))
        return process(elements, *paths).replace("<endEvent id='e'/>", "")

    def ids(self) -> dict[str, Flow]:
        """The flows by their ids in the drawing."""
        return {f"f{number}_0_{flow[0]}_{flow[1]}": flow for number, flow in enumerate(self.flows)}

    def ways(self, name: str) -> list[list[Flow]]:
        out = self.out(name)
        if self.kinds[name] == "xor" and out:
            return [[flow] for flow in out]
        if self.kinds[name] == "or" and len(out) > 1:
            return [list(some) for size in range(1, len(out) + 1) for some in combinations(out, size)]
        return [out]

    def play(self) -> All:
        """Everything as the engine does it: by itself what can move, then inclusive joins, then one task."""
        found, seen, ahead = All(), set[State](), [*self._stable(State((("s", "n0", 0),), ()))]
        while ahead:
            state = ahead.pop()
            if state in seen:
                continue
            seen.add(state)
            if len(seen) > MOST:
                raise TooLong
            if not state.busy:
                found.ended |= not state.tokens
                found.dead += [state] if state.tokens else []
            for task in set(state.busy):
                busy = Counter(state.busy) - Counter([task])
                ahead += self._stable(_state([*state.tokens, *self.out(task)], list(busy.elements())))
        return found

    def _stable(self, state: State) -> set[State]:
        found, seen, ahead = set[State](), set[State](), [state]
        while ahead:
            current = ahead.pop()
            if current in seen:
                continue
            seen.add(current)
            if len(seen) > MOST or max(Counter(current.tokens + current.busy).values(), default=0) > 3:
                raise TooLong
            tokens = Counter(current.tokens)
            name = next((name for name in self.kinds if self._can_pass(name, tokens)), None)
            ready = (
                [name]
                if name
                else [each for each in self.kinds if self.kinds[each] == "or" and self._may_fire(each, current)]
            )
            if not ready:
                found.add(current)
            for each in ready:
                ahead += self._fired(each, current)
        return found

    def _fired(self, name: str, state: State) -> Iterator[State]:
        tokens, busy = Counter(state.tokens), Counter(state.busy)
        full = [flow for flow in self.into(name) if tokens[flow]]
        tokens -= Counter(full if self.kinds[name] in ("and", "or") else full[:1])
        if self.kinds[name] == "task":
            busy[name] += 1
            yield _state(list(tokens.elements()), list(busy.elements()))
            return
        for way in self.ways(name):
            yield _state([*tokens.elements(), *way], list(busy.elements()))

    def meetings(self) -> set[str]:
        """Elements into which two flows may have tokens at once, when each token moves when it likes."""
        found, seen, ahead = set[str](), set[State](), [State((("s", "n0", 0),), ())]
        while ahead:
            state = ahead.pop()
            if state in seen:
                continue
            seen.add(state)
            tokens = Counter(state.tokens)
            if len(seen) > MOST or max(tokens.values(), default=0) > 2:
                raise TooLong
            for name, kind in self.kinds.items():
                full = [flow for flow in self.into(name) if tokens[flow]]
                if kind in ("task", "xor") and len(full) > 1:
                    found.add(name)
                if kind in ("task", "xor") or len(self.into(name)) == 1:
                    options = [[flow] for flow in full]
                else:
                    fires = len(full) == len(self.into(name)) if kind == "and" else self._may_fire(name, state)
                    options = [full] if full and fires else []
                for taken in options:
                    rest = list((tokens - Counter(taken)).elements())
                    ahead += [_state([*rest, *way], []) for way in self.ways(name)]
        return found
