"""A sandbox as plain JSON values, and taken up again: snapshots of its cases, the clock, and what has happened."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from service.engine.work import What
from service.engine.workflow import Workflow
from service.rehearsal.rehearsed import Rehearsed, Trace
from service.rehearsal.sandbox import Sandbox
from service.rehearsal.world import World, weekdays


def dump(sandbox: Sandbox) -> dict[str, Any]:
    """All of it: what `load` makes a sandbox of again, with the same world."""
    return {
        "now": sandbox.now.isoformat(),
        "people": {name: list(groups) for name, groups in sandbox.people.items()},
        "stores": sandbox.stores,
        "cases": [_dumped(each) for each in sandbox.cases.values()],
        "trace": [[t.case, t.process, str(t.what), t.element, t.name, dict(t.details)] for t in sandbox.trace],
        "filled": [[form, dict(values)] for form, values in sandbox.filled],
    }


def load(world: World, kept: Mapping[str, Any]) -> Sandbox:
    """The sandbox as it was dumped."""
    made = Sandbox(world, now=datetime.fromisoformat(kept["now"]), people=kept["people"])
    made.stores = dict(kept["stores"])
    for said in kept["cases"]:
        definition, snapshot = world.definitions[said["process"]], base64.b64decode(said["snapshot"])
        workflow = Workflow.load(definition, snapshot, said["variables"], now=made.now)
        workflow.stores, workflow.calendars = made.stores, weekdays
        rest = {name: said[name] for name in ("name", "parent", "activity", "stage", "outcome", "doers")}
        made.cases[said["name"]] = Rehearsed(workflow=workflow, **rest)
    made.trace = [Trace(c, p, What(w), e, n, d) for c, p, w, e, n, d in kept["trace"]]
    made.filled = [(form, values) for form, values in kept["filled"]]
    return made


def _dumped(found: Rehearsed) -> dict[str, Any]:
    return {
        "name": found.name,
        "process": found.key,
        "snapshot": base64.b64encode(found.workflow.dump()).decode(),
        "variables": dict(found.workflow.variables),
        "parent": found.parent,
        "activity": found.activity,
        "stage": found.stage,
        "outcome": found.outcome,
        "doers": found.doers,
    }
