"""An example of each request body, for the OpenAPI document; a test holds them against the models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from service.api import absences, answer_links, calendar_shapes, drafts, reminders, schemas, view_shapes
from service.api.batch_shapes import BatchOfTasks, HandOverAll, Schedule

_WHY = {"reason": "The caller withdrew it."}
_PLAN = {"elements": {"Task_Assess": "Task_Examine"}, "clocks": {"Timer_Late": "from entry"}}

BODIES: Mapping[type[BaseModel], Mapping[str, Any]] = {
    schemas.StartCase: {
        "case_type": "insurance-claim",
        "data": {"claimant": "Ada Lovelace", "policyNumber": "HH-204817", "estimatedAmount": 800},
    },
    schemas.ChangeCase: {"owner": "mia", "priority": 80, "due_at": "2026-12-24T12:00:00Z"},
    schemas.ChangeVariables: {"variables": {"estimatedAmount": 950}},
    schemas.CancelCase: _WHY,
    schemas.Star: {"starred": True},
    schemas.CompleteTask: {"data": {"policyStatus": "active", "answer": "A slip of the pen."}},
    Schedule: {"due_at": "2026-12-24T12:00:00Z", "priority": 80},
    BatchOfTasks: {"action": "assign", "tasks": ["0192f7c4-6a3e-7b21-9d55-0c1f2a3b4c5d"], "to": "ben"},
    HandOverAll: {"to": "ben", "case_type": "insurance-claim"},
    drafts.SaveDraft: {
        "values": {"answer": "A slip of the"},
        "was": {"answer": ""},
        "version": 3,
    },
    answer_links.MakeLink: {"recipient": "Bob Miller", "days": 14, "message": "Just what you saw.", "language": "de"},
    schemas.Activate: {"element_id": "Task_Interview", "data": {"interviewee": "Ben Baker"}, "to": "carl"},
    schemas.Finish: {"reason": "Everybody was heard."},
    schemas.OpenChild: {"case_type": "it-incident", "data": {"title": "No access"}, "blocking": True},
    schemas.Adopt: {"parent": "CUS-2026-00007"},
    schemas.Suspend: {"reason": "Waiting for the expert.", "until": "2026-12-01T08:00:00Z"},
    schemas.Close: {"outcome": "paid", "summary": "Paid in full."},
    schemas.Reopen: {"reason": "New evidence came in.", "element_id": "Task_Assess"},
    schemas.Repeat: {"element_id": "Task_Assess", "reason": "The second estimate differs."},
    schemas.MigrateCase: {"to": 2, "plan": _PLAN, "reason": "Version 2 asks for the photos."},
    schemas.PreviewMove: {"to": 2, "plan": _PLAN},
    schemas.ReturnCase: {"reason": "Version 2 asks too much."},
    schemas.StageVersion: {"share": 10, "when": "estimatedAmount < 1000"},
    schemas.OrderMigration: {
        "case_type": "insurance-claim",
        "from": 1,
        "to": 2,
        "plan": _PLAN,
        "cases": {"states": ["active"], "at": "Task_Assess"},
        "reason": "Version 2 asks for the photos.",
        "trial": 20,
    },
    schemas.InsertFragment: {"process": "home-visit", "reason": "She cannot come to us."},
    schemas.BindRole: {"holders": ["user:mia", "group:claims-managers"]},
    schemas.HandOver: {"from": "ann", "to": "ben"},
    schemas.Restrict: {"restricted": True, "reason": "A colleague is concerned."},
    schemas.BringBack: {"number": "CLM-2026-00042", "owner": "ben", "reason": "Its owner has left us."},
    schemas.LinkCase: {"target": "CLM-2026-00041", "kind": "duplicate"},
    schemas.MergeCase: {"into": "CLM-2026-00041", "reason": "Reported twice."},
    schemas.SplitCase: {"variables": ["claimant"], "reason": "Two damages of different days."},
    schemas.WriteNote: {"text": "Called **twice**; @ben tries again tomorrow.", "visibility": "team"},
    schemas.AddTask: {
        "name": "Call the plumber",
        "candidate_groups": ["claims-intake"],
        "checklist": ["Ask for photos"],
    },
    schemas.Follow: {"following": True},
    schemas.Tick: {"done": [0, 2]},
    view_shapes.SaveView: {
        "of": "tasks",
        "name": "Large claims that are due",
        "filter": "due:<2d estimatedAmount:>1000",
        "columns": ["task", "case", "due", "fact.estimatedAmount"],
        "groups": ["claims-assessors"],
    },
    view_shapes.BeginWith: {"begins": True},
    schemas.PutOff: {"until": "2026-12-24T08:00:00Z"},
    schemas.SendBack: {"reason": "The photos are of another house."},
    schemas.AnswerQuestion: {"text": "Yes, on Monday."},
    schemas.GiveTask: {"to": "ben"},
    schemas.AssignTask: {"to": "ben"},
    schemas.RetryIncident: {"variables": {"estimatedAmount": 800}},
    schemas.PreviewModification: {"steps": [{"do": "move", "element": "Task_Assess", "to": "Task_Decide"}]},
    schemas.Modify: {
        "steps": [{"do": "skip", "element": "Task_Assess", "values": {"riskLevel": "low"}}],
        "reason": "It was assessed on paper",
    },
    schemas.RefuseModification: {"reason": "The customer has to be asked first"},
    schemas.OrderModification: {
        "case_type": "insurance-claim",
        "version": 1,
        "steps": [{"do": "again", "element": "Task_Assess"}],
        "cases": {"at": "Task_Decide"},
        "reason": "Assessed by the wrong table",
        "trial": 20,
    },
    schemas.PublishMessage: {
        "name": "payment-received",
        "correlation": {"correlationKey": "HH-204817"},
        "payload": {"amount": 800},
        "message_id": "bank-77120",
    },
    schemas.BroadcastSignal: {"name": "storm-warning", "payload": {"region": "north"}},
    schemas.Evaluate: {"variables": {"policyStatus": "active", "damageKind": "water"}},
    schemas.CreateUser: {"name": "zoe", "display_name": "Zoe Zimmer", "groups": ["claims-intake"]},
    schemas.ChangeUser: {"active": False},
    schemas.SetPassword: {"password": "at least ten characters"},
    calendar_shapes.PutCalendar: {
        "title": "Claims, Munich",
        "zone": "Europe/Berlin",
        "week": {
            "monday": ["09:00-12:00", "13:00-17:30"],
            "tuesday": ["09:00-12:00", "13:00-17:30"],
            "friday": ["09:00-14:00"],
        },
        "country": "DE",
        "subdivision": "BY",
        "days": {"2026-12-31": {"why": "Between the years"}},
    },
    schemas.SetSkills: {"skills": ["water-damage", "english"]},
    schemas.ChangeGroup: {"title": "Claims, intake desk", "next_task": "priority"},
    absences.SayAway: {
        "first_day": "2026-12-21",
        "last_day": "2027-01-03",
        "zone": "Europe/Berlin",
        "substitutes": [{"substitute": "ben", "case_type": "insurance-claim"}],
    },
    reminders.Remind: {"at": "2026-12-24T08:00:00Z", "text": "Ask for the invoice."},
    schemas.CreateGroup: {"name": "claims-intake", "title": "Claims intake"},
    schemas.IssueToken: {"name": "night import", "scopes": ["read", "work"], "days": 90},
}

#: What each parameter in a path names.
IN_PATHS: Mapping[str, str] = {
    "key": "The key that the calendar was given, such as `munich`.",
    "case_id": "The case's `id`.",
    "task_id": "The task's `id`.",
    "activity_id": "The `activity_id` of an ad hoc sub-process at work in the case.",
    "absence_id": "The absence's `id`.",
    "reminder_id": "The reminder's `id`.",
    "note_id": "The note's `id`.",
    "batch_id": "The batch's `id`.",
    "view_id": "The saved view's `id`.",
    "answer_link_id": "The `id` of the link to the task's form.",
    "link_id": "The link's `id`.",
    "incident_id": "The incident's `id`.",
    "call_id": "The pending call's `id`.",
    "token_id": "The token's `id`.",
    "definition_id": "The process definition's `id`.",
    "migration_id": "The migration's `id`.",
    "modification_id": "The modification's `id`.",
    "deployment_id": "The deployment's `id`.",
    "decision_id": "The decision's `id`.",
    "form_id": "The form's `id`.",
    "role": "The role's id, as the case type's diagram declares it.",
    "name": "The user's or group's name.",
    "user": "The user's name.",
}
