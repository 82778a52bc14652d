"""Trying a case type out: what somebody does in a sandbox is kept as acts, which are done again to see how it stands.

Nothing here opens a case, leaves a job or calls anybody; a rehearsal is seen by who began it alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from service.db import db, new_id, to_json, utcnow
from service.engine.definition import Problem
from service.errors import BadRequest, InvalidDeployment, NotFound, WrongState
from service.execution.definitions import read_files
from service.models import Actor, DesignDraft, DesignRevision, FormDefinition, ProcessDefinition, Rehearsal
from service.operations import designs
from service.policy.permissions import Action, require
from service.rehearsal import acts, examples, searching, world
from service.rehearsal.acts import Act
from service.rehearsal.examples import FIRST, Example, Step
from service.rehearsal.sandbox import Sandbox
from service.rehearsal.world import World

MOST = 10  #: rehearsals of one person; a new one takes the place of the one that was touched longest ago
MOST_ACTS = 100
LONGEST = 500_000  #: bytes of JSON that all its acts have
DEEPEST = 5  #: generations of child cases whose processes are tried too
START = "start"


@dataclass(frozen=True)
class Played:
    """How a rehearsal stands: `sandbox` is None before its start; `before` are the variables before the last act."""

    sandbox: Sandbox | None
    before: Mapping[str, Any]
    steps: tuple[Act, ...]


def begin(definition: ProcessDefinition, *, by: Actor) -> Rehearsal:
    """Try a deployed version out."""
    return begin_with(f"version:{definition.id}", definition.key, by=by)


def begin_with(source: str, case_type: str, *, by: Actor) -> Rehearsal:
    """Try out the process `case_type` of a source's files. Raises `InvalidDeployment` when they cannot be read."""
    require(by, Action.DEPLOY)
    if case_type not in world_of(source, by=by).definitions:
        raise InvalidDeployment([Problem("", f"There is no process “{case_type}”.", "Give a process this id.")])
    assert by.id is not None
    mine = sa.select(Rehearsal).where(Rehearsal.user_id == by.id).order_by(Rehearsal.touched_at.desc())
    for old in db.session.scalars(mine.offset(MOST - 1)):
        db.session.delete(old)
    made = Rehearsal(id=new_id(), user_id=by.id, source=source, case_type=case_type, acts=[], touched_at=utcnow())
    db.session.add(made)
    return made


def one(rehearsal_id: uuid.UUID, *, by: Actor) -> Rehearsal:
    """One of `by`'s own. Raises `NotFound`."""
    require(by, Action.DEPLOY)
    found = db.session.get(Rehearsal, rehearsal_id)
    if found is None or by.id is None or found.user_id != by.id:
        raise NotFound("This rehearsal is over, or it is somebody else's.")
    return found


def act(rehearsal: Rehearsal, said: Mapping[str, Any], *, by: Actor) -> None:
    """Do one thing more. `said`: an act as a file of tests has it, or {"start": …, "as": …, "with": …}.

    Raises what the sandbox raises when it cannot be done; then nothing has changed.
    """
    if len(rehearsal.acts) >= MOST_ACTS:
        raise WrongState(f"More than {MOST_ACTS} acts are not kept: step back, or begin anew.")
    if (START in said) == bool(rehearsal.acts):
        raise WrongState("The case is open already." if rehearsal.acts else "Open the case first.")
    kept = [*rehearsal.acts, dict(said)]
    if len(to_json(kept)) > LONGEST:
        raise BadRequest("That is more data than a rehearsal keeps.")
    _play(kept, rehearsal, by)
    rehearsal.acts, rehearsal.touched_at = kept, utcnow()


def back(rehearsal: Rehearsal) -> None:
    """Undo the last act."""
    if not rehearsal.acts:
        raise WrongState("There is nothing to undo.")
    rehearsal.acts, rehearsal.touched_at = rehearsal.acts[:-1], utcnow()


def end(rehearsal: Rehearsal) -> None:
    """Forget it."""
    db.session.delete(rehearsal)


def play(rehearsal: Rehearsal, *, by: Actor) -> Played:
    """How it stands after all its acts."""
    return _play(rehearsal.acts, rehearsal, by)


