"""Our things in JSON, in the shapes of shapes.py.

`actions` are what the caller may do with the thing as it stands now, named like the last part of their URLs.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from flask import request

from service.api.deployed_shapes import (
    AddedShape,
    DecisionShape,
    DefinitionShape,
    DeploymentShape,
    DifferencesShape,
    FindingShape,
    FormDefinitionShape,
    OriginShape,
    ReplayShape,
    StageShape,
)
from service.api.shapes import (
    AuditShape,
    CaseShape,
    CaseSummary,
    DiagramShape,
    GroupSummary,
    IncidentShape,
    InstallationEntryShape,
    PendingCallShape,
    TaskShape,
    TokenShape,
    UserShape,
)
from service.engine.definition import Problem
from service.errors import problem_as_json
from service.models import (
    Actor,
    ApiToken,
    AuditEntry,
    Case,
    DecisionDefinition,
    Deployment,
    FormDefinition,
    Group,
    HumanTask,
    InstallationEntry,
    PendingCall,
    ProcessDefinition,
    User,
)
from service.policy import closing
from service.policy.permissions import Action
from service.queries import actions, pending_calls
from service.queries.cases import DiagramState
from service.queries.differences import Part
from service.queries.incidents import Told
from service.queries.pages import Page
from service.queries.replays import Finding, Report

Row = TypeVar("Row")

ACTION_NAMES = {
    Action.CHANGE_VARIABLES: "variables",
    Action.CHANGE_CASE: "change",
    Action.FINISH_AD_HOC: "finish",
    Action.OPEN_CHILD: "children",
    Action.ADOPT: "parent",
    Action.INSERT_FRAGMENT: "fragments",
    Action.REPEAT: "repeat",
    Action.MODIFY: "modifications",
    Action.RETRY: "retry",
    Action.ADD_TASK: "tasks",
    Action.BIND_ROLE: "roles",
    Action.LINK: "links",
    Action.WRITE_NOTE: "notes",
    Action.ADD_DOCUMENT: "documents",
    Action.HAND_BACK: "hand-back",
    Action.SEND_BACK: "send-back",
    Action.SEND_LINK: "answer-links",
    Action.PUT_OFF: "put-off",
    Action.TRY_CALL: "try-now",
    Action.GIVE_UP_CALL: "give-up",
}  #: where an action's name differs from its URL


def moment(at: datetime | None) -> str | None:
    """RFC 3339 in UTC."""
    return None if at is None else moment_of(at)


def moment_of(at: datetime) -> str:
    """RFC 3339 in UTC."""
    return at.isoformat().replace("+00:00", "Z")


def listed(found: Page[Row], represent: Callable[[Row], Any]) -> dict[str, Any]:
    """A page of things, with the link to the next one."""
    following = None
    if found.next is not None:
        following = f"{request.path}?{urlencode({**request.args.to_dict(), 'cursor': found.next})}"
    return {"items": [represent(row) for row in found.rows], "next": following}


def all_of(rows: Sequence[Row], represent: Callable[[Row], Any]) -> dict[str, Any]:
    """A list that always comes whole, in the shape of `listed`."""
    return {"items": [represent(row) for row in rows], "next": None}


def etag(actor: Actor, *versions: object) -> str:
    """A strong validator for what `actor` sees of a thing at `versions`: other people see other actions."""
    sees = zlib.crc32(repr((sorted(actor.principals), actor.is_admin, sorted(actor.scopes))).encode())
    return '"' + "-".join(str(version) for version in versions) + f'-{sees:08x}"'


def task_etag(task: HumanTask, actor: Actor) -> str:
    return etag(actor, task.version, task.case.version)


def case_etag(case: Case, actor: Actor) -> str:
    """Of a case: what may be done with it hangs on other cases too, where those keep it from being closed."""
    return etag(actor, case.version, *closing.outside(case))


def action_names(allowed: Iterable[Action]) -> list[str]:
    return [ACTION_NAMES.get(action, action.value) for action in allowed]


def _ticking(task: HumanTask, allowed: Iterable[Action]) -> list[str]:
    """Who may complete a task may tick off its list."""
    return ["checklist"] if task.checklist and Action.COMPLETE in allowed else []


def case_summary(case: Case, *, owner: str | None = None) -> CaseSummary:
    return {
        "id": str(case.id),
        "number": case.number,
        "title": case.title,
        "case_type": case.case_type,
        "state": case.state.value,
        "stage": case.stage,
        "priority": case.priority,
        "due_at": moment(case.due_at),
        "owner": owner or (case.owner.name if case.owner else None),
        "created_by": case.created_by,
        "created_at": moment_of(case.created_at),
        "closed_at": moment(case.closed_at),
        "version": case.version,
    }


def case_shape(case: Case, actor: Actor) -> CaseShape:
    standing = actions.on_case(actor, case)
    own = case.owner_id is not None and case.owner_id == actor.id  # then nobody has to be looked up
    return {
        **case_summary(case, owner=actor.name if own else None),
        "definition_id": str(case.definition_id),
        "parent_id": str(case.parent_id) if case.parent_id else None,
        "root_id": str(case.root_id),
        "reason": case.reason,
        "restricted": case.restricted,
        "variables": case.variables,
        "actions": action_names(standing.allowed),
        "not_yet": dict(zip(action_names(standing.not_yet), standing.not_yet.values(), strict=True)),
    }


def task_shape(task: HumanTask, actor: Actor) -> TaskShape:
    case, is_open, allowed = task.case, task.state.is_open, actions.on_task(actor, task)
    return {
        "id": str(task.id),
        "name": task.name,
        "element_id": task.element_id,
        "description": task.description,
        "checklist": task.checklist or [],
        "added_by": task.created_by,
        "parent": str(task.parent_id) if task.parent_id else None,
        "optional": task.optional,
        "subtasks": task.subtasks or 0,
        "subtasks_done": task.subtasks_done or 0,
        "state": task.state.value,
        "assignee": task.assignee,
        "delegated_by": task.delegated_by,
        "candidates": sorted(candidate.principal for candidate in task.candidates) if is_open else [],
        "form_key": task.form_key,
        "stage": task.stage,
        "priority": task.priority,
        "due_at": moment(task.due_at),
        "follow_up_at": moment(task.follow_up_at),
        "created_at": moment_of(task.created_at),
        "closed_at": moment(task.closed_at),
        "closed_by": task.closed_by,
        "answered_by": task.answered_by,
        "version": task.version,
        "case": {
            "id": str(case.id),
            "number": case.number,
            "title": case.title,
            "case_type": case.case_type,
            "state": case.state.value,
        },
        "actions": [*action_names(allowed), *_ticking(task, allowed)],
    }


def audit_shape(entry: AuditEntry) -> AuditShape:
    return {
        "seq": entry.seq,
        "at": moment_of(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "element_id": entry.element_id,
        "details": entry.details,
        "hash": entry.hash.hex(),
    }


def installation_entry_shape(entry: InstallationEntry) -> InstallationEntryShape:
    return {
        "seq": entry.seq,
        "at": moment_of(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "details": entry.details,
        "hash": entry.hash.hex(),
    }


def diagram_shape(case: Case, state: DiagramState) -> DiagramShape:
    return {
        "definition_id": str(case.definition_id),
        "marked": dict(state.marked),
        "visits": dict(state.visits),
        "failed": list(state.failed),
    }


def definition_shape(definition: ProcessDefinition) -> DefinitionShape:
    return {
        "id": str(definition.id),
        "key": definition.key,
        "version": definition.version,
        "name": definition.name,
        "latest": definition.latest,
        "active": definition.active,
        "pinned": definition.pinned,
        "stage": stage_shape(definition) if definition.staged else None,
        "retired_at": moment(definition.retired_at),
        "is_case_type": definition.is_case_type,
        "number_prefix": definition.number_prefix,
        "file": definition.file,
        "hash": definition.hash,
        "deployment_id": str(definition.deployment_id),
        "created_at": moment_of(definition.created_at),
    }


def replay_shape(definition: ProcessDefinition, report: Report) -> ReplayShape:
    return {
        "key": definition.key,
        "version": definition.version,
        "replayed": report.replayed,
        "same": report.same,
        "stopped": report.stopped,
        "parted": [_finding(each) for each in report.parted],
        "untold": [_finding(each) for each in report.untold],
        "other_data": [_finding(each) for each in report.other_data],
    }


def _finding(found: Finding) -> FindingShape:
    return {
        "message": found.message,
        "cases": found.cases,
        "numbers": list(found.numbers),
        "step": found.step,
        "element": found.element_id,
    }


def stage_shape(definition: ProcessDefinition) -> StageShape:
    return {
        "effective": moment(definition.staged_from),
        "share": definition.staged_share,
        "when": definition.staged_when,
    }


def differences_shape(
    before: ProcessDefinition | None, after: ProcessDefinition, parts: Iterable[Part]
) -> DifferencesShape:
    return {
        "key": after.key,
        "since": before.version if before else None,
        "version": after.version,
        "differences": [
            {
                "what": part.what,
                "key": part.key,
                "kind": each.kind,
                "message": each.message,
                "before": each.before,
                "after": each.after,
                "aspects": list(each.aspects),
                "process": each.process,
            }
            for part in parts
            for each in part.listed
        ],
    }


def decision_shape(decision: DecisionDefinition) -> DecisionShape:
    return {
        "id": str(decision.id),
        "key": decision.key,
        "version": decision.version,
        "name": decision.name,
        "latest": decision.latest,
        "file": decision.file,
        "hash": decision.hash,
        "deployment_id": str(decision.deployment_id),
        "created_at": moment_of(decision.created_at),
    }


def form_definition_shape(form: FormDefinition) -> FormDefinitionShape:
    return {
        "id": str(form.id),
        "key": form.key,
        "version": form.version,
        "latest": form.latest,
        "file": form.file,
        "hash": form.hash,
        "deployment_id": str(form.deployment_id),
        "created_at": moment_of(form.created_at),
    }


def added_shape(definition: ProcessDefinition | DecisionDefinition | FormDefinition) -> AddedShape:
    kinds = {ProcessDefinition: "process", DecisionDefinition: "decision", FormDefinition: "form"}
    return {
        "kind": kinds[type(definition)],
        "id": str(definition.id),
        "key": definition.key,
        "version": definition.version,
        "name": getattr(definition, "name", definition.key),
    }


def problem_shapes(problems: Iterable[Problem]) -> list[Any]:
    return [problem_as_json(problem) for problem in problems]


def deployment_shape(deployment: Deployment) -> DeploymentShape:
    return {
        "id": str(deployment.id),
        "created_at": moment_of(deployment.created_at),
        "created_by": deployment.created_by,
        "reason": deployment.reason,
        "commit": deployment.commit,
        "origin": cast("OriginShape | None", deployment.origin),
        "files": deployment.files,
        "warnings": [str(warning) for warning in deployment.warnings],
    }


def incident_shape(told: Told) -> IncidentShape:
    incident = told.incident
    return {
        "id": str(incident.id),
        "state": incident.state.value,
        "case_id": str(incident.case_id) if incident.case_id else None,
        "element_id": told.element_id,
        "about": incident.about,
        "message": told.message,
        "created_at": moment_of(incident.created_at),
        "resolved_at": moment(incident.resolved_at),
        "resolved_by": incident.resolved_by,
    }


def pending_call_shape(call: PendingCall, actor: Actor) -> PendingCallShape:
    """The call; its exact message is for those who deploy or see incidents."""
    actions = pending_calls.offered(call, actor)
    return {
        "id": str(call.id),
        "case_id": str(call.case_id),
        "activity_id": call.activity_id,
        "element_id": call.element_id,
        "attempts": call.attempts,
        "since": moment_of(call.since),
        "failed_at": moment_of(call.failed_at),
        "next_at": moment_of(call.next_at),
        "code": call.code,
        "message": call.message if pending_calls.shows_message(call, actor) else None,
        "actions": action_names(actions),
    }


def user_shape(user: User) -> UserShape:
    return {
        "name": user.name,
        "display_name": user.display_name,
        "email": user.email,
        "is_admin": user.is_admin,
        "is_machine": user.is_machine,
        "active": user.active,
        "capacity": user.capacity,
        "skills": user.skill_names,
        "groups": sorted(membership.group_name for membership in user.memberships),
        "created_at": moment_of(user.created_at),
    }


def group_summary(group: Group) -> GroupSummary:
    return {"name": group.name, "title": group.title}


def token_shape(token: ApiToken) -> TokenShape:
    return {
        "id": str(token.id),
        "name": token.name,
        "scopes": list(token.scopes),
        "created_at": moment_of(token.created_at),
        "expires_at": moment(token.expires_at),
    }
