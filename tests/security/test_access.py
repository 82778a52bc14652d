"""Who may what, on every route: the matrix is made from the URL map, so that a new route cannot be forgotten
. Each cell says what has to come out: in, refused (403), not there (404), or not signed in (401).
"""

from __future__ import annotations

import contextvars
import io
import secrets
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule

from service.db import db, new_id, utcnow
from service.http.protection import PUBLIC, SAFE, SIGNED_IN, declared
from service.models import (
    SYSTEM,
    Absence,
    Actor,
    AnswerLink,
    BatchAction,
    Calendar,
    Case,
    ContentPiece,
    DecisionDefinition,
    FormDefinition,
    HumanTask,
    Incident,
    LinkKind,
    Migration,
    MigrationState,
    Modification,
    ModificationState,
    NoteVisibility,
    NotificationChannel,
    PendingCall,
    ProcessDefinition,
    Rehearsal,
    Reminder,
    SavedView,
    StoredContent,
    User,
    ViewOf,
    Way,
)
from service.operations import (
    absences,
    batches,
    calendars,
    cases,
    choices,
    deployments,
    designs,
    documents,
    lifecycle,
    links,
    notes,
    rehearsals,
    reminders,
    tasks,
    users,
    views,
)
from service.policy.permissions import Action
from service.queries import definitions
from tests.api.conftest import LOAN, Office, Program
from tests.operations.care_life import FRAGMENT

FOR_ALL = FRAGMENT.replace(b' case:candidateStarterGroups="clerks"', b"")  # a part that names nobody
ROOT = Path(__file__).resolve().parents[2]
EVERYBODY = {"stranger", "operator", "designer", "participant", "owner", "manager", "reader", "admin"}
NOBODY = {"anonymous", "expired token", "revoked token", "disabled account"}
STEERING = {"owner", "manager", "admin"}
READING = {"participant", "owner", "manager", "reader", "admin"}

#: Who gets in, by what the route declares; the second set may see the thing and is told 403, the others 404.
ON_A_CASE: dict[Action, set[str]] = {
    Action.READ_CASE: READING,
    Action.CHANGE_CASE: STEERING,
    Action.CHANGE_VARIABLES: STEERING,
    Action.CANCEL_CASE: STEERING,
    Action.ACTIVATE: {"participant", "owner", "manager", "admin"},
    Action.FINISH_AD_HOC: STEERING,
    Action.OPEN_CHILD: {"participant", "owner"},  # who also may open cases of that type
    Action.ADOPT: STEERING,
    Action.INSERT_FRAGMENT: {"participant", "owner", "manager", "admin"},
    Action.SUSPEND: STEERING,
    Action.RESUME: STEERING,
    Action.BIND_ROLE: STEERING,
    Action.RESTRICT: STEERING,
    Action.LINK: {"participant", "owner", "manager", "admin"},
    Action.MERGE: STEERING,
    Action.SPLIT: {"owner"},  # who also may open cases of its type
    Action.WRITE_NOTE: {"participant", "owner", "manager", "admin"},
    Action.EDIT_NOTE: {"owner"},
    Action.ADD_DOCUMENT: {"participant", "owner", "manager", "admin"},
    Action.CHANGE_DOCUMENT: {"owner", "manager", "admin"},
    Action.FREE_DOCUMENT: {"owner", "manager", "admin"},
    Action.CLOSE: STEERING,
    Action.REOPEN: STEERING,
    Action.REPEAT: STEERING,
    Action.MIGRATE: {*STEERING, "operator"},
    Action.MODIFY: {*STEERING, "operator"},
    Action.RETRY: STEERING,
    Action.TRY_CALL: {*STEERING, "operator"},
    Action.GIVE_UP_CALL: {*STEERING, "operator"},
    Action.ADD_TASK: {"participant", "owner", "manager", "admin"},
    Action.WITHDRAW_TASK: STEERING,
    Action.READ_TASK: READING,
    Action.CLAIM: {"participant", "owner", "manager"},
    Action.RELEASE: {"owner", "manager"},
    Action.DELEGATE: {"owner"},
    Action.HAND_BACK: {"owner"},
    Action.SEND_BACK: {"owner"},
    Action.ANSWER: {"owner"},
    Action.ASSIGN: {"manager", "admin"},
    Action.PUT_OFF: STEERING,
    Action.REMIND: READING,
    Action.SCHEDULE: {"manager", "admin"},
    Action.COMPLETE: {"owner"},
    Action.SEND_LINK: {"participant", "owner", "manager"},
}
ELSEWHERE: dict[str, set[str]] = {
    SIGNED_IN: EVERYBODY,
    Action.READ_DEFINITION: EVERYBODY,
    Action.READ_CASE: EVERYBODY,  # the list, which is narrowed
    Action.READ_TASK: EVERYBODY,
    Action.OPEN_CASE: {"participant", "owner"},
    Action.EVALUATE_DECISION: EVERYBODY,
    Action.MANAGE_TOKENS: EVERYBODY,
    Action.KEEP_VIEWS: EVERYBODY,
    Action.CHANGE_TASKS: EVERYBODY,
    Action.OVERSEE: {"manager", "admin"},
    Action.TAKE_NEXT: EVERYBODY,
    Action.MOVE_CARD: EVERYBODY,
    Action.SAY_AWAY: EVERYBODY,
    Action.REMIND: EVERYBODY,
    Action.CHOOSE_NEWS: EVERYBODY,
    Action.DEPLOY: {"admin", "designer"},
    Action.PUBLISH_MESSAGE: {"admin", "operator"},
    Action.MIGRATE_CASES: {"admin", "operator"},
    Action.MODIFY_CASES: {"admin", "operator"},
    Action.PREFLIGHT: {"admin", "operator", "designer"},
    Action.CHOOSE_VERSION: {"admin", "operator", "designer"},
    Action.READ_INCIDENTS: {"admin", "operator"},
    Action.RESOLVE_INCIDENT: {"admin", "operator"},
    Action.MANAGE_USERS: {"admin"},
    Action.READ_CALENDAR: EVERYBODY,
    Action.CHANGE_CALENDAR: {"admin", "operator"},
    Action.FIND_LOST_CASES: {"admin"},
}

