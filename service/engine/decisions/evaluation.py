"""What a decision says, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from service.engine.expressions import feel
from service.engine.expressions.feel import FeelError

SECONDS = 1.0  #: CPU time of one evaluation


class DecisionError(ValueError):
    """A decision that has no answer: two rules of a UNIQUE table fit, a value is not allowed, FEEL failed. `trace`
    holds what was decided before."""

    def __init__(self, message: str, trace: tuple[Mapping[str, Any], ...] = ()) -> None:
        super().__init__(message)
        self.trace = trace


@dataclass(frozen=True)
class Decision:
    """A decision, or decision service, that can be called by its id."""

    id: str
    name: str
    file: str
    line: int | None = None
    tables: tuple[str, ...] = ()  #: ids of the decisions with tables that it may run through
    text: str = field(default="", repr=False)  #: every text of the model: what names no variable needs none
    model: str = field(default="", repr=False)  #: the whole model as JSON
    model_key: str = ""  #: the hash of `model`
    node: str = ""  #: its place in the model


@dataclass(frozen=True)
class Evaluation:
    """What a decision says, and why.

    `trace` has one entry for each decision, in the order of evaluation: `decision` (id), `name`, `inputs` (a list of
    name and value), `hits` (a list of `rule`, counted from 1, its `id` and its `outputs`), `outputs` (the result).
    """

    value: Any
    trace: tuple[Mapping[str, Any], ...]


def evaluate(
    decision_id: str, decisions: Mapping[str, Decision], variables: Mapping[str, Any], *, now: datetime | None = None
) -> Evaluation:
    """What the decision `decision_id` says about `variables`. Raises DecisionError."""
    decision = decisions.get(decision_id)
    if decision is None:
        raise DecisionError(f"There is no decision “{decision_id}”.")
    try:
        payload, dated = feel.encode(_sent(decision, variables))
        feel.set_clock(now)
        answer = _ask(decision, payload, dated)
        trace = tuple(feel.decode(step) for step in answer["trace"])
        value = feel.decode(answer.get("value"))
    except FeelError as error:
        raise DecisionError(f"“{decision.name}”: {error}") from None
    if "undecided" in answer:
        raise DecisionError(f"{answer['undecided'].rstrip('.')}.", trace)
    return Evaluation(value, trace)


def _sent(decision: Decision, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The variables that the model can mean: those whose name stands in it somewhere."""
    return {name: value for name, value in variables.items() if feel.mentions(decision.text, name)}


def _ask(decision: Decision, payload: str, dated: bool) -> dict[str, Any]:
    arguments = (decision.model_key, decision.node, payload, "dated" if dated else "")
    answer = feel.ask("decide", *arguments, seconds=SECONDS)
    if "missing" in answer:
        feel.ask("model", decision.model_key, decision.model, seconds=SECONDS)
        answer = feel.ask("decide", *arguments, seconds=SECONDS)
    result: dict[str, Any] = answer["value"]
    return result
