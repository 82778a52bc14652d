"""Whatever happens to a diagram, a deployment answers with problems that name places, soon, and never with an error."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from service.engine.checks import examine
from service.engine.definition import Refused, Severity
from service.engine.parser import parse
from tests.engine.mutations import damaged

MODELS = sorted((Path(__file__).parent.parent / "conformance" / "models").glob("*.bpmn"))[::6][:40]
SEEDS = range(500)


@pytest.mark.parametrize("part", range(10))
def test_random_damage_is_answered_with_problems(part):
    assert len(MODELS) == 40
    for seed in SEEDS[part::10]:
        model = MODELS[seed % 40]
        xml = damaged(model.read_bytes(), seed)
        begin = time.process_time()

        problems = examine({model.name: xml})

        if not any(problem.severity is Severity.ERROR for problem in problems):
            _parses_or_refuses(model.name, xml)
        assert time.process_time() - begin < 2, seed
        assert all(problem.message and problem.advice and problem.file for problem in problems), seed


def _parses_or_refuses(name: str, xml: bytes) -> None:
    try:
        parse({name: xml})
    except Refused as refused:
        assert refused.problems


def test_undamaged_models_are_accepted():
    refused = {
        model.name
        for model in MODELS
        if any(problem.severity is Severity.ERROR for problem in examine({model.name: model.read_bytes()}))
    }

    assert refused <= {"task_service-unknown.bpmn"}
