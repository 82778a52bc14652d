"""DMN 1.1 to 1.5: decisions, parsed once and evaluated as often as wanted.

The XML is read (`parser`) into a plain model; the model is evaluated in the FEEL sandbox
(`frontend/src/server/parts/decisions.js`), so that functions and dates pass between decisions as they are.
"""

from __future__ import annotations

from service.engine.decisions.evaluation import SECONDS, Decision, DecisionError, Evaluation, evaluate
from service.engine.decisions.parser import Named, examine, reads_of
from service.engine.decisions.parser import parse as parse_decisions
from service.engine.decisions.reaching import reached

__all__ = [
    "SECONDS",
    "Decision",
    "DecisionError",
    "Evaluation",
    "Named",
    "evaluate",
    "examine",
    "parse_decisions",
    "reached",
    "reads_of",
]
