"""What the files of a deployment say, laid over what is deployed: read once, checked together, told all at once."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import sqlalchemy as sa

from service import forms
from service.db import db, localnow
from service.engine.checks import check_definition, ignoring, over_budget, quiet
from service.engine.checks.instances import FormNames
from service.engine.decisions import examine as examine_decisions
from service.engine.decisions import reached, reads_of
from service.engine.definition import Problem, ProcessInfo, Refused, Severity
from service.engine.elements.rules import columns_of
from service.engine.expressions import budget
from service.engine.normalise import Normalised, normalise
from service.engine.parser import parse
from service.errors import InvalidDeployment
from service.execution.definitions import read_files
from service.forms.checks import id_of
from service.models import DecisionDefinition, FormDefinition, ProcessDefinition
from service.operations import references, staffing, start_events, unknown_names
from service.operations.references import Source, World
from service.operations.sources import KINDS, TESTS


def digest(content: bytes) -> str:
    """SHA-256, hexadecimal: the name of a file's content."""
    return hashlib.sha256(content).hexdigest()


def examine(files: Mapping[str, bytes], world: World) -> list[Problem]:
    """Lay `files` over `world`; the warnings. Raises `InvalidDeployment` with every error at once."""
    problems: list[Problem] = []
    if not files:
        problems.append(Problem("", "There is no file.", "Give at least one .bpmn, .dmn or .form file."))
    by_kind: dict[str, dict[str, bytes]] = {"process": {}, "decision": {}, "form": {}}
    for name, content in files.items():
        kind = KINDS.get(PurePosixPath(name).suffix.lower())
        if name.endswith(TESTS):
            continue  # kept with the deployment, as `casewright test` runs them
        if kind is None:
            problems.append(
                Problem(name, "This is no file that can be deployed.", "Give it the ending .bpmn, .dmn or .form.")
            )
        else:
            by_kind[kind][name] = content
    with budget.of_deployment():
        problems += _lay_forms(world, by_kind["form"])
        problems += _lay_decisions(world, by_kind["decision"])
        problems += _lay_processes(world, by_kind["process"], by_kind["decision"], by_kind["form"])
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise InvalidDeployment(problems)
    return problems


def deployed_world() -> World:
    """What deployments are laid over: the newest version of everything; of a process the one that new cases take."""

    def newest(model: type[Any]) -> Sequence[Any]:
        return db.session.scalars(sa.select(model).where(model.latest).order_by(model.key)).all()

    other = sa.select(ProcessDefinition).where(ProcessDefinition.active)
    others = other.where(sa.or_(ProcessDefinition.pinned, ProcessDefinition.latest.is_(False)))
    chosen = {row.key: row for row in db.session.scalars(others)}

    def source(latest: ProcessDefinition) -> Source:
        row = chosen.get(latest.key, latest)
        digest, pinned, kept = row.files[row.file], row.pinned, row.key in chosen
        return Source(row.key, row.name, row.file, digest, row.info, latest=latest, pinned=pinned, kept=kept)

    return World(
        {row.key: source(row) for row in newest(ProcessDefinition)},
        {
            row.key: Source(row.key, row.name, row.file, row.hash, files=row.files, latest=row)
            for row in newest(DecisionDefinition)
        },
        {row.key: Source(row.key, row.key, row.file, row.hash, latest=row) for row in newest(FormDefinition)},
        has_people=True,
        now=localnow(),
    )


def _lay(world_part: dict[str, Source], source: Source, world: World, seen: dict[str, str]) -> list[Problem]:
    """Put `source` over what is deployed under its key; a key twice in one deployment is a problem."""
    if source.key in seen:
        return [
            Problem(
                source.file,
                f"“{source.key}” stands in {seen[source.key]} too.",
                "Give one of them another id.",
                element_id=source.key,
            )
        ]
    seen[source.key] = source.file
    world.uploaded.add(source.key)
    if source.key in world_part:
        there = world_part[source.key]
        source.latest, source.pinned, source.kept = there.latest, there.pinned, there.kept
    world_part[source.key] = source
    return []


