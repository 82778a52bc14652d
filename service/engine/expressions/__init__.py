"""Conditions, mappings and scripts, each run in a sandbox.

A text that begins with `=` is FEEL; any other is Python. Both may use only the variables they are given, for at most
half a second, and cannot reach anything of ours: Python runs in Monty (`python_sandbox`), FEEL in quickjs (`feel`).
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service.engine.expressions import budget, feel, python_names, python_sandbox
from service.engine.expressions.feel import FeelError
from service.engine.expressions.python_names import Unreadable
from service.engine.expressions.python_sandbox import PythonError

_PYTHON = frozenset({"python", "application/x-python", "text/x-python", "text/python", "application/python", ""})
_FEEL = frozenset({"feel", "application/feel", "text/feel"})


class ExpressionError(ValueError):
    """An expression or script that is wrong, failed, or was stopped at a limit. `line` counts from 1 in its text."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"{message} (line {line})")
        self.line = line


def evaluate(text: str, variables: Mapping[str, Any], *, now: datetime | None = None) -> Any:
    """The value of `text`, as plain values (JSON, dates, times, durations). `now` is the case's clock, aware.

    Raises ExpressionError. In FEEL an unknown variable is null; in Python it is an error.
    """
    if is_feel(text):
        return _feel(_without_sign(text), variables, now)
    try:
        with budget.counted():
            return python_sandbox.evaluate(python_names.expression(text), variables, now)
    except (Unreadable, PythonError) as error:
        raise ExpressionError(str(error), error.line) from None


def holds(text: str, variables: Mapping[str, Any], *, now: datetime | None = None) -> bool:
    """Whether the condition `text` is true. In FEEL null is not, and what is neither true nor false is an error: as in
    Camunda 8; Python has its own idea of what is true. Raises ExpressionError."""
    value = evaluate(text, variables, now=now)
    if is_feel(text) and value is not None and not isinstance(value, bool):
        shown = (
            "a text" if isinstance(value, str) else "a number" if isinstance(value, int | float) else "no truth value"
        )
        raise ExpressionError(f"The condition “{text.strip()[:80]}” gives {shown}, and has to give true or false.")
    return bool(value)


def run_script(
    text: str, variables: Mapping[str, Any], *, language: str = "python", now: datetime | None = None
) -> dict[str, Any]:
    """The variables that a script assigns or changes in place, as deep copies; `variables` itself stays as it is.

    A FEEL script is a context, and assigns its entries. Raises ExpressionError; then nothing was changed.
    """
    language = language.strip().lower()
    if language in _FEEL or (language in _PYTHON and is_feel(text)):
        result = _feel(_without_sign(text), variables, now)
        if not isinstance(result, dict):
            raise ExpressionError("A FEEL script must give a context, such as { total: a + b }.")
        return result
    if language not in _PYTHON:
        raise ExpressionError(_unknown_language(language))
    try:
        return python_sandbox.run(python_names.script(text), variables, now)
    except (Unreadable, PythonError) as error:
        raise ExpressionError(str(error), error.line) from None


def check(text: str, language: str = "auto") -> str | None:
    """What is wrong with `text` as far as can be known without running it, a sentence with its line; or None.

    `auto` is what `evaluate` takes; `python` a script; `feel` FEEL without its `=`; `unary` a DMN input entry.
    """
    language = language.strip().lower()
    if language == "unary":
        return feel.check(text, unary=True)
    if language in _FEEL or is_feel(text):
        return feel.check(_without_sign(text))
    if language != "auto" and language not in _PYTHON:
        return _unknown_language(language)
    with budget.counted():
        return _check_python(text, is_script=language != "auto")


def names(text: str) -> frozenset[str]:
    """The variables that `text` needs from the case: read before it binds them itself, and not built in.

    Empty where `text` cannot be read: `check` says why.
    """
    if is_feel(text):
        return feel.names(_without_sign(text))
    with budget.counted():
        try:
            found = python_names.expression(text)
        except Unreadable:
            try:
                found = python_names.script(text)
            except Unreadable:
                return frozenset()
        return found.free - python_names.OFFERED


def outer_names(text: str) -> frozenset[str]:
    """`names` without those that FEEL may find in the items of a list that it filters."""
    return feel.outer_names(_without_sign(text)) if is_feel(text) else names(text)


def mismatches(text: str, kinds: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    """In FEEL, comparisons and sums of two kinds, which are null: (left, its kind, right, its kind)."""
    return feel.mismatches(_without_sign(text), kinds) if is_feel(text) else []


def is_feel(text: str) -> bool:
    """Whether `text` is FEEL: it begins with `=`, but not with `==`."""
    start = text.lstrip()[:2]
    return start[:1] == "=" and start != "=="


def unknown_functions(text: str) -> frozenset[str]:
    """The functions that FEEL calls although there are none of that name: they would be null. Python says so itself."""
    return feel.unknown_functions(_without_sign(text)) if is_feel(text) else frozenset()


def _without_sign(text: str) -> str:
    """FEEL without its `=`, each character where it was, so that the lines and columns of errors fit."""
    return text.replace("=", " ", 1) if is_feel(text) else text


def _feel(text: str, variables: Mapping[str, Any], now: datetime | None) -> Any:
    try:
        return feel.evaluate(text, variables, now=now)
    except FeelError as error:
        raise ExpressionError(str(error)) from None


def _check_python(text: str, *, is_script: bool) -> str | None:
    try:
        found = python_names.script(text) if is_script else python_names.expression(text)
    except Unreadable as error:
        return str(ExpressionError(str(error), error.line))
    if refused := _refused_import(found.code):
        return refused
    try:
        problem = python_sandbox.parses(found.code)
    except PythonError as error:
        return str(error)
    if problem is None:
        return None
    message, line = problem
    return str(ExpressionError(message, None if line is None else max(1, line - found.shift)))


def _refused_import(code: str) -> str | None:
    for node in ast.walk(ast.parse(code, "<designer>")):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = [node.module or "."]
        else:
            continue
        for module in modules:
            if not module.replace(".", "").isidentifier() or not python_sandbox.has_module(module):
                advice = " uuid4() is there without an import." if module == "uuid" else ""
                return str(ExpressionError(f"The sandbox has no module {module!r}.{advice}", node.lineno))
    return None


def _unknown_language(language: str) -> str:
    return f"Scripts in {language} are not executed; write Python or FEEL."
