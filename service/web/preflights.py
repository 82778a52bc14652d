"""THE PRE-FLIGHT as a page: what a version means for the cases that run on another, the plan, and the order to move.

Nothing moves before somebody says so. Checking a plan changes nothing either: the page comes again, judged by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.engine.change.plan import Plan, Verdict
from service.errors import BadRequest, InvalidForm, NotFound, WrongState
from service.execution.chosen import Chosen
from service.execution.definitions import deployed
from service.execution.judging import version_of
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _, gettext
from service.models import ProcessDefinition
from service.operations import migrations as operations
from service.operations import plans
from service.operations.migrations import Terms
from service.policy.permissions import Action, may
from service.queries import definitions, differences, preflight
from service.queries import migrations as lists
from service.queries.choosing import found as found_by
from service.queries.preflight import CaseClass, OfVersion
from service.web import asking, choosing, words
from service.web.choosing import Choice
from service.web.rendering import go, page
from service.web.verdicts import VERDICTS

blueprint = Blueprint("preflights", __name__)
NAMED = 100  #: classes in one statement
UP_TO = {"safe": Verdict.SAFE, "plan": Verdict.WITH_PLAN, "person": Verdict.PERSON}  #: which cases an order moves


@dataclass(frozen=True)
class Move:
    """The two versions that a page is about."""

    source: ProcessDefinition
    target: ProcessDefinition


@blueprint.get("/case-types/<key>/pre-flight")
@permission(Action.PREFLIGHT)
def show(key: str) -> Response:
    """What the version `?to=` (else the newest) means for the cases of `?from=`; `&class=` shows one class of them.

    Only for those that the fields of `choosing.py` choose.
    """
    choice = choosing.read(request.args)
    return _page(key, request.args, choice, None)


@blueprint.post("/case-types/<key>/pre-flight")
@permission(Action.PREFLIGHT)
def check(key: str) -> Response:
    """The same under the plan that was sent, with what was decided beside it. Nothing is changed."""
    choice, move = choosing.read(request.form), _move(key, request.form)
    if move is None:
        return _page(key, request.form, choice, None)
    text = ""
    try:
        text = sent_text("file", "plan")
        plan = asking.decided(plans.read(text, move.source, move.target), request.form)
    except InvalidForm as invalid:
        return _page(key, request.form, choice, None, text=text, problems=invalid.errors["plan"], status=422)
    return _page(key, request.form, choice, plan)


@blueprint.post("/case-types/<key>/move")
@permission(Action.MIGRATE_CASES)
def order(key: str) -> ResponseReturnValue:
    """Have the chosen cases moved, by the plan as it stands in the form."""
    choice, move = choosing.read(request.form), _move(key, request.form)
    if move is None:
        raise WrongState(_("No case of another version runs."))
    plan = asking.decided(plans.read(request.form.get("plan", ""), move.source, move.target), request.form)
    worst, chosen, among = _which(move, plan, choice.chosen, request.form.get("which", "safe"))
    terms, actor = Terms(number_sent("trial"), number_sent("most_untouched"), worst), current_actor()
    reason = request.form.get("reason", "")
    made = operations.order(
        move.source, move.target, plan, by=actor, reason=reason, chosen=chosen, terms=terms, among=among
    )
    where = url_for("migrations.show", migration_id=made.id)
    db.session.commit()
    return go(where, _("The worker moves them now, each by itself."))


def _which(move: Move, plan: Plan, chosen: Chosen, which: str) -> tuple[Verdict, Chosen, sa.ColumnElement[bool] | None]:
    """Up to which verdict, and which of the chosen cases: those of one class, or all that are judged so well.

    Where there are too many classes to be named, or cases whose rows do not say yet where they stand, all of them
    are looked at; each is judged as it moves, and the others stay.
    """
    actor, target = current_actor(), version_of(move.target.id)
    found = preflight.of(target, by=actor, sources=[move.source], plan=plan, samples=0, among=chosen)
    if which == "class":
        of_version, each = found.named(request.form.get("class", ""))
        worst = max(Verdict.WITH_PLAN, min(each.verdict, Verdict.PERSON, key=_rank), key=_rank)
        return worst, replace(chosen, places=each.words), preflight.rows_of(of_version, each)
    worst = UP_TO.get(which, Verdict.SAFE)
    classes = [(of, each) for of in found.versions for each in of.classes if each.verdict.rank <= worst.rank]
    if not classes:
        raise WrongState(gettext("No case is judged so. Decide first what the plan says, or choose others."))
    if len(classes) > NAMED or any(part.unsigned for _, each in classes for part in each.parts):
        return worst, chosen, found_by(chosen, by=actor)
    return worst, chosen, sa.or_(*(preflight.rows_of(of, each) for of, each in classes))


def _rank(verdict: Verdict) -> int:
    return verdict.rank


def _move(key: str, said: Mapping[str, str]) -> Move | None:
    """The versions that are meant; None where no case of another version runs, and none is named."""
    target = version_said(key, said.get("to", ""))
    if said.get("from"):
        source = version_said(key, said["from"])
    else:
        numbers = [number for number in lists.running(key) if number != target.version]
        if not numbers:
            return None
        source = definitions.version(key, numbers[0])
    if source.id == target.id:
        raise BadRequest(_("Cases move between two versions of one process."), field="to")
    return Move(source, target)


def version_said(key: str, number: str) -> ProcessDefinition:
    if not number:
        return definitions.versions(key)[0]
    if not number.isascii() or not number.isdigit() or len(number) > 9:
        raise NotFound(_("There is no such version."))
    return definitions.version(key, int(number))


def _page(
    key: str, said: Mapping[str, str], choice: Choice, plan: Plan | None, *, status: int = 200, **shown: Any
) -> Response:
    """The page under `plan`, or under what is proposed."""
    move, actor = _move(key, said), current_actor()
    versions = definitions.versions(key)
    values: dict[str, Any] = {
        "key": key,
        "target": move.target if move else version_said(key, said.get("to", "")),
        "versions": versions,
        "running": lists.running(key),
        "choice": choice.said,
    }
    if move is None:
        return page("preflight/none.html", **values)
    found = preflight.of(version_of(move.target.id), by=actor, sources=[move.source], plan=plan, among=choice.chosen)
    of_version = found.versions[0] if found.versions else None
    values |= {"source": move.source, "found": of_version, "verdicts": VERDICTS, "is_edited": plan is not None}
    values["choices"] = choosing.options(move.source)
    if of_version is None:
        return page("preflight/page.html", **values)
    chosen = _chosen(of_version, said.get("class", ""))
    judged = [(each.reasons, each.cases) for each in of_version.classes]
    text = shown.pop("text", None) or plans.written(plan if plan is not None else of_version.plan)
    values |= {
        "chosen": chosen,
        "behind": preflight.cases_of(of_version, chosen, by=actor, cursor=said.get("after")) if chosen else None,
        "bar": bar(of_version.by_verdict, of_version.cases),
        "sides": _sides(move, of_version, chosen, None if plan is not None else choice.said),
        "asks": asking.asks(move.source, move.target, judged, plan or of_version.plan),
        "text": text,
        "problems": shown.pop("problems", ()),
        "up_to": _counts(of_version),
        "may_move": may(actor, Action.MIGRATE_CASES),
        "said": {name: said.get(name, "") for name in ("reason", "trial", "most_untouched", "which")},
    }
    return page("preflight/page.html", status=status, **values)


def _chosen(of_version: OfVersion, class_id: str) -> CaseClass | None:
    return next((each for each in of_version.classes if each.id == class_id), None)


def _counts(of_version: OfVersion) -> Mapping[str, int]:
    """How many cases an order up to each verdict moves."""
    numbers = of_version.by_verdict
    return {name: sum(n for v, n in numbers.items() if v.rank <= worst.rank) for name, worst in UP_TO.items()}


def bar(by_verdict: Mapping[Verdict, int], total: int) -> list[tuple[str, float, float]]:
    """The parts of a bar that is 1,000 long: tone, where each begins, and how wide it is."""
    found, at = [], 0.0
    for verdict, number in by_verdict.items():
        width = 1000 * number / total
        found.append((verdict.name.lower(), round(at, 2), round(width, 2)))
        at += width
    return found


def _sides(
    move: Move, of_version: OfVersion, chosen: CaseClass | None, links: Mapping[str, str] | None
) -> list[dict[str, Any]]:
    """The two diagrams: what differs, and over it where the cases (of one class) stand and would stand.

    `links`: places lead to their class, with this in the address. Both begin at the same place, where one class has
    one on both.
    """
    differing = differences.marks(differences.between(move.source.id, move.target.id), move.source.key)
    classes = [chosen] if chosen else list(of_version.classes)
    begin = next((each for each in classes if each.before and each.after), None)
    found = []
    for number, (row, marks) in enumerate(zip((move.source, move.target), differing, strict=True)):
        stands: Counter[str] = Counter()
        for each in classes:
            for element in set((each.before, each.after)[number]):
                stands[element] += each.cases
        state = {element: {"state": mark} for element, mark in marks.items()}
        state |= {e: {"state": "active", "label": words.counted(n, "case")} for e, n in stands.items()}
        elements = deployed(row.id).definition.elements
        places = [(asking.called(elements, name), words.counted(cases, "case")) for name, cases in stands.most_common()]
        label = (_("Where they stand"), _("Where they would stand"))[number]
        side = ("before", "after")[number]
        state_: dict[str, Any] = {"activities": state, "flows": [], "stands": _("cases are here")}
        state_["focus"] = list((begin.before, begin.after)[number]) if begin else []
        if links is not None:
            places_ = ((e, each) for each in classes for e in (each.before, each.after)[number])
            state_["links"] = {element: _to_class(move, each, links) for element, each in places_}
        found.append({"label": label, "definition": row, "state": state_, "places": places, "side": side})
    return found


def _to_class(move: Move, each: CaseClass, said: Mapping[str, str]) -> str:
    chosen: dict[str, Any] = {**said, "from": move.source.version, "to": move.target.version, "class": each.id}
    return url_for(".show", key=move.source.key, **chosen, _anchor="diagrams")


# What was sent


def sent_text(file: str, field: str) -> str:
    """The plan that was uploaded as `file`, or typed into `field`."""
    upload = request.files.get(file)
    if upload is None or not upload.filename:
        return request.form.get(field, "")
    try:
        with closing(upload):
            return str(upload.read(plans.LONGEST * 4 + 1), "utf-8")
    except UnicodeDecodeError:
        raise InvalidForm({"plan": [_("This file is no text.")]}) from None


def number_sent(name: str) -> int | None:
    """A whole number that was typed, or nothing."""
    text = request.form.get(name, "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadRequest(_("This has to be a whole number."), field=name)
    return int(text)
