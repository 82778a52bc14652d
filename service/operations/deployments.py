"""Deployment: BPMN, DMN and forms together, all or nothing, and nothing twice.

A definition's hash covers everything that it is linked with (called processes, decisions, forms), so a changed form
alone makes a new version of the processes that use it; running cases keep what they started with (rule 6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service import audit
from service.db import db, new_id
from service.engine.definition import Problem, Severity
from service.errors import BadRequest, InvalidDeployment, WrongState
from service.languages import _
from service.models import Actor, DecisionDefinition, Deployment, FormDefinition, ProcessDefinition
from service.operations import choosing, defining, facts, laying, start_events, versions
from service.operations.choosing import Terms
from service.operations.laying import deployed_world, digest, examine
from service.operations.references import World
from service.policy.permissions import Action, require

Definition = ProcessDefinition | DecisionDefinition | FormDefinition
LONGEST_REASON = 2_000
LONGEST_COMMIT = 200


@dataclass(frozen=True)
class Deployed:
    """What a deployment did; `deployment` is None when everything was there already."""

    deployment: Deployment | None
    added: list[Definition]
    unchanged: list[str]
    warnings: list[Problem]


def check(files: Mapping[str, bytes], terms: Terms | None = None) -> list[Problem]:
    """Everything that is wrong with `files`, and the warnings, also about `terms`; nothing is deployed."""
    world = deployed_world()
    return [*_problems(files, world), *_about(terms, world)]


def check_alone(files: Mapping[str, bytes]) -> list[Problem]:
    """The same where nothing is deployed yet: the files may only name each other. Asks no database."""
    return _problems(files, World({}, {}, {}))


def _problems(files: Mapping[str, bytes], world: World) -> list[Problem]:
    try:
        return examine(files, world)
    except InvalidDeployment as refused:
        return refused.problems


def deploy(
    files: Mapping[str, bytes],
    *,
    by: Actor,
    reason: str | None = None,
    commit: str | None = None,
    terms: Terms | None = None,
    origin: Mapping[str, Any] | None = None,
) -> Deployed:
    """Add `files` (name -> content); `reason` and `commit` say why, and from which state of the sources; `origin` is
    what the bundle says that they came in.

    With `terms`, versions that come after others are staged: they take the new cases that the terms name.
    Raises `InvalidDeployment` with every problem, `BadRequest` for a reason or commit that is too long, `WrongState`
    for terms where a version is pinned; then nothing is deployed.
    """
    require(by, Action.DEPLOY)
    why, source = _line(reason, "reason", LONGEST_REASON), _line(commit, "commit", LONGEST_COMMIT)
    world = deployed_world()
    warnings = [*examine(files, world), *_about(terms, world)]
    deployment = Deployment(
        id=new_id(),
        created_by=by.name,
        reason=why,
        commit=source,
        origin=dict(origin) if origin else None,
        files={name: digest(content) for name, content in files.items()},
        warnings=[str(warning) for warning in warnings],
    )
    added = _add(world, deployment, terms)
    if added:
        db.session.add(deployment)
        inside = {form.file: form.content for form in world.forms.values() if form.content is not None}
        defining.store({**files, **inside})
        _record(deployment, added, by=by)
        processes = [row for row in added if isinstance(row, ProcessDefinition)]
        for row in processes:
            versions.introduce(row, terms)
        start_events.listen([row for row in processes if row.active])
        facts.follow(processes)
    changed = {row.key for row in added}
    unchanged = sorted(world.uploaded - changed)
    return Deployed(deployment if added else None, added, unchanged, warnings)


def _line(text: str | None, field: str, longest: int) -> str | None:
    """What was said, without spaces around it; None for nothing."""
    said = (text or "").strip()
    if len(said) > longest:
        raise BadRequest(_("Say it in at most %(longest)s characters.", longest=longest), field=field)
    if any(not each.isprintable() and each not in "\r\n\t" for each in said):
        raise BadRequest(_("Leave out characters that cannot be seen."), field=field)
    return said or None


def _about(terms: Terms | None, world: World) -> Iterator[Problem]:
    """Warnings about what the condition names and no new case of an uploaded process begins with."""
    for key in sorted(world.uploaded & world.processes.keys()) if terms else ():
        source = world.processes[key]
        unknown = choosing.unknown_names(terms, laying.begins_with(source, world)) if terms else []
        if source.latest is not None and unknown:
            yield Problem(
                source.file,
                f"The condition for new cases names {', '.join(unknown)}, with which no case of “{key}” begins.",
                "Use fields of the start form; where one is missing the condition does not hold.",
                element_id=key,
                severity=Severity.WARNING,
            )


def _add(world: World, deployment: Deployment, terms: Terms | None) -> list[Definition]:
    """The new versions; forms and decisions first, for processes are linked with them."""
    added: list[Definition] = []
    added += [defining.add_form(each, deployment) for each in world.forms.values() if defining.is_new(each)]
    added += [defining.add_decision(each, deployment) for each in world.decisions.values() if defining.is_new(each)]
    for source, links in defining.new_processes(world):
        if source.pinned and terms:
            raise WrongState(_("New cases of “%(key)s” take a version that is pinned; unpin it first.", key=source.key))
        added.append(defining.add_process(source, links, deployment))
    return added


def _record(deployment: Deployment, added: list[Definition], *, by: Actor) -> None:
    made: dict[str, object] = {"files": len(deployment.files), "added": sorted(row.key for row in added)}
    said = {"reason": deployment.reason, "commit": deployment.commit, "origin": deployment.origin}
    made |= {name: text for name, text in said.items() if text is not None}
    audit.installation.record("deployment:made", by=by, subject=str(deployment.id), details=made)


def latest_definition(key: str) -> ProcessDefinition | None:
    """The newest version of the process `key`."""
    return db.session.scalars(
        sa.select(ProcessDefinition).where(ProcessDefinition.key == key, ProcessDefinition.latest)
    ).one_or_none()


__all__ = ["Deployed", "check", "check_alone", "deploy", "digest", "latest_definition"]
