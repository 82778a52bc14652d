"""How long reading what was deployed may take: every text is parsed within limits of its own, but there may be many.

Counted is this thread's CPU time, so that a busy machine refuses nothing that an idle one accepts. Where no budget was
opened (a case that runs, a test) nothing is counted: what runs has limits of its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

FILE_SECONDS = 2.0  #: of one file's expressions, scripts and patterns, or one form as a whole
ALL_SECONDS = 20.0  #: of all files of a deployment together


class Spent(Exception):
    """What is read takes longer than its budget. `line` and `element_id` say where its reader had come to."""

    def __init__(self, seconds: float, line: int | None, element_id: str | None) -> None:
        super().__init__(f"Reading it takes longer than {seconds:g} s of computing, and was stopped here.")
        self.line, self.element_id = line, element_id


@dataclass
class _Budget:
    all_left: float
    file: str = ""
    left: dict[str, float] = field(default_factory=dict)  #: seconds, by file: one may be read in several steps
    told: set[str] = field(default_factory=set)  #: files that took too long
    line: int | None = None
    element_id: str | None = None
    counting: bool = False


_current: ContextVar[_Budget | None] = ContextVar("budget", default=None)
clock = time.thread_time


@contextmanager
def of_deployment() -> Iterator[None]:
    """Open a budget for all files that are read inside."""
    token = _current.set(_Budget(ALL_SECONDS))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def of_file(name: str, *, files: int = 1) -> Iterator[None]:
    """Count what happens inside as reading that file (or several together); raises Spent where its part is used up."""
    budget = _current.get()
    if budget is not None:
        budget.file, budget.line, budget.element_id = name, None, None
        budget.left.setdefault(name, FILE_SECONDS * files)
    yield


def is_news(name: str) -> bool:
    """Whether it was not told before that the file takes too long; from now on it was."""
    budget = _current.get()
    if budget is None or name in budget.told:
        return False
    budget.told.add(name)
    return True


def reading(line: int | None, element_id: str | None) -> None:
    """Note what is read next."""
    budget = _current.get()
    if budget is not None:
        budget.line, budget.element_id = line, element_id


@contextmanager
def counted() -> Iterator[None]:
    """Take what happens inside from the budget; raises Spent, before it or after it, where nothing is left."""
    budget = _current.get()
    if budget is None or budget.counting:
        yield
        return
    _check(budget)
    budget.counting, begin = True, clock()
    try:
        yield
    finally:
        spent = clock() - begin
        budget.left[budget.file] = budget.left.get(budget.file, FILE_SECONDS) - spent
        budget.all_left -= spent
        budget.counting = False
    _check(budget)


def _check(budget: _Budget) -> None:
    if budget.left.get(budget.file, FILE_SECONDS) <= 0:
        raise Spent(FILE_SECONDS, budget.line, budget.element_id)
    if budget.all_left <= 0:
        raise Spent(ALL_SECONDS, budget.line, budget.element_id)
