"""Where a case stands, changed by hand: what stands in it with what may be done, a look at what would come of it, and
what somebody else proposed.

One form says the steps: for all that stands in the case a choice (`do-ACTIVITY` and what belongs to it), tokens to put
(`put`), an element to begin again at, facts to set. What was looked at is sent along (`seen`): only that is made.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.engine.change.choices import Stood, Target
from service.engine.change.steps import Kind, Step
from service.errors import BadRequest, Changed, ServiceError, WrongState
from service.execution.definitions import deployed
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _, later
from service.models import Actor, Case, Modification, ModificationState
from service.operations import modification
from service.policy.permissions import Action, may, require
from service.queries import cases as case_lists
from service.queries import modifications
from service.web import sentences, telling
from service.web.rendering import go, names_of, page, zone

blueprint = Blueprint("standing", __name__)
#: What may be done with what stands somewhere, as it is offered.
DOING = {
    Kind.SKIP: later("Skip it: go on behind it"),
    Kind.MOVE: later("Move it to …"),
    Kind.AGAIN: later("Begin it anew"),
    Kind.TAKE: later("Take it away"),
    Kind.FIRE: later("Let it happen now"),
    Kind.TIME: later("Change its time"),
    Kind.DELIVER: later("Deliver the message"),
}
_FACT = re.compile(r"\s*([^\W\d]\w*)\s*[:=]\s*(.*?)\s*")
_PUTS = 5  #: tokens that the page puts at once


@dataclass(frozen=True)
class Row:
    """One thing that stands in the case, with what is chosen for it."""

    stood: Stood
    options: Sequence[tuple[str, str]]
    chosen: Mapping[str, str] = field(default_factory=dict)
    cases: int = 0  #: where it is chosen for many: how many stand there


@blueprint.get("/cases/<number>/standing")
@permission(Action.MODIFY)
def show(number: str) -> ResponseReturnValue:
    """What stands in the case, and what may be done with it; with `proposal=ID`, what that would do now."""
    case, actor = _case(number)
    require(actor, Action.MODIFY, case)
    proposed = _proposal(case, actor)
    if proposed is None:
        return _page(case, actor)
    try:
        found = modification.look(case, [Step.from_json(each) for each in proposed.steps], by=actor)
    except WrongState as refusal:
        return _page(case, actor, refused=refusal, proposed=proposed)
    return _page(case, actor, found=found, proposed=proposed)


def _proposal(case: Case, actor: Actor) -> Modification | None:
    """The open proposal that the address names."""
    sent = request.args.get("proposal", "")
    return next((each for each in modifications.proposed(case, actor=actor) if str(each.id) == sent), None)


@blueprint.post("/cases/<number>/standing/preview")
@permission(Action.MODIFY)
def preview(number: str) -> ResponseReturnValue:
    """What the chosen steps would do; nothing is changed."""
    case, actor = _case(number)
    try:
        steps = _steps()
        found = modification.look(case, steps, by=actor)
    except (WrongState, BadRequest) as refusal:
        return _page(case, actor, refused=refusal)
    return _page(case, actor, steps=steps, found=found)


@blueprint.post("/cases/<number>/standing")
@permission(Action.MODIFY)
def change(number: str) -> ResponseReturnValue:
    """Make the steps that were looked at, or propose them."""
    case, actor = _case(number)
    try:
        steps = _steps()
        if request.form.get("seen") != seen(steps):
            raise WrongState(_("Look first at what this would do: it is not what you have looked at."))
        said = request.form.get("revision", "")
        revision = int(said) if said.isascii() and said.isdigit() else None
        made = modification.modify(case, steps, by=actor, reason=request.form.get("reason", ""), revision=revision)
    except (WrongState, BadRequest, Changed) as refusal:
        db.session.rollback()
        case, actor = _case(number)
        return _page(case, actor, refused=refusal)
    db.session.commit()
    proposed = made.state is ModificationState.PROPOSED
    message = _("It is proposed. Somebody else has to agree.") if proposed else _("Where the case stands is changed.")
    return go(_after(case, actor), message)


@blueprint.post("/cases/<number>/proposals/<uuid:modification_id>/approve")
@permission(Action.MODIFY)
def approve(number: str, modification_id: UUID) -> ResponseReturnValue:
    """Agree to what somebody proposed."""
    case, actor = _case(number)
    made = modification.approve(modifications.get(modification_id, case, actor=actor), by=actor)
    db.session.commit()
    if made.state is ModificationState.REFUSED:
        return go(_after(case, actor), _("It is not possible any more: %(answer)s", answer=made.answer), "bad")
    return go(_after(case, actor), _("Where the case stands is changed."))


@blueprint.post("/cases/<number>/proposals/<uuid:modification_id>/refuse")
@permission(Action.MODIFY)
def refuse(number: str, modification_id: UUID) -> ResponseReturnValue:
    """Turn it down, or withdraw one's own."""
    case, actor = _case(number)
    found = modifications.get(modification_id, case, actor=actor)
    modification.refuse(found, by=actor, reason=request.form.get("reason", ""))
    db.session.commit()
    withdrawn = found.state is ModificationState.WITHDRAWN
    return go(_after(case, actor), _("The proposal is withdrawn.") if withdrawn else _("The proposal is refused."))


@dataclass(frozen=True)
class Proposal:
    """What somebody proposes, in words."""

    row: Modification
    who: str
    steps: str
    is_own: bool
    is_late: bool  #: the case has another revision by now


