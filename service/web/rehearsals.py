"""Trying a case type out: a sandbox on a page, where one is everybody, moves the clock and answers for the world."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service import forms
from service.db import before_the_lock, db
from service.engine.parser import Definition
from service.engine.work import What, WorkflowState
from service.errors import BadRequest, InvalidForm
from service.http import rate_limits
from service.http.auth import current_actor
from service.http.protection import as_file, permission
from service.languages import _
from service.models import Rehearsal
from service.operations import rehearsals
from service.operations.rehearsals import Played
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import definitions, recordings
from service.rehearsal import lined
from service.rehearsal.acts import KINDS, Act
from service.rehearsal.rehearsed import Rehearsed
from service.rehearsal.sandbox import Sandbox
from service.web.progress import STEPS
from service.web.rendering import go, page

blueprint = Blueprint("rehearsals", __name__)
PEOPLE = ("Anna", "Ben", "Cleo")
LONGEST = 100_000  #: characters of what is typed in lines
SAID = {
    "start": "Opened the case",
    "complete": "Completed",
    "answer": "Answered for",
    "message": "Sent the message",
    "signal": "Sent the signal",
    "activate": "Started",
    "finish": "Finished",
    "clock": "Let time pass:",
    "fire": "Waited for",
    "change": "Changed data",
    "cancel": "Ended the case",
}


@dataclass(frozen=True)
class Change:
    """A variable, before and after the last act."""

    name: str
    before: Any
    after: Any
    is_new: bool

    @property
    def is_changed(self) -> bool:
        """Whether the last act changed it."""
        return bool(self.before != self.after)


@blueprint.post("/case-types/<key>/versions/<int:version>/try")
@permission(Action.DEPLOY)
def begin(key: str, version: int) -> Response:
    """Try a version out."""
    actor = current_actor()
    rate_limits.spend("evaluation", actor)
    made = rehearsals.begin(definitions.version(key, version), by=actor)
    db.session.commit()
    return go(url_for(".show", rehearsal_id=made.id))


@blueprint.get("/rehearsals/<uuid:rehearsal_id>")
@permission(Action.DEPLOY)
def show(rehearsal_id: UUID) -> Response:
    """How it stands, and what can be done."""
    actor = current_actor()
    rate_limits.spend("evaluation", actor)
    found = rehearsals.one(rehearsal_id, by=actor)
    with before_the_lock():
        played = rehearsals.play(found, by=actor)
        return page("rehearsals/page.html", **_about(found, played))


@blueprint.post("/rehearsals/<uuid:rehearsal_id>/form")
@permission(Action.DEPLOY)
def fill_in(rehearsal_id: UUID) -> Response:
    """Open the case, or complete a task, with a form's values."""
    submitted = request.get_json() if request.is_json else {"data": {}}
    if not isinstance(submitted, dict) or not isinstance(submitted.get("data"), dict):
        raise BadRequest(_("Send the form's values as an object named “data”."))
    said: dict[str, Any] = {"with": submitted["data"], "as": _person()}
    if element := request.args.get("task"):
        said |= {"complete": element, "number": request.args.get("number", 1, type=int)}
        said |= {"case": case} if (case := request.args.get("case")) else {}
    else:
        said["start"] = ""
    return _done(rehearsal_id, said)


@blueprint.post("/rehearsals/<uuid:rehearsal_id>/acts")
@permission(Action.DEPLOY)
def act(rehearsal_id: UUID) -> Response:
    """Anything else: a timer, the clock, a message, what a connector answers, ad hoc work."""
    kind = request.form.get("kind", "")
    if kind not in KINDS:
        raise BadRequest(_("This cannot be done in a rehearsal."), field="kind")
    said: dict[str, Any] = {kind: request.form.get("name", "").strip()}
    for name in ("case", "error"):
        if name in KINDS[kind] and (text := request.form.get(name, "").strip()):
            said[name] = text
    if "as" in KINDS[kind]:
        said["as"] = _person()
    for name in ("with", "correlation"):
        if name in KINDS[kind] and (values := _values(name)):
            said[name] = values
    return _done(rehearsal_id, said)


