"""The shapes of what programs are answered about deployments and what came with them; as in `shapes.py`."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from service.api.shapes import Id, MigrationShape, Moment


class StageShape(TypedDict):
    effective: Moment | None
    share: int | None
    when: str | None


class DefinitionShape(TypedDict):
    id: Id
    key: str
    version: int
    name: str
    latest: bool
    active: bool
    pinned: bool
    stage: StageShape | None
    retired_at: Moment | None
    is_case_type: bool
    number_prefix: str | None
    file: str
    hash: str
    deployment_id: Id
    created_at: Moment


class DifferenceShape(TypedDict):
    what: str
    key: str
    kind: str
    message: str
    before: str | None
    after: str | None
    aspects: list[str]
    process: str | None


class DifferencesShape(TypedDict):
    key: str
    since: int | None
    version: int
    differences: list[DifferenceShape]


class FindingShape(TypedDict):
    message: str
    cases: int
    numbers: list[str]
    step: int
    element: str | None


class ReplayShape(TypedDict):
    key: str
    version: int
    replayed: int
    same: int
    stopped: bool
    parted: list[FindingShape]
    untold: list[FindingShape]
    other_data: list[FindingShape]


class CaseTypeShape(TypedDict):
    key: str
    name: str
    version: int
    definition_id: Id
    running: int
    actions: list[str]


class DecisionShape(TypedDict):
    id: Id
    key: str
    version: int
    name: str
    latest: bool
    file: str
    hash: str
    deployment_id: Id
    created_at: Moment


class FormDefinitionShape(TypedDict):
    id: Id
    key: str
    version: int
    latest: bool
    file: str
    hash: str
    deployment_id: Id
    created_at: Moment


class WayStepShape(TypedDict):
    element: str
    flows: list[str]
    marking: dict[str, int]


class ProblemShape(TypedDict):
    file: str
    line: int | None
    element: str | None
    name: str | None
    message: str
    advice: str
    severity: str
    rule: str | None
    way: list[WayStepShape]


class AddedShape(TypedDict):
    kind: str
    id: Id
    key: str
    version: int
    name: str


class DeployedShape(TypedDict):
    deployment_id: Id | None
    added: list[AddedShape]
    unchanged: list[str]
    warnings: list[ProblemShape]
    migrations: list[MigrationShape]


class CheckedShape(TypedDict):
    problems: list[ProblemShape]


class OriginShape(TypedDict):
    definitions: list[str]
    exported_by: str
    exported_at: str
    deployed_by: str
    deployed_at: str
    reason: str | None
    commit: str | None
    key: str | None


class DeploymentShape(TypedDict):
    id: Id
    created_at: Moment
    created_by: str
    reason: str | None
    commit: str | None
    origin: OriginShape | None
    files: dict[str, str]
    warnings: list[str]


class EvaluatedShape(TypedDict):
    result: Any
    trace: list[dict[str, Any]]
