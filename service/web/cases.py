"""Cases: the list, one case with everything about it, opening a new one, and what may be done to it as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service import forms
from service.db import before_the_lock, db
from service.errors import BadRequest, InvalidForm, WrongState
from service.execution.definitions import deployed, form_of
from service.http.auth import current_actor
from service.http.protection import permission, signed_in
from service.languages import _, later
from service.models import (
    Actor,
    AuditEntry,
    Case,
    CaseState,
    HumanTask,
    Incident,
    IncidentState,
    ListName,
    Timer,
    User,
    ViewOf,
)
from service.operations import cases, children, incidents, marks
from service.operations import drafts as draft_operations
from service.policy import closing
from service.policy.permissions import Action, access_of, may, require
from service.queries import actions, definitions, filtering, timeline, views
from service.queries import adhoc as adhoc_work
from service.queries import cases as case_lists
from service.queries import levels as service_levels
from service.queries import lifecycle as life
from service.queries import marks as at_hand
from service.queries import tasks as task_lists
from service.queries.filtering import bounding, counting
from service.queries.pages import Page
from service.web import (
    arranging,
    casework,
    documents,
    drafts,
    editing,
    facts,
    family,
    history,
    levels,
    links,
    moving,
    notes,
    pending_calls,
    people,
    progress,
    roles,
    standing,
    story,
    stuck,
    words,
)
from service.web import filters as filter_boxes
from service.web.rendering import go, moment_sent, names_of, page, wants_part

blueprint = Blueprint("cases", __name__)
STATES = {  #: filters by state, in the order of the page; the first is what one sees at first
    "active": later("Open"),
    "failed": later("Stuck"),
    "completed": later("Completed"),
    "terminated": later("Cancelled"),
    "all": later("All"),
}
LISTED = 50
OF_STATES = {"state", "closed", "outcome"}  #: what a filter asks for that a choice of the state would contradict
COUNTED = 99  #: beyond, a filter says “99+”
_TIMERS = sa.select(Timer.element_id, Timer.due_at).where(Timer.case_id == sa.bindparam("case")).order_by(Timer.due_at)
_INCIDENTS = (
    sa.select(Incident)
    .where(Incident.case_id == sa.bindparam("case"), Incident.state == IncidentState.OPEN)
    .order_by(Incident.id)
)
EDITED = ("missing", "inputs", "unknown")  #: what the page that corrects the data shows, in its order


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; `state` is one of STATES."""

    state: str
    case_type: str
    mine: bool
    text: str  #: in the language of filters


@blueprint.get("/cases")
@signed_in
def index() -> ResponseReturnValue:
    """The cases that I may see, filtered; `after` continues the list. Unasked, the view that I begin with."""
    actor = current_actor()
    first = None if request.args or wants_part() else views.begins_with(actor, ViewOf.CASES)
    if first is not None:
        return redirect(url_for("views.show", view_id=first.id), 303)
    box = filter_boxes.box(request.args.get("q", "").strip(), of="cases")
    wanted = request.args.get("state", "active")
    filters = Filters(
        state="all" if OF_STATES & box.names else wanted if wanted in STATES else "active",
        case_type=request.args.get("type", ""),
        mine="mine" in request.args,
        text=box.text,
    )
    exact = case_lists.exactly(filters.text, by=actor) if filters.text else None
    if exact and not wants_part():
        return go(url_for(".show", number=exact.number))
    arranged, case_type = arranging.chosen(ListName.CASES, actor, "" if box.wrong else filters.text, filters.case_type)
    after = request.args.get("after")
    found, box = filter_boxes.listed(
        box, actor, lambda filtered: _listed(filters, actor, filtered, arranged.sort, after), of="cases"
    )
    rows = [exact, *(row for row in found.rows if row.id != exact.id)] if exact else found.rows
    types = definitions.case_types()
    values: dict[str, Any] = {
        "filters": filters,
        "box": box,
        "rows": rows,
        "shown": arranging.laid_out(ListName.CASES, arranged, case_type, rows, actor),
        "next": found.next,
        "task_due": task_lists.due_first(rows),
        "elsewhere": _elsewhere(box, actor) if not found.rows else 0,
        "type_options": [("", _("All case types")), *((kind.key, kind.name) for kind in types if not kind.is_fragment)],
        "states": STATES,
        "counts": {} if wants_part() else _counts(actor),
        "stage_of": progress.stage_name,
    }
    return page("cases/rows.html" if wants_part() else "cases/index.html", **values)


