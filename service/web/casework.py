"""What people do with a case as a whole: hold, close, reopen, go back, add work, open child cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service import forms
from service.db import db
from service.engine.definition import Outcome, Stage
from service.errors import BadRequest
from service.execution.definitions import deployed, form_of
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _
from service.models import Actor, Case, CaseState, ProcessDefinition, User
from service.operations import cases, children, incidents, lifecycle, links, tasks
from service.policy import closing
from service.policy.permissions import Action, access_of, require
from service.queries import actions, definitions
from service.queries import cases as case_lists
from service.queries import incidents as incident_lists
from service.queries import lifecycle as life
from service.queries.actions import Standing
from service.queries.children import InTheWay, in_the_way
from service.web import people, words
from service.web.rendering import go, moment_sent, page

blueprint = Blueprint("casework", __name__)


@dataclass(frozen=True)
class Offered:
    """What the case's page offers to one person; nothing in it has been promised by the operations, which ask again."""

    hold: bool
    resume: bool
    close: bool
    why_not_close: str
    in_the_way: Sequence[InTheWay]  #: what of it can be gone to
    unfinished: Sequence[str]  #: and what else has to be done before
    reopen: bool
    restarts: Sequence[tuple[str, str]]  #: steps at which a closed case can be opened again: id, name
    back: Sequence[life.Repeatable]
    add_task: bool
    groups: Sequence[tuple[str, str]]
    own_group: str  #: to whom an added task is offered unless something else is picked
    forms: Sequence[tuple[str, str]]  #: which an added task may ask for: key, name
    child_types: Sequence[ProcessDefinition]
    fragments: Sequence[ProcessDefinition]


def offered(case: Case, actor: Actor, standing: Standing) -> Offered:
    """What the case's page offers to `actor`, and what each of it needs; why it cannot be closed yet, if it may be."""
    allowed = standing.allowed
    reopen, add_task = (each in allowed for each in (Action.REOPEN, Action.ADD_TASK))
    why_not_close = standing.not_yet.get(Action.CLOSE, "")
    groups, forms = _for_tasks() if add_task else ([], [])
    return Offered(
        hold=Action.SUSPEND in allowed,
        resume=Action.RESUME in allowed,
        close=Action.CLOSE in allowed,
        why_not_close=why_not_close,
        in_the_way=in_the_way(case, actor=actor) if why_not_close else (),
        unfinished=closing.unfinished(case) if why_not_close else (),
        reopen=reopen,
        restarts=_restarts(case) if reopen else (),
        back=life.repeatable(case, actor=actor) if Action.REPEAT in {*allowed, *standing.not_yet} else (),
        add_task=add_task,
        groups=groups,
        own_group=_own_group(case, actor, [name for name, _ in groups]),
        forms=forms,
        child_types=definitions.startable(actor) if Action.OPEN_CHILD in allowed else (),
        fragments=actions.fragments(actor) if Action.INSERT_FRAGMENT in allowed else (),
    )


def outcome_name(case: Case) -> str:
    """What the designer calls the outcome with which the case was closed; nothing when there is none."""
    return _name_of(deployed(case.definition_id).definition.info.outcomes, case.outcome) if case.outcome else ""


def _name_of(known: Sequence[Stage | Outcome], wanted: str) -> str:
    return next((each.name for each in known if each.id == wanted), wanted)


def _restarts(case: Case) -> list[tuple[str, str]]:
    elements, visits = deployed(case.definition_id).definition.elements.values(), case.visits or {}
    wanted = [each for each in elements if each.attributes.get("repeatable") == "true" and visits.get(each.id)]
    return [(each.id, each.name or each.id) for each in wanted]


def _for_tasks() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """What an added task can be given: the groups and the forms that there are, each with its name."""
    titles, keys = people.groups_and_forms()
    groups = [(name, title or name) for name, title in titles.items()]
    forms = [(key, words.readable(key)) for key in keys]
    return sorted(groups, key=_by_name), sorted(forms, key=_by_name)


def _own_group(case: Case, actor: Actor, known: Sequence[str]) -> str:
    """A group of the actor's, one that the case type names before others; empty when they are in none."""
    access = access_of(case.definition_id)
    named = {each.removeprefix("group:") for each in access.managers | access.starters}
    own = sorted((name for name in known if name in actor.groups), key=lambda name: (name not in named, name))
    return own[0] if own else ""


def _by_name(choice: tuple[str, str]) -> tuple[str, str]:
    return choice[1].casefold(), choice[0]


@blueprint.post("/cases/<number>/hold")
@permission(Action.SUSPEND)
def hold(number: str) -> ResponseReturnValue:
    """Put the case on hold, until a time or until somebody resumes it."""
    case, actor = _case(number)
    until = moment_sent("until", _("The time until which it is on hold"))
    lifecycle.suspend(case, by=actor, reason=request.form.get("reason", ""), until=until)
    return _done(number, _("The case is on hold."))


@blueprint.post("/cases/<number>/resume")
@permission(Action.RESUME)
def resume(number: str) -> ResponseReturnValue:
    """Let a case on hold go on."""
    case, actor = _case(number)
    lifecycle.resume(case, by=actor)
    return _done(number, _("The case goes on."))


