"""What the timeline is told with: an entry in words, what it changed, and how people and steps are called."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from service.execution.definitions import deployed
from service.languages import _
from service.models import AuditEntry
from service.web import words
from service.web.differences import Change


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
    action: str = ""
    case: str = ""  #: number of the case that the subject is
    note: str = ""  #: id of the note that it is about
    document: str = ""  #: id of the document that it is about
    changes: list[Change] = field(default_factory=list)
    decided: Decided | None = None


@dataclass(frozen=True)
class Telling:
    """What is needed to put a case's entries into words."""

    definition_id: uuid.UUID
    names: Mapping[str, str]  #: user name -> how that person is called on this page
    zone: tzinfo
    tasks: Mapping[str, str] = field(default_factory=dict)  #: id of a task -> its name, with what tells it from others

    def person(self, name: str | None) -> str:
        """What somebody is called in the middle of a sentence."""
        called = self.names.get(name, name) if name else _("nobody")
        return _("you") if called == "You" else called

    def element(self, element_id: str | None) -> str:
        element = deployed(self.definition_id).definition.elements.get(element_id or "")
        return (element.name if element else "") or element_id or _("this step")

    def principal(self, principal: str) -> str:
        """What the holder of a role is called in the middle of a sentence."""
        kind, _, name = principal.partition(":")
        return self.person(name) if kind == "user" else words.principal(principal)


def say(entry: AuditEntry, telling: Telling, text: str, subject: str = "", rest: str = "", **more: Any) -> Entry:
    """`entry` as a sentence about who did it; nobody is named where it came by itself."""
    who = "" if entry.actor == "system" else telling.names.get(entry.actor, entry.actor)
    text, _, after = str(text).partition(" … ")  # in other languages a verb may stand around what it is about
    rest = " ".join(filter(None, (after, rest)))
    return Entry(entry.seq, entry.at, who, text, subject, rest, user=entry.actor, action=entry.action, **more)