TODAY = utcnow().date().isoformat()
TOMORROW = (utcnow() + timedelta(days=1)).isoformat()
BODIES: dict[str, Any] = {
    "POST /api/v1/lost-cases": {"number": "none", "owner": "ben", "reason": "A test."},
    "POST /api/v1/cases": {"case_type": "loan", "data": {"customer": "Ada", "amount": 1}},
    "PATCH /api/v1/cases/<uuid:case_id>": {"priority": 60},
    "PATCH /api/v1/cases/<uuid:case_id>/variables": {"variables": {"customer": "Grace"}},
    "POST /api/v1/cases/<uuid:case_id>/cancel": {"reason": "A test."},
    "POST /api/v1/cases/<uuid:case_id>/adhoc/<uuid:activity_id>/activate": {"element_id": "none"},
    "POST /api/v1/cases/<uuid:case_id>/adhoc/<uuid:activity_id>/finish": {},
    "POST /api/v1/cases/<uuid:case_id>/children": {"case_type": "loan", "data": {"customer": "Ada", "amount": 1}},
    "POST /api/v1/cases/<uuid:case_id>/parent": {"parent": "$other"},
    "POST /api/v1/cases/<uuid:case_id>/suspend": {"reason": "A test."},
    "POST /api/v1/cases/<uuid:case_id>/close": {},
    "POST /api/v1/cases/<uuid:case_id>/links": {"target": "$other", "kind": "related"},
    "POST /api/v1/cases/<uuid:case_id>/merge": {"into": "$other", "reason": "A test."},
    "POST /api/v1/cases/<uuid:case_id>/split": {"reason": "A test."},
    "POST /api/v1/cases/<uuid:case_id>/notes": {"text": "A test."},
    "PUT /api/v1/documents/<uuid:document_id>": {"tags": ["photo"]},
    "POST /api/v1/documents/<uuid:document_id>/copy": {"case": "$other"},
    "POST /api/v1/documents/<uuid:document_id>/withdraw": {"reason": "A test."},
    "PUT /api/v1/notes/<uuid:note_id>": {"text": "Another."},
    "PUT /api/v1/cases/<uuid:case_id>/roles/<role>": {"holders": []},
    "POST /api/v1/cases/<uuid:case_id>/roles/<role>/hand-over": {"from": "ann", "to": "ben"},
    "POST /api/v1/cases/<uuid:case_id>/restrict": {"restricted": True, "reason": "A test."},
    "POST /api/v1/cases/<uuid:case_id>/reopen": {"reason": "A test."},
    "POST /api/v1/cases/<uuid:case_id>/repeat": {"element_id": "Assess", "reason": "A test."},
    "POST /api/v1/cases/<uuid:case_id>/migrate": {"to": 1, "reason": "A test."},
    "POST /api/v1/cases/<uuid:case_id>/migrate/preview": {"to": 1},
    "POST /api/v1/cases/<uuid:case_id>/return": {"reason": "A test."},
    "POST /api/v1/cases/<uuid:case_id>/modifications/preview": {"steps": [{"do": "put", "element": "Approve"}]},
    "POST /api/v1/cases/<uuid:case_id>/modifications": {
        "steps": [{"do": "put", "element": "Approve"}],
        "reason": "A test.",
    },
    "POST /api/v1/cases/<uuid:case_id>/modifications/<uuid:modification_id>/refuse": {"reason": "A test."},
    "POST /api/v1/modifications": {
        "case_type": "loan",
        "version": 1,
        "steps": [{"do": "put", "element": "Approve"}],
        "reason": "A test.",
    },
    "POST /api/v1/migrations": {"case_type": "loan", "from": 1, "to": 2, "reason": "A test."},
    "POST /api/v1/migrations/<uuid:migration_id>/return": {"reason": "A test."},
    "POST /api/v1/cases/<uuid:case_id>/fragments": {"process": "visit"},
    "POST /api/v1/cases/<uuid:case_id>/tasks": {"name": "Call", "candidate_groups": ["clerks"]},
    "PUT /api/v1/tasks/<uuid:task_id>/checklist": {"done": []},
    "PUT /api/v1/tasks/<uuid:task_id>/follow": {"following": True},
    "POST /api/v1/tasks/<uuid:task_id>/withdraw": {"reason": "A test."},
    "POST /api/v1/tasks/<uuid:task_id>/delegate": {"to": "ben"},
    "POST /api/v1/tasks/<uuid:task_id>/assign": {"to": "ben"},
    "POST /api/v1/tasks/<uuid:task_id>/schedule": {"priority": 70},
    "POST /api/v1/tasks/<uuid:task_id>/put-off": {"until": TOMORROW},
    "POST /api/v1/tasks/<uuid:task_id>/reminders": {"at": TOMORROW},
    "POST /api/v1/cases/<uuid:case_id>/reminders": {"at": TOMORROW},
    "POST /api/v1/tasks/<uuid:task_id>/send-back": {"reason": "A test."},
    "POST /api/v1/notes/<uuid:note_id>/answer": {"text": "Yes."},
    "POST /api/v1/tasks/<uuid:task_id>/complete": {"data": {}},
    "POST /api/v1/tasks/<uuid:task_id>/answer-links": {"recipient": "Bob Miller"},
    "POST /api/v1/task-batches": {"action": "claim", "tasks": ["00000000-0000-4000-8000-000000000000"]},
    "POST /api/v1/workload/<name>/hand-over": {"to": None},
    "POST /api/v1/task-batches/preview": {"action": "claim", "tasks": ["00000000-0000-4000-8000-000000000000"]},
    "PUT /api/v1/tasks/<uuid:task_id>/draft": {"values": {}, "version": 0},
    "PUT /api/v1/definitions/<uuid:definition_id>/draft": {"values": {}, "version": 0},
    "POST /api/v1/decisions/<uuid:decision_id>/evaluate": {"variables": {}},
    "POST /api/v1/messages": {"name": "nobody waits", "keep_for": 60},
    "POST /api/v1/definitions/<uuid:definition_id>/stage": {"share": 10},
    "POST /api/v1/signals": {"name": "nobody listens"},
    "POST /api/v1/incidents/<uuid:incident_id>/retry": {},
    "POST /api/v1/cases/<uuid:case_id>/retry": {},
    "POST /api/v1/users": {"name": "new-one"},
    "PATCH /api/v1/users/<name>": {"display_name": "Other"},
    "PUT /api/v1/users/<name>/password": {"password": "something longer"},
    "POST /api/v1/groups": {"name": "new-group"},
    "PATCH /api/v1/groups/<name>": {"title": "Other", "next_task": "priority"},
    "PUT /api/v1/cases/<uuid:case_id>/star": {"starred": True},
    "PUT /api/v1/users/<name>/skills": {"skills": ["water"]},
    "PUT /api/v1/calendars/<key>": {"title": "A test", "zone": "UTC", "week": {}},
    "POST /api/v1/views": {"of": "tasks", "name": "A view", "columns": ["task"]},
    "PUT /api/v1/views/<uuid:view_id>": {"of": "tasks", "name": "Another", "columns": ["task"]},
    "PUT /api/v1/views/<uuid:view_id>/default": {"begins": True},
    "POST /api/v1/absences": {"first_day": TODAY, "last_day": TODAY, "zone": "UTC"},
    "POST /api/v1/tokens": {"name": "x", "scopes": ["read"], "days": 1},
}
#: Routes that let in, and then find that a loan has nothing of the kind (409), or that the password is wrong (422).
NOTHING_THERE = (
    "/api/v1/deployments/import",
    "/deployments/bundle",
    "/api/v1/cases/<uuid:case_id>/adhoc/",
    "/api/v1/cases/<uuid:case_id>/resume",
    "/api/v1/cases/<uuid:case_id>/roles/",
    "/api/v1/cases/<uuid:case_id>/close",
    "/api/v1/cases/<uuid:case_id>/reopen",
    "/api/v1/cases/<uuid:case_id>/repeat",
    "/api/v1/cases/<uuid:case_id>/migrate",
    "/api/v1/cases/<uuid:case_id>/return",
    "/api/v1/migrations",
    "/api/v1/definitions/<uuid:definition_id>/unpin",
    "/api/v1/definitions/<uuid:definition_id>/pin",
    "/api/v1/definitions/<uuid:definition_id>/back",
    "/api/v1/definitions/<uuid:definition_id>/stage",
    "/api/v1/definitions/<uuid:definition_id>/unstage",
    "/api/v1/definitions/<uuid:definition_id>/retire",
    "/api/v1/definitions/<uuid:definition_id>/restore",
    "/case-types/<key>/versions/<int:version>/",
    "/rehearsals/<uuid:rehearsal_id>/form",
    "/cases/<number>/test.yaml",
    "/api/v1/cases/<uuid:case_id>/retry",
    "/api/v1/tasks/<uuid:task_id>/withdraw",
    "/api/v1/workload/<name>/hand-over",
    "/api/v1/tasks/<uuid:task_id>/answer-links",
    "/tasks/<uuid:task_id>/links",
    "/board/<key>/move",
    "/cases/<number>/activate",
    "/cases/<number>/finish",
    "/cases/<number>/resume",
    "/cases/<number>/retry",
    "/cases/<number>/close",
    "/cases/<number>/reopen",
    "/cases/<number>/go-back",
    "/cases/<number>/roles/",
    "/tasks/<uuid:task_id>/withdraw",
    "/tasks/<uuid:task_id>/take-up",
    "/profile/password",
    "/profile/second-factor",
    "/profile/provider",
    "/api/v1/pending-calls/<uuid:call_id>/",
    "/pending-calls/<uuid:call_id>/",
    "/lost-cases",
    "/migrations/<uuid:migration_id>/",
    "/calendars",
    "/people",
    "/groups",
    "/api/v1/groups/<name>",
    "/cases/<number>/return",
    "/cases/<number>/move",
    "/case-types/<key>/move",
    "/api/v1/lost-cases",
    "/api/v1/incidents/<uuid:incident_id>/",
    "/incidents/<uuid:incident_id>/",
)
FORMS: dict[str, dict[str, Any]] = {
    "/rehearsals/<uuid:rehearsal_id>/acts": {"kind": "clock", "name": "P1D"},
    "/board/<key>/move": {"by": "stage", "card": "00000000-0000-4000-8000-000000000000", "to": "review"},
    "/cases/<number>/cancel": {"reason": "A test."},
    "/cases/<number>/change": {"priority": "60"},
    "/cases/<number>/data": {},
    "/cases/<number>/hold": {"reason": "A test."},
    "/cases/<number>/reopen": {"reason": "A test."},
    "/cases/<number>/standing/preview": {"put": "Approve"},
    "/cases/<number>/standing": {
        "put": "Approve",
        "seen": '[{"do": "put", "element": "Approve"}]',
        "reason": "A test.",
    },
    "/cases/<number>/proposals/<uuid:modification_id>/refuse": {"reason": "A test."},
    "/cases/<number>/go-back": {"reason": "A test.", "element": "Assess"},
    "/cases/<number>/links": {"target": "$other", "kind": "related"},
    "/cases/<number>/merge": {"into": "$other", "reason": "A test."},
    "/cases/<number>/parent": {"parent": "$other"},
    "/cases/<number>/split": {"reason": "A test."},
    "/cases/<number>/notes": {"text": "A test."},
    "/documents/<uuid:document_id>/copy": {"case": "$other"},
    "/documents/<uuid:document_id>/withdraw": {"reason": "A test."},
    "/cases/<number>/notes/preview": {"text": "A test."},
    "/notes/<uuid:note_id>/edit": {"text": "Another."},
    "/cases/<number>/restrict": {"restricted": "yes", "reason": "A test."},
    "/cases/<number>/roles/<role>/give": {"principal": "user:ben"},
    "/cases/<number>/roles/<role>/hand-over": {"from": "ann", "to": "ben"},
    "/cases/<number>/tasks": {"name": "Call", "group": "clerks"},
    "/cases/<number>/fragments": {"process": "visit"},
    "/tasks/<uuid:task_id>/delegate": {"to": "ben"},
    "/tasks/<uuid:task_id>/assign": {"to": "ben"},
    "/lists/<list_name>/arrange": {"columns": "case", "sort": "newest"},
    "/tasks/<uuid:task_id>/schedule": {"priority": "70"},
    "/tasks/batches/preview": {"what": "claim", "tasks": "00000000-0000-4000-8000-000000000000"},
    "/tasks/batches": {"what": "claim", "tasks": "00000000-0000-4000-8000-000000000000", "batch": "$new"},
    "/tasks/<uuid:task_id>/put-off": {"quick": "tomorrow"},
    "/tasks/<uuid:task_id>/remind": {"quick": "tomorrow"},
    "/cases/<number>/remind": {"quick": "tomorrow"},
    "/tasks/<uuid:task_id>/send-back": {"reason": "A test."},
    "/notes/<uuid:note_id>/answer": {"text": "Yes."},
    "/tasks/<uuid:task_id>/subtasks": {"name": "Call", "group": "clerks"},
    "/tasks/<uuid:task_id>/links": {"recipient": "Bob Miller", "days": "14", "language": "en"},
    "/views": {"of": "tasks", "name": "A view", "sort": "due", "scope": "all", "columns": "task"},
    "/views/<uuid:view_id>": {"name": "Another", "sort": "due", "scope": "all", "columns": "task"},
    "/away": {"first_day": TODAY, "last_day": TODAY},
    "/lost-cases": {"number": "none", "owner": "ben", "reason": "A test."},
    "/migrations/<uuid:migration_id>/return": {"reason": "A test."},
    "/cases/<number>/return": {"reason": "A test."},
    "/cases/<number>/move": {"reason": "A test."},
    "/case-types/<key>/move": {"reason": "A test."},
    "/people": {"name": "new-one"},
    "/people/<name>": {"display_name": "Other"},
    "/people/<name>/password": {"password": "something longer", "again": "something longer"},
    "/people/<name>/groups": {"group": "clerks"},
    "/groups": {"name": "new-group"},
    "/groups/<name>": {"title": "Other"},
    "/groups/<name>/members": {"name": "pat"},
    "/designs": {"key": "new-draft", "title": "A test"},
    "/designs/<uuid:draft_id>/files/<name>": {"on": "1", "text": "<a/>"},
    "/calendars": {"key": "new", "title": "A test", "zone": "UTC"},
    "/calendars/<key>": {"title": "A test", "zone": "UTC"},
    "/case-types/<key>/change/preview": {"put": "Approve"},
    "/case-types/<key>/change": {
        "put": "Approve",
        "seen": '[{"do": "put", "element": "Approve"}]',
        "which": "person",
        "reason": "A test.",
    },
    "/profile/channels": {"way": "webhook", "name": "x", "address": "https://example.com/"},
    "/profile/language": {"language": "de"},
    "/profile/tokens": {"name": "x", "scopes": "read", "days": "90"},
}

