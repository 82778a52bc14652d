"""Rows. No behaviour beyond properties: what changes them stands in operations/, what lists them in queries/."""

from .audit import AuditEntry
from .case import Case, CaseState, NumberSequence
from .data_store import DataStore
from .definition import (
    DecisionDefinition,
    DefinitionAccess,
    Deployment,
    FormDefinition,
    ProcessDefinition,
    Resource,
)
from .incident import Incident, IncidentState
from .link import CaseLink, LinkKind
from .milestone import CaseMilestone
from .note import Note, NoteMention, NoteRevision, NoteVisibility
from .request import IdempotencyKey
from .role import CaseRole
from .subscription import Message, MessageId, Subscription
from .task import HumanTask, TaskCandidate, TaskState
from .timer import StartTimer, Timer
from .user import ApiToken, Group, LoginSession, Membership, RateCount, User

__all__ = [
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
