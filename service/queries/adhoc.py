"""What people may start now in the open ad hoc sub-processes of a case, at any depth, and why not the rest."""

from __future__ import annotations

from dataclasses import dataclass

from service.db import once
from service.engine.work import Enabled, OpenAdHoc
from service.languages import _
from service.models import Actor, Case, CaseState
from service.policy.closing import loaded
from service.policy.offered import Starter
from service.policy.permissions import Action, require


@dataclass(frozen=True)
class Startable:
    """An activity of an open ad hoc sub-process. `why_not` is a sentence when `actor` cannot start it now."""

    element_id: str
    name: str
    documentation: str
    why_not: str | None
    reason_required: bool
    required: bool
    done: int
    open: int
    most: int | None

    @property
    def may_start(self) -> bool:
        return self.why_not is None


@dataclass(frozen=True)
class AdHoc:
    """An open ad hoc sub-process: what can be started in it, and whether it can be finished by hand."""

    activity_id: str
    element_id: str
    name: str
    activities: tuple[Startable, ...]
    why_not_finish: str | None
    leaves_rest: bool  #: it then waits for what is open, rather than cancel it

    @property
    def may_finish(self) -> bool:
        return self.why_not_finish is None


def of_case(case: Case, *, actor: Actor) -> list[AdHoc]:
    """The open ad hoc sub-processes of a case that `actor` may read, outer ones first; none unless it is active."""
    require(actor, Action.READ_CASE, case)
    if case.state is not CaseState.ACTIVE:
        return []
    return once(("ad hoc", actor, case.id), lambda: _open(case, actor))


def _open(case: Case, actor: Actor) -> list[AdHoc]:
    starter = Starter.of(actor, case)
    return [_described(found, starter) for found in loaded(case).open_adhoc()]


def _described(found: OpenAdHoc, starter: Starter) -> AdHoc:
    refused = None if starter.steers else _("Only who steers the case may finish this.")
    return AdHoc(
        found.activity_id,
        found.element_id,
        found.name or found.element_id,
        tuple(_startable(each, starter) for each in found.enabled),
        refused or found.why_not_finish,
        found.leaves_rest,
    )


def _startable(found: Enabled, starter: Starter) -> Startable:
    return Startable(
        found.element_id,
        found.name,
        found.documentation,
        starter.why_not(found) or found.why_not,
        found.reason_required,
        found.required,
        found.done,
        found.open,
        found.most,
    )
