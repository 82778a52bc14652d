"""A bundle of the web parts, run by quickjs: the same JavaScript on the server as in the browser, without Node.

A context belongs to one thread (quickjs is not thread-safe), is made when the thread first needs it, and is thrown away
after every breach of a limit, so that nothing an expression did to it can matter to the next. What is not done quickly
begins anew once it has its turn (turns.py); its context is thrown away, too.
"""

from __future__ import annotations

import os
import threading
from importlib.resources import files
from typing import Any, NoReturn

import quickjs

from service.engine.expressions import turns

SECONDS = 0.5  #: CPU time of one call, unless the caller says otherwise
SHARED = 2  #: quickjs counts the whole process's time, in which others' quick expressions are worked out meanwhile
MEMORY = 96 * 1024 * 1024  #: bytes that a context may hold; the bundle itself takes about 5
STACK = 512 * 1024  #: bytes


class LimitReached(RuntimeError):
    """A call ran too long, took too much memory, or nested too deeply. The message says which, as a sentence."""


class NotBuilt(RuntimeError):
    """The web parts are missing: run `pip install -e .` or `python service/frontend/build.py`."""


class Bundle:
    """One bundle `static/dist/server/<name>.js`, which sets the global `casewright`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._source: str | None = None
        self._local = threading.local()

    def call(self, function: str, *arguments: str | float | bool | None, seconds: float = SECONDS) -> Any:
        """Call an exported function with texts, numbers and booleans. Raises LimitReached, or quickjs.JSException."""
        try_first = turns.allow()
        state = self._state()
        try:  # memory may be full even for the function itself
            found = state.get(function) or state.setdefault(function, self._function(state["context"], function))
            if try_first:
                return found(*arguments)
        except quickjs.JSException as error:
            if "interrupted" not in str(error):
                return self._refuse(error, turns.QUICK)
            self._local.state = None
        try:
            with turns.one(tried=try_first):
                state["context"].set_time_limit(seconds * SHARED)
                return found(*arguments)
        except quickjs.JSException as error:
            return self._refuse(error, seconds)
        finally:
            state["context"].set_time_limit(turns.QUICK)

    def _refuse(self, error: quickjs.JSException, seconds: float) -> NoReturn:
        """Say which limit was reached. What the bundle throws is a limit, or its own trouble: it answers what is wrong
        with a text."""
        self.forget()
        message = str(error).strip()
        if isinstance(error, quickjs.StackOverflow):
            raise LimitReached("It is nested too deeply and was stopped.") from None
        if "InternalError" not in message and message != "null":
            raise error
        if "interrupted" in message:
            raise LimitReached(f"It ran longer than {seconds} s and was stopped.") from None
        raise LimitReached("It needed too much memory and was stopped.") from None

    def forget(self) -> None:
        """Throw this thread's context away; the next call makes a new one."""
        self._local.state = None

    def notes(self) -> set[str]:
        """What the caller wants to remember of this thread's context; empty whenever the context is a new one."""
        notes: set[str] = self._state()["notes"]
        return notes

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] | None = getattr(self._local, "state", None)
        if state is None or state["pid"] != os.getpid():
            context = quickjs.Context()
            context.set_max_stack_size(STACK)
            context.eval(self._text())
            context.set_memory_limit(MEMORY)
            context.set_time_limit(turns.QUICK)
            state = self._local.state = {"context": context, "pid": os.getpid(), "notes": set()}
        return state

    def _text(self) -> str:
        if self._source is None:
            path = files("service").joinpath("static", "dist", "server", f"{self._name}.js")
            try:
                self._source = path.read_text("utf-8")
            except FileNotFoundError:
                raise NotBuilt(f"static/dist/server/{self._name}.js is missing: build the web parts.") from None
        return self._source

    @staticmethod
    def _function(context: Any, function: str) -> Any:
        if not function.isidentifier():
            raise ValueError(function)
        return context.eval(f"casewright.{function}")
