"""Random graphs of tasks and gateways, joined anyhow, and BPMN's token game played on them by the letter.

The reference knows sequence flows that have tokens, and tasks at work; an inclusive join is judged by the very words of
BPMN 2.0.2 §13.4.3, path by path. Where several inclusive joins may fire, every order is played.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.engine.diagrams import node, process

Flow = tuple[str, str, int]  #: source, target, number
TAGS = {"task": "userTask", "xor": "exclusiveGateway", "and": "parallelGateway", "or": "inclusiveGateway"}


class TooLong(Exception):
    """Played too long: a loop without a task."""


@dataclass(frozen=True)
class State:
    """Flows with tokens, and tasks at work, with repeats; sorted."""

    tokens: tuple[Flow, ...]
    busy: tuple[str, ...]


@dataclass
class Net:
    """Nodes with kinds and targets; `choice`: the branch of an exclusive gateway, the bits of an inclusive one."""

    kinds: dict[str, str]
    targets: dict[str, list[str]]
    choice: dict[str, int]

    def __post_init__(self) -> None:
        self.flows: list[Flow] = [("s", "n0", 0)]
        self.flows += [(name, to, number) for name, ends in self.targets.items() for number, to in enumerate(ends)]

    def drawn(self) -> str:
        """As BPMN."""
        elements = "".join(node(TAGS[kind], name) for name, kind in self.kinds.items())
        paths = []
        for source, target, number in self.flows:
            kind = self.kinds.get(source)
            said = kind in ("xor", "or") and len(self.targets[source]) > 1
            paths.append(f"{source} {target}" + (f": {(source, target, number) in self.taken(source)}" if said else ""))
        return process(elements, *paths).replace("<endEvent id='e'/>", "")

    def out(self, name: str) -> list[Flow]:
        return [flow for flow in self.flows if flow[0] == name]

    def into(self, name: str) -> list[Flow]:
        return [flow for flow in self.flows if flow[1] == name]

    def taken(self, name: str) -> list[Flow]:
        """The flows on which a token leaves a node."""
        out, choice = self.out(name), self.choice[name]
        if self.kinds[name] == "xor" and out:
            return [out[choice % len(out)]]
        if self.kinds[name] == "or" and len(out) > 1:
            return [flow for flow in out if choice >> flow[2] & 1] or out
        return out

    def begin(self) -> set[State]:
        return self.settled(State((("s", "n0", 0),), ()))

    def complete(self, state: State, task: str) -> set[State]:
        busy = Counter(state.busy) - Counter([task])
        return self.settled(_state([*state.tokens, *self.out(task)], list(busy.elements())))

    def settled(self, state: State) -> set[State]:
        """All states in which nothing moves by itself any more, in whatever order the inclusive joins fire."""
        found: set[State] = set()
        seen: set[State] = set()
        ahead = [self._moved(state)]
        while ahead:
            current = ahead.pop()
            if current in seen:
                continue
            seen.add(current)
            if len(seen) > 60:
                raise TooLong
            ready = [name for name, kind in self.kinds.items() if kind == "or" and self._may_fire(name, current)]
            if not ready:
                found.add(current)
            ahead += [self._moved(self._fire(name, current)) for name in ready]
        if not found:
            raise TooLong  # joins that fire each other for ever
        return found

    def _moved(self, state: State) -> State:
        """Everything but inclusive joins moves as far as it can; the order does not matter."""
        tokens, busy = Counter(state.tokens), Counter(state.busy)
        for _ in range(200):
            name = next((name for name in self.kinds if self._can_pass(name, tokens)), None)
            if name is None:
                return _state(list(tokens.elements()), list(busy.elements()))
            if self.kinds[name] == "and":
                tokens -= Counter(self.into(name))
            else:
                tokens -= Counter([next(flow for flow in self.into(name) if tokens[flow])])
            if self.kinds[name] == "task":
                busy[name] += 1
            else:
                tokens += Counter(self.taken(name))
        raise TooLong

    def _can_pass(self, name: str, tokens: Counter[Flow]) -> bool:
        arrived = [flow for flow in self.into(name) if tokens[flow]]
        if self.kinds[name] == "and":
            return bool(arrived) and len(arrived) == len(self.into(name))
        return bool(arrived) and (self.kinds[name] != "or" or len(self.into(name)) == 1)

    def _may_fire(self, name: str, state: State) -> bool:
        into = self.into(name)
        full = {flow for flow in into if flow in state.tokens}
        if len(into) < 2 or not full:
            return False
        begins = [[flow] for flow in set(state.tokens) - set(into)] + [self.out(task) for task in set(state.busy)]
        for begin in begins:
            ends = {flow for flow in self._paths(begin, name) if flow in into}
            if ends - full and not ends & full:
                return False
        return True

    def _paths(self, begin: list[Flow], avoid: str) -> set[Flow]:
        """All flows on paths that begin so and do not visit a node."""
        found: set[Flow] = set()
        ahead = list(begin)
        while ahead:
            flow = ahead.pop()
            if flow not in found:
                found.add(flow)
                ahead += [] if flow[1] == avoid else self.out(flow[1])
        return found

    def _fire(self, name: str, state: State) -> State:
        full = {flow for flow in self.into(name) if flow in state.tokens}
        tokens = Counter(state.tokens) - Counter(full) + Counter(self.taken(name))
        return _state(list(tokens.elements()), list(state.busy))


def _state(tokens: list[Flow], busy: list[str]) -> State:
    return State(tuple(sorted(tokens)), tuple(sorted(busy)))


@st.composite
def nets(draw: st.DrawFn) -> Net:
    """Up to nine nodes; flows lead anywhere, also back."""
    names = [f"n{number}" for number in range(draw(st.integers(2, 9)))]
    kinds = {name: draw(st.sampled_from(["task", "task", "xor", "and", "or", "or"])) for name in names}
    targets: dict[str, list[str]] = {}
    for place, name in enumerate(names):
        forward = names[place + 1 :]
        pool = st.sampled_from(forward * 4 + names) if forward else st.sampled_from(names)
        most = 1 if kinds[name] == "task" else 3
        ends = draw(st.lists(pool, min_size=0 if not forward else 1, max_size=most, unique=True))
        targets[name] = [end for end in ends if end != name]
    choice = {name: draw(st.integers(0, 7)) for name in names}
    return Net(kinds, targets, choice)