def _lay_forms(world: World, files: Mapping[str, bytes]) -> list[Problem]:
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for name, content in files.items():
        problems += _form_problems(name, content)
        key = PurePosixPath(name).stem
        source = Source(key, id_of(content), name, digest(content), content=content)
        problems += _lay(world.forms, source, world, seen)
    return problems


def _form_problems(name: str, content: bytes) -> list[Problem]:
    try:
        with budget.of_file(name):
            return forms.problems(name, content)
    except budget.Spent as spent:
        return over_budget(name, spent)


def _lay_embedded(world: World, model: Normalised) -> list[Problem]:
    """Forms that stand in the diagram itself, as Camunda 8 writes them: each as if it were a file of its own."""
    problems: list[Problem] = []
    for key, (text, line) in model.forms.items():
        content = text.encode()
        for problem in _form_problems(model.name, content):
            problems.append(replace(problem, line=line + (problem.line or 1) - 1))
        source = Source(key, id_of(content), f"{model.name}#{key}", digest(content), content=content)
        problems += _lay(world.forms, source, world, {})
    return problems


def _lay_decisions(world: World, files: Mapping[str, bytes]) -> list[Problem]:
    if not files:
        return []
    together = ", ".join(files)[:200]
    try:
        with budget.of_file(together, files=len(files)):
            decisions, problems = examine_decisions(files)  # those beside a faulty one are there for processes to call
            world.reads.update(reads_of(files))
    except budget.Spent as spent:
        return over_budget(together, spent)
    seen: dict[str, str] = {}
    needs = reached(files)
    for key, decision in decisions.items():
        needed = {name: digest(files[name]) for name in sorted(needs[decision.file])}
        combined = digest(json.dumps(sorted(needed.items())).encode())
        source = Source(key, decision.name or key, decision.file, combined, files=needed)
        _stay(source, world.decisions.get(key))
        world.outputs[key] = set(columns_of(decision))
        problems += _lay(world.decisions, source, world, seen)
    return problems


def _stay(source: Source, there: Source | None) -> None:
    """A decision that says what its newest version says is that version, whatever its files are called now."""
    if there is None or source.digest == there.digest:
        return
    known, needed = there.files, source.files
    if set(known.values()) != set(needed.values()) and len(known) > 1:
        contents = read_files(known)  # beside others it may be kept with files that it does not need
        known = {name: known[name] for name in reached(contents)[there.file]}
    if set(known.values()) == set(needed.values()) and known[there.file] == needed[source.file]:
        source.file, source.digest, source.files = there.file, there.digest, there.files


def _lay_processes(
    world: World, files: Mapping[str, bytes], decisions: Mapping[str, bytes], drawn: Mapping[str, bytes]
) -> list[Problem]:
    problems: list[Problem] = []
    models: list[Normalised] = []
    for name, content in files.items():
        try:
            models.append(normalise(name, content))
        except Refused as refused:
            problems += refused.problems
    for model in models:
        problems += _lay_embedded(world, model)
        problems += model.problems
    called = {key: source.info.get("calls", ()) for key, source in world.processes.items()}
    problems += check_definition(models, called=called, forms=_names_in_forms(world, models, drawn), hints=True)
    linked = _linked_files(world, {*files, *decisions})
    seen: dict[str, str] = {}
    executable = [(model, key, info) for model in models for key, info in model.infos.items() if info.executable]
    for model, key, info in executable:
        source = Source(key, info.name or key, model.name, digest(files[model.name]), info.as_json())
        problems += _lay(world.processes, source, world, seen)
    problems = quiet(ignoring.apply(models, [*problems, *_together(executable, world)]))
    if files and not any(problem.severity is Severity.ERROR for problem in problems):
        try:
            parse({**linked, **decisions, **files})
        except Refused as refused:
            problems += [problem for problem in refused.problems if problem.file not in decisions]  # said already
    return problems


