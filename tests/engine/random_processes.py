"""Random block-structured processes, drawn as BPMN, and an oracle that knows what they must do without any BPMN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count, pairwise

from hypothesis import strategies as st

from tests.engine.diagrams import flows, node, process, timer

Key = tuple[str, tuple[int, ...]]
Done = Callable[[], None]
GUARDS = st.sampled_from(["", "", "stop", "remind"])


@dataclass
class Block:
    """`kind`: task seq and xor or loop back sub call mi; `number`: the branch chosen, or the rounds or instances.

    A task, sub-process, loop, multi-instance or call may have a `guard`, a timer on its boundary: `stop` ends it and
    goes on at a task that leads to where it would have led, `remind` begins a task beside it each time.
    """

    kind: str
    inner: list[Block] = field(default_factory=list)
    number: int = 1
    flag: bool = False  #: a sequential multi-instance
    guard: str = ""
    name: str = ""


def _leaf() -> st.SearchStrategy[Block]:
    return st.builds(lambda guard: Block("task", guard=guard), GUARDS)


def _grown(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
    several = st.lists(inner, min_size=2, max_size=3)
    one = st.lists(inner, min_size=1, max_size=1)
    return st.one_of(
        st.builds(Block, st.just("seq"), several),
        st.builds(Block, st.sampled_from(["and", "xor", "or"]), several, st.integers(1, 7)),
        st.builds(Block, st.just("back"), one, st.integers(1, 3)),
        st.builds(Block, st.sampled_from(["loop", "mi"]), one, st.integers(1, 3), st.booleans(), GUARDS),
        st.builds(Block, st.sampled_from(["sub", "call"]), one, st.just(1), st.just(False), GUARDS),
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


Drawn = tuple[str, str, str]  #: the XML, and the ids of the first and the last node


class Drawing:
    """Draws a block: elements and flows of the process at hand, and further processes for calls."""

    def __init__(self) -> None:
        self.numbers = count()
        self.processes: list[str] = []
        self.leaves: dict[str, tuple[str, ...]] = {}  #: task or timer -> the items of the multi-instances around it

    def whole(self, block: Block) -> list[str]:
        elements, first, last = self.draw(block, ())
        self.processes.append(process(elements, f"s {first}", f"{last} e"))
        return self.processes

    def draw(self, block: Block, items: tuple[str, ...]) -> Drawn:
        block.name = f"{block.kind}{next(self.numbers)}"
        drawn: Drawn = getattr(self, f"_{block.kind}")(block, items)
        return self._guarded(block, items, drawn) if block.guard else drawn

    def _guarded(self, block: Block, items: tuple[str, ...], drawn: Drawn) -> Drawn:
        elements, first, last = drawn
        guard, after, end = f"{block.name}_guard", f"{block.name}_after", f"{block.name}_end"
        self.leaves[guard] = self.leaves[after] = items
        stops = block.guard == "stop"
        definition = timer("PT1H") if stops else timer("R2/PT1H", "timeCycle")
        elements += (
            f'<boundaryEvent id="{guard}" attachedToRef="{block.name}" cancelActivity="{str(stops).lower()}">'
            f"{definition}</boundaryEvent>" + node("userTask", after)
        )
        if stops:
            merge = f"{block.name}_merge"
            elements += node("exclusiveGateway", merge) + flows(f"{last} {merge}", f"{guard} {after} {merge}")
            return elements, first, merge
        return elements + f'<endEvent id="{end}"/>' + flows(f"{guard} {after} {end}"), first, last

    def _task(self, block: Block, items: tuple[str, ...]) -> Drawn:
        self.leaves[block.name] = items
        return node("userTask", block.name), block.name, block.name

    def _seq(self, block: Block, items: tuple[str, ...]) -> Drawn:
        parts = [self.draw(inner, items) for inner in block.inner]
        between = flows(*(f"{left[2]} {right[1]}" for left, right in pairwise(parts)))
        return "".join(part[0] for part in parts) + between, parts[0][1], parts[-1][2]

    def _fork(self, block: Block, items: tuple[str, ...], kind: str) -> Drawn:
        split, join = f"{block.name}_split", f"{block.name}_join"
        drawn = node(kind, split) + node(kind, join)
        for place, inner in enumerate(block.inner):
            elements, first, last = self.draw(inner, items)
            condition = "" if kind == "parallelGateway" else f": {place in chosen(block)}"
            drawn += elements + flows(f"{split} {first}{condition}") + flows(f"{last} {join}")
        return drawn, split, join

    def _and(self, block: Block, items: tuple[str, ...]) -> Drawn:
        return self._fork(block, items, "parallelGateway")

    def _xor(self, block: Block, items: tuple[str, ...]) -> Drawn:
        return self._fork(block, items, "exclusiveGateway")

    def _or(self, block: Block, items: tuple[str, ...]) -> Drawn:
        return self._fork(block, items, "inclusiveGateway")

    def _back(self, block: Block, items: tuple[str, ...]) -> Drawn:
        """A loop drawn with a flow back: a task decides whether to go round again."""
        elements, first, last = self.draw(block.inner[0], items)
        enter, decide, choice = f"{block.name}_enter", f"{block.name}_decide", f"{block.name}_choice"
        self.leaves[decide] = items
        drawn = elements + node("exclusiveGateway", enter) + node("userTask", decide) + node("exclusiveGateway", choice)
        out = f"{block.name}_out"
        drawn += node("task", out) + flows(f"{enter} {first}", f"{last} {decide} {choice}")
        drawn += flows(f"{choice} {enter}: again_{block.name}") + flows(f"{choice} {out}: not again_{block.name}")
        return drawn, enter, out

    def _body(self, block: Block, items: tuple[str, ...], extra: str) -> Drawn:
        elements, first, last = self.draw(block.inner[0], items)
        start, end = f"s_{block.name}", f"e_{block.name}"
        inside = f'<startEvent id="{start}"/><endEvent id="{end}"/>{elements}'
        inside += flows(f"{start} {first}") + flows(f"{last} {end}")
        return node("subProcess", block.name, extra + inside), block.name, block.name

    def _sub(self, block: Block, items: tuple[str, ...]) -> Drawn:
        return self._body(block, items, "")

    def _loop(self, block: Block, items: tuple[str, ...]) -> Drawn:
        return self._body(block, items, f'<standardLoopCharacteristics loopMaximum="{block.number}"/>')

    def _mi(self, block: Block, items: tuple[str, ...]) -> Drawn:
        item = f"i_{block.name}"
        loop = (
            f'<multiInstanceLoopCharacteristics isSequential="{str(block.flag).lower()}">'
            f"<loopDataInputRef>{list(range(block.number))}</loopDataInputRef>"
            f'<inputDataItem id="{item}" name="{item}"/></multiInstanceLoopCharacteristics>'
        )
        return self._body(block, (*items, item), loop)

    def _call(self, block: Block, items: tuple[str, ...]) -> Drawn:
        elements, first, last = self.draw(block.inner[0], items)
        key = f"called_{block.name}"
        self.processes.append(process(elements, f"s {first}", f"{last} e", key=key))
        return node("callActivity", block.name, calledElement=key), block.name, block.name