def _listed(filters: Filters, actor: Actor, filtered: filtering.Conditions, sort: str, after: str | None) -> Page[Case]:
    return case_lists.visible(
        actor,
        state=CaseState(filters.state) if filters.state != "all" else None,
        case_type=filters.case_type or None,
        owner=actor.name if filters.mine else None,
        filtered=filtered,
        sort=sort,
        limit=LISTED,
        cursor=after,
    )


def _elsewhere(box: filter_boxes.Box, actor: Actor) -> int:
    """How many cases fit in any state, of any type and owner."""
    if box.wrong or not box.text:
        return 0
    with bounding.in_time(box.text):
        return counting.cases(actor, filtering.cases(box.text, actor), most=LISTED)


@blueprint.get("/cases/<number>")
@permission(Action.READ_CASE)
def show(number: str) -> ResponseReturnValue:
    """One case: facts, open work, the live diagram, and the timeline."""
    actor = current_actor()
    case = case_lists.by_number(number, by=actor)
    return page("cases/page.html", **about(case, actor))


@blueprint.get("/cases/<number>/version")
@permission(Action.READ_CASE)
def version(number: str) -> ResponseReturnValue:
    """The case's version: its page asks now and then whether it still shows how the case stands.

    With `seen=1`, once: somebody looks at it, who finds it again among those that they looked at last.
    """
    actor = current_actor()
    found = case_lists.version(number, by=actor)
    if request.args.get("seen"):
        marks.looked_at(number, by=actor)
    return jsonify(found)


def _counts(actor: Actor) -> dict[str, str]:
    """How many cases of each state of STATES the actor may see, as the filters say it."""
    found = case_lists.numbers(actor, most=COUNTED + 1)
    every = case_lists.Counted(sum(n for n, _ in found.values()), all(is_all for _, is_all in found.values()))
    numbers = {"all": every, **{state.value: counted for state, counted in found.items()}}
    return {name: _said(numbers[name]) for name in STATES}


def _said(counted: case_lists.Counted) -> str:
    number, is_all = counted
    if not number:
        return ""
    return words.up_to(COUNTED, number) if is_all or number > COUNTED else f"{number:,}+"


def about(case: Case, actor: Actor) -> dict[str, Any]:
    """All that the page of a case shows."""
    open_tasks = task_lists.open_of_case(case, actor=actor)
    entries = timeline.newest(case, actor=actor, most=history.READ)
    names = _names(case, open_tasks, entries)
    told = history.told(case, entries, names)
    return {
        **_standing(case, actor),
        **_offered(case, actor),
        "names": names,
        "tasks": [(task, [str(a) for a in actions.on_task(actor, task)]) for task in open_tasks],
        "told": told[: history.TOLD],
        "untold": len(told) > history.TOLD or bool(entries and entries[0].seq > 1),
        **history.filters(),
        "waits_for": partial(_waits_for, names=names),
        "may_record": may(actor, Action.DEPLOY),
        "starred": at_hand.is_starred(case, actor),
        "parts": roles.parts(case, actor),
        "proposals": standing.proposals(case, actor),
        **notes.newest(case, actor),
        **documents.newest(case, actor),
        "family": family.newest(case, actor),
    }


def _names(case: Case, tasks: Sequence[HumanTask], entries: Sequence[AuditEntry]) -> Mapping[str, str]:
    """What everybody is called whom the page names."""
    principals = [each.principal for task in tasks for each in task.candidates]
    principals += [each.principal for each in case.role_holders]
    asked = [each.removeprefix("user:") for each in principals if each.startswith("user:")]
    owner = case.owner.name if case.owner else None
    return names_of([*story.people(entries), *(task.assignee for task in tasks), *asked, owner])


def _standing(case: Case, actor: Actor) -> dict[str, Any]:
    """Where the case stands."""
    incidents = _open_incidents(case)
    failed = [incident.element_id for incident in incidents if incident.element_id]
    owner = case.owner
    return {
        "case": case,
        "title": f"{case.number} {case.title}",
        "source": deployed(case.definition_id),
        "owner": owner,
        "is_mine": owner is not None and owner.id == actor.id,
        "stages": progress.stages(case),
        "facts": facts.facts(case.definition_id, case.variables),
        "adhoc": _adhoc(case, actor),
        "timers": _timers(case),
        "pending_calls": pending_calls.of_case(case, actor),
        "incidents": [stuck.told(case, incident, actor) for incident in incidents],
        "ends_after": _ends_after(case),
        "diagram": progress.diagram_state(case, failed),
        "steps": progress.steps(case, failed),
        "milestones": life.milestones(case, actor=actor),
        **_levels(case),
        "outcome": casework.outcome_name(case),
    }


