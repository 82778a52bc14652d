"""The case type Loan in memory: clerks assess, managers approve what is large (four eyes); a reminder after an hour."""

from __future__ import annotations

import pytest

from service.rehearsal.world import World, read
from tests.conftest import ROOT

LOAN = (ROOT / "tests" / "operations" / "loan.bpmn").read_bytes()


@pytest.fixture(scope="session")
def loans() -> World:
    """The files of Loan, read."""
    return read({"loan.bpmn": LOAN})
