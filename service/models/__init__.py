"""Rows. No behaviour beyond properties: what changes them stands in operations/, what lists them in queries/."""

from service.models.actor import SYSTEM, Actor
from service.models.audit import AuditEntry
from service.models.case import Case, CaseRole, CaseState, NumberSequence
from service.models.data_store import DataStore
from service.models.definition import (
    DecisionDefinition,
    DefinitionAccess,
    Deployment,
    FormDefinition,
    ProcessDefinition,
    Resource,
)
from service.models.incident import Incident, IncidentState
from service.models.link import CaseLink, LinkKind
from service.models.milestone import CaseMilestone
from service.models.note import Note, NoteMention, NoteRevision, NoteVisibility
from service.models.request import IdempotencyKey
from service.models.subscription import Message, MessageId, Subscription
from service.models.task import HumanTask, TaskCandidate, TaskState
from service.models.timer import StartTimer, Timer
from service.models.user import ApiToken, Group, LoginSession, Membership, RateCount, User

__all__ = [
    "SYSTEM",
    "Actor",
    "ApiToken",
    "AuditEntry",
    "Case",
    "CaseLink",
    "CaseMilestone",
    "CaseRole",
    "CaseState",
    "DataStore",
    "DecisionDefinition",
    "DefinitionAccess",
    "Deployment",
    "FormDefinition",
    "Group",
    "HumanTask",
    "IdempotencyKey",
    "Incident",
    "IncidentState",
    "LinkKind",
    "LoginSession",
    "Membership",
    "Message",
    "MessageId",
    "Note",
    "NoteMention",
    "NoteRevision",
    "NoteVisibility",
    "NumberSequence",
    "ProcessDefinition",
    "RateCount",
    "Resource",
    "StartTimer",
    "Subscription",
    "TaskCandidate",
    "TaskState",
    "Timer",
    "User",
]
