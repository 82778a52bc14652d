"""Shapes of what a version means for running cases, and of one case under it."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from service.api.deployed_shapes import ProblemShape
from service.api.shapes import Id, Moment


class ReasonShape(TypedDict):
    question: int
    verdict: str
    message: str
    way_out: str
    element_id: str | None


class NumberedCaseShape(TypedDict):
    id: Id
    number: str


class CaseClassShape(TypedDict):
    id: str
    cases: int
    where: str
    before: list[str]
    after: list[str]
    verdict: str
    reasons: list[ReasonShape]
    plan: dict[str, Any]
    samples: list[NumberedCaseShape]


class ChangedShape(TypedDict):
    kind: str
    message: str
    before: str | None
    after: str | None


class OfVersionShape(TypedDict):
    version: int
    definition_id: Id
    cases: int
    by_verdict: dict[str, int]
    differences: list[ChangedShape]
    plan: dict[str, Any]
    classes: list[CaseClassShape]


class PreflightShape(TypedDict):
    case_type: str
    version: int
    definition_id: Id | None
    cases: int
    by_verdict: dict[str, int]
    clear: bool
    versions: list[OfVersionShape]


class CandidatesShape(TypedDict):
    preflights: list[PreflightShape]
    warnings: list[ProblemShape]


class TaskChangeShape(TypedDict):
    becomes: str
    before: str | None
    after: str | None
    name_before: str | None
    name_after: str | None
    other: list[str]


class TimerChangeShape(TypedDict):
    element_id: str
    before: Moment | None
    after: Moment | None


class WaitChangeShape(TypedDict):
    element_id: str
    kind: str
    before: str | None
    after: str | None


PreviewShape = TypedDict(
    "PreviewShape",
    {
        "case_id": Id,
        "number": str,
        "from": int,
        "to": int,
        "verdict": str,
        "reasons": list[ReasonShape],
        "plan": dict[str, Any],
        "proposed": dict[str, Any],
        "refused": str | None,
        "tasks": list[TaskChangeShape],
        "timers": list[TimerChangeShape],
        "waits": list[WaitChangeShape],
        "marked_before": dict[str, int],
        "marked_after": dict[str, int],
    },
)
