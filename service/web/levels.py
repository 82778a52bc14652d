"""Service levels on pages: how they stand in a line each, and their arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response, url_for

from service.engine.service_levels import SHARE
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _, later
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import levels
from service.queries import tasks as task_lists
from service.queries.levels import Standing, Verdict
from service.web import words
from service.web.rendering import page

blueprint = Blueprint("levels", __name__)
_KINDS = {"response": later("Response"), "resolution": later("Resolution")}


@dataclass(frozen=True)
class Said:
    """One service level in words. Behind `text` comes the time `at`, where there is one."""

    name: str  #: Response or Resolution, and of what
    text: str
    tone: str  #: good, warn, bad or quiet
    symbol: str
    at: datetime | None
    target: str
    warning: str  #: when it is warned, as the end of a sentence; empty: it is not
    standing: Standing


@blueprint.get("/cases/<number>/service-levels")
@permission(Action.READ_CASE)
def of_case(number: str) -> Response:
    """The arithmetic of a case's service levels."""
    case = case_lists.by_number(number, by=current_actor())
    found = levels.arithmetic(levels.of_case(case))
    back = url_for("cases.show", number=number)
    return page("levels/page.html", what=case.number, name=case.title, back=back, found=_told(found))


@blueprint.get("/tasks/<uuid:task_id>/service-levels")
@permission(Action.READ_TASK)
def of_task(task_id: UUID) -> Response:
    """The arithmetic of a task's service levels."""
    task = task_lists.get(task_id, by=current_actor())
    found = levels.arithmetic(levels.of_task(task))
    back = url_for("tasks.show", task_id=task_id)
    return page("levels/page.html", what=task.case.number, name=task.name, back=back, found=_told(found))


def _told(found: list[levels.Arithmetic]) -> list[tuple[Said, levels.Arithmetic]]:
    return [(said(each.standing), each) for each in found]


def lines(found: list[Standing], *, about: str = "") -> list[Said]:
    """Those that are worth a line on the page of their case or task: not what came to nothing, and of what is done the
    resolution only."""
    shown = [each for each in found if each.state != "cancelled" and about in ("", each.about)]
    kept = [each for each in shown if each.clock.ended_at is None or each.clock.kind == "resolution"]
    return [said(each, named=not about) for each in kept or shown]


def said(standing: Standing, *, named: bool = True) -> Said:
    """How a service level stands; `named`: with the stage or task that it measures."""
    clock, measure = standing.clock, standing.measure
    working = bool(clock.calendar)
    target = words.duration(clock.declared["target"], working=working)
    text, tone, at = _sentence(standing, target, working=working)
    symbol = {"good": "check" if clock.ended_at else "clock", "bad": "alert", "warn": "alert"}.get(tone, "clock")
    name = _KINDS[clock.kind] + (_(" of “%(standing)s”", standing=standing.name) if standing.name and named else "")
    return Said(name, text, tone, symbol, at, target, _warned(clock.declared["warning"], measure.warn_at), standing)


def _sentence(standing: Standing, target: str, *, working: bool) -> tuple[str, str, datetime | None]:
    """What is left or was needed, its tone, and until when."""
    measure = standing.measure
    left, over = (words.left(each, working=working) for each in (measure.left, -measure.left))
    if standing.state in ("met", "missed"):
        used = words.left(measure.counted, working=working)
        if standing.state == "met":
            return _("met, after %(used)s of %(target)s", used=used, target=target), "good", None
        return _("missed by %(over)s, after %(used)s of %(target)s", over=over, used=used, target=target), "bad", None
    if standing.state == "cancelled":
        return (
            _("not measured to the end, after %(counted)s", counted=words.left(measure.counted, working=working)),
            "quiet",
            None,
        )
    if standing.verdict is Verdict.BREACHED:
        return _("%(over)s late, of %(target)s; it was due", over=over, target=target), "bad", measure.due_at
    if standing.state == "stopped":
        return (
            _("stands still: %(why)s; %(left)s left of %(target)s", why=stands(standing.why), left=left, target=target),
            "quiet",
            None,
        )
    if standing.verdict is Verdict.WARNED:
        return _("running out: %(left)s left of %(target)s, due", left=left, target=target), "warn", measure.due_at
    return _("%(left)s left of %(target)s, due", left=left, target=target), "good", measure.due_at


def stands(why: str) -> str:
    """Why a clock stands, in words."""
    return (
        _("the case is on hold")
        if why == "hold"
        else _("waits only for %(partition)s", partition=why.partition(": ")[2] or "somebody outside")
    )


def _warned(warning: str, at: datetime | None) -> str:
    if not warning:
        return ""
    if share := SHARE.fullmatch(warning):
        return _("at %(share)s %%", share=share[1]) + ("" if at else _(", once it goes on"))
    return _("after %(warning)s", warning=words.duration(warning, working=False))
