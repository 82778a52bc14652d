"""What programs may send. These models check every request, and the OpenAPI document is made from them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from service.models import CaseState, IncidentState, NextTask, NoteVisibility, Outcome
from service.queries.pages import LIMIT, MOST


def _moment(value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(value, str) and "T" in value.upper() else value


def _with_zone(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("needs a time zone, such as Z or +02:00")
    if not 1970 <= value.year <= 9000:
        raise ValueError("is not between the years 1970 and 9000")
    return value.astimezone(UTC)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,8}", value) else value


def _yes_or_no(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


Instant = Annotated[
    datetime,
    BeforeValidator(_moment),
    AfterValidator(_with_zone),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Data = Annotated[dict[str, Any], Field(description="Values by field or variable name.")]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Text = Annotated[str, Field(max_length=200)]
PrincipalName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@+-]*$")]


class Body(BaseModel):
    """A request body: no other members, no conversion of types."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class Query(BaseModel):
    """Query parameters: no others."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True)


class Paged(Query):
    """Parameters of every list."""

    limit: Annotated[int, BeforeValidator(_whole)] = Field(
        LIMIT, ge=1, le=MOST, description="How many at most in this answer."
    )
    cursor: str | None = Field(
        None, min_length=1, max_length=2000, description="Where to go on: from `next` of the answer before."
    )


Filter = Annotated[str, Field(max_length=1000)]
FILTER = "Only what this filter asks for, as `due:<2d`: see /help/filters."


class CaseQuery(Paged):
    q: Filter | None = Field(None, description=FILTER)
    state: Annotated[CaseState, Field(strict=False)] | None = Field(None, description="Only cases in this state.")
    case_type: Name | None = Field(None, description="Only cases of this type.")
    owner: PrincipalName | None = Field(None, description="Only cases of this user.")
    text: Text | None = Field(None, description="Only with all these words in number, title or facts, accents or not.")
    stage: Name | None = Field(None, description="Only cases in this stage (its id).")
    created_by: PrincipalName | None = Field(None, description="Only cases that this user opened.")
    parent_id: Annotated[UUID, Field(strict=False)] | None = Field(None, description="Only children of this case.")
    created_from: Instant | None = Field(None, description="Only cases opened then or later.")
    due_before: Instant | None = Field(None, description="Only cases that are due before then.")
    sort: Literal["newest", "oldest", "due", "priority"] = Field(
        "newest", description="By opening; by due date, what has none last; or by priority, then due date."
    )


class MomentQuery(Query):
    seq: Annotated[int, BeforeValidator(_whole)] = Field(1, ge=1, description="The number of an entry in the timeline.")


class TaskQuery(Paged):
    q: Filter | None = Field(None, description=FILTER)
    view: Literal["mine", "team", "all"] = Field(
        "mine", description="`mine`: mine to do. `team`: mine to claim. `all`: every open one that I may see."
    )
    case_type: Name | None = Field(None, description="Only tasks in cases of this type.")
    text: Text | None = Field(
        None, description="Only with this text in the task's name, or with words that find its case."
    )
    late: Annotated[bool, BeforeValidator(_yes_or_no)] = Field(False, description="Only what is past its due date.")
    case_id: Annotated[UUID, Field(strict=False)] | None = Field(None, description="Only tasks of this case.")
    element_id: Name | None = Field(None, description="Only tasks of this element of the diagram.")
    assignee: PrincipalName | None = Field(None, description="Only what this user is to do.")
    due_before: Instant | None = Field(None, description="Only what is due before then.")
    set_aside: Annotated[bool | None, BeforeValidator(_yes_or_no)] = Field(
        None, description="Only what waits for its follow-up date (`true`), or only what does not (`false`)."
    )
    sort: Literal["urgency", "priority", "due", "oldest", "newest"] = Field(
        "urgency",
        description="`urgency`: what is late first, then what is due next, what has no due date last; among equals the"
        " higher priority first, then the older. `priority`: by priority, then due date. `due`: by due date alone."
        " `oldest`, `newest`: by opening. A cursor belongs to the order that it was made in.",
    )


class Star(Body):
    starred: bool = Field(description="Whether you have the case at hand from now on.")


class DefinitionQuery(Paged):
    key: Name | None = Field(None, description="All versions under this key, instead of the newest of each key.")


class StageVersion(Body):
    """Which new cases a version takes beside the active one; all that is said has to hold, and something has to."""

    effective: Instant | None = Field(
        None, description="Not before then; alone: all new cases from then on, as the active version."
    )
    share: int | None = Field(None, ge=1, le=99, description="Percent of new cases, drawn by the case's id.")
    when: str | None = Field(
        None, min_length=1, max_length=2000, description="FEEL over the variables that the case starts with."
    )


class ReplayQuery(Query):
    limit: Annotated[int, BeforeValidator(_whole)] = Field(
        50, ge=1, le=200, description="How many finished cases at most, those that ended last."
    )


class DifferenceQuery(Query):
    since: Annotated[UUID, Field(strict=False)] | None = Field(
        None, description="The other version of the same process; the one before this unless given."
    )


class IncidentQuery(Paged):
    state: Annotated[IncidentState, Field(strict=False)] | None = Field(None, description="Only in this state.")


class RetryIncident(Body):
    """What to change before it is tried again, of an incident or of a case that failed."""

    variables: dict[str, Any] = Field(default_factory=dict, description="Variables of the case that failed, corrected.")


class TokenQuery(Paged):
    user: PrincipalName | None = Field(None, description="Only tokens of this user.")


class InstallationQuery(Paged):
    about: PrincipalName | None = Field(None, description="Only what was done to this user or group, or by them.")


class UserQuery(Paged):
    text: Text | None = Field(None, description="Only with this text in their name.")
    some: Literal["people", "machines", "administrators", "locked"] | None = Field(None, description="Only those.")
    group: PrincipalName | None = Field(None, description="Only members of this group.")


class StartCase(Body):
    """The case to open."""

    case_type: Name = Field(description="Key of the case type, such as `insurance-claim`; its newest version is used.")
    data: Data = Field(default_factory=dict, description="What the start form asks for.")
    form_id: Annotated[UUID, Field(strict=False)] | None = Field(
        None,
        description="The `id` of the start form that `data` is for: 409 with the new `form` where it has changed.",
    )


class ChangeCase(Body):
    """What to change; what is left out stays."""

    owner: PrincipalName | None = Field(None, description="User name of the new owner; null: nobody.")
    priority: int = Field(50, ge=0, le=100, description="Higher first.")
    due_at: Instant | None = Field(None, description="Null: no due date.")


class ChangeVariables(Body):
    """Variables to set."""

    variables: Data


class CancelCase(Body):
    """Why the case ends."""

    reason: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]


class CompleteTask(Body):
    """What the task's form asks for."""

    data: Data = Field(default_factory=dict)


