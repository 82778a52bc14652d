"""Why a case is stuck: in the words of who works on it, and with file, line and advice for who can mend the diagram.

The rule to know: what an incident's message quotes of Python is for designers and operators. Pages for everybody else
say `in_words`.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.execution.definitions import deployed
from service.languages import _, later
from service.models import Actor, Case, CaseState, Incident
from service.policy.permissions import Action, may
from service.web import facts, mends

#: How the engine and the sandbox say that a name has no value.
UNKNOWN = re.compile(
    r"NameError: name '(\w+)' is not defined"
    r"|KeyError: '?([A-Za-z_]\w*)'?"
    r"|variable “(\w+)”, which is not set"
    r"|^“=? ?(\w+)” is no list to repeat over, but None"
    r"|timer's “=? ?(\w+)” gives no time"
)
CODE = re.compile(r"\b[A-Z]\w*(Error|Exception|Exit|Iteration|Interrupt)\b|Traceback|\(line \d+\)|[Ii]nvalid syntax")
BROKEN = later("What is drawn here does not work with the facts as they are.")
BACKGROUND = later("What has to be done here in the background failed again and again.")
SET_IT = later(
    "Let a form, a script or a mapping set “{0}” before this step, or write the name as it "
    "is set elsewhere; then deploy. This case goes on when “{0}” is entered and it is tried "
    "again."
)
MEND_IT = later(
    "Correct the text at this place for such facts, and deploy; this case keeps its version, "
    "and goes on when the facts that it stumbles over are corrected and it is tried again."
)


@dataclass(frozen=True)
class Stuck:
    """One open incident of a case, as its page tells it."""

    incident: Incident
    said: str  #: why, in the case worker's words
    element: str  #: what the diagram calls the step; empty where it is none
    missing: Sequence[str]  #: names without a value that the step looked for
    may_retry: bool
    place: str = ""  #: file and line, for who may see it, as are `message` and `advice`
    message: str = ""
    advice: str = ""
    mend: mends.Mend | None = None  #: a newer version in which this is mended


def told(case: Case, incident: Incident, actor: Actor) -> Stuck:
    """The incident, with no more than `actor` may see of it."""
    source = deployed(case.definition_id).definition
    element = source.elements.get(incident.element_id or "")
    missing = missing_in(incident.message)
    retriable = incident.job is not None or case.state is CaseState.FAILED
    shown = Stuck(
        incident,
        in_words(incident.message, case.definition_id, job=incident.job is not None),
        (element and element.name) or incident.element_id or "",
        missing,
        retriable and not case.state.is_closed and may(actor, Action.RETRY, case),
    )
    shown = replace(shown, mend=mends.mended_by(case, incident.element_id, actor))
    if not (may(actor, Action.DEPLOY) or may(actor, Action.READ_INCIDENTS)):
        return shown
    line = _(", line %(line)s", line=element.line) if element and element.line else ""
    place = f"{source.info.file}{line}" if element and source.info.file else ""
    advice = SET_IT.format(missing[0]) if missing else MEND_IT if CODE.search(incident.message) else ""
    return replace(shown, place=place, message=incident.message, advice=advice)


def in_words(message: str, definition_id: uuid.UUID, *, job: bool = False) -> str:
    """Why something failed, without a word of Python. `job`: in the background."""
    if names := missing_in(message):
        return _("This step needs “%(label)s”, which is not known.", label=facts.field(definition_id, names[0]).label)
    if CODE.search(message):
        return BACKGROUND if job else BROKEN
    return message


def missing_in(message: str) -> list[str]:
    """The names of which a message says that they have no value."""
    return list(dict.fromkeys(next(filter(None, found.groups())) for found in UNKNOWN.finditer(message)))
