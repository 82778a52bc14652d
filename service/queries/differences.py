"""What differs between two versions, in words: processes, forms and decisions; of files, or of what is deployed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any, Literal
from uuid import UUID

from service.db import db
from service.engine.change.compare import Difference, compare
from service.engine.change.heads import listed
from service.engine.decisions.compare import compared as compared_tables
from service.engine.decisions.tables import Table, read
from service.engine.definition import Problem, Refused, Severity
from service.engine.normalise import normalise
from service.engine.parser import Definition, parse
from service.errors import InvalidDeployment
from service.execution.definitions import deployed, form_schema, read_files
from service.forms import problems
from service.forms.compare import compared as compared_forms
from service.models import ProcessDefinition

What = Literal["process", "form", "decision"]


@dataclass(frozen=True)
class Contents:
    """One side: what is compared by its key."""

    processes: Mapping[str, Definition] = field(default_factory=dict)
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    decisions: Mapping[str, Table] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """What differs in one process, form or decision."""

    what: What
    key: str
    listed: tuple[Difference, ...]


@lru_cache(maxsize=64)
def between(before_id: UUID | None, after_id: UUID) -> tuple[Part, ...]:
    """What differs between two deployed versions of a process, with the forms and decisions that each is linked with.

    None: nothing, before there was a first version. Versions never change, so this is worked out once per pair.
    """
    return differences(_deployed(before_id) if before_id else Contents(), _deployed(after_id))


def of_files(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[Part, ...]:
    """What differs between two sets of files (name -> content). Raises `InvalidDeployment` for what cannot be read."""
    return differences(read_contents(before), read_contents(after))


def with_files(definition_id: UUID, files: Mapping[str, bytes], *, version_first: bool) -> tuple[Part, ...] | None:
    """What differs between a deployed version and files; None where these hold nothing that belongs to it.

    What it is linked with and the files do not hold is taken for the same: they may be a part of what is deployed.
    Raises `InvalidDeployment` for what cannot be read.
    """
    row, version = db.session.get_one(ProcessDefinition, definition_id), _deployed(definition_id)
    sent = read_contents(files, beside=read_files(row.files))
    drawn = sent.processes.get(row.key, version.processes[row.key])
    forms = _beside(version.forms, sent.forms, drawn.info.forms)
    tables = _beside(version.decisions, sent.decisions, drawn.info.decisions)
    if row.key not in sent.processes and not (sent.forms.keys() | sent.decisions.keys()) & (forms | tables).keys():
        return None
    contents = Contents({row.key: drawn}, forms, tables)
    return differences(version, contents) if version_first else differences(contents, version)


def _beside(known: Mapping[str, Any], sent: Mapping[str, Any], named: Sequence[str]) -> dict[str, Any]:
    """Forms or decisions as they would be: those that are named, as they are sent, or else as they are known."""
    there = {key: sent.get(key, known.get(key)) for key in dict.fromkeys((*named, *(known.keys() & sent.keys())))}
    return {key: each for key, each in there.items() if each is not None}


def differences(before: Contents, after: Contents) -> tuple[Part, ...]:
    """What differs, part by part; parts that are the same are left out."""
    found = [
        *_parts("process", before.processes, after.processes, _processes),
        *_parts("form", before.forms, after.forms, lambda old, new: _worded(compared_forms(old, new))),
        *_parts("decision", before.decisions, after.decisions, lambda old, new: _worded(compared_tables(old, new))),
    ]
    return tuple(part for part in found if part.listed)


def marks(parts: tuple[Part, ...], key: str) -> tuple[dict[str, str], dict[str, str]]:
    """Element or flow id -> added, removed or changed, for the diagrams of the process `key` before and after."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for each in (each for part in parts if part.what == "process" and part.key == key for each in part.listed):
        if each.process is not None:
            continue
        state = each.kind if each.kind in ("added", "removed") else "changed"
        if each.before is not None:
            before.setdefault(each.before, state)
        if each.after is not None:
            after.setdefault(each.after, state)
    return before, after