class Activate(Body):
    """Which activity to start."""

    element_id: Name = Field(description="Id of the activity in the diagram.")
    reason: Annotated[str, Field(max_length=2000)] | None = Field(
        None, description="Why; needed where `reason_required`."
    )
    data: Data = Field(default_factory=dict, description="Variables to set before.")
    to: PrincipalName | None = Field(None, description="User name of who gets the task.")


class Finish(Body):
    """Why it is finished."""

    reason: Annotated[str, Field(max_length=2000)] | None = None


class OpenChild(Body):
    """The child case to open."""

    case_type: Name = Field(description="Key of the case type; its newest version is used.")
    data: Data = Field(default_factory=dict, description="What the start form asks for.")
    blocking: bool = Field(False, description="Whether the parent may not close before it.")


class Adopt(Body):
    """The case's parent."""

    parent: Name = Field(description="The parent's number.")
    blocking: bool = Field(False, description="Whether the parent may not close before it.")


Reason = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]


class Suspend(Body):
    """Why the case is put on hold, and until when."""

    reason: Reason
    until: Instant | None = Field(None, description="When it goes on by itself; null: when somebody resumes it.")


class Close(Body):
    """How the case ended."""

    outcome: Name | None = Field(None, description="One of the outcomes that the case type names.")
    summary: Annotated[str, Field(max_length=20000)] = Field("", description="Markdown.")


class Reopen(Body):
    """Why the case is opened again, and where."""

    reason: Reason
    element_id: Name | None = Field(None, description="A repeatable step; null: just open, until somebody closes it.")


class Repeat(Body):
    """Which step to go back to, and why."""

    element_id: Name
    reason: Reason


class Plan(Body):
    """How what is open maps to the other version. Ids inside a called process are written KEY:id."""

    elements: dict[Name, Name | None] = Field(
        default_factory=dict, description="Id before -> id after; null: what is there is cancelled."
    )
    values: dict[Name, Annotated[str, Field(max_length=10_000)]] = Field(
        default_factory=dict, description="Variable -> expression that it is set to as the case moves."
    )
    clocks: dict[Name, Literal["keep", "from entry", "from now"]] = Field(
        default_factory=dict, description="Id after -> from when the duration of its running timer counts."
    )


