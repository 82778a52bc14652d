"""Ad hoc work: what may be started now, by whom, and `activate`, `finish` (BPMN 2.0.2 §13.3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import audit
from ..execution import running
from ..models import Case
from ..permissions import Action, Actor, require


def activate(
    case: Case,
    activity_id: str,
    element_id: str,
    *,
    by: Actor,
    reason: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> str:
    """Start the activity `element_id` of the open ad hoc sub-process `activity_id`; the new activity's id.

    Raises `NotReady` with the reason when it cannot be started now.
    """
    with running(case.id, by=by) as workflow:
        require(by, Action.ACTIVATE, case)
        details = {"reason": reason.strip()} if reason and reason.strip() else None
        audit.record(case, "adhoc:activated", by=by, element=element_id, details=details)
        return workflow.activate(activity_id, element_id, data)


def finish(case: Case, activity_id: str, *, by: Actor, reason: str | None = None) -> None:
    """End the open ad hoc sub-process `activity_id` by hand; raises `NotReady` when that is not allowed now."""
    with running(case.id, by=by) as workflow:
        require(by, Action.ACTIVATE, case)
        details = {"reason": reason.strip()} if reason and reason.strip() else None
        audit.record(case, "adhoc:finished", by=by, details=details)
        workflow.finish_adhoc(activity_id)
