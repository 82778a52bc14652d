"""What a filter may ask for: the fields of tasks and of cases, beside the facts that case types declare searchable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from service.languages import _, later


class Kind(StrEnum):
    """How a field's values are written and compared."""

    PERSON = "person"  #: a user name, `me`
    PRINCIPAL = "person or group"  #: a user name, `me`, or a group's name
    GROUP = "group"
    CASE = "case"  #: a case's number
    CHOICE = "choice"  #: one of a few words
    WORDS = "words"  #: a text that it contains
    TEXT = "text"  #: a text that it is, or begins with, as `ber*`
    NUMBER = "number"
    DATE = "date"  #: a day or a moment
    YES_OR_NO = "boolean"


#: Kinds that a case type may give a fact, as `case:searchable` writes them.
FACT_KINDS = (Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.YES_OR_NO)


@dataclass(frozen=True)
class Field:
    """One thing that can be asked for."""

    name: str
    kind: Kind
    about: str  #: what it is, for people who choose among fields
    said: str = ""  #: how the sentence about it begins, where that is not its name
    aliases: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)  #: of a CHOICE: word -> what it means
    also: Mapping[str, str] = field(default_factory=dict)  #: other words for values -> the value
    optional: bool = False  #: whether it may be without a value: `none`, `any`
    parts: tuple[str, ...] = ()  #: what may follow its name and a dot
    past: bool = False  #: a time that has been: `<2d` is “less than two days ago”
    fact: bool = False  #: a variable of the case
    kinds: tuple[Kind, ...] = ()  #: of a fact that case types declare differently: all its kinds

    @property
    def comparable(self) -> bool:
        return bool({Kind.NUMBER, Kind.DATE} & {self.kind, *self.kinds})


@dataclass(frozen=True)
class Known:
    """What is deployed, as far as filters name it: word -> what it is called."""

    types: Mapping[str, str] = field(default_factory=dict)
    stages: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, tuple[Kind, ...]] = field(default_factory=dict)


LINKS = {
    "related": later("related to another case"),
    "duplicate": later("a duplicate, or has one"),
    "blocks": later("blocks another case, or is blocked"),
    "merged": later("merged with another"),
    "split": later("split from another"),
}
TASK_STATES = {
    "free": later("nobody has it yet"),
    "taken": later("somebody has it"),
    "overdue": later("past its due date"),
    "later": later("set aside until its follow-up date"),
    "delegated": later("done for somebody else"),
    "held": later("its case is on hold"),
    "stuck": later("its case is stuck"),
}
CASE_STATES = {
    "open": later("not closed"),
    "active": later("goes on"),
    "held": later("on hold"),
    "stuck": later("waits for being mended"),
    "completed": later("came to its end"),
    "cancelled": later("was cancelled"),
    "closed": later("completed or cancelled"),
    "overdue": later("open past its due date"),
    "restricted": later("for its own people only"),
}
LEVELS = {
    "breached": later("its time is used up"),
    "warned": later("its time is running out"),
    "ok": later("there is time"),
    "stopped": later("its clock stands still"),
}
PRIORITIES = {"low": (0, 29), "normal": (30, 69), "high": (70, 89), "urgent": (90, 100)}  # as web/words.py says it


def task_fields(known: Known) -> Mapping[str, Field]:
    """What lists of open tasks may be asked for, by all its names."""
    return _named(
        Field("assignee", Kind.PERSON, _("who has it"), "assignee", optional=True),
        Field("candidate", Kind.PRINCIPAL, _("who may take it"), "candidate", optional=True),
        Field("group", Kind.GROUP, _("the group that may take it"), _("offered to the group")),
        Field("due", Kind.DATE, _("when it is due"), "due", optional=True),
        Field("follow-up", Kind.DATE, _("when it is to be begun"), "follow-up", ("followup",), optional=True),
        Field("created", Kind.DATE, _("since when it is there"), _("there since"), past=True),
        Field("priority", Kind.NUMBER, _("0 to 100, or low, normal, high, urgent"), "priority"),
        Field("state", Kind.CHOICE, _("how it stands"), _("it is"), ("is",), TASK_STATES,
              {"late": "overdue", "ready": "free", "reserved": "taken", "suspended": "held", "failed": "stuck"}),
        Field("task", Kind.WORDS, _("words of its name"), _("its name"), ("name",)),
        Field("stage", Kind.CHOICE, _("its stage"), "stage", values=known.stages, optional=True),
        Field("level", Kind.CHOICE, _("its service levels"), _("a service level of it:"), ("sla",), LEVELS,
              optional=True),
        *_of_cases(known),
    )  # fmt: skip


def case_fields(known: Known) -> Mapping[str, Field]:
    """What lists of cases may be asked for, by all its names."""
    states = {"suspended": "held", "failed": "stuck", "terminated": "cancelled", "late": "overdue"}
    return _named(
        Field("state", Kind.CHOICE, _("how it stands"), _("it is"), ("is",), CASE_STATES, states),
        Field("due", Kind.DATE, _("when it is due"), "due", optional=True),
        Field("created", Kind.DATE, _("when it was opened"), "opened", ("opened",), past=True),
        Field("closed", Kind.DATE, _("when it was closed"), "closed", optional=True, past=True),
        Field("priority", Kind.NUMBER, _("0 to 100, or low, normal, high, urgent"), "priority"),
        Field("stage", Kind.CHOICE, _("its stage"), "stage", values=known.stages, optional=True),
        Field("outcome", Kind.CHOICE, _("how it ended"), "outcome", values=known.outcomes, optional=True),
        Field("level", Kind.CHOICE, _("its service levels, and those of its stage and open tasks"),
              _("a service level in it:"), ("sla",), LEVELS, optional=True),
        Field("parent", Kind.CASE, _("the case above it"), _("below the case"), optional=True),
        Field("task", Kind.WORDS, _("words of an open task's name"), _("an open task's name")),
        Field("assignee", Kind.PERSON, _("who has an open task of it"), _("who has an open task")),
        *_of_cases(known),
    )  # fmt: skip


def _of_cases(known: Known) -> list[Field]:
    facts = [_fact(name, kinds) for name, kinds in known.facts.items()]
    return [
        Field("type", Kind.CHOICE, _("its case type"), _("case type"), ("case-type",), known.types),
        Field("case", Kind.CASE, _("the case's number, or how it begins"), _("case number"), ("number",)),
        Field("title", Kind.WORDS, _("words of the case's title"), _("the case's title")),
        Field("owner", Kind.PERSON, _("who owns the case"), _("owner of the case"), optional=True),
        Field("opened-by", Kind.PERSON, _("who opened the case"), _("opened by"), ("created-by",)),
        Field("role", Kind.PRINCIPAL, _("who has a role in it"), _("somebody's role"), parts=tuple(known.roles),
              optional=True),
        Field("link", Kind.CASE, _("a case that it is linked with"), _("linked with"), values=LINKS, parts=tuple(LINKS),
              optional=True),
        *facts,
    ]  # fmt: skip


def _fact(name: str, kinds: tuple[Kind, ...]) -> Field:
    return Field(name, kinds[0], _("a fact: %(kinds)s", kinds=kinds[0]), optional=True, fact=True, kinds=kinds)


def _named(*fields: Field) -> dict[str, Field]:
    """By name in lower case; what is built in comes before a fact of the same name, which `fact.NAME` still means."""
    found: dict[str, Field] = {}
    for each in fields:
        for name in (each.name, *each.aliases, *([f"fact.{each.name}"] if each.fact else ())):
            found.setdefault(name.lower(), each)
    return found
