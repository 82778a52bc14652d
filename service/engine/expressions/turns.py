"""Who may evaluate for long.

Nearly everything is worked out in a few milliseconds, by as many threads as there are; what is not done then has to
wait for its turn, one at a time in a process, so that eight people's dearest expressions take one processor from the
others and not all of them.

Few wait: whoever comes when the waiting room is full is told to come again (`Busy`), and so is whoever has had too much
of it lately (`Spent`). Whoever has had some waits for a turn at once, so that finding out again that something is not
done quickly takes nothing from the others. A worker's jobs wait as long as it takes, and are nobody's.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

QUICK = 0.05  #: seconds of processor time that need no turn
WAITING, PATIENCE = 2, 5.0  #: how many may wait for a turn, and for how many seconds
SAVED, EARNED = 3.0, 0.05  #: seconds of turns that somebody may use at once, and those that each second adds
TRIED = 0.1  #: seconds that it costs to find out that something is not done quickly
LIKELY = 0.5  #: seconds of turns that somebody has had lately when the next is expected to be dear, too
MOST = 1.0  #: seconds that one turn costs at most: on a busy machine it takes longer, which is nobody's fault
_REMEMBERED = 10_000  #: people

_whose: ContextVar[str | None] = ContextVar("whose evaluation this is", default=None)


class Busy(RuntimeError):
    """Others are being worked out, and enough wait already."""

    retry_after = 1  #: seconds


class Spent(RuntimeError):
    """Somebody's expressions took too long in total."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"What you asked for took too long to work out; wait {retry_after} seconds.")
        self.retry_after = retry_after  #: seconds


class Line:
    """A place for one at a time in this process, and a room in which few wait for it."""

    def __init__(self, waiting: int = WAITING) -> None:
        self.place, self._room = threading.Lock(), threading.BoundedSemaphore(waiting)

    def enter(self) -> None:
        """Take the place; whoever has it gives it back by `leave`. Raises `Busy`."""
        if self.place.acquire(blocking=False):
            return
        if not self._room.acquire(blocking=False):
            raise Busy(Busy.__doc__)
        try:
            if not self.place.acquire(timeout=PATIENCE):
                raise Busy(Busy.__doc__)
        finally:
            self._room.release()

    def leave(self) -> None:
        """Give the place back."""
        self.place.release()


@dataclass
class Turns:
    """One process's turns."""

    _line: Line = field(default_factory=Line)
    _left: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)  #: whose -> seconds, as of when

    @contextmanager
    def one(self, *, tried: bool = True) -> Iterator[None]:
        """Have a turn; what was `tried` without one is paid for. Raises `Busy`."""
        whose = _whose.get()
        if whose is None:
            with self._line.place:
                yield
            return
        if tried:
            self._pay(whose, TRIED)
        self._line.enter()
        began = time.monotonic()
        try:
            yield
        finally:
            self._pay(whose, min(time.monotonic() - began, MOST))
            self._line.leave()

    def allow(self) -> bool:
        """Whether it may be tried without a turn. Raises `Spent` where whoever asks has had too much already."""
        if (left := self._of_asker()) <= 0:
            raise Spent(max(1, round((0.5 - left) / EARNED)))
        return left > SAVED - LIKELY

    def dear(self) -> bool:
        """Whether what is asked for is expected to take long, as what the same person asked for lately did."""
        return self._of_asker() <= SAVED - LIKELY

    def _of_asker(self) -> float:
        whose = _whose.get()
        return SAVED if whose is None or whose not in self._left else self._balance(whose)

    def _balance(self, whose: str) -> float:
        seconds, since = self._left.get(whose, (SAVED, 0.0))
        return min(SAVED, seconds + (time.monotonic() - since) * EARNED)

    def _pay(self, whose: str, took: float) -> None:
        self._left[whose] = self._balance(whose) - took, time.monotonic()
        self._left.move_to_end(whose)
        while len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)


_turns = Turns()


one, allow, dear = _turns.one, _turns.allow, _turns.dear


def begin(whose: str | None) -> None:
    """From here on, evaluations of this request are `whose`: they wait in the room and pay; None: nobody's."""
    _whose.set(whose)