OF_A_CASE = frozenset(
    {
        "modification_id", "case_id", "task_id", "number", "note_id", "document_id", "link_id", "call_id",
        "answer_link_id",
    }
)  # fmt: skip
DRAFT = designs.blank("loan-draft", "Loan").replace(b'id="Task_Do"', b'id="Task_Do" case:candidateGroups="clerks"')
#: routes whose body is a file
FILES = frozenset(
    {
        "/api/v1/cases/<uuid:case_id>/documents", "/api/v1/documents/<uuid:document_id>/versions",
        "/cases/<number>/documents", "/documents/<uuid:document_id>/versions",
    }
)  # fmt: skip


@dataclass
class World:
    """Everything that a route can name, made anew where a request may change it."""

    app: Flask
    office: Office
    fixed: dict[str, str] = field(default_factory=dict)

    def parameters(
        self,
        action: str,
        needed: Set[str] = OF_A_CASE
        | {"token_id", "view_id", "batch_id", "absence_id", "reminder_id", "channel_id", "rehearsal_id", "draft_id"},
    ) -> dict[str, str]:
        """Values for the arguments `needed`: things on which `action` is possible."""
        found = dict(self.fixed)
        if db.session.get(Calendar, found["key"]) is None:
            calendars.put(found["key"], calendars.Said("Hours", "UTC", {"monday": ["09:00-17:00"]}), by=SYSTEM)
        if needed & OF_A_CASE:
            found |= self._case(action, needed)
        if "token_id" in needed:
            ann = db.session.get_one(User, self.office.ann.id)
            found["token_id"] = str(users.issue_token(ann, "one", ["read"], by=self.office.ann).token.id)
        if "channel_id" in needed:
            db.session.execute(sa.delete(NotificationChannel))
            hook = choices.add_channel(Way.WEBHOOK, "x", "https://example.com/", by=self.office.ann)
            found["channel_id"] = str(hook.id)
        if "rehearsal_id" in needed:
            db.session.execute(sa.delete(Rehearsal))
            tried = rehearsals.begin(definitions.latest(ProcessDefinition, "loan"), by=self.office.ada)
            rehearsals.act(tried, {"start": ""}, by=self.office.ada)
            found["rehearsal_id"] = str(tried.id)
        if "draft_id" in needed:
            draft = designs.begin("loan-draft", "Loan", by=self.office.ada, files={"loan-draft.bpmn": DRAFT})
            found |= {"draft_id": str(draft.id), "file": "loan-draft.bpmn"}
        if "reminder_id" in needed:
            db.session.execute(sa.delete(Reminder).where(Reminder.person == "ann"))
            case = db.session.get_one(Case, UUID(self.office.open_case()))
            made = reminders.remind(case, utcnow() + timedelta(days=1), by=self.office.ann)
            found["reminder_id"] = str(made.id)
        if "absence_id" in needed:
            for said in db.session.scalars(sa.select(Absence).where(Absence.person == "ann")):
                db.session.delete(said)
            ann = db.session.get_one(User, self.office.ann.id)
            day = utcnow().date()
            found["absence_id"] = str(absences.away(ann, day, day, zone="UTC", by=self.office.ann).id)
        if "view_id" in needed:
            for kept in db.session.scalars(sa.select(SavedView).where(SavedView.owner_id == self.office.ann.id)):
                db.session.delete(kept)  # one may have so many only
            wanted = views.Wanted(of=ViewOf.TASKS, name="A view", filter="", sort="due", columns=["task"])
            view = views.keep(wanted, by=self.office.ann)
            found["view_id"] = str(view.id)
        if "batch_id" in needed:
            found["batch_id"] = str(new_id())
            claim = batches.Wanted(BatchAction.CLAIM)
            batches.begin(UUID(found["batch_id"]), [UUID(int=1)], claim, by=self.office.ann)
        db.session.commit()
        db.session.rollback()
        return found

    def _case(self, action: str, needed: Set[str]) -> dict[str, str]:
        case_id = self.office.open_case()
        task = db.session.query(HumanTask).filter_by(case_id=UUID(case_id)).one()
        if action in (Action.RELEASE, Action.DELEGATE, Action.SEND_BACK, Action.PUT_OFF, Action.COMPLETE):
            tasks.claim(task, by=self.office.ann)
        if action == Action.HAND_BACK:
            tasks.claim(task, by=self.office.ben)
            ann = db.session.get_one(User, self.office.ann.id)
            tasks.delegate(task, by=self.office.ben, to=ann)
        found = {"case_id": case_id, "task_id": str(task.id), "number": task.case.number}
        if "note_id" in needed:
            asks = db.session.get_one(User, self.office.ann.id) if action == Action.ANSWER else None
            asking = notes.About(asks=asks)
            note = notes.write(
                task.case, "A note.", by=self.office.ann, visibility=NoteVisibility.EVERYBODY, about=asking
            )
            found["note_id"] = str(note.id)
        if "document_id" in needed:
            found["document_id"] = str(kept_document(task.case, self.office.ann, held=action == Action.FREE_DOCUMENT))
        if "call_id" in needed:
            now = utcnow()
            call = PendingCall(case_id=UUID(case_id), activity_id="a", element_id="Assess", job_id="gone", attempts=1,
                               since=now, failed_at=now, next_at=now, code="HTTP_503", message="No.")  # fmt: skip
            db.session.add(call)
            db.session.flush()
            found["call_id"] = str(call.id)
        if "modification_id" in needed:
            proposed = Modification(
                case_id=UUID(case_id), steps=[{"do": "put", "element": "Approve"}], reason="A test.", revision=1,
                state=ModificationState.PROPOSED, created_by="somebody",
            )  # fmt: skip
            db.session.add(proposed)
            db.session.flush()
            found["modification_id"] = str(proposed.id)
        if "answer_link_id" in needed:
            made = AnswerLink(task_id=task.id, hash=secrets.token_bytes(32), recipient="Bob", language="en",
                              made_by="ann", expires_at=utcnow() + timedelta(days=1))  # fmt: skip
            db.session.add(made)
            db.session.flush()
            found["answer_link_id"] = str(made.id)
        if "link_id" in needed:
            linked = db.session.get_one(cases.Case, UUID(self.office.open_case()))
            found["link_id"] = str(links.link(task.case, linked, LinkKind.RELATED, by=self.office.ann).id)
        return found


