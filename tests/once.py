"""Each test has an application of its own, with the same routes and the same statements: what they come to is worked
out once in a process. That was a third of the tests' time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.engine.default import DefaultDialect
from werkzeug.routing import Rule

#: What a route comes to, beside the converters: these are asked for nothing that differs between applications.
COMPILED = ("_parts", "_trace", "_converters", "arguments")
#: What of a dialect may differ between two that speak to databases of one kind.
TOLD_BY_THE_DATABASE = ("server_version_info", "insert_returning", "update_returning", "delete_returning")


def shared_between_applications(patch: pytest.MonkeyPatch) -> None:
    """Let applications share compiled routes, and compiled statements where their databases are of one kind."""
    patch.setattr(Rule, "compile", _remembering(Rule.compile))
    patch.setattr(DefaultDialect, "__hash__", lambda dialect: hash(type(dialect)))
    patch.setattr(DefaultDialect, "__eq__", _alike)
    patch.setattr(SQLAlchemy, "_make_engine", _sharing(SQLAlchemy._make_engine))


def _remembering(compile_rule: Callable[[Rule], None]) -> Callable[[Rule], None]:
    known: dict[tuple[object, ...], Rule] = {}

    def compiled(rule: Rule) -> None:
        key = rule.rule, rule.subdomain, rule.host, rule.merge_slashes, tuple((rule.defaults or {}).items())
        like = known.setdefault(key, rule)
        if like is rule:
            compile_rule(rule)
            return
        for name in COMPILED:
            setattr(rule, name, getattr(like, name))
        for name in ("_build", "_build_unknown"):
            setattr(rule, name, getattr(like, name).__func__.__get__(rule, None))

    return compiled


def _alike(dialect: DefaultDialect, other: object) -> bool:
    """Whether both make the same text of the same statement: the key of a compiled one holds its dialect."""
    if type(dialect) is not type(other):
        return False
    return all(getattr(dialect, name) == getattr(other, name) for name in TOLD_BY_THE_DATABASE)


def _sharing(make_engine: Callable[..., sa.Engine]) -> Callable[..., sa.Engine]:
    shared: dict[type, Any] = {}

    def made(*args: Any) -> sa.Engine:
        engine = make_engine(*args)
        engine._compiled_cache = shared.setdefault(type(engine.dialect), engine._compiled_cache)
        return engine

    return made
