"""What a running workflow waits for, and what happened in it since it was last asked: the engine's only output.

execution/projection.py projects these values into rows. All times are aware UTC datetimes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class WorkflowState(StrEnum):
    ACTIVE = "active"
    COMPLETED = "completed"
    TERMINATED = "terminated"
    FAILED = "failed"  #: an uncaught error, a script that raised, a budget exceeded: see `Failure`


@dataclass(frozen=True)
class Failure:
    """Why a workflow cannot go on."""

    element_id: str | None
    element_name: str | None
    message: str
    error_code: str | None = None  #: of an uncaught BPMN error
    activity_id: str | None = None


@dataclass(frozen=True)
class OpenActivity:
    """An activity at work. `activity_id` is stable from entry to end, across dump and load."""

    activity_id: str
    element_id: str
    name: str
    local: Mapping[str, Any] = field(default_factory=dict)  #: variables that only it sees (multi-instance item, inputs)
    process: str = ""  #: key of the called process in whose diagram the element stands; empty: the workflow's own


@dataclass(frozen=True)
class OpenTask(OpenActivity):
    """A user or manual task that waits for a person; expressions in its attributes are already evaluated."""

    documentation: str = ""
    lane: str | None = None
    form_key: str | None = None
    assignee: str | None = None  #: a user name
    candidate_users: tuple[str, ...] = ()
    candidate_groups: tuple[str, ...] = ()
    candidate_roles: tuple[str, ...] = ()  #: roles of the case
    assign_by: str | None = None  #: how one of the candidates is chosen
    not_done_by: tuple[str, ...] = ()  #: element ids; who completed one of them may not do this (four eyes)
    due_at: datetime | None = None
    follow_up_at: datetime | None = None
    priority: int = 50
    stage: str | None = None
    own: Mapping[str, Any] = field(default_factory=dict)  #: of `local`, what is not of the multi-instance as a whole


@dataclass(frozen=True)
class OpenTimer(OpenActivity):
    """Something that happens at `due_at`. `timer_id` changes when a cycle moves to its next round."""

    timer_id: str = ""
    due_at: datetime | None = None
    cycles_left: int | None = None  #: None: not a cycle, or without end


@dataclass(frozen=True)
class OpenSubscription(OpenActivity):
    """An activity or event that waits for a message or a signal."""

    kind: str = "message"  #: message or signal
    event_name: str = ""
    correlation: Mapping[str, Any] = field(default_factory=dict)  #: key property -> expected value; empty: any


@dataclass(frozen=True)
class OpenService(OpenActivity):
    """A service or send task that the worker has to carry out, then `complete` or `throw_error`."""

    kind: str = ""  #: the connector's name (`case:type`)
    inputs: Mapping[str, Any] = field(default_factory=dict)
    wants_result: bool = False  #: whether the diagram says where what comes of it goes


@dataclass(frozen=True)
class Enabled:
    """An activity of an open ad hoc sub-process, and whether a person may activate it now."""

    element_id: str
    name: str
    may_start: bool
    why_not: str | None = None  #: a sentence for the worker when `may_start` is False
    done: int = 0
    open: int = 0
    most: int | None = None  #: how often at most
    required: bool = False  #: before the sub-process may end
    reason_required: bool = False  #: who activates it has to say why
    documentation: str = ""
    candidate_users: tuple[str, ...] = ()  #: who may activate it beside those who steer the case; none named: all
    candidate_groups: tuple[str, ...] = ()
    candidate_roles: tuple[str, ...] = ()  #: roles of the case, likewise


@dataclass(frozen=True)
class OpenAdHoc(OpenActivity):
    """An ad hoc sub-process at work (BPMN 2.0.2 §13.3.5)."""

    enabled: tuple[Enabled, ...] = ()
    why_not_finish: str | None = None  #: a sentence for the worker; None when it may be finished by hand
    missing: tuple[str, ...] = ()  #: names of what is required before
    leaves_rest: bool = False  #: finished by hand it waits for what is open, rather than cancel it

    @property
    def may_finish(self) -> bool:
        """Whether it may be finished by hand."""
        return self.why_not_finish is None


@dataclass(frozen=True)
class OpenChild(OpenActivity):
    """A call activity marked `case:childCase`: somebody has to open that case, and `complete` this when it reports."""

    process_key: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    inherits_roles: bool = False
    on_parent_cancel: str = "cancel"  #: or keep
    on_failure: str = ""  #: fail, ignore or error:CODE; empty: see operations/children.py


@dataclass(frozen=True)
class OpenWork:
    """All that a workflow waits for."""

    tasks: tuple[OpenTask, ...] = ()
    timers: tuple[OpenTimer, ...] = ()
    subscriptions: tuple[OpenSubscription, ...] = ()
    services: tuple[OpenService, ...] = ()
    adhoc: tuple[OpenAdHoc, ...] = ()
    children: tuple[OpenChild, ...] = ()
    marked: tuple[str, ...] = ()  #: ids of all elements where a token stands (for the live diagram), with repeats


class What(StrEnum):
    ENTERED = "entered"  #: an element began
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    DECIDED = "decided"  #: details: decision, version, inputs, rules (hit rows), outputs
    FLOWED = "flowed"  #: a sequence flow was taken: element_id is the flow's id
    MESSAGE_SENT = "message sent"  #: details: name, payload, correlation; not caught inside this workflow
    CHILD_WANTED = "child wanted"  #: a child case is to be opened and not waited for; details: child (an `OpenChild`)
    SIGNAL_SENT = "signal sent"  #: details: name, payload; other cases may catch it
    ESCALATED = "escalated"
    STORED = "stored"  #: a data store was written; details: store, value
    FAILED = "failed"


@dataclass(frozen=True)
class Happening:
    """One thing that happened in the engine since `take_happenings()` was last called, in order."""

    what: What
    element_id: str
    activity_id: str | None = None
    name: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    process: str = ""  #: key of the called process in whose diagram the element stands; empty: the workflow's own
