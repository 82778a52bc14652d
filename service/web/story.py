"""The timeline in words: audit entries as sentences, with the data that each act changed, old and new.

An act (opening, completing, correcting, a timer) and what the engine did because of it were written in one transaction,
as one entry, or one after the other where a decision stands between: they are told as one sentence and what came of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any

from ..execution import deployed
from ..models import AuditEntry
from . import facts, words

ONE_ACT = timedelta(seconds=5)  #: what the engine did after an act was written at most so much later
HEADS = (
    "adhoc:activated",
    "adhoc:finished",
    "case:opened",
    "case:reopened",
    "case:went-back",
    "child:completed",
    "task:completed",
    "variables:changed",
    "timer:fired",
    "message:received",
    "signal:received",
    "service:completed",
)


@dataclass(frozen=True)
class Change:
    """One variable that got another value. `old` is None when it had none."""

    label: str
    old: str | None
    new: str


@dataclass(frozen=True)
class Decided:
    """What a decision looked at, what it said, and which rows of its table held."""

    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[tuple[str, str], ...]
    rows: str


@dataclass
class Entry:
    """One thing that happened. `who` is empty when nobody did it; then `text` is a whole sentence."""

    seq: int
    at: datetime
    who: str
    text: str
    subject: str = ""
    rest: str = ""
    tone: str = ""  #: good, bad, warn, info or nothing
    quote: str = ""
    user: str = ""
    changes: list[Change] = field(default_factory=list)
    decided: Decided | None = None


@dataclass(frozen=True)
class Telling:
    """What is needed to put a case's entries into words."""

    definition_id: uuid.UUID
    names: Mapping[str, str]  #: user name -> how that person is called on this page
    zone: tzinfo

    def person(self, name: str | None) -> str:
        """What somebody is called in the middle of a sentence."""
        called = self.names.get(name, name) if name else "nobody"
        return "you" if called == "You" else called

    def element(self, element_id: str | None) -> str:
        element = deployed(self.definition_id).definition.elements.get(element_id or "")
        return (element.name if element else "") or element_id or "this step"


def people(entries: Iterable[AuditEntry]) -> set[str]:
    """The user names that the entries speak of."""
    found: set[str] = set()
    for entry in entries:
        details = entry.details or {}
        found.update(name for name in (entry.actor, details.get("to"), details.get("owner")) if isinstance(name, str))
    return found


def variables(entries: Iterable[AuditEntry]) -> set[str]:
    """The variables that the entries say were set or unset."""
    return {name for entry in entries for part in ("set", "unset") for name in entry.then.get(part, ())}


def tell(entries: Sequence[AuditEntry], telling: Telling, known: Mapping[str, Any] | None = None) -> list[Entry]:
    """`entries` in the order of their numbers, told newest first; `known`: the data as it was before the first."""
    told: list[Entry] = []
    data = dict(known or {})
    head: Entry | None = None
    for entry in entries:
        if head and (entry.at - head.at > ONE_ACT or entry.actor != head.user):
            head = None
        act = head
        if entry.action != "case:advanced":
            act = SENTENCES.get(entry.action, _unknown)(entry, telling)
            told.append(act)
            head = act if entry.action in HEADS else head
        changes = _changes(entry.then, data, telling)
        if act is None and changes:
            act = head = Entry(entry.seq, entry.at, "", "The case went on", user=entry.actor)
            told.append(act)
        if act is not None:
            act.changes.extend(changes)
    return told[::-1]


def _changes(details: Mapping[str, Any], known: dict[str, Any], telling: Telling) -> list[Change]:
    """What was set and unset, beside what was there before; `known` is brought up to date."""
    found = []
    for name, value in (details.get("set") or {}).items():
        field_ = facts.field(telling.definition_id, name)
        old = field_.text(known[name]) if known.get(name) not in (None, "", [], {}) else None
        new = field_.text(value)
        if old != new and name not in facts.UNINTERESTING and not (old is None and new == "–"):
            found.append(Change(field_.label, old, new))
        known[name] = value
    for name in details.get("unset") or ():
        field_ = facts.field(telling.definition_id, name)
        old = known.pop(name, None)
        if old not in (None, "", [], {}):
            found.append(Change(field_.label, field_.text(old), words.NOTHING))
    return found


def _entry(entry: AuditEntry, telling: Telling, text: str, subject: str = "", rest: str = "", **more: Any) -> Entry:
    who = "" if entry.actor == "system" else telling.names.get(entry.actor, entry.actor)
    return Entry(entry.seq, entry.at, who, text, subject, rest, user=entry.actor, **more)