def kept_document(
    case: Case, by: Actor, name: str = "a.txt", *, held: bool = False, data: bytes = b"A text.", description: str = ""
) -> UUID:
    """A document that everybody sees who reads the case; its id."""
    content_id = new_id()
    kept = StoredContent(id=content_id, store="database", size=len(data), sha256=bytes(32), media_type="text/plain")
    db.session.add_all([kept, ContentPiece(content_id=content_id, number=0, data=data)])
    db.session.flush()
    about = documents.About(description, visibility=NoteVisibility.EVERYBODY)
    made = documents.add(case, content_id, name, by=by, about=about)
    if held:
        documents.hold(made, by=by)
    return made.id


def build(app: Flask, office: Office) -> World:
    deployments.deploy(
        {
            "coverage.dmn": (ROOT / "processes" / "insurance-claim" / "coverage.dmn").read_bytes(),
            "visit.bpmn": FOR_ALL,
            "claim-intake.form": (ROOT / "forms" / "claim-intake.form").read_bytes(),
        },
        by=SYSTEM,
    )
    incident = Incident(message="It broke.")
    db.session.add(incident)
    loan = definitions.latest(ProcessDefinition, "loan")
    db.session.flush()
    migration = Migration(source_id=loan.id, target_id=loan.id, plan={}, chosen={}, reason="A test.", up_to="",
                          state=MigrationState.DONE, created_by="ada")  # fmt: skip
    db.session.add(migration)
    db.session.flush()
    fixed = {
        "list_name": "cases",
        "definition_id": str(loan.id),
        "deployment_id": str(loan.deployment_id),
        "form_id": str(definitions.latest(FormDefinition, "claim-intake").id),
        "decision_id": str(db.session.query(DecisionDefinition).first().id),
        "incident_id": str(incident.id),
        "migration_id": str(migration.id),
        "activity_id": "00000000-0000-4000-8000-000000000000",
        "key": "loan",
        "role": "manager",
        "seq": "1",
        "version": "1",
        "user": "zoe",
    }
    db.session.commit()
    fixed["other"] = db.session.get_one(cases.Case, UUID(office.open_case())).number
    db.session.rollback()
    return World(app, office, fixed)


