"""The files that are rehearsed, read: processes, decisions and forms, by name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import PurePosixPath
from typing import Any

from service import errors, forms
from service.engine.decisions.tables import Table
from service.engine.decisions.tables import read as read_tables
from service.engine.definition import Problem, Refused, Severity
from service.engine.parser import Definition, parse
from service.engine.working_time import Hours, WorkingTime

_DAY: Hours = ((9 * 60, 17 * 60),)


@dataclass(frozen=True)
class World:
    """What belongs together while it is rehearsed."""

    definitions: Mapping[str, Definition]
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  #: schema by form key
    tables: Mapping[str, Table] = field(default_factory=dict)  #: decision tables by their decision's id


def read(files: Mapping[str, bytes], *, deployed: bool = False) -> World:
    """Read files by name. Raises `InvalidDeployment` with every problem that is an error; not for those `deployed`."""
    diagrams = {name: text for name, text in files.items() if _ending(name) in (".bpmn", ".bpmn2", ".xml", ".dmn")}
    schemas = {name: text for name, text in files.items() if _ending(name) in (".form", ".json")}
    problems = [each for name, text in schemas.items() for each in forms.problems(name, text)]
    if any(each.severity is Severity.ERROR for each in problems) and not deployed:
        raise errors.InvalidDeployment(problems)
    try:
        package = parse(diagrams, deployed=deployed)
    except Refused as refused:
        raise errors.InvalidDeployment(refused.problems) from None
    if not package.definitions:
        told = Problem("", "There is no executable process.", "Give at least one .bpmn file.")
        raise errors.InvalidDeployment([told])
    tables = [table for name, text in diagrams.items() if _ending(name) == ".dmn" for table in read_tables(text)]
    read_forms = [json.loads(text.decode("utf-8-sig")) for text in schemas.values()]
    return World(
        package.definitions,
        {str(schema["id"]): schema for schema in read_forms},
        {table.id: table for table in tables if table.rules},
    )


def weekdays(name: str) -> WorkingTime:
    """The calendar of any name, as rehearsals have it: Monday to Friday, 9 to 17 o'clock UTC, no holidays."""
    return WorkingTime(name, UTC, (_DAY, _DAY, _DAY, _DAY, _DAY, (), ()))


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()
