"""Whether a newer version mends what a case is stuck at: its page and the list of incidents then offer the move."""

from __future__ import annotations

from dataclasses import dataclass

from service.engine.change.plan import Verdict
from service.errors import WrongState
from service.execution.definitions import deployed
from service.execution.judging import version_of
from service.languages import _
from service.models import Actor, Case, ProcessDefinition
from service.policy.permissions import Action, may
from service.queries import definitions, differences, preview


@dataclass(frozen=True)
class Mend:
    """A newer version in which the step that failed is another one, or is gone."""

    version: int
    said: str


def mended_by(
    case: Case, element_id: str | None, actor: Actor, *, newest: ProcessDefinition | None = None
) -> Mend | None:
    """The newest version, where it is newer, says otherwise what failed, and lets the case move.

    `newest`: that version, where it is at hand.
    """
    if not element_id or case.state.is_closed or not may(actor, Action.MIGRATE, case):
        return None
    newest = newest or definitions.latest(ProcessDefinition, case.case_type)
    present = definitions.get(case.definition_id)
    if newest.version <= present.version:
        return None
    before, _after = differences.marks(differences.between(present.id, newest.id), present.key)
    if element_id not in before:
        return None
    try:
        verdict = preview.of(case, version_of(newest.id), by=actor).judgement.verdict
    except WrongState:  # it cannot be read
        return None
    if verdict is Verdict.STAY:
        return None
    element = deployed(present.id).definition.elements.get(element_id)
    name = (element and element.name) or element_id
    verb = _("no longer has") if before[element_id] == "removed" else _("has another")
    decide = _(" You have to say where it goes on.") if verdict is Verdict.PERSON else ""
    return Mend(
        newest.version,
        _(
            "Version %(version)s %(verb)s “%(name)s”.%(decide)s",
            version=newest.version,
            verb=verb,
            name=name,
            decide=decide,
        ),
    )