class MigrateCase(Body):
    to: Annotated[int, Field(ge=1)] = Field(description="The version to move the case to.")
    plan: Plan = Field(default_factory=Plan)
    reason: Reason


class PreviewMove(Body):
    to: Annotated[int, Field(ge=1)] = Field(description="The version under which the case is looked at.")
    plan: Plan | None = Field(None, description="Without it what is proposed is tried.")


class ChosenQuery(Query):
    """Which running cases; what is not said chooses all."""

    state: Literal["active", "suspended", "failed"] | None = Field(None, description="Only cases in this state.")
    stage: Name | None = Field(None, description="Only cases in this stage (its id).")
    owner: PrincipalName | None = Field(None, description="Only cases of this user.")
    at: Name | None = Field(None, description="Only cases that stand at this element.")
    text: Text | None = Field(None, description="Only cases that you may read, with all these words in them.")
    created_from: Instant | None = Field(None, description="Only cases opened then or later.")
    created_before: Instant | None = Field(None, description="Only cases opened before then.")
    due_before: Instant | None = Field(None, description="Only cases that are due before then.")
    priority_from: Annotated[int, BeforeValidator(_whole)] | None = Field(None, ge=0, le=100, description="Or higher.")
    priority_to: Annotated[int, BeforeValidator(_whole)] | None = Field(None, ge=0, le=100, description="Or lower.")


class PreflightQuery(ChosenQuery):
    source: Annotated[int, BeforeValidator(_whole)] | None = Field(
        None, ge=1, description="Only cases of this version."
    )


class CaseClassQuery(ChosenQuery, Paged):
    class_id: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="The `id` of the class; without it the cases of all of them."
    )


class ReturnCase(Body):
    reason: Reason


class ChooseCases(Body):
    """Which cases; what is not said chooses all."""

    states: list[Annotated[Literal["active", "suspended", "failed"], Field()]] = Field(
        ["active", "suspended", "failed"], min_length=1
    )
    numbers: list[Name] = Field(default_factory=list, max_length=10_000)
    stage: Name | None = None
    owner: PrincipalName | None = None
    at: Name | None = Field(None, description="Only cases that stand at this element.")
    text: Text | None = Field(None, description="Only cases that you may read, with all these words in them.")
    created_from: Instant | None = None
    created_before: Instant | None = None
    due_before: Instant | None = None
    priority_from: int | None = Field(None, ge=0, le=100)
    priority_to: int | None = Field(None, ge=0, le=100, description="That one included.")


class OrderMigration(Body):
    case_type: Name = Field(description="The key of the process.")
    from_: Annotated[int, Field(ge=1)] = Field(alias="from")
    to: Annotated[int, Field(ge=1)]
    plan: Plan = Field(default_factory=Plan)
    cases: ChooseCases | None = None
    reason: Reason
    up_to: Literal["exact", "safe", "safe with this plan", "needs a person"] = Field(
        "safe with this plan", description="The worst verdict of a case that is moved; the others stay, and say why."
    )
    trial: Annotated[int, Field(ge=1)] | None = Field(None, description="Pause after so many cases.")
    most_untouched: Annotated[int, Field(ge=0)] | None = Field(
        None, description="Pause when more than so many cases could not move."
    )


class ModificationStep(Body):
    """One change. Ids of elements inside a called process are written KEY:id."""

    do: Literal["put", "move", "take", "again", "skip", "set", "fire", "time", "deliver"]
    element: Name | None = Field(None, description="Of `put` and `again`: where; else at which element tokens stand.")
    activity: Name | None = Field(None, description="Which of several there; of `put`: the open part to put it into.")
    to: Name | None = Field(None, description="Of `move`.")
    values: Data = Field(default_factory=dict, description="Of `set`, and what `skip`, `fire` and `deliver` bring.")
    at: Instant | None = Field(None, description="Of `time`: when the timer is due.")
    name: Name | None = Field(None, description="Of `deliver`: the message.")


Steps = Annotated[list[ModificationStep], Field(min_length=1, max_length=50)]


class PreviewModification(Body):
    steps: Steps


class Modify(Body):
    """What is changed and why. All steps are taken together, then the case runs on."""

    steps: Steps
    reason: Reason
    revision: int | None = Field(None, description="Of the preview: 412 when the case is another by now.")


class RefuseModification(Body):
    reason: Annotated[str, Field(max_length=2000)] = Field("", description="Why; not needed to withdraw one's own.")


