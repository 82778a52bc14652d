"""What people do with a case as a whole: hold, close, reopen, go back, add work, open child cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from .. import forms
from ..auth import current_actor
from ..db import db
from ..engine.definition import Outcome, Stage
from ..errors import BadRequest
from ..execution import deployed, form_of
from ..models import Case, CaseState, Group, ProcessDefinition, User
from ..operations import cases, children, lifecycle, tasks
from ..permissions import Action, Actor, may, require
from ..protection import permission
from ..queries import cases as case_lists
from ..queries import children as family
from ..queries import definitions
from ..queries import lifecycle as life
from . import people
from .rendering import go, moment_sent, page

blueprint = Blueprint("casework", __name__)


@dataclass(frozen=True)
class Offered:
    """What the case's page offers to one person; nothing in it has been promised by the operations, which ask again."""

    hold: bool
    resume: bool
    close: bool
    why_not_close: Sequence[str]
    reopen: bool
    restarts: Sequence[tuple[str, str]]  #: steps at which a closed case can be opened again: id, name
    back: Sequence[life.Repeatable]
    add_task: bool
    groups: Sequence[tuple[str, str]]
    child_types: Sequence[ProcessDefinition]
    fragments: Sequence[ProcessDefinition]


@dataclass(frozen=True)
class Family:
    """The cases above and below one, and what the stages of those below are called."""

    above: Sequence[Case]
    below: Sequence[family.Descendant]
    totals: family.Totals
    stages: Mapping[str, str]  #: number -> the name of the stage it is in
    types: Mapping[str, str]  #: process key -> name


def offered(case: Case, actor: Actor) -> Offered:
    """What `actor` may do with the case as it stands now."""
    active, closed = case.state is CaseState.ACTIVE, case.state.is_closed
    outcomes = deployed(case.definition_id).definition.info.outcomes
    close = active and bool(outcomes or case.held_open) and may(actor, Action.CLOSE, case)
    add_task = active and may(actor, Action.ADD_TASK, case)
    opens = not closed and may(actor, Action.OPEN_CHILD, case)
    inserts = active and may(actor, Action.INSERT_FRAGMENT, case)
    back = life.repeatable(case, actor=actor) if active and may(actor, Action.REPEAT, case) else ()
    reopen = closed and may(actor, Action.REOPEN, case)
    return Offered(
        hold=active and may(actor, Action.SUSPEND, case),
        resume=case.state is CaseState.SUSPENDED and may(actor, Action.SUSPEND, case),
        close=close,
        why_not_close=lifecycle.why_not_close(case) if close else (),
        reopen=reopen,
        restarts=_restarts(case) if reopen else (),
        back=back,
        add_task=add_task,
        groups=_groups() if add_task else (),
        child_types=definitions.startable(actor) if opens else (),
        fragments=_fragments() if inserts else (),
    )


def family_of(case: Case, actor: Actor) -> Family:
    """The case's ancestors and descendants, as far as `actor` may see them."""
    below = family.tree(case, actor=actor)
    staged = [each.id for each in below if each.stage]
    rows = db.session.execute(sa.select(Case.number, Case.stage, Case.definition_id).where(Case.id.in_(staged)))
    stages = {row.number: _name_of(deployed(row.definition_id).definition.info.stages, row.stage) for row in rows}
    named = sa.select(ProcessDefinition.key, ProcessDefinition.name).where(
        ProcessDefinition.latest, ProcessDefinition.key.in_({each.case_type for each in below})
    )
    types = {row.key: row.name for row in db.session.execute(named)} if below else {}
    return Family(family.line(case, actor=actor), below, family.totals(below), stages, types)


def outcome_name(case: Case) -> str:
    """What the designer calls the outcome with which the case was closed; nothing when there is none."""
    return _name_of(deployed(case.definition_id).definition.info.outcomes, case.outcome) if case.outcome else ""


def _name_of(known: Sequence[Stage | Outcome], wanted: str) -> str:
    return next((each.name for each in known if each.id == wanted), wanted)


def _restarts(case: Case) -> list[tuple[str, str]]:
    elements, visits = deployed(case.definition_id).definition.elements.values(), case.visits or {}
    wanted = [each for each in elements if each.attributes.get("repeatable") == "true" and visits.get(each.id)]
    return [(each.id, each.name or each.id) for each in wanted]


def _groups() -> list[tuple[str, str]]:
    rows = db.session.execute(sa.select(Group.name, Group.title).order_by(Group.title, Group.name))
    return [(row.name, row.title or row.name) for row in rows]


