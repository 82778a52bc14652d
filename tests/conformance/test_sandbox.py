"""The probes in the sandbox: what is tried there is what the engine does with real cases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.sandbox import InTheSandbox
from tests.conformance.vocabulary import HERE, run_probe

PROBES: list[dict[str, Any]] = json.loads((HERE / "probes.json").read_text())["scenarios"]


@pytest.mark.parametrize("probe", PROBES, ids=[probe["id"] for probe in PROBES])
def test_a_diagram_means_what_bpmn_says(probe: dict[str, Any]) -> None:
    run_probe(probe, InTheSandbox())
