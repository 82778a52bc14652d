"""Which running cases a page is about: fields that choose them, kept from the pre-flight to the order; and in words.

A form or an address says it by `FIELDS`; what is empty chooses all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.errors import BadRequest
from service.execution.chosen import Chosen
from service.execution.definitions import deployed
from service.http import rate_limits
from service.http.auth import current_actor
from service.languages import _, gettext, later
from service.models import CaseState, ProcessDefinition
from service.web import words
from service.web.rendering import zone

FIELDS = ("state", "at", "stage", "owner", "text", "priority", "created_from", "created_before", "due_before")
STATES = {CaseState.ACTIVE: later("open"), CaseState.SUSPENDED: later("on hold"), CaseState.FAILED: later("stuck")}
PRIORITIES = {  #: what is chosen -> its name, and the first and last priority
    "urgent": (later("Urgent"), 90, 100),
    "high": (later("High or urgent"), words.HIGH, 100),
    "ordinary": (later("Ordinary"), words.LOW, words.HIGH - 1),
    "low": (later("Low"), 0, words.LOW - 1),
}
LONGEST = 200  #: characters of a field


@dataclass(frozen=True)
class Choice:
    """What was chosen, and how the fields say it."""

    chosen: Chosen
    said: Mapping[str, str]  #: by the names of the fields; those that say nothing are left out

    def __bool__(self) -> bool:
        return bool(self.said)


def read(said: Mapping[str, str]) -> Choice:
    """What an address or form chooses. Raises `BadRequest`, which names the field.

    To be called before anything else is read: a search is counted, in a transaction of its own.
    """
    sent = {name: text for name in FIELDS if (text := said.get(name, "").strip())}
    for name, text in sent.items():
        if len(text) > LONGEST:
            raise BadRequest(gettext("Say it in at most %(LONGEST)s characters.", LONGEST=LONGEST), field=name)
    found: dict[str, Any] = {name: sent[name] for name in ("at", "stage", "owner", "text") if name in sent}
    found |= {name: _day(name, sent[name]) for name in FIELDS[-3:] if name in sent}
    if "state" in sent:
        found["states"] = (_known("state", sent["state"], {str(state): state for state in STATES}),)
    if "priority" in sent:
        _, found["priority_from"], found["priority_to"] = _known("priority", sent["priority"], PRIORITIES)
    if "text" in sent:
        rate_limits.spend("search", current_actor())
    return Choice(Chosen(**found), sent)


def _known(name: str, text: str, values: Mapping[str, Any]) -> Any:
    if text not in values:
        raise BadRequest(_("This has to be one of %(values)s.", values=", ".join(values)), field=name)
    return values[text]


def _day(name: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest(_("This has to be a date."), field=name) from None
    if not 1970 <= found.year <= 9000:
        raise BadRequest(_("This has to be a date between the years 1970 and 9000."), field=name)
    return found if found.tzinfo else found.replace(tzinfo=zone())


def options(source: ProcessDefinition) -> dict[str, Sequence[tuple[str, str]]]:
    """What may be chosen of a version, by field."""
    definition = deployed(source.id).definition
    places = sorted(
        (element.name, element.id) for element in definition.elements.values() if element.name and _waits(element.type)
    )
    return {
        "state": [("", gettext("In any state")), *((str(state), said.capitalize()) for state, said in STATES.items())],
        "at": [("", gettext("Anywhere")), *((id_, name) for name, id_ in places)],
        "stage": [("", gettext("In any stage")), *((each.id, each.name) for each in definition.info.stages)],
        "priority": [("", gettext("Any priority")), *((name, said) for name, (said, _, _) in PRIORITIES.items())],
    }


def _waits(kind: str) -> bool:
    return kind.endswith(("Task", "CatchEvent", "boundaryEvent", "ubProcess")) or kind in ("task", "callActivity")


def in_words(chosen: Mapping[str, Any], source: ProcessDefinition) -> list[str]:
    """What an order says of its cases (`Chosen.as_json`), each in a few words; nothing where it means all."""
    definition = deployed(source.id).definition
    found = []
    if numbers := chosen.get("numbers"):
        found.append(", ".join(numbers) if len(numbers) <= 4 else words.counted(len(numbers), "chosen case"))
    states = chosen.get("states") or list(STATES)
    if len(states) < len(STATES):
        found.append(_("those that are ") + _(" or ").join(str(STATES[CaseState(state)]) for state in states))
    if at := chosen.get("at"):
        element = definition.elements.get(at)
        found.append(_("those at “%(element)s”", element=(element.name if element else "") or at))
    if places := chosen.get("places"):
        found.append(_("those at %(places)s", places=places))
    if stage := chosen.get("stage"):
        stages = {each.id: each.name for each in definition.info.stages}
        found.append(_("those in the stage %(stage)s", stage=stages.get(stage, stage)))
    if owner := chosen.get("owner"):
        found.append(_("those of %(owner)s", owner=owner))
    if text := chosen.get("text"):
        found.append(_("those that “%(text)s” finds", text=text))
    return [*found, *_bounds(chosen)]


def _bounds(chosen: Mapping[str, Any]) -> list[str]:
    """Times and priorities."""
    first, last = chosen.get("priority_from"), chosen.get("priority_to")
    found = (
        [_("those of priority %(first)s to %(value)s", first=first or 0, value=100 if last is None else last)]
        if (first, last) != (None, None)
        else []
    )
    times = {
        "created_from": _("opened from {} on"),
        "created_before": _("opened before {}"),
        "due_before": _("due before {}"),
    }
    return found + [
        _("those %(chosen)s", chosen=said.format(words.value(chosen[name])))
        for name, said in times.items()
        if name in chosen
    ]
