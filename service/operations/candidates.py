"""The versions that files would make, as running cases are judged by them before anything is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from service.db import db
from service.engine.definition import Problem
from service.engine.parser import parse
from service.execution import judging
from service.execution.definitions import read_files
from service.execution.judging import Version
from service.models import Actor
from service.operations import defining
from service.operations.laying import deployed_world, digest, examine
from service.operations.references import Source
from service.policy.permissions import Action, require


@dataclass(frozen=True)
class Candidates:
    """What a deployment would make."""

    versions: tuple[Version, ...]  #: of processes, by key; also of those that only call what is uploaded
    warnings: tuple[Problem, ...]


def of(files: Mapping[str, bytes], *, by: Actor) -> Candidates:
    """What `files` (name -> content) would make. Raises `InvalidDeployment` with every problem. Nothing is deployed."""
    require(by, Action.DEPLOY)
    world = deployed_world()
    warnings = examine(files, world)
    drawn = {form.digest: form.content for form in world.forms.values() if form.content is not None}
    known = {**{digest(content): content for content in files.values()}, **drawn}
    with db.session.no_autoflush:
        made = [_version(source, links, known) for source, links in defining.new_processes(world)]
    return Candidates(tuple(sorted(made, key=lambda each: each.key)), tuple(warnings))


def _version(source: Source, links: defining.Links, known: Mapping[str, bytes]) -> Version:
    files = _contents(links.files, known)
    drawn = _contents({key: form.digest for key, form in links.forms.items()}, known)
    package = parse(files, deployed=True)  # it was examined, together with everything else
    number = source.latest.version + 1 if source.latest is not None else 1
    return judging.candidate(source.key, source.name, number, package.definitions[source.key], files, drawn)


def _contents(hashes: Mapping[str, str], known: Mapping[str, bytes]) -> dict[str, bytes]:
    """Name -> content, of what is uploaded and what is deployed."""
    stored = {name: each for name, each in hashes.items() if each not in known}
    return {name: known[each] for name, each in hashes.items() if each in known} | read_files(stored)