def _levels(case: Case) -> dict[str, Any]:
    """How its service levels stand: its own and its stage's in a line each, those of open tasks beside them."""
    found = service_levels.of_case(case)
    own = [each for each in found if each.about != "task"]
    of_tasks: dict[Any, list[levels.Said]] = {}
    for each in found:
        if each.clock.task_id and each.clock.ended_at is None:
            of_tasks.setdefault(each.clock.task_id, []).append(levels.said(each))
    return {"levels": levels.lines(own), "task_levels": of_tasks, "is_measured": bool(found)}


def _offered(case: Case, actor: Actor) -> dict[str, Any]:
    """What the person may do with it."""
    standing = actions.on_case(actor, case)
    allowed, offers = standing.allowed, casework.offered(case, actor, standing)
    return {
        "allowed": allowed,
        "people": people.for_case(access_of(case.definition_id).managers)
        if "change case" in allowed or offers.add_task
        else None,
        "offers": offers,
        "owned_below": len(children.below_of_owner(case, by=actor)) if "change case" in allowed else 0,
        "moves": moving.offered(case, actor),
        "part_options": [(each.key, each.name) for each in offers.fragments],
        "links": links.of_case(case, actor, allowed),
        "link_kinds": links.KINDS,
        "outcomes": [(each.id, each.name) for each in deployed(case.definition_id).definition.info.outcomes],
    }


def _ends_after(case: Case) -> list[str]:
    """What has to end before a case ends of which everything that is drawn is done."""
    done = case.state is CaseState.ACTIVE and not case.marked and not case.held_open
    return [each.name for each in closing.blockers(case)] if done else []


def _waits_for(task: HumanTask, names: Mapping[str, str]) -> str:
    """Whom an untaken task is offered to."""
    asked = [each.principal for each in task.candidates]
    called = [names.get(each.removeprefix("user:")) or words.principal(each) for each in asked]
    return ", ".join(called) or _("Nobody may take it")


def _adhoc(case: Case, actor: Actor) -> list[adhoc_work.AdHoc]:
    """What people may start now. Asking loads the case, so it is asked only where there may be something."""
    return adhoc_work.of_case(case, actor=actor) if actions.has_free_work(case) else []


def _timers(case: Case) -> list[tuple[str, datetime, int]]:
    """What will happen by itself, when, and how often in that minute."""
    elements = deployed(case.definition_id).definition.elements
    rows = db.session.execute(_TIMERS, {"case": case.id}).all()
    names = {e: (elements[e].name if e in elements else "") or e for e, _due_at in rows}
    found = Counter((names[e], due_at.replace(second=0, microsecond=0)) for e, due_at in rows)
    return [(name, at, times) for (name, at), times in found.items()]


def _open_incidents(case: Case) -> list[Incident]:
    return list(db.session.scalars(_INCIDENTS, {"case": case.id}))


@blueprint.post("/cases/<number>/own")
@permission(Action.CHANGE_CASE)
def own(number: str) -> ResponseReturnValue:
    """Become the owner."""
    case, actor = _case(number)
    require(actor, Action.CHANGE_CASE, case)
    me = db.session.get_one(User, actor.id)
    along = children.hand_down(case, me, by=actor) if request.form.get("below") else 0
    cases.change(case, by=actor, owner=me)
    db.session.commit()
    said = _(" %(along)s below will follow in a moment.", along=words.counted(along, "case")) if along else ""
    return go(url_for(".show", number=number), _("The case is yours now.%(said)s", said=said))


@blueprint.post("/cases/<number>/change")
@permission(Action.CHANGE_CASE)
def change(number: str) -> ResponseReturnValue:
    """Change owner, priority and due date: only what differs."""
    case, actor = _case(number)
    require(actor, Action.CHANGE_CASE, case)
    given: dict[str, Any] = {}
    owner = people.named(request.form["owner"]) if request.form.get("owner") else None
    if "owner" in request.form and (owner.id if owner else None) != case.owner_id:
        given["owner"] = owner
    priority = _priority(request.form.get("priority", ""))
    if priority is not None and priority != case.priority:
        given["priority"] = priority
    if "due_at" in request.form:
        due_at = moment_sent("due_at", _("The due date"))
        if due_at != (case.due_at.replace(second=0, microsecond=0) if case.due_at else None):
            given["due_at"] = due_at
    along = 0
    if given:
        if "owner" in given and request.form.get("below"):
            along = children.hand_down(case, owner, by=actor)
        cases.change(case, by=actor, **given)
        db.session.commit()
    said = _(" %(along)s below will follow in a moment.", along=words.counted(along, "case")) if along else ""
    return go(
        url_for(".show", number=number),
        _("The case is changed.%(said)s", said=said) if given else _("Nothing was changed."),
    )