class OrderModification(Body):
    """The same steps in many cases of one version; they name elements, since activities differ by case."""

    case_type: Name = Field(description="The key of the process.")
    version: Annotated[int, Field(ge=1)]
    steps: Steps
    cases: ChooseCases | None = None
    reason: Reason
    up_to: Literal["safe", "needs a person"] = Field(
        "safe", description="The worst verdict of a case that is changed; the others stay, and say why."
    )
    trial: Annotated[int, Field(ge=1)] | None = Field(None, description="Pause after so many cases.")
    most_untouched: Annotated[int, Field(ge=0)] | None = Field(
        None, description="Pause when more than so many cases could not be changed."
    )


class MigrationQuery(Paged):
    case_type: Name | None = Field(None, description="Only those of this process.")


class MigratedCaseQuery(Paged):
    outcome: Annotated[Outcome, Field(strict=False)] | None = Field(None, description="Only cases with this outcome.")


class InsertFragment(Body):
    """The plan fragment to start inside the case."""

    process: Name = Field(description="Key of the process, in its newest version.")
    reason: Annotated[str, Field(max_length=2000)] | None = None


class BindRole(Body):
    """Who has the role from now on."""

    holders: list[Annotated[str, Field(pattern=r"^(user|group):[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}$")]] = Field(
        max_length=100, description="`user:NAME` or `group:NAME`."
    )


class HandOver(Body):
    """Whose place somebody takes."""

    from_: PrincipalName = Field(alias="from", description="User name of who has the role.")
    to: PrincipalName = Field(description="User name of who takes it over.")


class Restrict(Body):
    """Whether only the case's owner and roles may see it."""

    restricted: bool
    reason: Reason


class BringBack(Body):
    """Who owns a restricted case that nobody reaches any more."""

    number: Name = Field(description="The case's number.")
    owner: PrincipalName = Field(description="User name of its new owner.")
    reason: Reason


class LinkCase(Body):
    """The case to link with."""

    target: Name = Field(description="The other case's number.")
    kind: Literal["related", "duplicate", "blocks"] = Field(
        description="What this case is to the other: related, its duplicate, or what it waits for."
    )


class MergeCase(Body):
    """The case that goes on, and why."""

    into: Name = Field(description="The number of the case that goes on.")
    reason: Reason


class SplitCase(Body):
    """What the new case takes along, and why."""

    variables: list[Name] = Field(default_factory=list, max_length=500)
    data: Data = Field(default_factory=dict, description="More for the start form, beside the variables.")
    reason: Reason


class WriteNote(Body):
    """A note in Markdown."""

    text: Annotated[str, Field(min_length=1, max_length=20000, pattern=r"\S")]
    visibility: Annotated[NoteVisibility, Field(strict=False)] = Field(
        NoteVisibility.TEAM, description="`everybody`: all who may read the case."
    )
    task: Annotated[UUID, Field(strict=False)] | None = Field(
        None, description="The task of the case that it is about; as it was, where a note is changed."
    )
    asks: PrincipalName | None = Field(None, description="Whom it asks something (a user name), until they answer.")


class AboutDocument(Query):
    """A document's name and what is said of it; the request's body is the document."""

    name: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="The file's name, with its ending.")
    description: str = Field("", max_length=2000, description="What it shows.")
    tags: str = Field("", max_length=1000, description="Words, commas between.")
    visibility: Annotated[NoteVisibility, Field(strict=False)] = Field(
        NoteVisibility.TEAM, description="`everybody`: all who may read the case."
    )
    task_id: Annotated[UUID, Field(strict=False)] | None = Field(None, description="The task with which it comes.")


class AboutVersion(Query):
    """The name of a document's new version, and what was changed."""

    name: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="The file's name, with its ending.")
    comment: str = Field("", max_length=2000, description="What was changed.")


class WhichVersion(Query):
    """Which version of a document."""

    version: Annotated[int, BeforeValidator(_whole)] | None = Field(
        None, ge=1, le=100_000, description="The newest by default."
    )


class DescribeDocument(Body):
    """What is said of a document."""

    description: Annotated[str, Field(max_length=2000)] = ""
    tags: Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=20)] = []
    visibility: Annotated[NoteVisibility, Field(strict=False)] = NoteVisibility.TEAM


class WithdrawDocument(Body):
    """Why the document goes."""

    reason: Reason


class CopyDocument(Body):
    """Into which case's folder, too."""

    case: Annotated[str, Field(min_length=1, max_length=100)] = Field(description="The other case's number.")