def proposals(case: Case, actor: Actor) -> list[Proposal]:
    """What waits for a second person, for who may agree to it."""
    found = modifications.proposed(case, actor=actor)
    names = names_of([each.created_by for each in found])
    told = telling.Telling(case.definition_id, names, zone())
    return [
        Proposal(
            each,
            names.get(each.created_by, each.created_by),
            "; ".join(sentences.step(step, told) for step in each.steps),
            each.created_by == actor.name,
            each.revision + 1 < case.version,  # to propose it was one change
        )
        for each in found
    ]


def _case(number: str) -> tuple[Case, Actor]:
    actor = current_actor()
    return case_lists.numbered_to_modify(number, by=actor), actor


def _after(case: Case, actor: Actor) -> str:
    """The page of the case; for who operates, and may not read it, this one."""
    return url_for("cases.show" if may(actor, Action.READ_CASE, case) else ".show", number=case.number)


def _page(
    case: Case,
    actor: Actor,
    *,
    steps: Sequence[Step] = (),
    found: modification.Preview | None = None,
    refused: ServiceError | None = None,
    proposed: Modification | None = None,
) -> ResponseReturnValue:
    """The page, with what was chosen; `found`: what `steps`, or what is `proposed`, would do."""
    require(actor, Action.MODIFY, case)
    stood, targets = modification.choices(case)
    elements = deployed(case.definition_id).definition.elements
    before = Counter(case.marked or ())
    return page(
        "cases/standing.html",
        status=refused.status if refused and not proposed else 200,
        case=case,
        readable=may(actor, Action.READ_CASE, case),
        source=deployed(case.definition_id),
        rows=[_row(each) for each in stood],
        targets=[(each.element, shown(each)) for each in targets],
        again=[(name, elements[name].name or name) for name in case.visits or () if is_activity(elements.get(name))],
        puts=[*(each for each in request.form.getlist("put")[: _PUTS - 1] if each), ""],
        sent=request.form,
        refused=str(refused) if refused else "",
        found=found,
        proposed=proposed,
        seen=seen(steps),
        diagram=_state(before, Counter(found.after) if found else before, [e.element for e in stood if e.failed]),
        proposals=proposals(case, actor),
        needs_approval=modification.needs_approval(case),
    )


def _row(stood: Stood) -> Row:
    options = [("", _("Leave it"))] + [(str(kind), DOING[kind]) for kind in stood.may]
    names = ("do", "to", "at", "brings")
    return Row(stood, options, {name: request.form.get(f"{name}-{stood.activity_id}", "") for name in names})


def shown(target: Target) -> str:
    return f"{target.name} ({target.kind}{_(', in %(around)s', around=target.around) if target.around else ''})"


def is_activity(element: Any) -> bool:
    return element is not None and (element.type.endswith("Task") or element.type in ("task", "callActivity"))


def _state(before: Counter[str], after: Counter[str], failed: Sequence[str]) -> dict[str, Any]:
    """What the diagram shows: where tokens are, or after a look would be, and where they would be no more."""
    activities = {name: {"state": "cancelled", "count": 1} for name in before if name not in after}
    activities |= {name: {"state": "active", "count": count} for name, count in after.items()}
    activities |= {name: {"state": "failed", "count": 1} for name in failed if name in after}
    return {"activities": activities, "flows": []}


# The form


def _steps() -> list[Step]:
    """The steps that the form says. Raises `BadRequest` for what is no time or no fact."""
    sent = request.form
    found = [_step(name.removeprefix("do-"), Kind(do)) for name, do in _chosen()]
    found += [Step(Kind.PUT, element) for element in sent.getlist("put")[:_PUTS] if element]
    found += [Step(Kind.AGAIN, sent["again"])] if sent.get("again") else []
    facts = facts_sent("facts")
    return ([Step(Kind.SET, values=facts)] if facts else []) + found


def _chosen() -> Iterator[tuple[str, str]]:
    known = {str(kind) for kind in DOING}
    return ((name, do) for name, do in request.form.items() if name.startswith("do-") and do in known)


def _step(activity: str, kind: Kind) -> Step:
    sent = request.form
    to = sent.get(f"to-{activity}") or None if kind is Kind.MOVE else None
    at = time_sent(f"at-{activity}") if kind is Kind.TIME else None
    brings = facts_sent(f"brings-{activity}") if kind in (Kind.SKIP, Kind.FIRE, Kind.DELIVER) else {}
    return Step(kind, sent.get(f"element-{activity}") or None, activity, to, brings, at)


def time_sent(name: str) -> datetime | None:
    text = request.form.get(name, "")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone()) if text else None
    except ValueError:
        raise BadRequest(_("The time of a timer has to be a date and a time."), field=name) from None


def facts_sent(name: str) -> dict[str, Any]:
    """Lines such as `amount: 12`; what is no JSON is a text."""
    found: dict[str, Any] = {}
    for line in request.form.get(name, "").splitlines():
        if not line.strip():
            continue
        if not (said := _FACT.fullmatch(line)):
            raise BadRequest(
                _("“%(strip)s” is no fact: write a name, a colon, and the value.", strip=line.strip()[:60]), field=name
            )
        try:
            found[said[1]] = json.loads(said[2])
        except ValueError:
            found[said[1]] = said[2]
    return found


def seen(steps: Sequence[Step]) -> str:
    return json.dumps([step.as_json() for step in steps], sort_keys=True)
