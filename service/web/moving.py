"""One case moves to another version, or returns: what that would mean for it, on both diagrams, before it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.engine.change.plan import Plan, Verdict
from service.errors import InvalidForm, NotFound, WrongState
from service.execution.definitions import deployed
from service.execution.judging import version_of
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _, later
from service.models import Actor, Case, ProcessDefinition
from service.operations import migration as operations
from service.operations import plans
from service.policy.permissions import Action, may, require
from service.queries import cases as case_lists
from service.queries import definitions, differences
from service.queries import migrations as lists
from service.queries import preview as previews
from service.queries.preview import Becomes, TaskChange
from service.web import asking
from service.web.rendering import go, page
from service.web.verdicts import VERDICTS

blueprint = Blueprint("moving", __name__)
BECOMES = {
    Becomes.APPEARS: ("plus", "good", later("is new")),
    Becomes.GOES: ("close", "bad", later("goes: nobody has to do it any more")),
    Becomes.CHANGES: ("edit", "info", later("stays with whoever has it")),
    Becomes.STAYS: ("check", "good", later("stays as it is")),
}


@dataclass(frozen=True)
class Offer:
    """What a case's page offers: the newest other version, and the one to which it could be brought back."""

    to: int | None
    back_to: int | None


def offered(case: Case, actor: Actor) -> Offer | None:
    """For who may move the case while it runs."""
    if case.state.is_closed or not may(actor, Action.MIGRATE, case):
        return None
    return Offer(lists.other_version(case), lists.former_version(case))


@blueprint.get("/cases/<number>/move")
@permission(Action.MIGRATE)
def preview(number: str) -> ResponseReturnValue:
    """What would become of the case in the version `?to=` (else the newest other one); nothing is changed."""
    case, actor = _case(number)
    return _shown(case, actor, _target(case, request.args.get("to", "")), None)


@blueprint.post("/cases/<number>/preview")
@permission(Action.MIGRATE)
def check(number: str) -> ResponseReturnValue:
    """The same by the plan that was sent; nothing is changed."""
    case, actor = _case(number)
    target = _target(case, request.form.get("to", ""))
    if target is None:
        return _shown(case, actor, None, None)
    text = request.form.get("plan", "")
    try:
        plan = asking.decided(plans.read(text, definitions.get(case.definition_id), target), request.form)
    except InvalidForm as invalid:
        return _shown(case, actor, target, None, text=text, problems=invalid.errors["plan"], status=422)
    return _shown(case, actor, target, plan)


@blueprint.post("/cases/<number>/move")
@permission(Action.MIGRATE)
def move(number: str) -> ResponseReturnValue:
    """Move the case, by the plan as it stands in the form; says why."""
    case, actor = _case(number)
    target = _target(case, request.form.get("to", ""))
    if target is None:
        raise WrongState(_("There is no other version to which this case could move."))
    source = definitions.get(case.definition_id)
    plan = asking.decided(plans.read(request.form.get("plan", ""), source, target), request.form)
    made = operations.move(case, target, plan, by=actor, reason=request.form.get("reason", ""))
    return _done(
        case,
        actor,
        made.migration.id,
        _("%(case)s goes on in version %(version)s.", case=case.number, version=target.version),
    )


def _target(case: Case, number: str) -> ProcessDefinition | None:
    """The version that is meant: else the newest of the others; None where there is no other."""
    if number:
        if not number.isascii() or not number.isdigit() or len(number) > 9:
            raise NotFound(_("There is no such version."))
        return definitions.version(case.case_type, int(number))
    others = (each for each in definitions.versions(case.case_type) if each.id != case.definition_id)
    return next(others, None)


