"""The probes through the product's own operations, one by one on SQLite and on PostgreSQL in turn.

`make conformance` tries each of them on both.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.product import Product
from tests.conformance.vocabulary import HERE, run_probe

PROBES: list[dict[str, Any]] = json.loads((HERE / "probes.json").read_text())["scenarios"]


WHERE = [(probe, "sqlite" if number % 2 else "postgresql") for number, probe in enumerate(PROBES)]


@pytest.mark.parametrize(
    ("probe", "shared_app"),
    WHERE,
    indirect=["shared_app"],
    ids=[f"{database}-{probe['id']}" for probe, database in WHERE],
)
def test_a_diagram_means_what_bpmn_says(probe: dict[str, Any], product: Product) -> None:
    run_probe(probe, product)
