"""What a deployed diagram says, in plain values: elements, case type, problems.

Everything here is immutable and free of SpiffWorkflow, so that operations, queries and pages may hold it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    ERROR = "error"  #: the deployment is refused
    WARNING = "warning"  #: deployed, but worth knowing (for example an attribute that we do not execute)
    HINT = "hint"  #: may well be meant so: told only to who asks for it


#: The rules of checks that a diagram may ignore, and those of them that need forms and decisions to be known.
DATA_RULES = frozenset({"read-before-written", "written-at-once", "kind-changes", "never-read"})
RULES = DATA_RULES | {"deadlock", "done-twice", "no-end", "endless-loop", "gap", "overlap"}


@dataclass(frozen=True)
class Step:
    """One step of a way through a diagram, as it can be played there."""

    element: str  #: that goes on, begins or happens
    flows: tuple[str, ...] = ()  #: which get a token
    marking: tuple[tuple[str, int], ...] = ()  #: after it: flows and elements with how many tokens each has


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in one file, and what to write instead."""

    file: str
    message: str  #: what is wrong, a sentence
    advice: str  #: what to write instead, a sentence
    line: int | None = None
    element_id: str | None = None
    element_name: str | None = None
    severity: Severity = Severity.ERROR
    rule: str = ""  #: the name by which a diagram may have it ignored (`case:ignore`); empty: it may not
    way: tuple[Step, ...] = ()  #: how a case comes to it

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        named = " ".join(part for part in (self.element_id, self.element_name and f"“{self.element_name}”") if part)
        where = " ".join(f"{part}:" for part in (place, named) if part)
        return " ".join(f"{where} {self.message} {self.advice}".split())


class Refused(ValueError):
    """The files cannot be deployed. `problems` holds every reason, not the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class DataMapping:
    """What goes into or comes out of an activity: `source` is an expression (`= ` FEEL, else Python), `target` a name.

    Source and target "*" means: everything besides what the other mappings name; only the target "*": the source is a
    context, and each entry of it goes to a variable of its name.
    """

    source: str
    target: str


@dataclass(frozen=True)
class Escalation:
    """What happens by itself when a service level is warned of, or breached."""

    notify: tuple[str, ...] = ()  #: user names, `group:NAME`, `role:ID`, assignee, candidates, owner
    assign: str = ""  #: a user name, `group:NAME` or `role:ID`
    priority: int | None = None  #: what is less urgent becomes as urgent as this (0 to 100)
    activity: str = ""  #: id of what is started in an ad hoc sub-process


@dataclass(frozen=True)
class ServiceLevel:
    """How much time may pass, declared by `<case:serviceLevel>` on a process, a stage or a user task."""

    kind: str  #: response (until somebody has it) or resolution (until it is over)
    target: str  #: an ISO 8601 duration
    warning: str = ""  #: a share of the target, such as 80%, or a duration; empty: it is not warned of
    calendar: str = ""  #: the key of the calendar that counts, or FEEL after `=`; empty: all time counts
    on_warning: Escalation = Escalation()
    on_breach: Escalation = Escalation()
    line: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Element:
    """A BPMN element as drawn, with our attributes (the vendors' ones already translated to ours)."""

    id: str
    type: str  #: local BPMN name: `userTask`, `boundaryEvent`, `adHocSubProcess`, …
    name: str = ""
    line: int | None = None
    parent: str | None = None  #: id of the enclosing sub-process; None at the top of the process
    lane: str | None = None
    documentation: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)  #: the `case:` attributes, without prefix
    inputs: tuple[DataMapping, ...] = ()
    outputs: tuple[DataMapping, ...] = ()
    brought: tuple[str, ...] = ()  #: names that data associations bring to it
    called: str = ""  #: of a call activity: the process that it calls, or an expression of it
    levels: tuple[ServiceLevel, ...] = ()


@dataclass(frozen=True)
class Stage:
    """A phase that a worker sees (CMMN 1.1 §5.4.8), declared by `<case:stage>` in the process."""

    id: str
    name: str
    levels: tuple[ServiceLevel, ...] = ()
    limit: int | None = None  #: how many open cases at most are to be in it; None: not said


@dataclass(frozen=True)
class Role:
    """A part that people play in a case, declared by `<case:role>` in the process."""

    id: str
    name: str
    groups: tuple[str, ...] = ()  #: who has it until somebody is bound, and who may be bound; none: anybody
    access: str = "read"  #: read, work or steer


@dataclass(frozen=True)
class Outcome:
    """How a case of the type may end, declared by `<case:outcome>` in the process."""

    id: str
    name: str


@dataclass(frozen=True)
class Milestone:
    """A point that a case reaches (CMMN 1.1 §5.4.7): by a token (`case:milestone`), or when a condition holds."""

    id: str
    name: str
    when: str | None = None  #: an expression


@dataclass(frozen=True)
class StartEvent:
    """One way in: `kind` is none, message, signal, timer or conditional."""

    element_id: str
    kind: str
    name: str | None = None  #: the message's or signal's name; the timer's expression
    form_key: str | None = None


#: How many open cases at most a stage is to have (`<case:stage limit="…">`), as a regular expression.
LIMIT = re.compile(r"[1-9][0-9]{0,3}")
#: How a task is given to one of its candidates by itself (`case:assignBy`), as a regular expression.
ASSIGN_BY = r"round-robin|least-load|skill:[\w.-]{1,60}"


@dataclass(frozen=True)
class ProcessInfo:
    """What the rest of the service needs to know of one process, and may store as JSON."""

    key: str
    name: str
    documentation: str = ""
    executable: bool = True
    attributes: Mapping[str, str] = field(default_factory=dict)  #: `case:` attributes of the process element
    stages: tuple[Stage, ...] = ()
    roles: tuple[Role, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    starts: tuple[StartEvent, ...] = ()
    forms: tuple[str, ...] = ()  #: form keys that it names
    decisions: tuple[str, ...] = ()  #: decision ids that it calls
    calls: tuple[str, ...] = ()  #: process ids that its call activities name
    children: tuple[str, ...] = ()  #: process ids of which it opens child cases
    heirs: tuple[str, ...] = ()  #: those of them that get its roles
    calendars: tuple[str, ...] = ()  #: keys of calendars that it counts by
    levels: tuple[ServiceLevel, ...] = ()  #: of its cases
    answerable: bool = False  #: some task of it may be answered by link (`case:answerableByLink`)
    file: str = ""  #: the file it stands in
    line: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        from dataclasses import asdict

        return asdict(self)
