"""What there is to translate, for `pybabel extract` (`make messages`): the texts of templates and of our code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import IO, Any

from jinja2 import Environment

from service.languages.catalogues import SCRIPTS
from service.languages.pages import macros
from service.languages.templates import walked

#: a line, what is called, the message or (one, many), and comments: as Babel wants them
Extracted = tuple[int, str, str | tuple[str, str], list[str]]
_SPOKEN = re.compile(r"\b(?:spoken|later)\('((?:[^'\\]|\\.)*)'")
ONE = frozenset({"_", "gettext", "later"})
#: enumerations whose values stand in sentences: `_("This case is %(state)s.", state=_(case.state))`
SAID = frozenset({"Action", "CaseState", "TaskState", "MigrationState", "LinkKind", "ModificationState"})


class _Collected:
    def __init__(self) -> None:
        self.found: list[Extracted] = []

    def one(self, text: str, line: int) -> None:
        self.found.append((line, "gettext", text, []))

    def plural(self, one: str, many: str, line: int) -> None:
        self.found.append((line, "ngettext", (one, many), []))


def templates(file: IO[bytes], keywords: Any, tags: Any, options: Any) -> Iterator[Extracted]:  # noqa: ARG001
    """The texts of a template."""
    collected = _Collected()
    environment = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True)
    walked(environment.parse(file.read().decode()), collected, macros())
    yield from collected.found


def code(file: IO[bytes], keywords: Any, tags: Any, options: Any) -> Iterator[Extracted]:  # noqa: ARG001
    """`_("…")`, `later("…")`, `ngettext("…", "…", n)` and `counted(n, "case")` of a module."""
    for node in ast.walk(ast.parse(file.read())):
        if isinstance(node, ast.Call):
            yield from _of_call(node)
        elif isinstance(node, ast.ClassDef):
            yield from _of_class(node)


def _of_class(node: ast.ClassDef) -> Iterator[Extracted]:
    """What an error says by its docstring, and the values of `SAID`."""
    docstring = ast.get_docstring(node)
    if docstring and any(isinstance(base, ast.Name) and base.id == "ServiceError" for base in node.bases):
        yield node.lineno, "gettext", docstring, []
    for each in node.body if node.name in SAID else ():
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant) and isinstance(each.value.value, str):
            yield each.lineno, "gettext", str(each.value.value), []


def scripts(file: IO[bytes], keywords: Any, tags: Any, options: Any) -> Iterator[Extracted]:  # noqa: ARG001
    """`spoken('…')` and `later('…')` of the pages' scripts."""
    for line, text in enumerate(file.read().decode().splitlines(), 1):
        for found in _SPOKEN.findall(text):
            yield line, "pgettext", (SCRIPTS, found), []


def _of_call(node: ast.Call) -> Iterator[Extracted]:
    called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    texts = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if called in ONE and len(texts) == 1 and texts[0]:
        yield node.lineno, "gettext", texts[0], []
    elif called == "pgettext" and len(texts) == 2:
        yield node.lineno, "pgettext", (texts[0], texts[1]), []
    elif called == "ngettext" and len(texts) == 2:
        yield node.lineno, "ngettext", (texts[0], texts[1]), []
    elif called == "counted" and texts:
        many = texts[1] if len(texts) > 1 else texts[0] + "s"
        yield node.lineno, "ngettext", (f"%(num)s {texts[0]}", f"%(num)s {many}"), []
