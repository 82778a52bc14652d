"""The shapes of what programs are answered; the OpenAPI document takes its schemas from them.

`representations.py` fills them, so mypy holds the document to the truth.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

Id = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


class CaseSummary(TypedDict):
    id: Id
    number: str
    title: str
    case_type: str
    state: str
    stage: str | None
    priority: int
    due_at: Moment | None
    owner: str | None
    created_by: str
    created_at: Moment
    closed_at: Moment | None
    version: int


class CaseShape(CaseSummary):
    definition_id: Id
    parent_id: Id | None
    root_id: Id
    reason: str | None
    restricted: bool
    variables: dict[str, Any]
    actions: list[str]
    not_yet: dict[str, str]  # action -> why it has to wait


class CaseOfTask(TypedDict):
    id: Id
    number: str
    title: str
    case_type: str
    state: str


class TaskShape(TypedDict):
    id: Id
    name: str
    element_id: str
    description: str | None
    checklist: list[dict[str, Any]]
    added_by: str | None
    parent: Id | None
    optional: bool
    subtasks: int
    subtasks_done: int
    state: str
    assignee: str | None
    delegated_by: str | None
    candidates: list[str]
    form_key: str | None
    stage: str | None
    priority: int
    due_at: Moment | None
    follow_up_at: Moment | None
    created_at: Moment
    closed_at: Moment | None
    closed_by: str | None
    answered_by: str | None
    version: int
    case: CaseOfTask
    actions: list[str]


class FollowShape(TypedDict):
    following: bool


class FollowedTaskShape(TypedDict):
    id: Id
    name: str
    state: str
    case: str
    news: bool


class FollowedTasksShape(TypedDict):
    followed: list[FollowedTaskShape]


class FormShape(TypedDict):
    id: Id | None
    key: str | None
    schema: dict[str, Any] | None
    data: dict[str, Any]


class AuditShape(TypedDict):
    seq: int
    at: Moment
    actor: str
    action: str
    element_id: str | None
    details: dict[str, Any] | None
    hash: str


class InstallationEntryShape(TypedDict):
    seq: int
    at: Moment
    actor: str
    action: str
    subject: str | None
    details: dict[str, Any] | None
    hash: str


class DiagramShape(TypedDict):
    definition_id: Id
    marked: dict[str, int]
    visits: dict[str, int]
    failed: list[str]


class StartableShape(TypedDict):
    element_id: str
    name: str
    documentation: str
    may_start: bool
    why_not: str | None
    reason_required: bool
    required: bool
    done: int
    open: int
    most: int | None


class AdHocShape(TypedDict):
    activity_id: Id
    element_id: str
    name: str
    may_finish: bool
    why_not_finish: str | None
    activities: list[StartableShape]


class ActivatedShape(TypedDict):
    activity_id: Id


class StageShape(TypedDict):
    id: str
    name: str
    state: str


class MilestoneShape(TypedDict):
    id: str
    name: str
    reached_at: Moment | None


class OutcomeShape(TypedDict):
    id: str
    name: str


class RepeatableShape(TypedDict):
    element_id: str
    name: str
    stage: str | None
    done: int
    may_repeat: bool
    why_not: str | None
    cancels: list[str]
    children: list[str]


class LifeShape(TypedDict):
    stages: list[StageShape]
    milestones: list[MilestoneShape]
    outcomes: list[OutcomeShape]
    repeatable: list[RepeatableShape]
    outcome: str | None
    summary: str | None
    suspended_at: Moment | None
    suspended_until: Moment | None


class RoleShape(TypedDict):
    id: str
    name: str
    access: str
    holders: list[str]


class SeerShape(TypedDict):
    name: str
    display_name: str
    rule: str
    because: str


class LinkShape(TypedDict):
    id: Id
    kind: str
    words: str
    case_id: Id
    number: str
    title: str
    state: str
    readable: bool


class NoteShape(TypedDict):
    id: Id
    case_id: Id
    author: str
    text: str
    html: str
    visibility: str
    task_id: Id | None
    asks: str | None
    answered_at: Moment | None
    answers: Id | None
    created_at: Moment
    edited_at: Moment | None
    withdrawn_at: Moment | None
    version: int


class DocumentVersionShape(TypedDict):
    number: int
    name: str
    media_type: str
    size: int
    sha256: str
    comment: str
    by: str
    at: Moment


class DocumentShape(TypedDict):
    id: Id
    case_id: Id
    task_id: Id | None
    name: str
    description: str
    tags: list[str]
    visibility: str
    created_by: str
    created_at: Moment
    held_by: str | None
    withdrawn_at: Moment | None
    newest: DocumentVersionShape
    version: int


class RevisionShape(TypedDict):
    number: int
    text: str
    visibility: str
    until: Moment


class TaskThenShape(TypedDict):
    name: str
    element_id: str
    assignee: str | None


class MomentShape(TypedDict):
    seq: int
    at: Moment
    state: str
    stage: str | None
    variables: dict[str, Any]
    marked: dict[str, int]
    tasks: list[TaskThenShape]


class TotalsShape(TypedDict):
    cases: int
    open: int
    late: int
    failed: int
    tasks: int
    late_tasks: int


class DescendantShape(TypedDict):
    id: Id
    parent_id: Id
    depth: int
    number: str
    title: str
    case_type: str
    state: str
    stage: str | None
    due_at: Moment | None
    late: bool
    fragment: bool
    blocking: bool
    readable: bool
    below: TotalsShape


class FamilyShape(TypedDict):
    items: list[DescendantShape]
    totals: TotalsShape


class BlockerShape(TypedDict):
    kind: str
    id: Id
    name: str


class PublishedShape(TypedDict):
    outcome: str
    case_id: Id | None


class BroadcastShape(TypedDict):
    listeners: int


class IncidentShape(TypedDict):
    id: Id
    state: str
    case_id: Id | None
    element_id: str | None
    about: str | None
    message: str
    created_at: Moment
    resolved_at: Moment | None
    resolved_by: str | None


class PendingCallShape(TypedDict):
    id: Id
    case_id: Id
    activity_id: str
    element_id: str
    attempts: int
    since: Moment
    failed_at: Moment
    next_at: Moment
    code: str
    message: str | None
    actions: list[str]


class LostCaseShape(TypedDict):
    number: str
    case_type: str
    last_owner: str | None
    created_at: Moment | None


class UserShape(TypedDict):
    name: str
    display_name: str
    email: str | None
    is_admin: bool
    is_machine: bool
    active: bool
    capacity: int | None
    skills: list[str]
    groups: list[str]
    created_at: Moment


class GroupSummary(TypedDict):
    name: str
    title: str


class GroupShape(GroupSummary):
    next_task: str | None
    second_factor: bool
    members: list[str]


class TokenShape(TypedDict):
    id: Id
    name: str
    scopes: list[str]
    created_at: Moment
    expires_at: Moment | None


class SomebodysTokenShape(TokenShape):
    user: str


class IssuedShape(TokenShape):
    secret: str | None


class AtHand(TypedDict):
    number: str
    title: str
    state: str


class Followed(AtHand):
    news: bool


class AtHandShape(TypedDict):
    starred: list[Followed]
    recent: list[AtHand]


class StarShape(TypedDict):
    starred: bool


class MeShape(TypedDict):
    name: str
    display_name: str
    groups: list[str]
    is_admin: bool
    scopes: list[str]


class MovedShape(TypedDict):
    id: Id
    number: str
    state: str
    version: int


MigrationShape = TypedDict(
    "MigrationShape",
    {
        "id": Id,
        "case_type": str,
        "from": int,
        "to": int,
        "plan": dict[str, Any],
        "cases": dict[str, Any],
        "reason": str,
        "state": str,
        "note": str | None,
        "trial": int | None,
        "most_untouched": int | None,
        "up_to": str,
        "returns": Id | None,
        "counts": dict[str, int],
        "created_by": str,
        "created_at": Moment,
        "ended_at": Moment | None,
    },
)


class ReasonShape(TypedDict):
    question: int
    verdict: str
    message: str
    way_out: str
    element_id: str | None


class EffectShape(TypedDict):
    what: str
    kind: str
    element_id: str
    name: str
    at: Moment | None


class PreviewShape(TypedDict):
    revision: int
    verdict: str
    needs_approval: bool
    reasons: list[ReasonShape]
    effects: list[EffectShape]
    before: list[str]
    after: list[str]


class ModificationShape(TypedDict):
    id: Id
    case_id: Id
    steps: list[Any]
    reason: str
    state: str
    revision: int
    created_by: str
    created_at: Moment
    decided_by: str | None
    decided_at: Moment | None
    answer: str | None


class MigratedCaseShape(TypedDict):
    case_id: Id
    number: str
    outcome: str
    message: str | None
    element_id: str | None
    at: Moment | None
