"""The probes on the engine alone, with all in memory and with a dump and load before every step."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.engine import EngineAlone
from tests.conformance.vocabulary import HERE, run_probe

PROBES: list[dict[str, Any]] = json.loads((HERE / "probes.json").read_text())["scenarios"]


@pytest.mark.parametrize("reload", [False, True], ids=["in memory", "reloaded"])
@pytest.mark.parametrize("probe", PROBES, ids=[probe["id"] for probe in PROBES])
def test_a_diagram_means_what_bpmn_says(probe: dict[str, Any], reload: bool) -> None:
    run_probe(probe, EngineAlone(reload=reload))
