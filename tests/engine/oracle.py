"""What a random process must do, by continuations: knows nothing of tokens, trees or BPMN."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.engine.random_processes import Block, Done, Key, chosen


class Scope:
    """A process, sub-process or instance: it ends when its own flow and all branches begun beside it have ended."""

    def __init__(self, parent: Scope | None, done: Done) -> None:
        self.parent = parent
        self.done = done
        self.running = 1

    def one_ended(self) -> None:
        self.running -= 1
        if not self.running:
            self.done()

    def within(self, other: Scope) -> bool:
        return self is other or (self.parent is not None and self.parent.within(other))


@dataclass
class Waiting:
    """Something open: what happens when it is done, in which scope it is, and what it has to be completed with."""

    done: Done
    scope: Scope
    data: dict[str, Any] = field(default_factory=dict)


class Oracle:
    """The tasks and timers that must be open, and what follows when one is done."""

    def __init__(self, block: Block) -> None:
        self.open: list[tuple[Key, Waiting]] = []
        self.timers: list[tuple[Key, Waiting]] = []
        self.ended = False
        whole = Scope(None, self._end)
        self._enter(block, (), whole, whole.one_ended)

    def _end(self) -> None:
        self.ended = True

    def complete(self, key: Key) -> dict[str, Any]:
        """Complete an open task; returns the data that it has to be completed with."""
        waiting = self._take(self.open, key)
        waiting.done()
        return waiting.data

    def fire(self, key: Key) -> None:
        """A timer is due."""
        self._take(self.timers, key).done()

    def _take(self, where: list[tuple[Key, Waiting]], key: Key) -> Waiting:
        place = next(place for place, (known, _) in enumerate(where) if known == key)
        return where.pop(place)[1]

    def _drop(self, scope: Scope) -> None:
        """All that is open in a scope is gone."""
        self.open = [(key, waiting) for key, waiting in self.open if not waiting.scope.within(scope)]
        self.timers = [(key, waiting) for key, waiting in self.timers if not waiting.scope.within(scope)]

    def _enter(self, block: Block, place: tuple[int, ...], scope: Scope, done: Done) -> None:
        if not block.guard:
            self._begin(block, place, scope, done)
            return
        guarded = Scope(scope, lambda: None)
        self._guard(block, place, guarded, done, 2)

        def ended() -> None:
            self._drop(guarded)
            done()

        self._begin(block, place, guarded, ended)

    def _guard(self, block: Block, place: tuple[int, ...], guarded: Scope, done: Done, left: int) -> None:
        """Arm the timer of a guarded block, with so many rounds left."""
        outside = self._surroundings(guarded)
        after = (f"{block.name}_after", place)

        def stop() -> None:
            self._drop(guarded)
            assert guarded.parent is not None
            self.open.append((after, Waiting(done, guarded.parent)))

        def remind() -> None:
            outside.running += 1
            assert guarded.parent is not None
            self.open.append((after, Waiting(outside.one_ended, guarded.parent)))
            if left > 1:
                self._guard(block, place, guarded, done, left - 1)

        action = stop if block.guard == "stop" else remind
        self.timers.append(((f"{block.name}_guard", place), Waiting(action, guarded)))

    def _surroundings(self, guarded: Scope) -> Scope:
        """The process, sub-process or instance around a guarded block."""
        assert guarded.parent is not None
        return guarded.parent

    def _begin(self, block: Block, place: tuple[int, ...], scope: Scope, done: Done) -> None:
        inner, number = block.inner, block.number
        if block.kind == "task":
            self.open.append(((block.name, place), Waiting(done, scope)))
        elif block.kind == "seq":
            self._one_after_the_other(inner, place, scope, done)
        elif block.kind in ("and", "xor", "or"):
            self._all([(inner[branch], place) for branch in chosen(block)], scope, done)
        elif block.kind == "mi" and not block.flag:
            together = self._together(number, done)
            for index in range(number):
                self._inside(inner[0], (*place, index), scope, together)
        elif block.kind in ("mi", "loop"):
            self._round(block, place, 0, scope, done)
        elif block.kind == "back":
            self._back(block, place, 0, scope, done)
        else:
            self._inside(inner[0], place, scope, done)

    def _inside(self, block: Block, place: tuple[int, ...], outside: Scope, done: Done) -> None:
        """Begin a sub-process, instance or call."""
        scope = Scope(outside, done)
        self._enter(block, place, scope, scope.one_ended)

    def _one_after_the_other(self, inner: list[Block], place: tuple[int, ...], scope: Scope, done: Done) -> None:
        rest = inner[1:]
        after = (lambda: self._one_after_the_other(rest, place, scope, done)) if rest else done
        self._enter(inner[0], place, scope, after)

    def _together(self, number: int, done: Done) -> Done:
        left = [number]

        def one_done() -> None:
            left[0] -= 1
            if not left[0]:
                done()

        return one_done

    def _all(self, branches: list[tuple[Block, tuple[int, ...]]], scope: Scope, done: Done) -> None:
        together = self._together(len(branches), done)
        for block, place in branches:
            self._enter(block, place, scope, together)

    def _round(self, block: Block, place: tuple[int, ...], index: int, scope: Scope, done: Done) -> None:
        if index == block.number:
            done()
            return
        inside = (*place, index) if block.kind == "mi" else place
        self._inside(block.inner[0], inside, scope, lambda: self._round(block, place, index + 1, scope, done))

    def _back(self, block: Block, place: tuple[int, ...], index: int, scope: Scope, done: Done) -> None:
        again = index + 1 < block.number

        def decide() -> None:
            after = (lambda: self._back(block, place, index + 1, scope, done)) if again else done
            waiting = Waiting(after, scope, {f"again_{block.name}": again})
            self.open.append(((f"{block.name}_decide", place), waiting))

        self._enter(block.inner[0], place, scope, decide)
