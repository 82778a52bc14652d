"""Designers' Python, run by pydantic-monty: an interpreter in Rust, in a process of its own, without our objects.

A pool belongs to one process. Monty's runtime does not survive a fork, so the pool is made at the first evaluation,
and a process that was forked after its parent's first evaluation is told so instead of waiting for ever.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, TypeVar
from uuid import uuid4

from pydantic_monty import (
    Monty,
    MontyConversionError,
    MontyCrashedError,
    MontyError,
    MontyRuntimeError,
    MontySession,
    MontySyntaxError,
    OSPolicy,
    ResourceLimits,
)

from service.engine.expressions import turns
from service.engine.expressions.plain import NotPlain, plain
from service.engine.expressions.python_names import Names

SECONDS = 0.5  #: an evaluation may run so long
MEMORY = 64 * 1024 * 1024  #: bytes that its values may take
DEPTH = 200  #: nested calls

_TOO_LONG = f"It ran longer than {SECONDS} s and was stopped."
_CRASHED = "It was stopped because it took too long or too much memory."
_AGAIN = (_TOO_LONG, _CRASHED)  #: what a machine that is busy, or short of memory, does to a text that is right, too
_LIMITS: ResourceLimits = {
    "max_feed_duration_secs": SECONDS,
    "max_memory": MEMORY,
    "max_recursion_depth": DEPTH,
    "max_suspensions": 1000,
    "max_total_sleep_secs": 0.0,
}

_QUICK: ResourceLimits = {**_LIMITS, "max_feed_duration_secs": turns.QUICK}
Result = TypeVar("Result")

#: What Monty lacks or would make the designer import: offered by name, imported only where it is used.
OFFERED = {
    "datetime": "from datetime import datetime",
    "date": "from datetime import date",
    "time": "from datetime import time",
    "timedelta": "from datetime import timedelta",
    "timezone": "from datetime import timezone",
    "math": "import math",
    "re": "import re",
    "json": "import json",
}


if find_spec("opentelemetry") is None:  # Monty tries to import it at each run, which took a fifth of a step's time
    sys.modules["opentelemetry"] = None  # type: ignore[assignment]

_ENTRY = re.compile(r"'dict' object has no attribute '(\w+)'")


class PythonError(ValueError):
    """The text failed, or was stopped. `line` counts from 1 in the text as written."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class _TooSlow(PythonError):
    """It was not done quickly, or its process ended."""


class _Pool:
    """The process's warm workers, made when they are first needed."""

    def __init__(self) -> None:
        self._pool: Monty | None = None
        self._owner = 0
        self._lock = threading.Lock()

    def get(self) -> Monty:
        """The pool of this process; PythonError in a process that was forked too late."""
        if self._pool is None:
            with self._lock:
                if self._pool is None:
                    pool = Monty(
                        min_processes=1,
                        max_processes=max(2, os.cpu_count() or 1),
                        checkout_timeout=10.0,
                        request_timeout=SECONDS * 2.4,
                        max_checkouts_per_worker=2000,
                        feed_duration_limit_grace=SECONDS,
                    )
                    pool.__enter__()  # for as long as the process lives
                    self._pool, self._owner = pool, os.getpid()
        if self._owner != os.getpid():
            raise PythonError("This process was forked after its parent had evaluated Python; fork earlier.")
        return self._pool


_pool = _Pool()


def evaluate(names: Names, variables: Mapping[str, Any], now: dt.datetime | None) -> Any:
    """The value of an expression, as plain values. Raises PythonError."""
    return _in_time(lambda limits: _evaluate(names, variables, now, limits))


def _evaluate(names: Names, variables: Mapping[str, Any], now: dt.datetime | None, limits: ResourceLimits) -> Any:
    with _checkout(now, limits) as session:
        return _plain(_feed(session, names, _inputs(names, variables), now))


def _in_time(work: Callable[[ResourceLimits], Result]) -> Result:
    """What `work` gives quickly, or else, begun anew, once it has its turn."""
    try_first = turns.allow()
    if try_first:
        with suppress(_TooSlow):
            return work(_QUICK)
    with turns.one(tried=try_first):
        return work(_LIMITS)


def run(names: Names, variables: Mapping[str, Any], now: dt.datetime | None) -> dict[str, Any]:
    """The variables that a script assigned or changed in place, copied. Raises PythonError."""
    return _in_time(lambda limits: _run(names, variables, now, limits))


