"""WHAT ANOTHER VERSION MEANS FOR CASES: the engine's verdict, told everything that the two versions are linked with.

One answer holds for all cases that stand alike, have been in the same places and know the same variables, so it is
kept. Both who moves a case (operations) and who asks before (queries) come here: they hear the same.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from service import forms
from service.db import db, to_json
from service.engine.change import judge as engine
from service.engine.change.compare import Differences, Names, compare
from service.engine.change.data import Contents
from service.engine.change.marking import Marking, passed
from service.engine.change.plan import Judgement, Plan
from service.engine.checks.instances import FormNames
from service.engine.decisions import reads_of
from service.engine.elements.rules import columns_of
from service.engine.parser import Definition
from service.execution.definitions import deployed, read_files, resource
from service.models import FormDefinition, ProcessDefinition


@dataclass(frozen=True, eq=False)
class Version:
    """One version of a process, as cases are judged by it: deployed, or of files that may be."""

    key: str
    name: str  #: of the process
    number: int  #: its version; of what is not deployed the one that it would get
    definition: Definition = field(repr=False)
    names: Names = field(repr=False)
    contents: Contents = field(repr=False)
    id: uuid.UUID | None = None  #: of the `ProcessDefinition`; None: not deployed


@lru_cache(maxsize=256)
def version_of(definition_id: uuid.UUID) -> Version:
    """A deployed version."""
    row = db.session.get_one(ProcessDefinition, definition_id)
    found = deployed(definition_id)
    wanted = sa.select(FormDefinition.id, FormDefinition.hash).where(FormDefinition.id.in_(found.forms.values()))
    hashes = dict(iter(db.session.execute(wanted)))
    drawn = {key: resource(hashes[form_id]) for key, form_id in found.forms.items() if form_id in hashes}
    return _version(row.key, row.name, row.version, found.definition, read_files(_tables(row.files)), drawn, row.id)


def candidate(
    key: str, name: str, number: int, definition: Definition, files: Mapping[str, bytes], drawn: Mapping[str, bytes]
) -> Version:
    """A version that is not deployed. `files`: those that it is linked with, by name; `drawn`: its forms, by key."""
    return _version(key, name, number, definition, _tables(files), drawn, None)


def differences(source: Version, target: Version) -> Differences:
    """What differs between two versions of a process, in words and by element."""
    return compare(source.definition, target.definition, source.names, target.names)


def judged(
    source: Version,
    target: Version,
    stands: Marking,
    visits: Mapping[str, int],
    plan: Plan,
    known: frozenset[str],
) -> Judgement:
    """What becomes of cases at a marking that have been in `visits` and know these variables (`known`, names)."""
    cases = _Class(
        source, target, to_json(plan.as_json()), stands.signature, passed(visits), known, marking=stands, visits=visits
    )
    return _judged(cases) if source.id and target.id else _judged.__wrapped__(cases)  # what may never be is not kept


def asked(source: Version, target: Version, stands: Marking, plan: Plan) -> frozenset[str]:
    """The variables on which the verdict of cases at a marking depends; which others they know does not matter."""
    contents = source.contents, target.contents
    return engine.asked(source.definition, target.definition, stands, plan, contents)


@dataclass(frozen=True)
class _Class:
    source: Version
    target: Version
    plan: str
    signature: str
    passed: str
    known: frozenset[str]
    marking: Marking = field(compare=False)
    visits: Mapping[str, int] = field(compare=False)


@lru_cache(maxsize=4096)
def _judged(cases: _Class) -> Judgement:
    source, target = cases.source, cases.target
    return engine.judge(
        source.definition,
        target.definition,
        cases.marking,
        cases.visits,
        Plan.from_json(json.loads(cases.plan)),
        known=cases.known,
        names=(source.names, target.names),
        contents=(source.contents, target.contents),
    )


def _version(
    key: str,
    name: str,
    number: int,
    definition: Definition,
    tables: Mapping[str, bytes],
    drawn: Mapping[str, bytes],
    id_: uuid.UUID | None,
) -> Version:
    named = {form: hashlib.sha256(content).hexdigest() for form, content in drawn.items()}
    decided = {each: definition.decisions[each].model_key for each in definition.decisions}
    asks = {form: _form_names(content) for form, content in drawn.items()}
    reads = reads_of(tables) if tables else {}
    decisions = {
        each: FormNames(
            written=frozenset({*columns_of(definition.decisions[each]), each}),
            read=frozenset(read.name for read in reads.get(each, ())),
        )
        for each in definition.decisions
    }
    return Version(key, name, number, definition, Names(named, decided), Contents(asks, decisions), id_)


def _tables(files: Mapping[str, Any]) -> dict[str, Any]:
    return {name: content for name, content in files.items() if name.lower().endswith(".dmn")}


@lru_cache(maxsize=512)
def _form_names(content: bytes) -> FormNames:
    return forms.names(content)
