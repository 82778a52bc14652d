"""WHICH VERSION A NEW CASE TAKES, decided here alone: for cases opened by hand, over REST, by a message, signal or
timer, by a call activity or as a child.

It is the active version, unless another one is staged: then that one for the cases that its terms name. A case is drawn
for a share by its id, so that the same case is always drawn alike and nobody keeps count.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from service.db import db, local, utcnow
from service.engine.expressions import feel
from service.engine.expressions.feel import FeelError
from service.errors import InvalidForm
from service.languages import _
from service.models import ProcessDefinition

ALL = 100  #: percent
LONGEST = 2_000  #: characters of a condition
_PARTS = 10_000  #: a share is drawn by the hundredth of a percent


@dataclass(frozen=True)
class Terms:
    """When a staged version takes a new case: all that is said has to hold."""

    since: datetime | None = None  #: not before then
    share: int | None = None  #: percent of new cases, 1 to 99
    when: str | None = None  #: FEEL over the variables that the case starts with, without the leading `=`

    @property
    def are_a_date_alone(self) -> bool:
        """Whether the version takes all new cases from a date on, and so becomes the active one then."""
        return self.since is not None and self.share is None and self.when is None

    @property
    def in_words(self) -> str:
        """`10 % of new cases, where amount > 1000, from 2026-12-24 08:00`."""
        parts = [f"{self.share} % of new cases" if self.share else "all new cases"]
        if self.when:
            parts.append(f"where {self.when}")
        if self.since:
            parts.append(f"from {local(self.since):%Y-%m-%d %H:%M}")
        return ", ".join(parts)


def terms_of(version: ProcessDefinition) -> Terms:
    """The terms of a staged version."""
    return Terms(version.staged_from, version.staged_share, version.staged_when)


def read_terms(effective: str | None = None, share: str | int | None = None, when: str | None = None) -> Terms | None:
    """Terms from texts, None where nothing is said; a date without a zone is in the installation's.

    Raises `InvalidForm` with what is wrong at `effective`, `share` and `when`.
    """
    wrong: dict[str, list[str]] = {}
    at = _date((effective or "").strip(), wrong)
    percent = _share(str(share if share is not None else "").strip().removesuffix("%").strip(), wrong)
    condition = (when or "").strip().removeprefix("=").strip() or None
    if condition and len(condition) > LONGEST:
        wrong["when"] = [f"Say it in at most {LONGEST} characters."]
    elif condition and (problem := feel.check(condition)):
        wrong["when"] = [f"This is no FEEL: {problem}"]
    elif condition and (unknown := sorted(feel.unknown_functions(condition))):
        wrong["when"] = [f"There is no FEEL function {', '.join(unknown)}."]
    if wrong:
        raise InvalidForm(wrong)
    found = Terms(at, percent, condition)
    return None if found == Terms() else found


def _date(text: str, wrong: dict[str, list[str]]) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        found = (at if at.tzinfo else at.replace(tzinfo=local(utcnow()).tzinfo)).astimezone(UTC)
    except (ValueError, OverflowError):
        wrong["effective"] = [_("Write a date, or a date and a time, such as 2026-12-24T08:00.")]
        return None
    if found <= utcnow():
        wrong["effective"] = [_("Give a time that is still to come; leave it out for now.")]
    return found


def _share(text: str, wrong: dict[str, list[str]]) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:4]) < ALL:
        wrong["share"] = [_("Give a whole number of percent from 1 to 99; pin a version for all new cases.")]
        return None
    return int(text)


def unknown_names(terms: Terms, known: frozenset[str] | None) -> list[str]:
    """The names in the condition that are not among those with which cases begin; nothing where these are not known."""
    if terms.when is None or known is None:
        return []
    return sorted(feel.names(terms.when) - known - {"initiator"})


def chosen(
    active: ProcessDefinition,
    known: Mapping[str, Any],
    case_id: uuid.UUID,
    *,
    start: str | None = None,
) -> ProcessDefinition:
    """The version that the case `case_id` takes, which the version `active` would take otherwise.

    `known` are the variables that it starts with and what its event brought. It has to begin in the same way: at the
    start event `start`, for the same message or signal, or at the plain one.
    """
    if not active.rivals:
        return active
    for rival in _rivals(active):
        if _begins_alike(active, rival, start) and _takes(rival, known, case_id):
            return rival
    return active


def _rivals(active: ProcessDefinition) -> Sequence[ProcessDefinition]:
    """The staged versions beside it, the newest first."""
    staged = sa.select(ProcessDefinition).where(ProcessDefinition.key == active.key, ProcessDefinition.staged)
    return db.session.scalars(staged.order_by(ProcessDefinition.version.desc())).all()


def _begins_alike(active: ProcessDefinition, rival: ProcessDefinition, start: str | None) -> bool:
    """Whether the rival has a start event of that id and kind, of the same name if it is a message or signal."""
    mine, theirs = (_starts(each, start) for each in (active, rival))
    return bool(theirs) and (start is None or mine == theirs)


def _starts(version: ProcessDefinition, start: str | None) -> list[tuple[str, str | None]]:
    starts = version.info.get("starts", ())
    if start is None:
        return [("none", None) for each in starts if each["kind"] == "none"]
    return [
        (each["kind"], each["name"] if each["kind"] in ("message", "signal") else None)
        for each in starts
        if each["element_id"] == start
    ]


def _takes(version: ProcessDefinition, known: Mapping[str, Any], case_id: uuid.UUID) -> bool:
    terms = terms_of(version)
    if terms.since is not None and terms.since > utcnow():
        return False
    if terms.share is not None and drawn(version.key, case_id) >= terms.share * _PARTS // ALL:
        return False
    return terms.when is None or _holds(terms.when, known)


def drawn(key: str, case_id: uuid.UUID) -> int:
    """The lot of a case, from 0 to 9,999: a version with a share of 10 % takes those below 1,000."""
    return int.from_bytes(hashlib.sha256(f"{key}:{case_id}".encode()).digest()[:8], "big") % _PARTS


def _holds(condition: str, known: Mapping[str, Any]) -> bool:
    """Whether the condition is true of the case; one that cannot be worked out, or is null, is not."""
    try:
        return feel.evaluate(condition, known, now=local(utcnow())) is True
    except FeelError:
        return False
