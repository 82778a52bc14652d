"""What BPMN says of combinations that the probes leave out: on the engine alone, and a sample through the product."""

from __future__ import annotations

import pytest

from tests.conformance import drawn_events, drawn_joins, drawn_repetition, drawn_scopes, drawn_undoing
from tests.conformance.engine import EngineAlone
from tests.conformance.product import Product
from tests.conformance.short import Model
from tests.conformance.vocabulary import run_probe

_FILES = (drawn_repetition, drawn_undoing, drawn_joins, drawn_events, drawn_scopes)
MODELS = [model for file in _FILES for model in file.MODELS]
SAMPLE = MODELS[::9]


@pytest.mark.parametrize("model", MODELS, ids=[model.name for model in MODELS])
def test_a_combination_means_what_bpmn_says(model: Model) -> None:
    run_probe(model.probe(), EngineAlone(reload=True))


@pytest.mark.parametrize("model", SAMPLE, ids=[model.name for model in SAMPLE])
def test_the_product_does_the_same(model: Model, product: Product) -> None:
    run_probe(model.probe(), product)