@blueprint.post("/cases/<number>/retry")
@permission(Action.RETRY)
def retry(number: str) -> ResponseReturnValue:
    """Try again what is stuck in the case: its step that failed, or what the incident `incident` is about."""
    case, actor = _case(number)
    if sent := request.form.get("incident", ""):
        incidents.retry(incident_lists.of_case(case, sent), by=actor)
    else:
        incidents.mend(case, by=actor)
    db.session.commit()
    return tried(case)


def tried(case: Case) -> ResponseReturnValue:
    """Show the case that was tried again, and say what came of it."""
    if case.state is CaseState.FAILED:
        return go(url_for("cases.show", number=case.number), _("It is stuck again."), "bad")
    return go(url_for("cases.show", number=case.number), _("It is being tried again."))


@blueprint.post("/cases/<number>/close")
@permission(Action.CLOSE)
def close(number: str) -> ResponseReturnValue:
    """Close the case as done, with an outcome and a summary."""
    case, actor = _case(number)
    outcome, summary = request.form.get("outcome") or None, request.form.get("summary", "")
    lifecycle.close(case, by=actor, outcome=outcome, summary=summary)
    return _done(number, _("The case is closed."))


@blueprint.post("/cases/<number>/reopen")
@permission(Action.REOPEN)
def reopen(number: str) -> ResponseReturnValue:
    """Open a closed case again, at a step or just so."""
    case, actor = _case(number)
    element = request.form.get("element") or None
    lifecycle.reopen(case, by=actor, reason=request.form.get("reason", ""), element_id=element)
    return _done(number, _("The case is open again."))


@blueprint.post("/cases/<number>/go-back")
@permission(Action.REPEAT)
def go_back(number: str) -> ResponseReturnValue:
    """Do a finished step again; what came after it is cancelled, as the page said before."""
    case, actor = _case(number)
    lifecycle.repeat(case, request.form.get("element", ""), by=actor, reason=request.form.get("reason", ""))
    return _done(number, _("The case went back."))


@blueprint.post("/cases/<number>/tasks")
@permission(Action.ADD_TASK)
def add_task(number: str) -> ResponseReturnValue:
    """Add a task that nobody drew."""
    case, actor = _case(number)
    group = request.form.get("group", "")
    task = tasks.add(
        case,
        by=actor,
        name=request.form.get("name", ""),
        description=request.form.get("description", ""),
        form_key=request.form.get("form") or None,
        checklist=[line.strip() for line in request.form.get("checklist", "").splitlines() if line.strip()],
        to=_person(request.form.get("to", "")),
        candidate_groups=[group] if group else [],
        due_at=moment_sent("due_at", _("The due date")),
    )
    return _done(number, _("“%(task)s” is added.", task=task.name))


@blueprint.get("/cases/<number>/children/new/<key>")
@permission(Action.OPEN_CHILD)
def new_child(number: str, key: str) -> Response:
    """The start form of a child case; `?blocking=1`: this case waits for it; `?linked=1`: beside it instead."""
    case, actor = _case(number)
    definition = definitions.active(key)
    require(actor, Action.OPEN_CHILD, case)
    require(actor, Action.OPEN_CASE, definition)
    schema = form_of(definition.id, cases.start_form(definition))
    values = forms.initial(schema, {}) if schema else {}
    place = next((name for name in ("blocking", "linked") if name in request.args), "")
    form = cases.start_form_id(definition)
    return page(
        "cases/child.html", case=case, definition=definition, schema=schema, data=values, place=place, form=form
    )


@blueprint.post("/cases/<number>/children/new/<key>")
@permission(Action.OPEN_CHILD)
def open_child(number: str, key: str) -> ResponseReturnValue:
    """Open the child case, or with `?linked=1` a case beside this one, and show it."""
    case, actor = _case(number)
    submitted = request.get_json() if request.is_json else {"data": {}}
    if not isinstance(submitted, dict) or not isinstance(submitted.get("data"), dict):
        raise BadRequest(_("Send the form's values as an object named “data”."))
    definition = definitions.active(key)
    require(actor, Action.OPEN_CASE, definition)
    cases.require_form(definition, request.args.get("form"), submitted["data"])
    data, blocking = submitted["data"], "blocking" in request.args
    if "linked" in request.args:
        beside = links.open_linked(case, definition, by=actor, submitted=data)
        return _done(
            beside.number, _("%(beside)s is open, related to %(number)s.", beside=beside.number, number=number)
        )
    child = children.open_child(case, definition, by=actor, submitted=data, blocking=blocking)
    return _done(child.number, _("%(child)s is open under %(number)s.", child=child.number, number=number))


@blueprint.post("/cases/<number>/fragments")
@permission(Action.INSERT_FRAGMENT)
def insert(number: str) -> ResponseReturnValue:
    """Start a plan fragment inside the case."""
    case, actor = _case(number)
    definition = definitions.active(request.form.get("process", ""))
    child = children.insert(case, definition, by=actor, reason=request.form.get("reason"))
    return _done(number, _("“%(definition)s” is started as %(child)s.", definition=definition.name, child=child.number))


def _case(number: str) -> tuple[Case, Actor]:
    actor = current_actor()
    return case_lists.by_number(number, by=actor), actor


def _done(number: str, message: str) -> ResponseReturnValue:
    db.session.commit()
    return go(url_for("cases.show", number=number), message)


def _person(name: str) -> User | None:
    """Who was picked, if anybody. Raises `BadRequest` for somebody unknown."""
    found = people.named(name) if name else None
    if name and found is None:
        raise BadRequest(_("Pick one of the people in the list."), field="to")
    return found