def _shown(
    case: Case, actor: Actor, target: ProcessDefinition | None, plan: Plan | None, *, status: int = 200, **shown: Any
) -> ResponseReturnValue:
    """The page, under `plan` or under what is proposed."""
    if case.state.is_closed:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    source, may_read = definitions.get(case.definition_id), may(actor, Action.READ_CASE, case)
    others = [each.version for each in definitions.versions(case.case_type) if each.id != source.id]
    values: dict[str, Any] = {"case": case, "source": source, "target": target, "others": others, "may_read": may_read}
    if target is None:
        return page("moving/preview.html", **values)
    found = previews.of(case, version_of(target.id), plan, by=actor)
    tried = found.judgement.plan
    elements = {**deployed(source.id).definition.elements, **deployed(target.id).definition.elements}
    values |= {
        "found": found,
        "verdict": VERDICTS[found.judgement.verdict],
        "tasks": [_task(each) for each in found.tasks],
        "timers": [(asking.called(elements, each.element_id), each) for each in found.timers],
        "waits": found.waits,
        "asks": asking.asks(source, target, [(found.judgement.reasons, 1)], tried),
        "text": shown.pop("text", None) or plans.written(tried),
        "problems": shown.pop("problems", ()),
        "sides": sides((source, found.marked_before), (target, found.marked_after), _("After the move")),
        "blocked": found.refused is not None or found.judgement.verdict is Verdict.STAY,
    }
    return page("moving/preview.html", status=status, **values)


def _task(change: TaskChange) -> dict[str, str]:
    """One open task in words: what becomes of it."""
    sign, tone, said = BECOMES[change.becomes]
    name = change.name_before or change.name_after or ""
    if change.becomes is Becomes.CHANGES and change.other:
        said += _("; another %(other)s", other=" and ".join(change.other))
    if change.name_after and change.name_before and change.name_after != change.name_before:
        said += _(": it is called “%(name_after)s”", name_after=change.name_after)
    return {"sign": sign, "tone": tone, "name": name, "said": said}


@blueprint.get("/cases/<number>/return")
@permission(Action.MIGRATE)
def returning(number: str) -> ResponseReturnValue:
    """How the case would stand if it were brought back; nothing is changed."""
    case, actor = _case(number)
    back = operations.way_back(case, by=actor)
    if back is None:
        raise WrongState(_("This case was not moved to another version, or has returned already."))
    now, then = definitions.get(case.definition_id), definitions.get(back.order.source_id)
    return page(
        "moving/return.html",
        case=case,
        back=back,
        may_read=may(actor, Action.READ_CASE, case),
        sides=sides((now, Counter(case.marked or ())), (then, back.elements), "As before"),
    )


@blueprint.post("/cases/<number>/return")
@permission(Action.MIGRATE)
def bring_back(number: str) -> ResponseReturnValue:
    """Let the case stand as before it was last moved; says why."""
    case, actor = _case(number)
    made = operations.bring_back(case, by=actor, reason=request.form.get("reason", ""))
    version = definitions.get(case.definition_id).version
    return _done(
        case,
        actor,
        made.migration.id,
        _("%(case)s stands as before, in version %(version)s.", case=case.number, version=version),
    )


def sides(
    now: tuple[ProcessDefinition, Mapping[str, int]], then: tuple[ProcessDefinition, Mapping[str, int]], after: str
) -> list[dict[str, Any]]:
    """The two diagrams beside each other: what differs, and over it where the case stands and would stand."""
    marks = differences.marks(differences.between(now[0].id, then[0].id), now[0].key)
    found = zip((now, then), marks, (_("Now"), after), ("before", "after"), strict=True)
    return [_side(row, marked, differing, label, where) for (row, marked), differing, label, where in found]


def _side(
    definition: ProcessDefinition, marked: Mapping[str, int], differing: Mapping[str, str], label: str, where: str
) -> dict[str, Any]:
    elements = deployed(definition.id).definition.elements
    state: dict[str, dict[str, Any]] = {name: {"state": said} for name, said in differing.items()}
    state |= {name: {"state": "active", "count": number} for name, number in marked.items()}
    return {
        "label": label,
        "definition": definition,
        "state": {"activities": state, "flows": [], "stands": _("the case is here")},
        "side": where,
        "places": [(asking.called(elements, e), _("%(n)s times", n=n) if n > 1 else "") for e, n in marked.items()],
    }


def _case(number: str) -> tuple[Case, Actor]:
    """The case, also for who may not read it but moves cases: they are shown where it stands, and nothing it holds."""
    actor = current_actor()
    case = case_lists.numbered_to_move(number, by=actor)
    require(actor, Action.MIGRATE, case)
    return case, actor


def _done(case: Case, actor: Actor, order_id: Any, message: str) -> ResponseReturnValue:
    """To the case, or to what was done for who may not read it."""
    readable, number = may(actor, Action.READ_CASE, case), case.number
    db.session.commit()
    where = url_for("cases.show", number=number) if readable else url_for("migrations.show", migration_id=order_id)
    return go(where, message)
