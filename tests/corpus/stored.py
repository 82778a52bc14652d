"""What is kept: each conformance probe's cases as they stood after each of its steps, one probe a line of JSON.

A line is {"probe": id, "stood": [how it stood, …]}; how it stood is {"after": number of the last step that was taken,
"now": the time, "cases": {alias: case}}, and a case {"process": key, "snapshot": base64, "variables": {…},
"completed": {element: times}}.
Only where work is open is anything kept. A file is made once, when a release is, and never again.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from service.engine.work import WorkflowState
from service.engine.workflow import Workflow
from tests.conformance.engine import EngineAlone
from tests.conformance.vocabulary import HERE as CONFORMANCE
from tests.conformance.vocabulary import take

HERE = Path(__file__).parent
PROBES: dict[str, dict[str, Any]] = {
    probe["id"]: probe for probe in json.loads((CONFORMANCE / "probes.json").read_text())["scenarios"]
}


def record(probe: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How the cases of `probe` stood after each step that left some open and others to take; none where it is refused.

    Raises Mismatch or Rejected where this release does not do what the probe expects.
    """
    steps = probe["steps"]
    if any(step.get("expect") == "deploy_error" for step in steps):
        return []
    engine = EngineAlone()
    engine.deploy(probe["files"])
    stood = []
    for number, step in enumerate(steps):
        take(step, engine, probe["process"])
        goes_on = "do" in step and any("do" in later for later in steps[number + 1 :])
        if goes_on and any(case.state is WorkflowState.ACTIVE for case in engine.cases.values()):
            stood.append({"after": number, "now": engine.now.isoformat(), "cases": _stored(engine)})
    return stood


def go_on(probe: Mapping[str, Any], stood: Mapping[str, Any]) -> None:
    """Load the cases as they stood and take the steps that are left; raises Mismatch, Rejected or Unfit."""
    engine = EngineAlone()
    engine.deploy(probe["files"])
    engine.now = datetime.fromisoformat(stood["now"])
    for alias, case in stood["cases"].items():
        definition = engine.definitions[case["process"]]
        snapshot, variables = b64decode(case["snapshot"]), case["variables"]
        engine.cases[alias] = Workflow.load(definition, snapshot, variables, now=engine.now)
        engine.completed[alias] = Counter(case["completed"])
    for step in probe["steps"][stood["after"] + 1 :]:
        take(step, engine, probe["process"])


def kept() -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """(release, probe, how its cases stood) of everything that is kept."""
    for file in sorted(HERE.glob("*.jsonl")):
        for line in file.read_text().splitlines():
            entry = json.loads(line)
            yield file.stem, entry["probe"], entry["stood"]


def _stored(engine: EngineAlone) -> dict[str, Any]:
    return {
        alias: {
            "process": case.definition.key,
            "snapshot": b64encode(case.dump()).decode(),
            "variables": json.loads(json.dumps(case.variables)),
            "completed": dict(engine.completed.get(alias, {})),
        }
        for alias, case in engine.cases.items()
    }