@blueprint.post("/rehearsals/<uuid:rehearsal_id>/back")
@permission(Action.DEPLOY)
def back(rehearsal_id: UUID) -> Response:
    """Undo the last act."""
    rehearsals.back(rehearsals.one(rehearsal_id, by=current_actor()))
    db.session.commit()
    return _shown(rehearsal_id)


@blueprint.get("/rehearsals/<uuid:rehearsal_id>/test.yaml")
@permission(Action.DEPLOY)
def keep(rehearsal_id: UUID) -> Response:
    """What was done as a test by example, to be put beside the diagram."""
    actor = current_actor()
    rate_limits.spend("evaluation", actor)
    found = rehearsals.one(rehearsal_id, by=actor)
    with before_the_lock():
        text = rehearsals.as_test(found, request.args.get("name", ""), by=actor)
    return as_file(Response(text, content_type="application/yaml"), f"{found.case_type}.tests.yaml")


@blueprint.post("/rehearsals/<uuid:rehearsal_id>/end")
@permission(Action.DEPLOY)
def end(rehearsal_id: UUID) -> ResponseReturnValue:
    """Forget it."""
    found = rehearsals.one(rehearsal_id, by=current_actor())
    key = found.case_type
    rehearsals.end(found)
    db.session.commit()
    return go(url_for("case_types.show", key=key), _("The rehearsal is over; nothing of it is kept."))


@blueprint.get("/cases/<number>/test.yaml")
@permission(Action.DEPLOY)
def record(number: str) -> Response:
    """A finished case as a test by example, in made-up words."""
    actor = current_actor()
    rate_limits.spend("evaluation", actor)
    case = case_lists.by_number(number, by=actor)
    with before_the_lock():
        text = recordings.as_test(case, by=actor)
    return as_file(Response(text, content_type="application/yaml"), f"{case.case_type}.recorded.tests.yaml")


def _done(rehearsal_id: UUID, said: Mapping[str, Any]) -> Response:
    actor = current_actor()
    rate_limits.spend("evaluation", actor)
    found = rehearsals.one(rehearsal_id, by=actor)
    with before_the_lock():
        rehearsals.act(found, said, by=actor)
    db.session.commit()
    return _shown(rehearsal_id)


def _shown(rehearsal_id: UUID) -> Response:
    who = request.values.get("as")
    kept: dict[str, Any] = {"as": who} if who in PEOPLE[1:] else {}
    return go(url_for(".show", rehearsal_id=rehearsal_id, **kept))


def _person() -> str:
    said = request.values.get("as", "")
    return said if said in PEOPLE else PEOPLE[0]


def _values(name: str) -> dict[str, Any]:
    """Lines such as `amount: 5` of a field. Raises `InvalidForm` where they are none."""
    text = request.form.get(name, "")
    try:
        return lined.values(text) if len(text) <= LONGEST else {}
    except ValueError:
        raise InvalidForm({name: ["Write lines such as “amount: 500”."]}) from None


# --- What is shown


def _about(found: Rehearsal, played: Played) -> dict[str, Any]:
    whole = rehearsals.read_world(found, by=current_actor())
    definition = whole.definitions[found.case_type]
    kind, _, identity = found.source.partition(":")
    drawn = _drawn(kind, identity, definition)
    common = {
        "rehearsal": found,
        "name": definition.info.name or found.case_type,
        "drawn": drawn,
        "person": _person(),
        "people": [(name, _here(found, {"as": name}), name == _person()) for name in PEOPLE],
        "done": [_in_words(each, whole.definitions[found.case_type].elements) for each in played.steps],
        "most": rehearsals.MOST_ACTS,
    }
    sandbox = played.sandbox
    if sandbox is None:
        form = next((start.form_key for start in definition.info.starts if start.kind == "none"), None)
        schema = whole.forms.get(form or "")
        values = forms.initial(schema, {}) if schema else {}
        return {**common, "sandbox": None, "schema": schema, "values": values, "state": {}}
    return {**common, **_standing(found, sandbox, played), "state": _state(sandbox)}


def _drawn(kind: str, identity: str, definition: Definition) -> str:
    """Where the diagram is."""
    if kind == "version":
        return url_for("case_types.diagram", definition_id=identity)
    return url_for("designs.diagram", draft_id=identity, name=definition.info.file)