def _names_in_forms(world: World, models: Sequence[Normalised], drawn: Mapping[str, bytes]) -> dict[str, FormNames]:
    """What the forms that the processes name have to do with variables, by key; `drawn` are new."""
    if not any(model.root.find(".//{*}multiInstanceLoopCharacteristics") is not None for model in models):
        return {}
    named = {key for model in models for info in model.infos.values() for key in info.forms if key in world.forms}
    inside = {key: content for key in named if (content := world.forms[key].content) is not None}
    drawn = {key: drawn[file] for key in named if (file := world.forms[key].file) in drawn} | inside
    deployed = {key: world.forms[key].digest for key in named - drawn.keys()}
    contents = {**drawn, **(read_files(deployed) if deployed else {})}
    return {key: _names_in(world.forms[key].file, content) for key, content in contents.items()}


def _names_in(file: str, content: bytes) -> FormNames:
    try:
        with budget.of_file(file):
            return forms.names(content)
    except budget.Spent:  # which is told where the form itself is read
        return FormNames()


def _together(executable: Sequence[tuple[Normalised, str, ProcessInfo]], world: World) -> list[Problem]:
    """What shows only beside everything else that will be there: forms, decisions, other processes, people."""
    problems: list[Problem] = []
    for model, key, info in executable:
        problems += references.missing(model.elements[key].values(), info, world)
        problems += staffing.problems(model.elements[key], info, world)
        if not any(problem.severity is Severity.ERROR for problem in model.problems):
            problems += start_events.problems(info, model.elements[key], world.now)
    problems += unknown_names.check(executable, world)
    if world.has_people:
        people = [(info, model.elements[key]) for model, key, info in executable]
        problems += staffing.strangers(people) + staffing.calendars(people) + staffing.skills(people)
    return problems


def _linked_files(world: World, uploaded: set[str]) -> dict[str, bytes]:
    """The deployed BPMN and DMN files that uploaded processes may call, by a name that no uploaded file has."""
    hashes: dict[str, str] = dict.fromkeys(uploaded, "")
    for source in (*world.processes.values(), *world.decisions.values()):
        if source.latest is not None and source.key not in world.uploaded:
            for name, content in (source.files or {source.file: source.digest}).items():
                join(hashes, name, content)
    linked = {name: content for name, content in hashes.items() if content}
    return read_files(linked) if linked else {}


def join(files: dict[str, str], name: str, content: str) -> None:
    """Add a file (name -> hash) under its name, or under another where that is taken by a different file; once only."""
    if content in files.values():
        return
    files.setdefault(name if files.get(name, content) == content else f"{content[:12]}/{name}", content)


def begins_with(source: Source, world: World) -> frozenset[str] | None:
    """The variables with which a case begins that is opened with the process's start form; None where it has none, or
    messages and signals open cases too."""
    key = _only_start_form(source.info)
    form = references.form_of(key, world) if key else None
    if form is None:
        return None
    content = form.content if form.content is not None else read_files({form.file: form.digest})[form.file]
    return frozenset(forms.variables_of(content))


def known_at_start(definition: ProcessDefinition) -> frozenset[str] | None:
    """The same of a version that is deployed."""
    key = _only_start_form(definition.info)
    form = db.session.get(FormDefinition, uuid.UUID(definition.forms[key])) if key in definition.forms else None
    if form is None:
        return None
    return frozenset(forms.variables_of(read_files({form.file: form.hash})[form.file]))


def _only_start_form(info: Mapping[str, Any]) -> str | None:
    """The key of the start form, where cases begin by hand alone."""
    starts = info.get("starts", ())
    if any(each["kind"] in ("message", "signal") for each in starts):
        return None
    return next((each["form_key"] for each in starts if each["kind"] == "none"), None)
