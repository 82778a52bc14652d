"""Many cases changed by hand at once: chosen, looked at in classes of those that stand alike, and ordered.

One form says the steps, as on the page of one case (`standing.py`), but by elements. What was looked at is sent along
(`seen`): only that is ordered. The order stands among those that move cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.engine.change.choices import Stood as Open
from service.engine.change.plan import Plan, Verdict
from service.engine.change.steps import Kind, Step
from service.engine.change.whereabouts import whereabouts
from service.errors import BadRequest, ServiceError, WrongState
from service.execution.definitions import deployed
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _
from service.models import Actor, Case, ProcessDefinition
from service.operations import migrations as operations
from service.operations import modification
from service.operations.migrations import Terms
from service.operations.modification import Preview
from service.policy.permissions import Action
from service.queries import classes
from service.queries import migrations as lists
from service.queries.choosing import conditions
from service.queries.choosing import found as found_by
from service.queries.classes import Stood
from service.web import choosing, standing
from service.web.choosing import Choice
from service.web.preflights import number_sent, version_said
from service.web.rendering import go, page
from service.web.verdicts import VERDICTS

blueprint = Blueprint("changing", __name__)
LOOKED_AT = 50  #: classes of which one case is tried; those in rarer ones are judged as they are changed
PUTS = 5  #: tokens that are put at once
UP_TO = {"safe": Verdict.SAFE, "person": Verdict.PERSON}


@dataclass(frozen=True)
class Outlook:
    """Cases that stand alike, and what the steps would do to each of them."""

    cases: int
    place: str
    found: Preview | None
    refused: str  #: why the steps cannot be taken there
    alike: tuple[Stood, ...]

    @property
    def verdict(self) -> Verdict:
        """That of one of them; what is refused has to stay."""
        return self.found.verdict if self.found else Verdict.STAY


@dataclass(frozen=True)
class Fleet:
    """The chosen cases of one version, without those that no order changes."""

    version: ProcessDefinition
    choice: Choice
    stood: Sequence[Stood]  #: the commonest first
    restricted: int

    @property
    def cases(self) -> int:
        return sum(each.cases for each in self.stood)


@blueprint.get("/case-types/<key>/change")
@permission(Action.MODIFY_CASES)
def show(key: str) -> ResponseReturnValue:
    """Where the cases of `?version=` stand that the fields of `choosing.py` choose, and what may be done there."""
    choice = choosing.read(request.args)
    return _page(_fleet(key, request.args, choice, current_actor()))


@blueprint.post("/case-types/<key>/change/preview")
@permission(Action.MODIFY_CASES)
def preview(key: str) -> ResponseReturnValue:
    """What the chosen steps would do, class by class; nothing is changed."""
    choice = choosing.read(request.form)
    fleet, steps = _fleet(key, request.form, choice, current_actor()), _steps()
    return _page(fleet, steps, _looked(fleet, steps, current_actor()))


@blueprint.post("/case-types/<key>/change")
@permission(Action.MODIFY_CASES)
def order(key: str) -> ResponseReturnValue:
    """Have the steps that were looked at taken in the cases that are judged so well."""
    choice, actor = choosing.read(request.form), current_actor()
    fleet, steps = _fleet(key, request.form, choice, actor), _steps()
    if request.form.get("seen") != standing.seen(steps):
        raise WrongState(_("Look first at what this would do: it is not what you have looked at."))
    worst = UP_TO.get(request.form.get("which", ""), Verdict.SAFE)
    rows = _rows(fleet, [each for each in _looked(fleet, steps, actor) if each.verdict.rank <= worst.rank])
    terms = Terms(number_sent("trial"), number_sent("most_untouched"), worst)
    also: dict[str, Any] = {"chosen": choice.chosen, "terms": terms, "among": rows}
    reason = request.form.get("reason", "")
    made = operations.order_modification(fleet.version, steps, by=actor, reason=reason, **also)
    where = url_for("migrations.show", migration_id=made.id)
    db.session.commit()
    return go(where, _("The worker changes them now, each by itself."))


def _fleet(key: str, said: Mapping[str, str], choice: Choice, actor: Actor) -> Fleet:
    running = lists.running(key)
    version = version_said(key, said.get("version", "") or str(next(iter(running), "")))
    those = conditions(choice.chosen, by=actor)
    stood = classes.counted(version.id, (*those, Case.restricted.is_(False)))
    hidden = sa.select(sa.func.count()).where(
        Case.definition_id == version.id, Case.closed_at.is_(None), Case.restricted, *those
    )
    return Fleet(version, choice, [each for each in stood if each.marking], db.session.scalar(hidden) or 0)


# Looking


def _looked(fleet: Fleet, steps: Sequence[Step], actor: Actor) -> list[Outlook]:
    """What would become of each class, the worst first; those of which the same is to be said together."""
    if not steps:
        raise BadRequest(_("Choose first what is to become of what stands in them."), field="do")
    found: dict[str, Outlook] = {}
    for each in fleet.stood[:LOOKED_AT]:
        seen = _outlook(fleet, each, steps, actor)
        effects = [(e.what, e.kind, e.element_id, e.name) for e in seen.found.effects] if seen.found else []
        name = repr((seen.place, seen.verdict, seen.refused, seen.found and seen.found.reasons, effects))
        known = found.get(name)
        found[name] = replace(known, cases=known.cases + each.cases, alike=(*known.alike, each)) if known else seen
    return sorted(found.values(), key=lambda each: (-each.verdict.rank, -each.cases, each.place))


def _outlook(fleet: Fleet, stood: Stood, steps: Sequence[Step], actor: Actor) -> Outlook:
    place = _place(fleet.version, stood)
    case = db.session.get(Case, stood.first)
    if case is None or case.state.is_closed:
        return Outlook(stood.cases, place, None, _("It has gone on meanwhile. Look again."), (stood,))
    try:
        return Outlook(stood.cases, place, modification.look_at_alike(case, steps, by=actor), "", (stood,))
    except ServiceError as refusal:
        return Outlook(stood.cases, place, None, str(refusal), (stood,))


def _place(version: ProcessDefinition, stood: Stood) -> str:
    definition = deployed(version.id).definition
    return whereabouts(definition, definition, stood.marking, Plan()).words if stood.marking else ""


def _rows(fleet: Fleet, chosen: Sequence[Outlook]) -> sa.ColumnElement[bool] | None:
    """Which rows of `case` are meant: those of the classes that are judged well enough.

    Where not all classes were looked at, or rows do not say yet where cases stand, all that were chosen; each is judged
    as it is changed, and the others stay.
    """
    if not chosen:
        raise WrongState(_("No case is judged so. Choose other steps, or other cases."))
    if len(fleet.stood) > LOOKED_AT or any(each.unsigned for outlook in chosen for each in outlook.alike):
        return found_by(fleet.choice.chosen, by=current_actor())
    nothing: frozenset[str] = frozenset()
    alike = [each for outlook in chosen for each in outlook.alike]
    rows = sa.or_(*(classes.rows(fleet.version.id, each.signature, nothing, nothing) for each in alike))
    return sa.and_(rows, *conditions(fleet.choice.chosen, by=current_actor()), Case.restricted.is_(False))


# The page


def _page(fleet: Fleet, steps: Sequence[Step] = (), looked: Sequence[Outlook] | None = None) -> ResponseReturnValue:
    """The page, with what was chosen; `looked`: what the steps would do."""
    rows, targets = _open(fleet)
    counts = {name: sum(e.cases for e in looked or () if e.verdict.rank <= v.rank) for name, v in UP_TO.items()}
    elements = deployed(fleet.version.id).definition.elements
    return page(
        "changing/page.html",
        version=fleet.version,
        versions=lists.running(fleet.version.key),
        fleet=fleet,
        choice=fleet.choice.said,
        choices=choosing.options(fleet.version),
        rows=rows,
        targets=targets,
        again=[(name, each.name or name) for name, each in elements.items() if standing.is_activity(each)],
        puts=[*(each for each in request.form.getlist("put")[: PUTS - 1] if each), ""],
        sent=request.form,
        looked=looked,
        up_to=counts,
        verdicts=VERDICTS,
        seen=standing.seen(steps),
        unlooked=sum(each.cases for each in fleet.stood[LOOKED_AT:]),
        needs_approval=deployed(fleet.version.id).definition.info.attributes.get("changesNeedApproval") == "true",
        said={name: request.form.get(name, "") for name in ("reason", "trial", "most_untouched", "which")},
    )


def _open(fleet: Fleet) -> tuple[list[standing.Row], list[tuple[str, str]]]:
    """What stands in the cases, by elements, with how many stand there; and where tokens may be put."""
    found: dict[str, standing.Row] = {}
    targets: dict[str, str] = {}
    for each in fleet.stood[:LOOKED_AT]:
        case = db.session.get(Case, each.first)
        open_, to = modification.choices(case) if case is not None and not case.state.is_closed else ([], [])
        targets |= {one.element: standing.shown(one) for one in to}
        for element, one in {one.element: one for one in open_}.items():
            known = found.get(element)
            may = one.may if known is None else (*known.stood.may, *(k for k in one.may if k not in known.stood.may))
            found[element] = _row(one, may, each.cases + (known.cases if known else 0))
    return list(found.values()), list(targets.items())


def _row(one: Open, may: Sequence[Kind], cases: int) -> standing.Row:
    options = [("", _("Leave it")), *((str(kind), standing.DOING[kind]) for kind in may)]
    chosen = {name: request.form.get(f"{name}-{one.element}", "") for name in ("do", "to", "at", "brings")}
    stood = replace(one, activity_id=one.element, may=tuple(may), due_at=None, failed=False, depth=0)
    return standing.Row(stood, options, chosen, cases)


def _steps() -> list[Step]:
    """The steps that the form says. Raises `BadRequest` for what is no time or no fact."""
    sent = request.form
    found = list(_done())
    found += [Step(Kind.PUT, element) for element in sent.getlist("put")[:PUTS] if element]
    found += [Step(Kind.AGAIN, sent["again"])] if sent.get("again") else []
    facts = standing.facts_sent("facts")
    return ([Step(Kind.SET, values=facts)] if facts else []) + found


def _done() -> Iterator[Step]:
    known = {str(kind) for kind in standing.DOING}
    for name, do in request.form.items():
        if name.startswith("do-") and do in known:
            yield _step(name.removeprefix("do-"), Kind(do))


def _step(element: str, kind: Kind) -> Step:
    to = request.form.get(f"to-{element}") or None if kind is Kind.MOVE else None
    at = standing.time_sent(f"at-{element}") if kind is Kind.TIME else None
    has_values = kind in (Kind.SKIP, Kind.FIRE, Kind.DELIVER)
    brings = standing.facts_sent(f"brings-{element}") if has_values else {}
    return Step(kind, element, to=to, values=brings, at=at)
