"""Service levels in the story of a case: that they were warned of and breached, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from service.execution.definitions import deployed
from service.languages import _, later
from service.models import AuditEntry
from service.web.telling import Entry, Telling, say

_WHAT = {
    "priority": later("The priority was not raised"),
    "assign": later("It was given to nobody else"),
    "activity": later("Nothing was started"),
    "notify": later("Nobody was told"),
}


def _subject(entry: AuditEntry, telling: Telling) -> str:
    details: Mapping[str, Any] = entry.details or {}
    if stage := details.get("stage"):
        names = {each.id: each.name for each in deployed(telling.definition_id).definition.info.stages}
        return str(names.get(str(stage), stage))
    if details.get("task"):
        return telling.tasks.get(str(details["task"])) or telling.element(entry.element_id)
    return _("the case")


def _happened(text: str, tone: str) -> Callable[[AuditEntry, Telling], Entry]:
    def sentence(entry: AuditEntry, telling: Telling) -> Entry:
        kind = str((entry.details or {}).get("kind") or "")
        told = say(entry, telling, text.format(kind=kind), _subject(entry, telling), tone=tone)
        told.who = ""
        return told

    return sentence


def _not_done(entry: AuditEntry, telling: Telling) -> Entry:
    details = entry.details or {}
    what = _WHAT.get(str(details.get("what")), "Something was left")
    told = say(entry, telling, _("%(what)s for the service level of", what=what), _subject(entry, telling), tone="warn")
    told.who, told.quote = "", str(details.get("why") or "")
    return told


def _offered(entry: AuditEntry, telling: Telling) -> Entry:
    named = [telling.principal(each) for each in (entry.details or {}).get("to", ())]
    told = say(
        entry,
        telling,
        "",
        _subject(entry, telling),
        _("is offered to %(named)s too", named=", ".join(named)),
        tone="info",
    )
    told.who = ""
    return told


SENTENCES: dict[str, Callable[[AuditEntry, Telling], Entry]] = {
    "level:warned": _happened(later("The {kind} time is running out for"), "warn"),
    "level:breached": _happened(later("The {kind} time is over for"), "bad"),
    "level:not-escalated": _not_done,
    "task:offered": _offered,
}