def _opened(entry: AuditEntry, telling: Telling) -> Entry:
    who = entry.actor != "system"
    return _entry(entry, telling, "opened the case" if who else "The case was opened", tone="info")


def _about_task(verb: str, tone: str = "") -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        quote = str((entry.details or {}).get("reason") or "")
        return _entry(entry, telling, verb, _task(entry, telling), tone=tone, quote=quote)

    return sentence


def _task(entry: AuditEntry, telling: Telling) -> str:
    """What the task is called: by its element, or by its own name where nobody drew it."""
    return str((entry.details or {}).get("name") or "") or telling.element(entry.element_id)


def _given(verb: str, preposition: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        to = (entry.details or {}).get("to")
        rest = f"{preposition} {telling.person(to)}" if to else "back to the team"
        return _entry(entry, telling, verb, _task(entry, telling), rest)

    return sentence


def _decision(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    decided = Decided(
        _pairs(details.get("inputs"), telling), _pairs(details.get("outputs"), telling), _rows(details.get("rules"))
    )
    result = f"→ {decided.outputs[0][1]}" if decided.outputs else ""
    told = _entry(entry, telling, "", telling.element(entry.element_id), result, tone="info")
    told.who, told.decided = "", decided
    return told


def _pairs(data: Any, telling: Telling) -> tuple[tuple[str, str], ...]:
    if isinstance(data, Mapping):
        known = [(facts.field(telling.definition_id, str(name)), value) for name, value in data.items()]
        return tuple((field_.label, field_.text(value)) for field_, value in known)
    if isinstance(data, list) and len(data) == 1:
        return _pairs(data[0], telling)
    return (("Result", words.value(data)),) if data not in (None, [], {}) else ()


def _rows(rules: Any) -> str:
    numbers = [str(rule) for rule in rules] if isinstance(rules, list) else []
    if not numbers:
        return "No row of the table held."
    return f"Row {numbers[0]} held." if len(numbers) == 1 else f"Rows {', '.join(numbers)} held."


def _changed(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    said = []
    if "owner" in details:
        owner = details["owner"]
        said.append("took the case over" if owner == entry.actor else f"handed the case to {telling.person(owner)}")
    if "priority" in details:
        old, new = details["priority"]
        said.append(f"changed the priority from {old} to {new}")
    if "due" in details:
        old, new = details["due"]
        said.append(_moved(old, new, zone=telling.zone))
    return _entry(entry, telling, " and ".join(said) or "changed the case")


def _moved(old: str | None, new: str | None, *, zone: tzinfo) -> str:
    days = [words.day(datetime.fromisoformat(text).astimezone(zone).date()) if text else None for text in (old, new)]
    if days[1] is None:
        return "took the due date away"
    return f"moved the due date from {days[0]} to {days[1]}" if days[0] else f"set the due date to {days[1]}"


def _ended(text: str, by_nobody: str, tone: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        reason = str((entry.details or {}).get("reason") or "")
        return _entry(entry, telling, text if text and entry.actor != "system" else by_nobody, tone=tone, quote=reason)

    return sentence


def _completed(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    if details:
        outcomes = deployed(telling.definition_id).definition.info.outcomes
        name = next((each.name for each in outcomes if each.id == details.get("outcome")), "")
        quote = str(details.get("summary") or "")
        return _entry(entry, telling, "closed the case" + (" as" if name else ""), name, quote=quote, tone="good")
    told = _entry(entry, telling, "The case is completed", tone="good")
    told.who = ""
    return told


def _failed(entry: AuditEntry, telling: Telling) -> Entry:
    where = telling.element(entry.element_id) if entry.element_id else ""
    reason = str((entry.details or {}).get("reason") or "")
    told = _entry(entry, telling, "The case got stuck" + (" at" if where else ""), where, tone="bad", quote=reason)
    told.who = ""
    return told


def _nobody(text: str, tone: str = "warn") -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        told = _entry(entry, telling, text, telling.element(entry.element_id) if entry.element_id else "", tone=tone)
        told.who = ""
        return told

    return sentence


def _activated(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    rest = f"for {telling.person(details['to'])}" if details.get("to") else ""
    quote = str(details.get("reason") or "")
    return _entry(entry, telling, "started", telling.element(entry.element_id), rest, quote=quote, tone="info")


def _finished(entry: AuditEntry, telling: Telling) -> Entry:
    quote = str((entry.details or {}).get("reason") or "")
    return _entry(entry, telling, "needed nothing more in", telling.element(entry.element_id), quote=quote, tone="good")


def _held(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    until = details.get("until")
    day = words.day(datetime.fromisoformat(until).astimezone(telling.zone).date()) if until else ""
    rest = f"until {day}" if day else ""
    quote = str(details.get("reason") or "")
    return _entry(entry, telling, "put the case on hold", rest=rest, quote=quote, tone="warn")


def _back(verb: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        gone = [telling.element(each) for each in details.get("cancelled") or ()]
        rest = f"· cancelled: {', '.join(gone)}" if gone else ""
        where = telling.element(entry.element_id) if entry.element_id else ""
        text = verb + (" at" if where and verb.endswith("again") else "")
        return _entry(entry, telling, text, where, rest, quote=str(details.get("reason") or ""), tone="warn")

    return sentence


def _added(entry: AuditEntry, telling: Telling) -> Entry:
    to = (entry.details or {}).get("to")
    rest = f"for {telling.person(to)}" if to and to != entry.actor else ""
    return _entry(entry, telling, "added the task", _task(entry, telling), rest, tone="info")


def _relative(verb: str, by_nobody: str, tone: str = "") -> Callable[[AuditEntry, Telling], Entry]:
    """About another case of the family, by its number and title."""

    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        details = entry.details or {}
        subject = str(details.get("number") or details.get("parent") or "")
        rest = str(details.get("title") or "")
        quote = str(details.get("reason") or "")
        text = verb if verb and entry.actor != "system" else by_nobody
        return _entry(entry, telling, text, subject, rest, quote=quote, tone=tone)

    return sentence


def _milestone(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    told = _entry(entry, telling, "Reached:", str(details.get("name") or details.get("milestone") or ""), tone="good")
    told.who = ""
    return told


def _came_in(text: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        told = _entry(entry, telling, text, str((entry.details or {}).get("name") or ""), tone="info")
        told.who = ""
        return told

    return sentence


def _unknown(entry: AuditEntry, telling: Telling) -> Entry:
    text = words.readable(entry.action.replace(":", " "))
    told = _entry(entry, telling, text + (":" if entry.element_id else ""))
    told.subject = telling.element(entry.element_id) if entry.element_id else ""
    told.rest = f"· {told.who}" if told.who else ""
    told.who = ""
    return told


SENTENCES: dict[str, Callable[[AuditEntry, Telling], Entry]] = {
    "case:opened": _opened,
    "case:changed": _changed,
    "case:completed": _completed,
    "case:terminated": _ended("cancelled the case", "The case was cancelled", "bad"),
    "case:failed": _failed,
    "variables:changed": lambda entry, telling: _entry(entry, telling, "corrected the data"),
    "task:claimed": _about_task("took"),
    "task:released": _about_task("gave back"),
    "task:delegated": _given("delegated", "to"),
    "task:handed-back": _given("handed", "back to"),
    "task:assigned": _given("gave", "to"),
    "task:completed": _about_task("completed", "good"),
    "decision:evaluated": _decision,
    "adhoc:activated": _activated,
    "adhoc:finished": _finished,
    "escalation:raised": _nobody("Escalated:"),
    "timer:fired": _nobody("The time came:"),
    "message:received": _came_in("A message came in:"),
    "signal:received": _came_in("A signal came in:"),
    "service:completed": _nobody("Done by the service:", "good"),
    "case:suspended": _held,
    "case:resumed": _ended("let the case go on", "The case goes on, as was planned", "info"),
    "case:reopened": _back("opened the case again"),
    "case:went-back": _back("went back to"),
    "case:adopted": _relative("put the case under", "The case was put under"),
    "milestone:reached": _milestone,
    "task:added": _added,
    "task:ticked": _about_task("ticked items of"),
    "task:withdrawn": _about_task("withdrew", "warn"),
    "fragment:inserted": _relative("added the part", "A part was added:"),
    "child:opened": _relative("opened the case", "A case was opened below:"),
    "child:adopted": _relative("put here the case", "A case was put here:"),
    "child:completed": _relative("", "A case below is completed:", "good"),
    "child:terminated": _relative("", "A case below was cancelled:", "warn"),
    "child:failed": _relative("", "A case below got stuck:", "bad"),
    "service:failed": _nobody("The service failed:", "bad"),
    "incident:retried": lambda entry, telling: _entry(entry, telling, "tried it again"),
}