def as_test(rehearsal: Rehearsal, name: str, *, by: Actor) -> str:
    """The rehearsal as a file with one test, which expects what has come of it."""
    played = play(rehearsal, by=by)
    if played.sandbox is None:
        raise WrongState("Nothing was done yet that a test could say.")
    start, *rest = played.steps
    expected = searching.expectation(played.sandbox, played.steps)
    steps = tuple(Step(each) for each in rest)
    example = Example(name.strip()[:200] or "As it was tried", rehearsal.case_type, start, steps, expected)
    return examples.written(rehearsal.case_type, [examples.as_data(example, rehearsal.case_type)], {})


def _play(said: list[Any], rehearsal: Rehearsal, by: Actor) -> Played:
    whole = read_world(rehearsal, by=by)
    sandbox, before, steps = Sandbox(whole, now=FIRST), {}, []
    for place, each in enumerate(said):
        if place == len(said) - 1 and place:
            before = dict(sandbox.main.workflow.variables)
        step = _begun(each, rehearsal) if not place else acts.of_data(each)
        if place:
            acts.do(sandbox, step)
        else:
            examples.begin(sandbox, Example("", rehearsal.case_type, step))
        steps.append(step)
    return Played(sandbox if said else None, before, tuple(steps))


def _begun(said: Mapping[str, Any], rehearsal: Rehearsal) -> Act:
    read = acts.of_data({"complete": rehearsal.case_type, **{n: v for n, v in said.items() if n in ("as", "with")}})
    return replace(read, kind=START)


# --- The files


def read_world(rehearsal: Rehearsal, *, by: Actor) -> World:
    """What is tried."""
    return world_of(rehearsal.source, by=by)


def world_of(source: str, *, by: Actor) -> World:
    """The files of a source, read. Raises `InvalidDeployment` when they cannot be."""
    files = frozenset(files_of(source, by=by).items())
    return _drafted_world(files) if source.startswith("draft:") else _world(files)


def files_of(source: str, *, by: Actor) -> Mapping[str, str]:
    """The files of a source: name -> hash of the content. Raises `NotFound`."""
    kind, _, identity = source.partition(":")
    if kind not in SOURCES:
        raise NotFound("There is nothing of this kind to try out.")
    return SOURCES[kind](identity, by)


@lru_cache(maxsize=32)
def _world(files: frozenset[tuple[str, str]]) -> World:
    return world.read(read_files(dict(files)), deployed=True)


@lru_cache(maxsize=8)
def _drafted_world(files: frozenset[tuple[str, str]]) -> World:
    named = dict(files)
    chosen = sa.select(DesignRevision.hash, DesignRevision.content).where(DesignRevision.hash.in_(named.values()))
    known: dict[str | None, bytes] = {digest: content or b"" for digest, content in db.session.execute(chosen)}
    return world.read({name: known[digest] for name, digest in named.items()})


def _of_version(identity: str, _: Actor) -> Mapping[str, str]:
    """A version with its forms, and the active versions of the processes of which it opens child cases."""
    row = db.session.get(ProcessDefinition, uuid.UUID(identity))
    if row is None:
        raise NotFound("This version is gone.")
    files: dict[str, str] = {}
    seen, ahead = {row.key}, [row]
    for _generation in range(DEEPEST):
        wanted: set[str] = set()
        for each in ahead:
            _add(files, each.files)
            forms = sa.select(FormDefinition.key, FormDefinition.hash).where(
                FormDefinition.id.in_([uuid.UUID(form) for form in each.forms.values()])
            )
            _add(files, {f"{key}.form": digest for key, digest in db.session.execute(forms)})
            wanted |= set(each.info.get("children", ()))
        active = sa.select(ProcessDefinition).where(ProcessDefinition.key.in_(wanted - seen), ProcessDefinition.active)
        ahead = list(db.session.scalars(active))
        seen |= wanted
    return files


def _of_draft(identity: str, _: Actor) -> Mapping[str, str]:
    """A draft's files as they are now."""
    draft = db.session.get(DesignDraft, uuid.UUID(identity))
    if draft is None:
        raise NotFound("This draft was thrown away.")
    return {name: row.hash or "" for name, row in designs.files_of(draft).items()}


def _add(files: dict[str, str], more: Mapping[str, str]) -> None:
    """The same file of several versions counts once; another one of the same name is told apart by its content."""
    there = set(files.values())
    for name, digest in more.items():
        if digest not in there:
            files[name if name not in files else f"{digest[:12]}-{name}"] = digest


Files = Callable[[str, Actor], Mapping[str, str]]
#: What can be tried out, by what a rehearsal's `source` begins with.
SOURCES: dict[str, Files] = {"version": _of_version, "draft": _of_draft}
