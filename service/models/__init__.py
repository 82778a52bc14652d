"""Rows. No behaviour beyond properties: what changes them stands in operations/, what lists them in queries/."""

from service.models import search_index
from service.models.absences import Absence, Substitution
from service.models.actor import SYSTEM, Actor
from service.models.answer_links import AnswerLink
from service.models.arrangements import Arrangement, ListName
from service.models.audit import AuditEntry, InstallationEntry, InstallationSeal
from service.models.batches import BatchAction, BatchItem, ItemOutcome, TaskBatch
from service.models.calendars import Calendar
from service.models.calls import PendingCall
from service.models.cases import Case, CaseRole, CaseState, LargeVariable, NumberSequence
from service.models.data_stores import DataStore
from service.models.definitions import (
    DecisionDefinition,
    DefinitionAccess,
    Deployment,
    FormDefinition,
    ProcessDefinition,
    Resource,
)
from service.models.designs import DesignDraft, DesignRevision
from service.models.documents import ContentPiece, Document, DocumentVersion, StoredContent
from service.models.drafts import FormDraft
from service.models.facts import CaseVariable
from service.models.follows import FollowedTask
from service.models.incidents import Incident, IncidentState
from service.models.links import CaseLink, LinkKind
from service.models.marks import StarredCase, VisitedCase
from service.models.migrations import MigratedCase, Migration, MigrationState, Outcome
from service.models.milestones import CaseMilestone
from service.models.modifications import Modification, ModificationState
from service.models.notes import Note, NoteMention, NoteRevision, NoteVisibility
from service.models.notifications import (
    DeliveryState,
    Notification,
    NotificationChannel,
    NotificationChoice,
    NotificationDelivery,
    NotificationHour,
    ReceivedMail,
    Timing,
    Way,
)
from service.models.presence import Presence
from service.models.rehearsals import Rehearsal
from service.models.reminders import Reminder
from service.models.requests import IdempotencyKey
from service.models.schema_revisions import SchemaRevision
from service.models.second_factors import RecoveryCode, SecondFactor
from service.models.service_clocks import ClockState, ServiceClock
from service.models.subscriptions import Message, MessageId, Subscription
from service.models.tasks import HumanTask, TaskCandidate, TaskState
from service.models.timers import StartTimer, Timer
from service.models.users import (
    ApiToken,
    AssignmentTurn,
    Group,
    Identity,
    LoginSession,
    Membership,
    NextTask,
    RateCount,
    User,
    UserSkill,
)
from service.models.views import DefaultView, SavedView, ViewOf, ViewShare

__all__ = [
    "SYSTEM",
    "Absence",
    "Actor",
    "AnswerLink",
    "ApiToken",
    "Arrangement",
    "AssignmentTurn",
    "AuditEntry",
    "BatchAction",
    "BatchItem",
    "Calendar",
    "Case",
    "CaseLink",
    "CaseMilestone",
    "CaseRole",
    "CaseState",
    "CaseVariable",
    "ClockState",
    "ContentPiece",
    "DataStore",
    "DecisionDefinition",
    "DefaultView",
    "DefinitionAccess",
    "DeliveryState",
    "Deployment",
    "DesignDraft",
    "DesignRevision",
    "Document",
    "DocumentVersion",
    "FollowedTask",
    "FormDefinition",
    "FormDraft",
    "Group",
    "HumanTask",
    "IdempotencyKey",
    "Identity",
    "Incident",
    "IncidentState",
    "InstallationEntry",
    "InstallationSeal",
    "ItemOutcome",
    "LargeVariable",
    "LinkKind",
    "ListName",
    "LoginSession",
    "Membership",
    "Message",
    "MessageId",
    "MigratedCase",
    "Migration",
    "MigrationState",
    "Modification",
    "ModificationState",
    "NextTask",
    "Note",
    "NoteMention",
    "NoteRevision",
    "NoteVisibility",
    "Notification",
    "NotificationChannel",
    "NotificationChoice",
    "NotificationDelivery",
    "NotificationHour",
    "NumberSequence",
    "Outcome",
    "PendingCall",
    "Presence",
    "ProcessDefinition",
    "RateCount",
    "ReceivedMail",
    "RecoveryCode",
    "Rehearsal",
    "Reminder",
    "Resource",
    "SavedView",
    "SchemaRevision",
    "SecondFactor",
    "ServiceClock",
    "StarredCase",
    "StartTimer",
    "StoredContent",
    "Subscription",
    "Substitution",
    "TaskBatch",
    "TaskCandidate",
    "TaskState",
    "Timer",
    "Timing",
    "User",
    "UserSkill",
    "ViewOf",
    "ViewShare",
    "VisitedCase",
    "Way",
    "search_index",
]
