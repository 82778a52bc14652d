"""Rows. No behaviour beyond properties: what changes them stands in operations/, what lists them in queries/."""

from .audit import AuditEntry
from .case import Case, CaseState, NumberSequence
from .definition import (
    DecisionDefinition,
    DefinitionAccess,
    Deployment,
    FormDefinition,
    ProcessDefinition,
    Resource,
)
from .incident import Incident, IncidentState
from .request import IdempotencyKey
from .subscription import Message, Subscription
from .task import HumanTask, TaskCandidate, TaskState
from .timer import Timer
from .user import ApiToken, Group, LoginSession, Membership, SignInCount, User

__all__ = [
    "ApiToken",
    "AuditEntry",
    "Case",
    "CaseState",
    "DecisionDefinition",
    "DefinitionAccess",
    "Deployment",
    "FormDefinition",
    "Group",
    "HumanTask",
    "IdempotencyKey",
    "Incident",
    "IncidentState",
    "LoginSession",
    "Membership",
    "Message",
    "NumberSequence",
    "ProcessDefinition",
    "Resource",
    "SignInCount",
    "Subscription",
    "TaskCandidate",
    "TaskState",
    "Timer",
    "User",
]
