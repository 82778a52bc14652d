"""The rows of what is deployed anew: a version of each form, decision and process, pinned to what it is linked with."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service.db import db, new_id
from service.models import (
    DecisionDefinition,
    DefinitionAccess,
    Deployment,
    FormDefinition,
    ProcessDefinition,
    Resource,
)
from service.operations import references
from service.operations.laying import digest, join
from service.operations.references import Source, World


@dataclass(frozen=True)
class Links:
    """What a process is pinned to."""

    files: dict[str, str]  #: file name -> hash
    file: str  #: the one that the process stands in
    forms: dict[str, Source]  #: by their keys
    hash: str


def links(source: Source, world: World) -> Links:
    """All that the process is linked with in `world`: what it calls, what these call, their decisions and forms."""
    files: dict[str, str] = {}
    form_keys: set[str] = set()
    waiting, seen = [source.key], {source.key}
    while waiting:
        process = world.processes[waiting.pop()]
        join(files, process.file, process.digest)
        form_keys.update(process.info.get("forms", ()))
        for key in process.info.get("decisions", ()):
            if key in world.decisions:
                for name, content in world.decisions[key].files.items():
                    join(files, name, content)
        called = [key for key in process.info.get("calls", ()) if key in world.processes and key not in seen]
        seen.update(called)
        waiting += called
    found = {key: form for key in sorted(form_keys) if (form := references.form_of(key, world)) is not None}
    file, latest = source.file, source.latest
    if latest is not None and _are_alike(files, file, latest):
        files, file = dict(latest.files), latest.file
    pinned = [source.key, sorted(files.items()), sorted((key, form.digest) for key, form in found.items())]
    return Links(files, file, found, digest(json.dumps(pinned).encode()))


def _are_alike(files: Mapping[str, str], file: str, latest: ProcessDefinition) -> bool:
    """Whether a version has these contents, whatever the files are called: what they are called makes no new one."""
    same = set(files.values()) == set(latest.files.values())
    return same and files.get(file) == latest.files.get(latest.file)


def is_new(source: Source) -> bool:
    """Whether it says something else than its newest version."""
    return source.latest is None or source.latest.hash != source.digest


def new_processes(world: World) -> Iterator[tuple[Source, Links]]:
    """The processes of which there would be a new version, since they or what they are linked with say something else;
    of one whose new cases take the version that was chosen, whatever it calls, only if it is uploaded."""
    for source in world.processes.values():
        if source.kept and source.key not in world.uploaded:
            continue
        found = links(source, world)
        if source.latest is None or source.latest.hash != found.hash:
            yield source, found


def _supersede(latest: Any) -> int:
    """Take the word “latest” from the newest version so far; the next version's number."""
    if latest is None:
        return 1
    latest.latest = False
    return int(latest.version) + 1


def add_form(source: Source, deployment: Deployment) -> FormDefinition:
    """The next version of a form."""
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


def add_decision(source: Source, deployment: Deployment) -> DecisionDefinition:
    """The next version of a decision."""
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


def add_process(source: Source, links: Links, deployment: Deployment) -> ProcessDefinition:
    """The next version of a process, and whom its diagram lets in; `versions.introduce` says what new cases take."""
    version = _supersede(source.latest)
    attributes = source.info.get("attributes", {})
    row = ProcessDefinition(
        id=new_id(),
        key=source.key,
        version=version,
        hash=links.hash,
        name=source.name,
        active=False,
        number_prefix=attributes.get("numberPrefix"),
        file=links.file,
        files=links.files,
        forms={key: str(form.latest.id) for key, form in links.forms.items()},
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


def store(files: Mapping[str, bytes]) -> None:
    """Keep the bytes of each file, once per content."""
    hashes = {digest(content): content for content in files.values()}
    known = set(db.session.scalars(sa.select(Resource.hash).where(Resource.hash.in_(hashes))))
    db.session.add_all(Resource(hash=key, content=hashes[key]) for key in hashes.keys() - known)
