"""Deployment: BPMN, DMN and forms together, all or nothing, and nothing twice.

A definition's hash covers everything that it is linked with (called processes, decisions, forms), so a changed form
alone makes a new version of the processes that use it; running cases keep what they started with (rule 6).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import sqlalchemy as sa

from service import audit, forms
from service.db import db, localnow, new_id
from service.engine.checks import check_definition, over_budget
from service.engine.checks.instances import FormNames
from service.engine.decisions import examine, reads_of
from service.engine.definition import Problem, ProcessInfo, Refused, Severity
from service.engine.elements.rules import columns_of
from service.engine.expressions import budget
from service.engine.normalise import Normalised, normalise
from service.engine.parser import parse
from service.errors import InvalidDeployment
from service.execution.definitions import read_files
from service.forms.checks import id_of
from service.models import (
    Actor,
    DecisionDefinition,
    DefinitionAccess,
    Deployment,
    FormDefinition,
    ProcessDefinition,
    Resource,
)
from service.operations import references, staffing, start_events, unknown_names
from service.operations.references import Source, World
from service.operations.sources import KINDS
from service.policy.permissions import Action, require

Definition = ProcessDefinition | DecisionDefinition | FormDefinition


@dataclass(frozen=True)
class Deployed:
    """What a deployment did; `deployment` is None when everything was there already."""

    deployment: Deployment | None
    added: list[Definition]
    unchanged: list[str]
    warnings: list[Problem]


def check(files: Mapping[str, bytes]) -> list[Problem]:
    """Everything that is wrong with `files`, and the warnings; nothing is deployed."""
    return _problems(files, _deployed_world())


def check_alone(files: Mapping[str, bytes]) -> list[Problem]:
    """The same where nothing is deployed yet: the files may only name each other. Asks no database."""
    return _problems(files, World({}, {}, {}))


def _problems(files: Mapping[str, bytes], world: World) -> list[Problem]:
    try:
        return _examine(files, world)
    except InvalidDeployment as refused:
        return refused.problems


def deploy(files: Mapping[str, bytes], *, by: Actor) -> Deployed:
    """Add `files` (name -> content). Raises `InvalidDeployment` with every problem; then nothing is deployed."""
    require(by, Action.DEPLOY)
    world = _deployed_world()
    warnings = _examine(files, world)
    deployment = Deployment(
        id=new_id(),
        created_by=by.name,
        files={name: digest(content) for name, content in files.items()},
        warnings=[str(warning) for warning in warnings],
    )
    added: list[Definition] = []
    added += [_add_form(source, deployment) for source in world.forms.values() if _is_new(source)]
    added += [_add_decision(source, deployment) for source in world.decisions.values() if _is_new(source)]
    for source in world.processes.values():
        if source.pinned and source.key not in world.uploaded:
            continue  # new cases take the version that was chosen, whatever it calls
        links = _links(source, world)
        if source.latest is None or source.latest.hash != links.hash:
            added.append(_add_process(source, links, deployment))
    if added:
        db.session.add(deployment)
        _store({**files, **{form.file: form.content for form in world.forms.values() if form.content is not None}})
        made = {"files": len(files), "added": sorted(row.key for row in added)}
        audit.installation.record("deployment:made", by=by, subject=str(deployment.id), details=made)
        start_events.listen([row for row in added if isinstance(row, ProcessDefinition) and row.active])
    changed = {row.key for row in added}
    unchanged = sorted(world.uploaded - changed)
    return Deployed(deployment if added else None, added, unchanged, warnings)


def digest(content: bytes) -> str:
    """SHA-256, hexadecimal: the name of a file's content."""
    return hashlib.sha256(content).hexdigest()


def _examine(files: Mapping[str, bytes], world: World) -> list[Problem]:
    """Lay `files` over `world`; the warnings. Raises `InvalidDeployment` with every error at once."""
    problems: list[Problem] = []
    if not files:
        problems.append(Problem("", "There is no file.", "Give at least one .bpmn, .dmn or .form file."))
    by_kind: dict[str, dict[str, bytes]] = {"process": {}, "decision": {}, "form": {}}
    for name, content in files.items():
        kind = KINDS.get(PurePosixPath(name).suffix.lower())
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


def _deployed_world() -> World:
    def newest(model: type[Any]) -> Sequence[Any]:
        return db.session.scalars(sa.select(model).where(model.latest).order_by(model.key)).all()

    pinned = {row.key: row for row in db.session.scalars(sa.select(ProcessDefinition).where(ProcessDefinition.pinned))}

    def source(latest: ProcessDefinition) -> Source:
        row = pinned.get(latest.key, latest)
        digest, is_pinned = row.files[row.file], row.pinned
        return Source(row.key, row.name, row.file, digest, row.info, latest=latest, pinned=is_pinned)

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
        source.latest, source.pinned = world_part[source.key].latest, world_part[source.key].pinned
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
            decisions, problems = examine(files)  # those beside a faulty one are there for processes to call
            world.reads.update(reads_of(files))
    except budget.Spent as spent:
        return over_budget(together, spent)
    seen: dict[str, str] = {}
    all_files = {name: digest(content) for name, content in files.items()}
    for key, decision in decisions.items():
        imports = any(b"import" in content for content in files.values())
        needed = all_files if imports else {decision.file: all_files[decision.file]}
        combined = digest(json.dumps(sorted(needed.items())).encode())
        source = Source(key, decision.name or key, decision.file, combined, files=needed)
        world.outputs[key] = set(columns_of(decision))
        problems += _lay(world.decisions, source, world, seen)
    return problems


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
    problems += check_definition(models, called=called, forms=_names_in_forms(world, models, drawn))
    linked = _linked_files(world, {*files, *decisions})
    seen: dict[str, str] = {}
    executable = [(model, key, info) for model in models for key, info in model.infos.items() if info.executable]
    for model, key, info in executable:
        source = Source(key, info.name or key, model.name, digest(files[model.name]), info.as_json())
        problems += _lay(world.processes, source, world, seen)
    problems += _together(executable, world)
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
        problems += staffing.strangers((info, model.elements[key]) for model, key, info in executable)
    return problems