def _here(found: Rehearsal, more: Mapping[str, str]) -> str:
    """This page, as somebody or at a task."""
    kept: dict[str, Any] = {name: value for name, value in request.args.items() if name in ("as", "task")}
    return url_for(".show", rehearsal_id=found.id, **{**kept, **more})


def _standing(found: Rehearsal, sandbox: Sandbox, played: Played) -> dict[str, Any]:
    tasks = _tasks(sandbox)
    wanted = request.args.get("task", "")
    chosen = next((each for each in tasks if each["id"] == wanted), tasks[0] if tasks else None)
    variables = sandbox.main.workflow.variables
    names = sorted(variables.keys() | played.before.keys())
    changes = [Change(n, played.before.get(n), variables.get(n), n not in played.before) for n in names]
    return {
        "sandbox": sandbox,
        "main": sandbox.main,
        "is_over": sandbox.main.workflow.state is not WorkflowState.ACTIVE,
        "failure": sandbox.main.workflow.failure,
        "tasks": [(each["task"].name, _here(found, {"task": each["id"]}), each is chosen) for each in tasks],
        "task": chosen,
        "schema": chosen and sandbox.world.forms.get(chosen["form"] or ""),
        "values": _initial(sandbox, chosen),
        "timers": sandbox.timers()[:20],
        "outside": sandbox.outside(),
        "adhoc": [(each, adhoc) for each in sandbox.cases.values() for adhoc in each.workflow.open_adhoc()],
        "waits": [(each, wait) for each in sandbox.cases.values() for wait in each.workflow.open_work().subscriptions],
        "is_first": len(played.steps) == 1,
        "changes": sorted(changes, key=lambda each: (not each.is_changed, each.name)),
        "case_of": lambda each: "" if each is sandbox.main else each.name,
    }


def _tasks(sandbox: Sandbox) -> list[dict[str, Any]]:
    numbers: Counter[tuple[str, str]] = Counter()
    found = []
    for case, task in sandbox.tasks():
        numbers[case.name, task.element_id] += 1
        number = numbers[case.name, task.element_id]
        found.append(
            {
                "id": f"{case.name}:{task.element_id}:{number}",
                "case": case,
                "case_name": "" if case is sandbox.main else case.name,
                "task": task,
                "number": number,
                "form": task.form_key,
                "for": ", ".join((*task.candidate_groups, *task.candidate_users, *task.candidate_roles))
                or task.assignee,
            }
        )
    return found


def _initial(sandbox: Sandbox, chosen: Mapping[str, Any] | None) -> Mapping[str, Any]:
    schema = chosen and sandbox.world.forms.get(chosen["form"] or "")
    if not chosen or not schema:
        return {}
    case: Rehearsed = chosen["case"]
    return forms.initial(schema, case.workflow.visible(chosen["task"].activity_id))


def _state(sandbox: Sandbox) -> dict[str, Any]:
    """What the diagram shows: where tokens stand, and what was done, of the case that was opened first."""
    main = sandbox.main
    mine = [each for each in sandbox.trace if each.case == main.name and each.process == main.key]
    done = Counter(each.element for each in mine if each.what is What.COMPLETED and "container" not in each.details)
    activities: dict[str, Any] = {element: {"state": "done", "count": count} for element, count in done.items()}
    activities |= {
        element: {"state": "active", "count": n} for element, n in Counter(main.workflow.open_work().marked).items()
    }
    if (failure := main.workflow.failure) and failure.element_id:
        activities[failure.element_id] = {"state": "failed"}
    return {"activities": activities, "flows": sorted({each.element for each in mine if each.what is What.FLOWED})}


def _in_words(each: Act, elements: Mapping[str, Any]) -> tuple[str, str]:
    """What was done, and by whom."""
    element = elements.get(each.name)
    name = (element.name or STEPS.get(element.type, "")) if element else each.name
    if each.kind == "start" or not name:
        return SAID[each.kind], each.by
    return f"{SAID[each.kind]} {name if each.kind == 'clock' else f'“{name}”'}", each.by