def _priority(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > 100:
        raise BadRequest(_("The priority has to be a whole number from 0 to 100."), field="priority")
    return int(text)


@blueprint.post("/cases/<number>/cancel")
@permission(Action.CANCEL_CASE)
def cancel(number: str) -> ResponseReturnValue:
    """End the case now; the reason is kept."""
    case, actor = _case(number)
    cases.cancel(case, by=actor, reason=request.form.get("reason", ""))
    db.session.commit()
    return go(url_for(".show", number=number), _("The case is cancelled."))


@blueprint.get("/cases/<number>/data")
@permission(Action.CHANGE_VARIABLES)
def data(number: str) -> ResponseReturnValue:
    """The form that corrects the case's data."""
    case, actor = _case(number)
    require(actor, Action.CHANGE_VARIABLES, case)
    return page("cases/data.html", case=case, **_editable(case))


@blueprint.post("/cases/<number>/data")
@permission(Action.CHANGE_VARIABLES)
def change_data(number: str) -> ResponseReturnValue:
    """Correct what differs."""
    case, actor = _case(number)
    require(actor, Action.CHANGE_VARIABLES, case)
    if case.state not in (CaseState.ACTIVE, CaseState.FAILED):
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    offered = _editable(case)
    try:
        changes = editing.changes(request.form, [item for kind in EDITED for item in offered[kind]])
        changes |= editing.added(request.form)
    except InvalidForm as invalid:
        again = {name: editing.again(offered[name], request.form, invalid.errors) for name in EDITED}
        shown = {**offered, **again, "new": request.form, "errors": invalid.errors}
        return page("cases/data.html", case=case, **shown, status=422)
    if case.state is CaseState.FAILED:
        incidents.mend(case, by=actor, variables=changes)
        db.session.commit()
        return casework.tried(case)
    if changes:
        cases.change_variables(case, changes, by=actor)
        db.session.commit()
    return go(url_for(".show", number=number), _("The data is corrected.") if changes else _("Nothing was changed."))


def _editable(case: Case) -> dict[str, Any]:
    """What the page that corrects the data shows; what a failed step looked for in vain stands first."""
    wanted = stuck.missing_in(case.reason or "") if case.state is CaseState.FAILED else []
    unknown = editing.unknown(case.definition_id, case.variables)
    asked = {item.name for item in unknown}
    names = [name for name in wanted if name not in asked and name not in case.variables]
    return {
        "missing": [item for item in unknown if item.name in wanted],
        "inputs": editing.inputs(case.definition_id, case.variables),
        "unknown": [item for item in unknown if item.name not in wanted],
        "kinds": editing.KINDS,
        "new": {"new-name": names[0] if names else ""},
        "errors": {},
    }


def _case(number: str) -> tuple[Case, Actor]:
    actor = current_actor()
    return case_lists.by_number(number, by=actor), actor


@blueprint.get("/cases/new")
@signed_in
def choose() -> Response:
    """Which kind of case to open."""
    return page("cases/choose.html", types=definitions.described(definitions.startable(current_actor())))


@blueprint.get("/cases/new/<key>")
@permission(Action.OPEN_CASE)
def new(key: str) -> Response:
    """The start form of a case type."""
    definition = definitions.active(key)
    require(current_actor(), Action.OPEN_CASE, definition)
    schema = form_of(definition.id, cases.start_form(definition))
    values = forms.initial(schema, {}) if schema else {}
    form = cases.start_form_id(definition)
    draft = drafts.of_start(definition, schema, current_actor()) if schema else None
    return page("cases/new.html", definition=definition, schema=schema, data=values, form=form, draft=draft)


@blueprint.post("/cases/new/<key>")
@permission(Action.OPEN_CASE)
def open_case(key: str) -> ResponseReturnValue:
    """Open the case and show it."""
    submitted = request.get_json() if request.is_json else {"data": {}}
    if not isinstance(submitted, dict) or not isinstance(submitted.get("data"), dict):
        raise BadRequest(_("Send the form's values as an object named “data”."))
    actor = current_actor()
    with before_the_lock():
        definition = definitions.to_open(key)
        require(actor, Action.OPEN_CASE, definition)
        cases.require_form(definition, request.args.get("form"), submitted["data"])
        prepared = cases.prepare(definition, by=actor, submitted=submitted["data"])
    case = cases.open_prepared(prepared, by=actor)
    draft_operations.forget_start(key, by=actor)
    db.session.commit()
    return go(url_for(".show", number=case.number), _("%(case)s is open.", case=case.number))