def _linked_files(world: World, uploaded: set[str]) -> dict[str, bytes]:
    """The deployed BPMN and DMN files that uploaded processes may call, by a name that no uploaded file has."""
    hashes: dict[str, str] = dict.fromkeys(uploaded, "")
    for source in (*world.processes.values(), *world.decisions.values()):
        if source.latest is not None and source.key not in world.uploaded:
            for name, content in (source.files or {source.file: source.digest}).items():
                _join(hashes, name, content)
    linked = {name: content for name, content in hashes.items() if content}
    return read_files(linked) if linked else {}


def _join(files: dict[str, str], name: str, content: str) -> None:
    """Add a file (name -> hash) under its name, or under another where that is taken by a different file."""
    files.setdefault(name if files.get(name, content) == content else f"{content[:12]}/{name}", content)


@dataclass(frozen=True)
class Links:
    """What a process is pinned to."""

    files: dict[str, str]  #: file name -> hash
    forms: dict[str, str]  #: form key -> id of the form definition
    hash: str


def _links(source: Source, world: World) -> Links:
    files: dict[str, str] = {}
    form_keys: set[str] = set()
    waiting, seen = [source.key], {source.key}
    while waiting:
        process = world.processes[waiting.pop()]
        _join(files, process.file, process.digest)
        form_keys.update(process.info.get("forms", ()))
        for key in process.info.get("decisions", ()):
            if key in world.decisions:
                for name, content in world.decisions[key].files.items():
                    _join(files, name, content)
        called = [key for key in process.info.get("calls", ()) if key in world.processes and key not in seen]
        seen.update(called)
        waiting += called
    found = {key: form for key in sorted(form_keys) if (form := references.form_of(key, world)) is not None}
    form_ids = {key: str(form.latest.id) for key, form in found.items()}
    pinned = [source.key, sorted(files.items()), sorted((key, form.digest) for key, form in found.items())]
    return Links(files, form_ids, digest(json.dumps(pinned).encode()))


def _is_new(source: Source) -> bool:
    return source.latest is None or source.latest.hash != source.digest


def _supersede(latest: Any) -> int:
    """Take the word “latest” from the newest version so far; the next version's number."""
    if latest is None:
        return 1
    latest.latest = False
    return int(latest.version) + 1


def _add_form(source: Source, deployment: Deployment) -> FormDefinition:
    version = _supersede(source.latest)
    source.latest = FormDefinition(
        id=new_id(),
        key=source.key,
        version=version,
        hash=source.digest,
        file=source.file,
        deployment_id=deployment.id,
    )
    db.session.add(source.latest)
    return source.latest  # type: ignore[no-any-return]


def _add_decision(source: Source, deployment: Deployment) -> DecisionDefinition:
    version = _supersede(source.latest)
    source.latest = DecisionDefinition(
        id=new_id(),
        key=source.key,
        version=version,
        hash=source.digest,
        name=source.name,
        file=source.file,
        files=dict(source.files),
        deployment_id=deployment.id,
    )
    db.session.add(source.latest)
    return source.latest  # type: ignore[no-any-return]


def _add_process(source: Source, links: Links, deployment: Deployment) -> ProcessDefinition:
    if source.latest is not None and not source.pinned:
        source.latest.active = False
    version = _supersede(source.latest)
    attributes = source.info.get("attributes", {})
    row = ProcessDefinition(
        id=new_id(),
        key=source.key,
        version=version,
        hash=links.hash,
        name=source.name,
        active=not source.pinned,
        number_prefix=attributes.get("numberPrefix"),
        file=source.file,
        files=links.files,
        forms=links.forms,
        info=dict(source.info),
        deployment_id=deployment.id,
    )
    db.session.add(row)
    db.session.add_all(
        DefinitionAccess(definition_id=row.id, role=role, principal=principal)
        for role, principal in sorted(set(_access(attributes)))
    )
    return row


def _access(attributes: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    for role, attribute, kind in (
        ("starter", "candidateStarterGroups", "group"),
        ("starter", "candidateStarterUsers", "user"),
        ("manager", "managerGroups", "group"),
        ("reader", "readerGroups", "group"),
    ):
        for name in attributes.get(attribute, "").split(","):
            if name.strip():
                yield role, f"{kind}:{name.strip()}"


def _store(files: Mapping[str, bytes]) -> None:
    hashes = {digest(content): content for content in files.values()}
    known = set(db.session.scalars(sa.select(Resource.hash).where(Resource.hash.in_(hashes))))
    db.session.add_all(Resource(hash=key, content=hashes[key]) for key in hashes.keys() - known)


def latest_definition(key: str) -> ProcessDefinition | None:
    """The newest version of the process `key`."""
    return db.session.scalars(
        sa.select(ProcessDefinition).where(ProcessDefinition.key == key, ProcessDefinition.latest)
    ).one_or_none()


__all__ = ["Deployed", "check", "check_alone", "deploy", "digest", "latest_definition"]
