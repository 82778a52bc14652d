"""The timeline in words: audit entries as sentences, with the data that each act changed, old and new.

An act (opening, completing, correcting, a timer) and what the engine did because of it were written in one transaction,
as one entry, or one after the other where a decision stands between: they are told as one sentence and what came of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from service.languages import _, later
from service.models import AuditEntry
from service.web import differences, facts
from service.web.differences import Change, Part
from service.web.sentences import SENTENCES, unknown
from service.web.telling import Decided, Entry, Telling

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
#: filters, in the order of the page -> what each is called, and how its entries' actions begin; data: what was changed
SHOWN: dict[str, tuple[str, tuple[str, ...]]] = {
    "all": (later("All"), ()),
    "work": (later("Work"), ("task:", "adhoc:", "fragment:", "service:", "call:", "escalation:")),
    "data": (later("Data"), ()),
    "decisions": (later("Decisions"), ("decision:",)),
    "notes": (later("Notes"), ("note:",)),
    "documents": (later("Documents"), ("document:",)),
    "people": (
        later("People"),
        ("role:", "case:changed", "case:restricted", "case:unrestricted", "case:printed", "case:brought-back"),
    ),
    "cases": (
        later("Cases"),
        ("child:", "fragment:", "case:linked", "case:unlinked", "case:merged", "case:split", "case:adopted"),
    ),
    "life": (
        later("Life"),
        (
            "case:opened",
            "case:completed",
            "case:terminated",
            "case:failed",
            "case:suspended",
            "case:resumed",
            "case:reopened",
            "case:went-back",
            "case:modified",
            "case:change-",
            "milestone:",
            "timer:",
            "level:",
            "message:",
            "signal:",
            "incident:",
        ),
    ),
}


def people(entries: Iterable[AuditEntry]) -> set[str]:
    """The user names that the entries speak of."""
    found: set[str] = set()
    for entry in entries:
        details = entry.details or {}
        named = [
            entry.actor,
            *(details.get(part) for part in ("to", "from", "owner")),
            *(details.get("mentions") or ()),
        ]
        holders = [*(details.get("before") or ()), *(details.get("holders") or ())]
        named += [each.removeprefix("user:") for each in holders if each.startswith("user:")]
        found.update(name for name in named if isinstance(name, str))
    return found


def tasks(entries: Iterable[AuditEntry]) -> set[uuid.UUID]:
    """The ids of the drawn tasks that the entries speak of."""
    told = [entry.details or {} for entry in entries if entry.action.startswith("task:")]
    return {uuid.UUID(details["task"]) for details in told if "task" in details and "name" not in details}


def narrowed(told: Sequence[Entry], show: str) -> list[Entry]:
    """Those of `told` that a filter (see SHOWN) lets through."""
    wanted = SHOWN[show][1]
    if show == "data":
        return [entry for entry in told if entry.changes]
    return [entry for entry in told if entry.action.startswith(wanted)] if wanted else list(told)


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
            act = SENTENCES.get(entry.action, unknown)(entry, telling)
            told.append(act)
            head = act if entry.action in HEADS else head
        changes = _changes(entry.then, data, telling)
        if act is None and changes:
            act = head = Entry(entry.seq, entry.at, "", _("The case went on"), user=entry.actor, action=entry.action)
            told.append(act)
        if act is not None:
            act.changes.extend(changes)
    return told[::-1]


def _changes(details: Mapping[str, Any], known: dict[str, Any], telling: Telling) -> list[Change]:
    """What was set and unset, beside what was there before; `known` is brought up to date."""
    found = []
    for name, value in (details.get("set") or {}).items():
        change = differences.change(facts.described(telling.definition_id, name, value), known.get(name), value)
        if change is not None and name not in facts.UNINTERESTING:
            found.append(change)
        known[name] = value
    for name in details.get("unset") or ():
        change = differences.change(facts.field(telling.definition_id, name), known.pop(name, None), None)
        if change is not None:
            found.append(change)
    return found


__all__ = ["SHOWN", "Change", "Decided", "Entry", "Part", "Telling", "narrowed", "people", "tasks", "tell", "variables"]
