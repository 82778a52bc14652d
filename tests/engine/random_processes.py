"""Random block-structured processes, drawn as BPMN, and an oracle that knows what they must do without any BPMN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count, pairwise
from typing import Any

from hypothesis import strategies as st

from tests.engine.diagrams import flows, node, process, timer

Key = tuple[str, tuple[int, ...]]
Done = Callable[[], None]


@dataclass
class Block:
    """`kind`: task seq and xor or loop back sub call mi; `number`: the branch chosen, or the rounds or instances."""

    kind: str
    inner: list[Block] = field(default_factory=list)
    number: int = 1
    flag: bool = False  #: a boundary timer; a sequential multi-instance
    name: str = ""


def _leaf() -> st.SearchStrategy[Block]:
    return st.builds(lambda flag: Block("task", flag=flag), st.booleans())


def _grown(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    several = st.lists(inner, min_size=2, max_size=3)
    one = st.lists(inner, min_size=1, max_size=1)
    return st.one_of(
        st.builds(Block, st.just("seq"), several),
        st.builds(Block, st.sampled_from(["and", "xor", "or"]), several, st.integers(1, 7)),
        st.builds(Block, st.sampled_from(["loop", "back", "mi"]), one, st.integers(1, 3), st.booleans()),
        st.builds(Block, st.sampled_from(["sub", "call"]), one, st.just(1), st.booleans()),
    )


def blocks() -> st.SearchStrategy[Block]:
    """Blocks of up to about a dozen tasks."""
    return st.recursive(_leaf(), _grown, max_leaves=12)


def chosen(block: Block) -> list[int]:
    """Which branches are taken: one of an exclusive choice; of an inclusive one those in the bits of its number."""
    if block.kind == "xor":
        return [block.number % len(block.inner)]
    taken = [place for place in range(len(block.inner)) if block.number >> place & 1]
    return taken if block.kind == "or" and taken else list(range(len(block.inner)))


class Drawing:
    """Draws a block: elements and flows of the process at hand, and further processes for calls."""

    def __init__(self) -> None:
        self.numbers = count()
        self.processes: list[str] = []
        self.leaves: dict[str, tuple[str, ...]] = {}  #: task -> the items of the multi-instances around it

    def whole(self, block: Block) -> list[str]:
        elements, first, last = self.draw(block, ())
        self.processes.append(process(elements, f"s {first}", f"{last} e"))
        return self.processes

    def draw(self, block: Block, items: tuple[str, ...]) -> tuple[str, str, str]:
        """The XML, and the ids of the first and the last node."""
        block.name = f"{block.kind}{next(self.numbers)}"
        return getattr(self, f"_{block.kind}")(block, items)  # type: ignore[no-any-return]

    def _task(self, block: Block, items: tuple[str, ...], inner: str = "") -> tuple[str, str, str]:
        self.leaves[block.name] = items
        drawn = node("userTask", block.name, inner)
        if block.flag:
            drawn += (
                f'<boundaryEvent id="b_{block.name}" attachedToRef="{block.name}">{timer("P9D")}</boundaryEvent>'
                f'<endEvent id="x_{block.name}"/>' + flows(f"b_{block.name} x_{block.name}")
            )
        return drawn, block.name, block.name

    def _seq(self, block: Block, items: tuple[str, ...]) -> tuple[str, str, str]:
        parts = [self.draw(inner, items) for inner in block.inner]
        between = flows(*(f"{left[2]} {right[1]}" for left, right in pairwise(parts)))
        return "".join(part[0] for part in parts) + between, parts[0][1], parts[-1][2]

    def _fork(self, block: Block, items: tuple[str, ...], kind: str) -> tuple[str, str, str]:
        split, join = f"{block.name}_split", f"{block.name}_join"
        drawn = node(kind, split) + node(kind, join)
        for place, inner in enumerate(block.inner):
            elements, first, last = self.draw(inner, items)
            condition = "" if kind == "parallelGateway" else f": {place in chosen(block)}"
            drawn += elements + flows(f"{split} {first}{condition}") + flows(f"{last} {join}")
        return drawn, split, join

    def _and(self, block: Block, items: tuple[str, ...]) -> tuple[str, str, str]:
        return self._fork(block, items, "parallelGateway")

    def _xor(self, block: Block, items: tuple[str, ...]) -> tuple[str, str, str]:
        return self._fork(block, items, "exclusiveGateway")

    def _or(self, block: Block, items: tuple[str, ...]) -> tuple[str, str, str]:
        return self._fork(block, items, "inclusiveGateway")

    def _back(self, block: Block, items: tuple[str, ...]) -> tuple[str, str, str]:
        """A loop drawn with a flow back: a task decides whether to go round again."""
        elements, first, last = self.draw(block.inner[0], items)
        enter, decide, choice = f"{block.name}_enter", f"{block.name}_decide", f"{block.name}_choice"
        self.leaves[decide] = items
        drawn = elements + node("exclusiveGateway", enter) + node("userTask", decide) + node("exclusiveGateway", choice)
        out = f"{block.name}_out"
        drawn += node("task", out) + flows(f"{enter} {first}", f"{last} {decide} {choice}")
        drawn += flows(f"{choice} {enter}: again_{block.name}") + flows(f"{choice} {out}: not again_{block.name}")
        return drawn, enter, out

    def _body(self, block: Block, items: tuple[str, ...], extra: str) -> tuple[str, str, str]:
        elements, first, last = self.draw(block.inner[0], items)
        start, end = f"s_{block.name}", f"e_{block.name}"
        inside = f'<startEvent id="{start}"/><endEvent id="{end}"/>{elements}'
        inside += flows(f"{start} {first}") + flows(f"{last} {end}")
        drawn = node("subProcess", block.name, extra + inside)
        if block.flag and block.kind == "sub":
            drawn += (
                f'<boundaryEvent id="b_{block.name}" attachedToRef="{block.name}" cancelActivity="false">'
                f'{timer("P9D")}</boundaryEvent><endEvent id="x_{block.name}"/>'
                + flows(f"b_{block.name} x_{block.name}")
            )
        return drawn, block.name, block.name

    def _sub(self, block: Block, items: tuple[str, ...]) -> tuple[str, str, str]:
        return self._body(block, items, "")

    def _loop(self, block: Block, items: tuple[str, ...]) -> tuple[str, str, str]:
        return self._body(block, items, f'<standardLoopCharacteristics loopMaximum="{block.number}"/>')

    def _mi(self, block: Block, items: tuple[str, ...]) -> tuple[str, str, str]:
        item = f"i_{block.name}"
        loop = (
            f'<multiInstanceLoopCharacteristics isSequential="{str(block.flag).lower()}">'
            f"<loopDataInputRef>{list(range(block.number))}</loopDataInputRef>"
            f'<inputDataItem id="{item}" name="{item}"/></multiInstanceLoopCharacteristics>'
        )
        return self._body(block, (*items, item), loop)

    def _call(self, block: Block, items: tuple[str, ...]) -> tuple[str, str, str]:
        elements, first, last = self.draw(block.inner[0], items)
        key = f"called_{block.name}"
        self.processes.append(process(elements, f"s {first}", f"{last} e", key=key))
        return node("callActivity", block.name, calledElement=key), block.name, block.name


class Oracle:
    """What must be open, by continuations: knows nothing of tokens, trees or BPMN."""

    def __init__(self, block: Block) -> None:
        self.open: dict[Key, tuple[Done, dict[str, Any]]] = {}
        self.ended = False
        self._enter(block, (), self._end)

    def _end(self) -> None:
        self.ended = True

    def complete(self, key: Key) -> dict[str, Any]:
        """Complete an open task; returns the data that it has to be completed with."""
        done, data = self.open.pop(key)
        done()
        return data

    def _enter(self, block: Block, place: tuple[int, ...], done: Done) -> None:
        inner, number = block.inner, block.number
        if block.kind == "task":
            self.open[block.name, place] = (done, {})
        elif block.kind == "seq":
            self._one_after_the_other(inner, place, done)
        elif block.kind in ("and", "xor", "or"):
            self._all([(inner[branch], place) for branch in chosen(block)], done)
        elif block.kind == "mi" and not block.flag:
            self._all([(inner[0], (*place, index)) for index in range(number)], done)
        elif block.kind in ("mi", "loop"):
            self._round(block, place, 0, done)
        elif block.kind == "back":
            self._back(block, place, 0, done)
        else:
            self._enter(inner[0], place, done)

    def _one_after_the_other(self, inner: list[Block], place: tuple[int, ...], done: Done) -> None:
        rest = inner[1:]
        self._enter(inner[0], place, (lambda: self._one_after_the_other(rest, place, done)) if rest else done)

    def _all(self, branches: list[tuple[Block, tuple[int, ...]]], done: Done) -> None:
        left = [len(branches)]

        def one_done() -> None:
            left[0] -= 1
            if not left[0]:
                done()

        for block, place in branches:
            self._enter(block, place, one_done)

    def _round(self, block: Block, place: tuple[int, ...], index: int, done: Done) -> None:
        if index == block.number:
            done()
            return
        inside = (*place, index) if block.kind == "mi" else place
        self._enter(block.inner[0], inside, lambda: self._round(block, place, index + 1, done))

    def _back(self, block: Block, place: tuple[int, ...], index: int, done: Done) -> None:
        again = index + 1 < block.number

        def decide() -> None:
            after = (lambda: self._back(block, place, index + 1, done)) if again else done
            self.open[f"{block.name}_decide", place] = (after, {f"again_{block.name}": again})

        self._enter(block.inner[0], place, decide)
