"""FILTERS AS SQL (the language: service/filters). What they choose is chosen among what the actor may see anyhow.

Every list adds the conditions made here to those of its own (`visibility.py`). Of the case of a task that one may see
without its case (it is restricted), nothing is asked that the task itself does not show: see `conditions.guarded`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import sqlalchemy as sa

from service import filters
from service.db import db, localnow, once
from service.engine import searchable
from service.filters import Field, Kind, Known, Node
from service.models import Actor, ProcessDefinition
from service.queries.filtering import narrowing
from service.queries.filtering.conditions import About, of_cases, of_tasks

Conditions = Sequence[sa.ColumnElement[bool]]


def tasks(text: str, actor: Actor) -> Conditions:
    """What chooses, among open tasks, those that the filter `text` asks for. Raises `BadFilter`."""
    node = read_for_tasks(text)
    if node is None:
        return ()
    about = About(actor, localnow(), of_tasks=True)
    return (*narrowing.of_tasks(node, about), of_tasks(node, about))


def cases(text: str, actor: Actor) -> Conditions:
    """What chooses, among cases, those that the filter `text` asks for. Raises `BadFilter`."""
    node = read_for_cases(text)
    if node is None:
        return ()
    about = About(actor, localnow(), of_tasks=False)
    return (*narrowing.of_cases(node, about), of_cases(node, about))


def read_for_tasks(text: str) -> Node | None:
    """What the filter `text` asks of tasks; None for nothing. Raises `BadFilter`."""
    return filters.read(text, fields_of_tasks(), localnow())


def read_for_cases(text: str) -> Node | None:
    """What the filter `text` asks of cases; None for nothing. Raises `BadFilter`."""
    return filters.read(text, fields_of_cases(), localnow())


def fields_of_tasks() -> Mapping[str, Field]:
    return filters.task_fields(known())


def fields_of_cases() -> Mapping[str, Field]:
    return filters.case_fields(known())


def known() -> Known:
    """What the newest versions of all case types give filters to name."""
    newest = once("newest definition", lambda: db.session.scalar(_NEWEST))
    return _known(newest) if newest is not None else Known()


_NEWEST = sa.select(ProcessDefinition.id).order_by(ProcessDefinition.id.desc()).limit(1)


@lru_cache(maxsize=64)
def _known(_newest: object) -> Known:
    """Definitions never change: what is deployed is another thing only once a newer one is there."""
    types: dict[str, str] = {}
    named: dict[str, dict[str, str]] = {"stages": {}, "roles": {}, "outcomes": {}}
    facts: dict[str, dict[Kind, None]] = {}
    wanted = sa.select(ProcessDefinition.key, ProcessDefinition.name, ProcessDefinition.info).where(
        ProcessDefinition.latest, ProcessDefinition.number_prefix.is_not(None)
    )
    for key, name, info in db.session.execute(wanted.order_by(ProcessDefinition.key)):
        attributes = info.get("attributes", {})
        if attributes.get("insertable") != "true":
            types[key] = name
        for kind, found in named.items():
            found |= {each["id"]: each["name"] for each in info.get(kind, ())}
        for fact, what in searchable.declared(attributes.get("searchable", "")).items():
            facts.setdefault(fact, {})[Kind(what)] = None
    return Known(types, **named, facts={name: tuple(kinds) for name, kinds in facts.items()})