def read_contents(files: Mapping[str, bytes], beside: Mapping[str, bytes] | None = None) -> Contents:
    """The processes, forms and decisions in `files`. Raises `InvalidDeployment` with what cannot be read of them.

    `beside`: where a diagram calls what is not among them, it is looked for there.
    """
    wrong: list[Problem] = []
    forms: dict[str, Mapping[str, Any]] = {}
    tables: dict[str, Table] = {}
    diagrams: dict[str, bytes] = {}
    for name, content in files.items():
        kind = PurePosixPath(name).suffix.lower()
        if kind in (".form", ".json"):
            wrong += (errors := [each for each in problems(name, content) if each.severity is Severity.ERROR])
            if not errors:
                forms[PurePosixPath(name).stem] = json.loads(content.decode("utf-8-sig"))
            continue
        diagrams[name] = content
        if kind == ".dmn":
            tables |= _tables(content)  # what cannot be read is told below, by the file's own name
    try:
        definitions = _parsed(diagrams, beside or {})
    except Refused as refused:
        wrong += refused.problems
    if wrong:
        raise InvalidDeployment(wrong)
    return Contents(definitions, forms, tables)


def _parsed(diagrams: Mapping[str, bytes], beside: Mapping[str, bytes]) -> Mapping[str, Definition]:
    """The processes in diagrams, linked with what they call in others beside them. Raises `Refused`."""
    if not beside:
        return parse(diagrams).definitions
    drawn = {key for name, content in diagrams.items() if not name.endswith(".dmn") for key in _keys(name, content)}
    decided = {key for content in diagrams.values() for key in _tables(content)}
    others = {
        f"deployed/{name}": content
        for name, content in beside.items()
        if not (decided & _tables(content).keys() if name.lower().endswith(".dmn") else drawn & _keys(name, content))
    }
    found = parse({**others, **diagrams}).definitions
    return {key: each for key, each in found.items() if key in drawn}


def _keys(name: str, content: bytes) -> set[str]:
    """The ids of the processes in a diagram; none of one that cannot be read."""
    with suppress(Refused):
        return set(normalise(name, content).infos)
    return set()


def _deployed(definition_id: UUID) -> Contents:
    row = db.session.get_one(ProcessDefinition, definition_id)
    source = deployed(definition_id)
    diagrams = {name: digest for name, digest in row.files.items() if name.lower().endswith(".dmn")}
    tables: dict[str, Table] = {}
    for content in read_files(diagrams).values():
        tables |= _tables(content)
    forms = {key: form_schema(form_id) for key, form_id in source.forms.items()}
    return Contents({row.key: source.definition}, forms, tables)


def _tables(content: bytes) -> dict[str, Table]:
    """The decisions of a DMN file by id; none of one that cannot be read."""
    with suppress(Refused):
        return {table.id: table for table in read(content)}
    return {}


def _parts(what: What, before: Mapping[str, Any], after: Mapping[str, Any], differ: Any) -> Iterator[Part]:
    for key in sorted(before.keys() | after.keys()):
        if key not in after:
            yield Part(what, key, (Difference("removed", f"The {what} “{_called(before[key], key)}” is gone."),))
        elif key not in before:
            yield Part(what, key, (Difference("added", f"The {what} “{_called(after[key], key)}” is new."),))
        else:
            yield Part(what, key, differ(before[key], after[key]))


def _called(found: Any, key: str) -> str:
    if isinstance(found, Definition):
        return found.info.name or key
    return found.name if isinstance(found, Table) else key


def _processes(before: Definition, after: Definition) -> tuple[Difference, ...]:
    return (*listed(before.info, after.info), *compare(before, after).listed)


def _worded(said: list[tuple[str, str]]) -> tuple[Difference, ...]:
    return tuple(Difference(kind, message) for kind, message in said)
