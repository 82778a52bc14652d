"""A case's family on its page: what is above, and the tree below it rolled up, filtered and in pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from service.execution.definitions import deployed
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import later
from service.models import Actor, Case, CaseState, HumanTask
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import children, tasks
from service.queries.children import Descendant, Totals
from service.web import stuck
from service.web.rendering import names_of, page, wants_part

blueprint = Blueprint("family", __name__)
FIRST, LISTED = 8, 50  #: cases below on the case's own page, and on a page of the whole tree


def _is_open(each: Descendant) -> bool:
    return not each.state.is_closed


def _is_late(each: Descendant) -> bool:
    return each.late or each.own.late_tasks > 0


def _is_stuck(each: Descendant) -> bool:
    return each.state is CaseState.FAILED


SHOWN: Mapping[str, tuple[str, Callable[[Descendant], bool]]] = {  #: filters, in the order of the page
    "all": (later("All"), lambda _: True),
    "open": (later("Open"), _is_open),
    "late": (later("Late"), _is_late),
    "stuck": (later("Stuck"), _is_stuck),
}


@dataclass(frozen=True)
class Family:
    """The cases above and below one. `rows` are those that are shown, of `found` that fit."""

    above: Sequence[Case]
    rows: Sequence[Descendant]
    found: int
    totals: Totals
    counts: Mapping[str, int]  #: filter -> how many fit
    stages: Mapping[str, str]  #: number -> the name of the stage it is in
    types: Mapping[str, str]  #: process key -> name
    ending: Sequence[str] = ()  #: numbers of the open children that end when this case is cancelled
    staying: Sequence[str] = ()  #: and of those that go on without it
    work: Mapping[UUID, Sequence[HumanTask]] = field(default_factory=dict)  #: case id -> its open tasks
    reasons: Mapping[UUID, str] = field(default_factory=dict)  #: case id -> why it is stuck, on hold or cancelled
    names: Mapping[str, str] = field(default_factory=dict)  #: user name -> how that person is called


def newest(case: Case, actor: Actor) -> Family:
    """For the case's own page: its children, those first that need somebody, each with all below it added up."""
    below = children.tree(case, actor=actor)
    own = sorted((each for each in below if each.depth == 1), key=_urgency)
    ongoing = [each for each in own if _is_open(each)]
    return replace(
        _family(case, actor, below, own[:FIRST], len(own)),
        ending=[each.number for each in ongoing if not each.stays],
        staying=[each.number for each in ongoing if each.stays],
    )


def _urgency(each: Descendant) -> tuple[bool, bool, bool]:
    late = each.below.late > 0 or each.below.late_tasks > 0
    return each.below.failed == 0, not late, each.below.open == 0


def _family(case: Case, actor: Actor, below: Sequence[Descendant], rows: Sequence[Descendant], found: int) -> Family:
    counts = {name: sum(map(fits, below)) for name, (_label, fits) in SHOWN.items()}
    totals = children.totals(below)
    seen = [each.id for each in rows]
    work = tasks.open_of(seen)
    return Family(
        children.line(case, actor=actor),
        rows,
        found,
        totals,
        counts,
        _stages(rows),
        _types(rows),
        work=work,
        reasons=_reasons(rows),
        names=names_of(task.assignee for each in work.values() for task in each),
    )


def _reasons(rows: Sequence[Descendant]) -> dict[UUID, str]:
    """Why each is stuck, on hold or cancelled, in words."""
    known = children.reasons([each.id for each in rows])
    return {
        each.id: stuck.in_words(known[each.id], each.definition_id) if _is_stuck(each) else known[each.id]
        for each in rows
        if each.id in known
    }


def _stages(rows: Sequence[Descendant]) -> dict[str, str]:
    names = {}
    for each in rows:
        if each.stage:
            known = deployed(each.definition_id).definition.info.stages
            names[each.number] = next((stage.name for stage in known if stage.id == each.stage), each.stage)
    return names


def _types(rows: Sequence[Descendant]) -> dict[str, str]:
    return {each.case_type: deployed(each.definition_id).name for each in rows}


@blueprint.get("/cases/<number>/family")
@permission(Action.READ_CASE)
def show(number: str) -> ResponseReturnValue:
    """All cases below this one as a tree; `?show=late` narrows it, `&page=2` goes on."""
    actor = current_actor()
    case = case_lists.by_number(number, by=actor)
    below = children.tree(case, actor=actor)
    wanted = request.args.get("show", "open" if any(map(_is_open, below)) else "all")
    chosen = wanted if wanted in SHOWN else "all"
    fitting = [each for each in below if SHOWN[chosen][1](each)]
    pages = max(1, -(-len(fitting) // LISTED))
    place = min(max(request.args.get("page", 1, type=int), 1), pages)
    rows = fitting[(place - 1) * LISTED : place * LISTED]
    family = _family(case, actor, below, rows, len(fitting))
    return page(
        "family/rows.html" if wants_part() else "family/page.html",
        case=case,
        family=family,
        filters={name: label for name, (label, _fits) in SHOWN.items()},
        chosen=chosen,
        place=place,
        pages=pages,
        first=(place - 1) * LISTED + 1,
    )