def _fragments() -> list[ProcessDefinition]:
    newest = db.session.scalars(
        sa.select(ProcessDefinition).where(ProcessDefinition.latest).order_by(ProcessDefinition.name)
    )
    return [each for each in newest if each.info.get("attributes", {}).get("insertable") == "true"]


@blueprint.post("/cases/<number>/hold")
@permission(Action.SUSPEND)
def hold(number: str) -> ResponseReturnValue:
    """Put the case on hold, until a time or until somebody resumes it."""
    case, actor = _case(number)
    until = moment_sent(request.form.get("until", ""), "The time until which it is on hold")
    lifecycle.suspend(case, by=actor, reason=request.form.get("reason", ""), until=until)
    return _done(number, "The case is on hold.")


@blueprint.post("/cases/<number>/resume")
@permission(Action.SUSPEND)
def resume(number: str) -> ResponseReturnValue:
    """Let a case on hold go on."""
    case, actor = _case(number)
    lifecycle.resume(case, by=actor)
    return _done(number, "The case goes on.")


@blueprint.post("/cases/<number>/close")
@permission(Action.CLOSE)
def close(number: str) -> ResponseReturnValue:
    """Close the case as done, with an outcome and a summary."""
    case, actor = _case(number)
    outcome, summary = request.form.get("outcome") or None, request.form.get("summary", "")
    lifecycle.close(case, by=actor, outcome=outcome, summary=summary)
    return _done(number, "The case is closed.")


@blueprint.post("/cases/<number>/reopen")
@permission(Action.REOPEN)
def reopen(number: str) -> ResponseReturnValue:
    """Open a closed case again, at a step or just so."""
    case, actor = _case(number)
    element = request.form.get("element") or None
    lifecycle.reopen(case, by=actor, reason=request.form.get("reason", ""), element_id=element)
    return _done(number, "The case is open again.")


@blueprint.post("/cases/<number>/go-back")
@permission(Action.REPEAT)
def go_back(number: str) -> ResponseReturnValue:
    """Do a finished step again; what came after it is cancelled, as the page said before."""
    case, actor = _case(number)
    lifecycle.repeat(case, request.form.get("element", ""), by=actor, reason=request.form.get("reason", ""))
    return _done(number, "The case went back.")


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
        checklist=[line.strip() for line in request.form.get("checklist", "").splitlines() if line.strip()],
        to=_person(request.form.get("to", "")),
        candidate_groups=[group] if group else [],
        due_at=moment_sent(request.form.get("due_at", ""), "The due date"),
    )
    return _done(number, f"“{task.name}” is added.")


@blueprint.get("/cases/<number>/children/new/<key>")
@permission(Action.OPEN_CHILD)
def new_child(number: str, key: str) -> Response:
    """The start form of a child case; `?blocking=1`: this case waits for it before it is closed."""
    case, actor = _case(number)
    definition = definitions.latest(ProcessDefinition, key)
    require(actor, Action.OPEN_CHILD, case)
    require(actor, Action.OPEN_CASE, definition)
    schema = form_of(definition.id, cases.start_form(definition))
    values = forms.initial(schema, {}) if schema else {}
    blocking = "blocking" in request.args
    return page("cases/child.html", case=case, definition=definition, schema=schema, data=values, blocking=blocking)


@blueprint.post("/cases/<number>/children/new/<key>")
@permission(Action.OPEN_CHILD)
def open_child(number: str, key: str) -> ResponseReturnValue:
    """Open the child case and show it."""
    case, actor = _case(number)
    submitted = request.get_json() if request.is_json else {"data": {}}
    if not isinstance(submitted, dict) or not isinstance(submitted.get("data"), dict):
        raise BadRequest("Send the form's values as an object named “data”.")
    definition = definitions.latest(ProcessDefinition, key)
    data, blocking = submitted["data"], "blocking" in request.args
    child = children.open_child(case, definition, by=actor, submitted=data, blocking=blocking)
    return _done(child.number, f"{child.number} is open under {number}.")


@blueprint.post("/cases/<number>/fragments")
@permission(Action.INSERT_FRAGMENT)
def insert(number: str) -> ResponseReturnValue:
    """Start a plan fragment inside the case."""
    case, actor = _case(number)
    definition = definitions.latest(ProcessDefinition, request.form.get("process", ""))
    child = children.insert(case, definition, by=actor, reason=request.form.get("reason"))
    return _done(number, f"“{definition.name}” is started as {child.number}.")


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
        raise BadRequest("Pick one of the people in the list.")
    return found