def _run(names: Names, variables: Mapping[str, Any], now: dt.datetime | None, limits: ResourceLimits) -> dict[str, Any]:
    inputs = _inputs(names, variables)
    wanted = sorted(names.assigned | {name for name, value in inputs.items() if isinstance(value, list | dict)})
    with _checkout(now, limits) as session:
        _feed(session, names, inputs, now)
        if not wanted:
            return {}
        collect = f"{{_k: _v for _k, _v in locals().items() if _k in {wanted!r}}}"
        found = {name: _plain(value) for name, value in _guarded(session, collect, names).items()}
    return {name: value for name, value in found.items() if name in names.assigned or value != inputs[name]}


def parses(code: str) -> tuple[str, int | None] | None:
    """What Monty does not understand in `code`, with the line, or None. Nothing of it is run."""
    marker = "not to be run"
    with _checkout(None) as session:
        try:
            session.feed_run(f"raise AssertionError({marker!r})\n{code}")
        except MontyError as error:
            if str(error).endswith(marker):
                return None
            message, line = _explain(error)
            return message, None if line is None else line - 1
    return None


def has_module(name: str) -> bool:
    """Whether the sandbox knows the module `name`."""
    with _checkout(None) as session:
        try:
            session.feed_run(f"import {name}")
        except MontyError:
            return False
    return True


def _checkout(now: dt.datetime | None, limits: ResourceLimits = _LIMITS) -> MontySession:
    policy: OSPolicy = {"sleep": "zero"}
    if now is not None:
        policy["datetime"] = now
    return _pool.get().checkout(script_name="text.py", limits=limits, os_policy=policy)


def _inputs(names: Names, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Only what the text reads; the sandbox copies it."""
    return {name: variables[name] for name in names.meant if name in variables}


def _offered(now: dt.datetime | None) -> dict[str, Callable[[], Any]]:
    def clock() -> dt.datetime:
        return now if now is not None else dt.datetime.now(dt.UTC)

    return {"now": clock, "today": lambda: clock().date(), "uuid4": lambda: str(uuid4())}


def _feed(session: MontySession, names: Names, inputs: dict[str, Any], now: dt.datetime | None) -> Any:
    imports = [line for name, line in OFFERED.items() if name in names.read and name not in inputs]
    if imports:
        _guarded(session, "\n".join(imports), names)
    return _guarded(session, names.code, names, inputs, _offered(now))


def _guarded(
    session: MontySession,
    code: str,
    names: Names,
    inputs: dict[str, Any] | None = None,
    lookup: dict[str, Any] | None = None,
) -> Any:
    try:
        return session.feed_run(code, inputs=inputs, external_lookup=lookup, print_callback=_ignore)
    except MontyError as error:
        message, line = _explain(error)
        kind = _TooSlow if message in _AGAIN else PythonError
        raise kind(message, None if line is None else max(1, line - names.shift)) from None


def _ignore(stream: str, text: str) -> None:
    """What scripts print goes nowhere: it may hold personal data."""


def _plain(value: Any) -> Any:
    try:
        return plain(value)
    except NotPlain as error:
        raise PythonError(str(error)) from None


def _explain(error: MontyError) -> tuple[str, int | None]:
    """A sentence for the designer, and the line in the code that was fed."""
    if isinstance(error, MontyCrashedError):
        return _CRASHED, None
    if isinstance(error, MontyConversionError):
        return f"A value cannot be sent to the sandbox: {error}.", None
    if not isinstance(error, MontyRuntimeError | MontySyntaxError):
        return str(error), None
    frames = error.traceback()
    kind, _, text = error.display("type-msg").partition(": ")
    return _sentence(kind, text), frames[-1].line if frames else None


def _sentence(kind: str, text: str) -> str:
    if kind == "TimeoutError" and "limit" in text:
        return _TOO_LONG
    if kind == "MemoryError":
        return f"It needed more than {MEMORY // 1024 // 1024} MB of memory and was stopped."
    if kind == "RecursionError":
        return f"It called itself more than {DEPTH} levels deep and was stopped."
    if kind == "NotImplementedError" and "monty" in text:
        return f"{text.replace('The monty syntax parser does not yet support', 'The sandbox does not know')}."
    if kind == "AttributeError" and (entry := _ENTRY.search(text)):
        return f"{kind}: {text}: write ['{entry[1]}'] for an entry of a dictionary"
    return f"{kind}: {text}" if text else kind