class AddTask(Body):
    """A task that nobody drew."""

    name: Annotated[str, Field(min_length=1, max_length=300, pattern=r"\S")]
    description: Annotated[str, Field(max_length=20000)] | None = None
    form_key: Name | None = Field(None, description="A deployed form, in its newest version.")
    checklist: list[Annotated[str, Field(min_length=1, max_length=300)]] = Field(default_factory=list, max_length=100)
    to: PrincipalName | None = Field(None, description="User name of who shall do it.")
    candidate_groups: list[PrincipalName] = Field(default_factory=list, max_length=20)
    due_at: Instant | None = None
    priority: int = Field(50, ge=0, le=100)
    parent: Annotated[UUID, Field(strict=False)] | None = Field(
        None, description="`id` of an open task of the case, of which it is a subtask."
    )
    optional: bool = Field(False, description="Whether the task above may be completed before it.")


class Follow(Body):
    following: bool = Field(description="Whether you follow the task from now on.")


class Tick(Body):
    """What on the list is done."""

    done: list[Annotated[int, Field(ge=0, le=99)]] = Field(max_length=100, description="Places on the list, from 0.")


class GiveTask(Body):
    """Who gets the task."""

    to: PrincipalName = Field(description="A user name.")


class SendBack(Body):
    """Why."""

    reason: Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]


class PutOff(Body):
    """Until when the task is out of sight."""

    until: Instant | None = Field(description="Null: back in the lists now.")


class AnswerQuestion(Body):
    """The answer, in Markdown; read by those who may read the question."""

    text: Annotated[str, Field(min_length=1, max_length=20000, pattern=r"\S")]


class AssignTask(Body):
    """Who gets the task."""

    to: PrincipalName | None = Field(description="A user name; null: back to its candidates.")


class PublishMessage(Body):
    """A message for one receiver."""

    name: Name
    payload: Data = Field(default_factory=dict)
    correlation: Data = Field(
        default_factory=dict,
        description="What finds the receiver: `correlationKey`, as its `case:correlationKey` says, or correlation "
        "properties by their ids. Empty: whoever waits for the message.",
    )
    keep_for: int = Field(0, ge=0, le=31_536_000, description="Seconds to keep it while nobody waits for it.")
    message_id: Name | None = Field(None, description="Who publishes the same again within a week is told so (409).")


class BroadcastSignal(Body):
    """A signal for everybody who listens."""

    name: Name
    payload: Data = Field(default_factory=dict)


class Evaluate(Body):
    """What the decision looks at."""

    variables: Data = Field(default_factory=dict)


class CreateUser(Body):
    """Somebody new."""

    name: PrincipalName
    display_name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=300)] | None = None
    password: Annotated[str, Field(min_length=10, max_length=1000)] | None = Field(
        None, description="Without one they can only use API tokens."
    )
    groups: list[PrincipalName] = Field(default_factory=list, max_length=100)
    is_admin: bool = False
    is_machine: bool = Field(False, description="A program: it never has a password, and no work is given to it.")


class ChangeUser(Body):
    """What to change; what is left out stays."""

    display_name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str, Field(max_length=300)] | None = None
    is_admin: bool = False
    active: bool = True
    capacity: int | None = Field(None, ge=0, le=1000, description="How many open tasks at most; null: not said.")
    leaves_restricted: bool = Field(False, description="Lock them though only they still reach some restricted cases.")


class SetSkills(Body):
    """What somebody can do."""

    skills: list[Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[\w.-]+$")]] = Field(
        max_length=50, description="Names as diagrams say them in `case:assignBy`, such as `water-damage`."
    )


class SetPassword(Body):
    """The new password."""

    password: Annotated[str, Field(min_length=10, max_length=1000)]


class CreateGroup(Body):
    """A new group."""

    name: PrincipalName
    title: Annotated[str, Field(max_length=200)] = ""


class ChangeGroup(Body):
    """What of a group is to be different; what is left out stays."""

    title: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    next_task: Annotated[NextTask, Field(strict=False)] | None = Field(
        None,
        description="`urgent`: late, then by due date, then by priority; `priority`: late, then by priority; `oldest`; "
        "null: as `urgent`.",
    )
    second_factor: bool | None = Field(None, description="Whether its members sign in with a second factor.")


class IssueToken(Body):
    """A new API token of your own."""

    name: Name = Field(description="What it is for.")
    scopes: list[Literal["read", "work", "message", "deploy", "operate", "admin", "calendar"]] = Field(
        min_length=1, max_length=7
    )
    days: int = Field(90, ge=1, le=366, description="Days until it expires.")