def callers(
    app: Flask, office: Office, program: Callable[..., Program], person: Callable[..., Any]
) -> dict[str, Program]:
    leaver = person("leaver", "clerks", admin=True)
    person("pat")  # to whom things are done
    found = {
        "stranger": program(office.zoe),
        "participant": program(office.ben),
        "owner": program(office.ann),
        "manager": program(office.mia),
        "reader": program(office.rex),
        "admin": program(office.ada),
        "operator": program(person("ora", "operators")),
        "designer": program(person("dan", "designers")),
        "anonymous": Program(app, None),
        "disabled account": program(leaver),
    }
    for kind in ("expired token", "revoked token"):
        user = db.session.get_one(User, office.ada.id)
        issued = users.issue_token(user, kind, ["read", "work", "deploy", "admin"], by=office.ada)
        if kind == "expired token":
            issued.token.expires_at = utcnow()
        else:
            users.revoke_token(issued.token, by=office.ada)
        found[kind] = Program(app, issued.secret)
    db.session.get_one(User, leaver.id).active = False
    db.session.commit()
    return found


def routes(app: Flask) -> list[tuple[str, Rule, str]]:
    """Method, rule and declaration of every route."""
    found = []
    for rule in app.url_map.iter_rules():
        said = declared(app, rule.endpoint)
        assert said is not None, f"{rule.rule} declares no permission"
        found += [(method, rule, said) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found


def expected(rule: Rule, said: str, who: str) -> str:
    """What has to come out."""
    if said == PUBLIC:
        return "in"
    if who in NOBODY:
        return "401"
    if "token_id" in rule.arguments and said == Action.MANAGE_TOKENS:
        return "in" if who == "owner" else "404"
    if {"view_id", "batch_id", "reminder_id", "channel_id"} & rule.arguments:
        return "in" if who == "owner" else "404"
    if "rehearsal_id" in rule.arguments and who == "designer":
        return "404"  # it is the administrator's own
    if "absence_id" in rule.arguments:
        return "in" if who in ("owner", "admin") else "404"
    if rule.rule == "/cases/<number>/test.yaml":
        return {"admin": "in", "designer": "404"}.get(who, "403")
    if rule.arguments & OF_A_CASE:
        allowed = ON_A_CASE[Action(said)]
        return "in" if who in allowed else "403" if who in READING else "404"
    return "in" if who in ELSEWHERE[said] else "403"


def send(caller: Program, method: str, rule: Rule, values: Mapping[str, str]) -> int:
    known = {**values, "name": "clerks" if "/groups/<name>" in rule.rule else "pat", "group": "clerks"}
    if rule.rule.startswith("/designs/"):
        known["name"] = values["file"]
    if rule.rule.startswith("/static/"):
        known["name"] = "no-such-file.js"
    path = rule.rule
    for argument in rule.arguments:
        for kind in ("uuid:", "int:", ""):
            path = path.replace(f"<{kind}{argument}>", known[argument])
    headers = {"Accept": "application/json"}
    if path.startswith("/api/") and rule.rule in FILES and method == "POST":
        return caller.send(method, f"{path}?name=a.txt", b"A text.", **headers).status_code
    if path.startswith("/api/") and "deployments" not in path:
        body = BODIES.get(f"{method} {rule.rule}")
        if body is not None:
            body = {name: known["other"] if value == "$other" else value for name, value in body.items()}
        return caller.send(method, path, body, **headers).status_code
    known["new"] = str(new_id())
    form = {n: known.get(str(value).lstrip("$"), value) if str(value)[0] == "$" else value
            for n, value in FORMS.get(rule.rule, {}).items()}  # fmt: skip
    if "deployments" in path:
        form["files"] = (io.BytesIO(LOAN), "loan.bpmn")
    if rule.rule in FILES:
        form["files"] = (io.BytesIO(b"A text."), "a.txt")
    if rule.rule == "/designs/<uuid:draft_id>/files":
        form["files"] = (io.BytesIO(DRAFT), "loan-draft.bpmn")
    if caller.token:
        headers["Authorization"] = f"Bearer {caller.token}"
    client = caller.app.test_client(use_cookies=False)
    sent = {} if method in SAFE else {"data": form, "content_type": "multipart/form-data"}
    answer = contextvars.Context().run(client.open, path, method=method, headers=headers, **sent)
    return int(answer.status_code)


def outcome(status: int, method: str) -> str:
    if status in (401, 403, 404):
        return str(status)
    return "in" if status < 400 else f"unexpected {status}"


def test_every_route_lets_in_exactly_whom_it_should(
    app: Flask, office: Office, program: Callable[..., Program], person: Callable[..., Any]
) -> None:
    world, asking = build(app, office), callers(app, office, program, person)
    if db.engine.dialect.name == "postgresql":  # all ways to be nobody were tried on SQLite
        asking = {who: caller for who, caller in asking.items() if who not in NOBODY - {"anonymous", "expired token"}}
    wrong: list[str] = []
    cells = 0

    for method, rule, said in routes(app):
        if said == PUBLIC:
            continue
        shared = world.parameters(said, rule.arguments)
        for who, caller in asking.items():
            wanted = expected(rule, said, who)
            fresh = method not in SAFE and wanted == "in"
            status = send(caller, method, rule, world.parameters(said, rule.arguments) if fresh else shared)
            cells += 1
            if status in (409, 422) and rule.rule.startswith(NOTHING_THERE):
                status = 200
            if outcome(status, method) != wanted:
                wrong.append(f"{method} {rule.rule} by {who}: {status}, not {wanted}")

    assert wrong == [], "\n".join(wrong)
    assert cells > 700


def end(case: Case) -> None:
    """Cancel it: nothing can be done in it any more, except opening it again."""
    cases.cancel(case, by=SYSTEM, reason="A test.")


def hold(case: Case) -> None:
    """Put it on hold: nothing can be done in it until it goes on."""
    lifecycle.suspend(case, by=SYSTEM, reason="A test.")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("standing", [end, hold])
def test_who_may_not_do_something_is_never_told_instead_how_it_stands(
    app: Flask,
    office: Office,
    program: Callable[..., Program],
    person: Callable[..., Any],
    standing: Callable[[Case], None],
) -> None:
    """Right before state: a refusal is a 403 or 404 where the same would be a 409, or nothing to do, for others."""
    world, asking = build(app, office), callers(app, office, program, person)
    told: list[str] = []
    cells = 0

    for method, rule, said in routes(app):
        if method in SAFE or not rule.arguments & OF_A_CASE or said == PUBLIC:
            continue
        values = world.parameters(said, rule.arguments)
        standing(db.session.scalars(sa.select(Case).where(Case.number == values["number"])).one())
        db.session.commit()
        db.session.rollback()
        refused = set(asking) - NOBODY - ON_A_CASE[Action(said)]
        for who in sorted(refused):
            status = send(asking[who], method, rule, values)
            cells += 1
            if status not in (403, 404):
                told.append(f"{method} {rule.rule} by {who}: {status}")

    assert told == []
    assert cells > 100


def test_public_routes_are_few_and_known(app: Flask) -> None:
    public = {rule.rule for _, rule, said in routes(app) if said == PUBLIC}

    assert public == {
        "/about", "/about/licences", "/answer/<token>",
        "/api/v1/docs", "/api/v1/openapi.json", "/calendar-feed.ics", "/favicon.ico",
        "/healthz", "/help",
        "/help/<slug>", "/readyz", "/sign-in", "/sign-in/code", "/sign-in/provider", "/sign-in/provider/back",
        "/sign-in/set-up", "/sign-out", "/static/<name>",
    }  # fmt: skip


def test_a_route_that_declares_nothing_is_closed(app: Flask, program: Callable[..., Program], office: Office) -> None:
    app.add_url_rule("/api/v1/forgotten", "forgotten", lambda: "open", methods=["GET", "POST"])

    answers = [program(office.ada).get("/forgotten"), program(office.ada).post("/forgotten")]

    assert [answer.status_code for answer in answers] == [403, 403]


def test_a_token_does_no_more_than_its_scopes(office: Office, program: Callable[..., Program]) -> None:
    reading, working = program(office.ada, "read"), program(office.ann, "work")
    case = office.open_case()

    refused = {
        "cancel": reading.post(f"/cases/{case}/cancel", {"reason": "no"}).status_code,
        "deploy": reading.post("/deployments").status_code,
        "users": reading.get("/users").status_code,
        "tokens": reading.post("/tokens", {"name": "x", "scopes": ["read"]}).status_code,
        "more": working.post("/tokens", {"name": "x", "scopes": ["admin"]}).status_code,
    }

    assert set(refused.values()) == {403}
    assert reading.get(f"/cases/{case}").json["actions"] == []
    assert working.get(f"/cases/{case}").status_code == 200


def test_the_list_and_the_rule_agree_on_who_reads_a_case(
    app: Flask, office: Office, program: Callable[..., Program], person: Callable[..., Any]
) -> None:
    """`queries.visibility.readable` says in SQL what `RULES[READ_CASE]` says in Python."""
    people = [
        office.ann,
        office.ben,
        office.mia,
        office.rex,
        office.zoe,
        office.ada,
        person("late", "auditors", "clerks"),
    ]
    opened = [office.open_case(by) for by in (office.ann, office.ben)]
    task = db.session.query(HumanTask).filter_by(case_id=UUID(opened[0])).one()
    tasks.claim(task, by=office.ann)
    tasks.delegate(task, by=office.ann, to=db.session.get_one(User, office.zoe.id))
    db.session.commit()
    cases.cancel(db.session.get_one(cases.Case, UUID(opened[1])), by=office.ben, reason="A test.")
    db.session.commit()
    db.session.rollback()

    for actor in people:
        listed = {found["id"] for found in program(actor).get("/cases").json["items"]}
        readable = {case for case in opened if program(actor).get(f"/cases/{case}").status_code == 200}
        assert listed == readable, actor.name
