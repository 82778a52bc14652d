"""The probes through the product's own operations, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from flask import Flask

from service.operations import timers
from tests.conformance.product import HERE, Product
from tests.conformance.vocabulary import run_probe

PROBES: list[dict[str, Any]] = json.loads((HERE / "probes.json").read_text())["scenarios"]


@pytest.fixture
def product(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Product]:
    """The product, in a time that only the probe moves."""
    monkeypatch.setattr(timers, "database_now", lambda: datetime.now(UTC))
    with time_machine.travel(datetime(2026, 3, 1, 9, tzinfo=UTC), tick=False) as traveller:
        yield Product(app, traveller)


@pytest.mark.parametrize("probe", PROBES, ids=[probe["id"] for probe in PROBES])
def test_a_diagram_means_what_bpmn_says(probe: dict[str, Any], product: Product) -> None:
    run_probe(probe, product)
