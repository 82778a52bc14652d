"""The probes through the product's own operations, on both databases."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.product import Product
from tests.conformance.vocabulary import HERE, run_probe

PROBES: list[dict[str, Any]] = json.loads((HERE / "probes.json").read_text())["scenarios"]


@pytest.mark.parametrize("probe", PROBES, ids=[probe["id"] for probe in PROBES])
def test_a_diagram_means_what_bpmn_says(probe: dict[str, Any], product: Product) -> None:
    run_probe(probe, product)
