"""My tasks, the team's queue, and the task at hand beside them: one page, whose address names the list and the task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue

from service import forms
from service.db import before_the_lock, db, utcnow
from service.errors import BadRequest
from service.execution.definitions import deployed, form_of_task, is_answerable
from service.http.auth import current_actor
from service.http.protection import permission, signed_in
from service.languages import _, later
from service.models import Actor, CaseState, HumanTask, ListName, User
from service.operations import follows, next_task, tasks
from service.operations.cases import UNSET
from service.policy.permissions import Action, may, require
from service.queries import actions, answer_links, filtering, migrations, reminders
from service.queries import follows as follow_lists
from service.queries import levels as service_levels
from service.queries import next_task as queue
from service.queries import notes as note_lists
from service.queries import tasks as task_lists
from service.queries.pages import Page
from service.web import (
    absences,
    arranging,
    drafts,
    facts,
    filters,
    jumping,
    levels,
    notes,
    people,
    progress,
    spoken,
    stuck,
)
from service.web.rendering import go, local_input, moment_sent, names_of, page, wants_part

blueprint = Blueprint("tasks", __name__)
VIEWS = {"mine": later("My tasks"), "team": later("Team queue")}
LISTED = 50  #: rows of a page of a list
OF_ASIDE = {"follow-up", "state"}  #: what a filter asks for that leaving out what is set aside would contradict
FACTS = 8  #: facts beside a task; the case page has all


@blueprint.get("/tasks")
@signed_in
def mine() -> ResponseReturnValue:
    """What I have taken or was given."""
    return _lists("mine", None)


@blueprint.get("/tasks/team")
@signed_in
def team() -> ResponseReturnValue:
    """What waits for somebody of my groups."""
    return _lists("team", None)


@blueprint.get("/tasks/<uuid:task_id>")
@permission(Action.READ_TASK)
def show(task_id: UUID) -> ResponseReturnValue:
    """One task, beside the list that it was opened from (`?view=mine` or `team`)."""
    actor = current_actor()
    task = task_lists.get(task_id, by=actor)
    otherwise = "mine" if task.assignee == actor.name else "team"
    view = request.args.get("view", otherwise)
    return _lists(view if view in VIEWS else otherwise, task)


def _lists(view: str, task: HumanTask | None) -> Response:
    actor = current_actor()
    aside = request.args.get("aside") == "1"
    box = filters.box(request.args.get("q", "").strip(), of="tasks")
    only: dict[str, Any] = {"after": request.args.get("after"), "aside": aside}
    arranged, case_type = arranging.chosen(ListName(view), actor, "" if box.wrong else box.text)
    only["sort"] = arranged.sort
    found, box = listed(ListName(view), actor, box, **only)
    rows = found.rows
    only_rows = wants_part() and request.headers.get("HX-Target", "").endswith("#rows")
    shown = task
    if shown is None and rows and not only_rows:
        shown = _whole(rows[0])
    values: dict[str, Any] = {"view": view, "title": VIEWS[view], "rows": rows, "next": found.next}
    values |= {"chosen": task, "task": shown, "aside": aside, "box": box, "beside": arranging.beside}
    values["shown"] = arranging.laid_out(ListName(view), arranged, case_type, rows, actor)
    values["offered"] = {str(action) for row in rows for action in actions.on_task(actor, row)}
    values["questions"] = note_lists.questions(actor, most=100) if view == "mine" else 0
    values["others"] = aside or task_lists.any_set_aside(actor, team=view == "team")
    if not wants_part() and view == "mine" and not (aside or box.text or only["after"]):
        values["at_hand"] = jumping.at_hand(actor)
        values["followed"] = follow_lists.followed(actor)
    if only_rows:
        return page("tasks/polled.html", **values)
    if shown:
        values.update(_about(shown, actor))
        if values["following"]:
            follows.saw(shown.id, by=actor)
        values["goes_on"] = any(row.id != shown.id for row in rows) if view == "mine" else False
    return page("tasks/part.html" if wants_part() else "tasks/page.html", **values)


def listed(
    view: ListName, actor: Actor, box: filters.Box, *, aside: bool, after: str | None, sort: str
) -> tuple[Page[HumanTask], filters.Box]:
    """A page of a list under the filter of the box, which says what is wrong with it."""
    only: dict[str, Any] = {"after": after, "sort": sort, "set_aside": None if OF_ASIDE & box.names else aside}
    return filters.listed(box, actor, lambda chosen: _rows(view, actor, filtered=chosen, **only), of="tasks")


def _rows(
    view: str,
    actor: Actor,
    *,
    after: str | None = None,
    set_aside: bool | None = False,
    sort: str | None = None,
    filtered: filtering.Conditions = (),
) -> Page[HumanTask]:
    """The tasks of a list, in the order that the person has chosen for it.

    What is set aside until its follow-up date has a list of its own, unless a filter asks for it.
    """
    whose = task_lists.mine if view == "mine" else task_lists.team
    sort = sort or arranging.chosen(ListName(view), actor, "")[0].sort
    only: dict[str, Any] = {"set_aside": set_aside, "filtered": filtered, "sort": sort}
    return whose(actor, limit=LISTED, cursor=after, **only)


def _whole(row: HumanTask) -> HumanTask:
    """`row` with all of its case, of which lists load only what they show."""
    db.session.refresh(row.case, ["inline", "apart", "created_by", "created_at", "due_at", "priority"])
    return row


def _about(task: HumanTask, actor: Actor) -> dict[str, Any]:
    """What the task's pane shows."""
    case = task.case
    allowed = actions.on_task(actor, task)
    element = deployed(case.definition_id).definition.elements.get(task.element_id)
    schema = form_of_task(task) if task.state.is_open else None
    moved = migrations.moved_under(task) if task.state.is_open else None
    context: Mapping[str, Any] = {**case.variables, **(task.local or {})}
    below = follow_lists.subtasks(task, actor)
    return {
        "case": case,
        "stages": progress.stages(case),
        "levels": levels.lines(service_levels.of_task(task), about="task"),
        "stuck_reason": stuck.in_words(case.reason or "", case.definition_id),
        "allowed": [str(action) for action in allowed],
        "documentation": element.documentation if element else task.description or "",
        "stage": progress.stage_name(case, task.stage),
        "schema": spoken.spoken(schema, case.definition_id) if schema else None,
        "data": forms.initial(schema, context) if schema else {},
        "draft": drafts.of_task(task, actor) if schema and Action.COMPLETE in allowed else None,
        "facts": [fact for fact in facts.facts(case.definition_id, case.variables) if not fact.is_wide][:FACTS],
        "comments": notes.on_task(task, actor),
        "people": people.for_task(task, without=task.assignee or "")
        if {Action.DELEGATE, Action.ASSIGN} & {*allowed} or _may_split(task, actor)
        else None,
        "moved": moved,
        "following": follow_lists.is_following(task, actor),
        "subtasks": below,
        "above": _above(task, actor),
        "splits": _may_split(task, actor),
        "groups": [(name, title or name) for name, title in people.groups_and_forms()[0].items()]
        if _may_split(task, actor)
        else (),
        "linked": answer_links.recipients(task) if task.state.is_open and is_answerable(task) else (),
        "is_put_off": task.follow_up_at is not None and task.follow_up_at > utcnow(),
        "reminders": reminders.coming(actor, task_id=task.id) if task.state.is_open else (),
        "why_moved": (moved.details or {}).get("reason") if moved and may(actor, Action.READ_CASE, case) else None,
        "names": names_of(
            [
                task.assignee,
                task.delegated_by,
                task.closed_by,
                case.created_by,
                moved.actor if moved else None,
                *(name for each in below for name in (each.assignee, each.closed_by)),
            ]
        ),
    }


def _above(task: HumanTask, actor: Actor) -> HumanTask | None:
    """The task of which it is a subtask, if `actor` may see that."""
    above = db.session.get(HumanTask, task.parent_id) if task.parent_id else None
    return above if above is not None and may(actor, Action.READ_TASK, above) else None


def _may_split(task: HumanTask, actor: Actor) -> bool:
    """Whether `actor` may add subtasks to the task as it stands."""
    stands = task.state.is_open and task.parent_id is None and task.case.state is CaseState.ACTIVE
    return stands and may(actor, Action.ADD_TASK, task.case)


@blueprint.post("/tasks/next")
@permission(Action.TAKE_NEXT)
def take_next() -> ResponseReturnValue:
    """Take the most urgent task that I may claim, in the order of my teams."""
    return _next(current_actor())


def _next(actor: Actor, said: str = "") -> ResponseReturnValue:
    require(actor, Action.TAKE_NEXT)
    task = next_task.take(queue.candidates(actor), by=actor)
    db.session.commit()
    if task is None:
        return go(url_for(".mine"), _("%(said)s Nothing waits that you could take now.", said=said).strip(), "info")
    return go(
        url_for(".show", task_id=task.id, view="mine"),
        _("%(said)s “%(task)s” is yours now.", said=said, task=task.name).strip(),
    )


@blueprint.post("/tasks/<uuid:task_id>/claim")
@permission(Action.CLAIM)
def claim(task_id: UUID) -> ResponseReturnValue:
    """Take it."""
    task, actor = _task(task_id)
    tasks.claim(task, by=actor)
    db.session.commit()
    return go(url_for(".show", task_id=task_id, view="mine"), _("“%(task)s” is yours now.", task=task.name))


@blueprint.post("/tasks/<uuid:task_id>/release")
@permission(Action.RELEASE)
def release(task_id: UUID) -> ResponseReturnValue:
    """Give it back to the team."""
    task, actor = _task(task_id)
    tasks.release(task, by=actor)
    db.session.commit()
    return go(url_for(".mine"), _("“%(task)s” is back in the team's queue.", task=task.name))


@blueprint.post("/tasks/<uuid:task_id>/delegate")
@permission(Action.DELEGATE)
def delegate(task_id: UUID) -> ResponseReturnValue:
    """Let somebody else do it for me."""
    task, actor = _task(task_id)
    to = _person()
    tasks.delegate(task, by=actor, to=to)
    db.session.commit()
    return go(
        url_for(".mine"),
        _("%(to)s works on “%(task)s” now and hands it back to you.", to=to.display_name, task=task.name),
    )


@blueprint.post("/tasks/<uuid:task_id>/hand-back")
@permission(Action.HAND_BACK)
def hand_back(task_id: UUID) -> ResponseReturnValue:
    """Return it to who delegated it."""
    task, actor = _task(task_id)
    tasks.hand_back(task, by=actor)
    db.session.commit()
    return go(url_for(".mine"), _("You handed “%(task)s” back.", task=task.name))


@blueprint.post("/tasks/<uuid:task_id>/send-back")
@permission(Action.SEND_BACK)
def send_back(task_id: UUID) -> ResponseReturnValue:
    """Return it to who had it before, with the reason."""
    task, actor = _task(task_id)
    to = tasks.send_back(task, by=actor, reason=request.form.get("reason", ""))
    db.session.commit()
    where = _("with %(to)s", to=to.display_name) if to else _("in the team's queue")
    return go(url_for(".mine"), _("“%(task)s” is back %(where)s.", task=task.name, where=where))


@blueprint.post("/tasks/<uuid:task_id>/assign")
@permission(Action.ASSIGN)
def assign(task_id: UUID) -> ResponseReturnValue:
    """Give it to somebody, or back to the team when nobody is named."""
    task, actor = _task(task_id)
    to = _person() if request.form.get("to") else None
    tasks.assign(task, by=actor, to=to)
    db.session.commit()
    has_it = (
        _("%(to)s has “%(task)s” now.%(to2)s", to=to.display_name, task=task.name, to2=absences.warning(to))
        if to
        else _("“%(task)s” is back in the team's queue.", task=task.name)
    )
    return go(url_for(".show", task_id=task_id), has_it)


@blueprint.post("/tasks/<uuid:task_id>/schedule")
@permission(Action.SCHEDULE)
def schedule(task_id: UUID) -> ResponseReturnValue:
    """Say by when it is to be done, and how it stands among others."""
    task, actor = _task(task_id)
    given = request.form.get("priority", "")
    number = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else -1
    if not 0 <= number <= 100:
        raise BadRequest(_("The priority is a number from 0 to 100."), field="priority")
    same = request.form.get("due_at", "") == local_input(task.due_at)  # it is shown to the minute
    due_at = UNSET if same else moment_sent("due_at", _("The due date"))
    tasks.schedule(task, by=actor, due_at=due_at, priority=number)
    db.session.commit()
    return go(url_for(".show", task_id=task_id), _("“%(task)s” is scheduled.", task=task.name))


@blueprint.post("/tasks/<uuid:task_id>/complete")
@permission(Action.COMPLETE)
def complete(task_id: UUID) -> ResponseReturnValue:
    """Send the form; then the next task of my list, `?then=next` what I then take, or `?then=case` the case."""
    submitted = request.get_json() if request.is_json else {"data": {}}
    with before_the_lock():
        task, actor = _task(task_id)
        following = [row.id for row in _rows("mine", actor).rows if row.id != task_id]
        if not isinstance(submitted, dict) or not isinstance(submitted.get("data"), dict):
            raise BadRequest(_("Send the form's values as an object named “data”."))
        accepted = tasks.accept(task, by=actor, submitted=submitted["data"])
    tasks.complete(task, by=actor, submitted=submitted["data"], accepted=accepted)
    db.session.commit()
    if request.args.get("then") == "next":
        return _next(actor, _("“%(task)s” is done.", task=task.name))
    if request.args.get("then") == "case":
        return go(url_for("cases.show", number=task.case.number), _("“%(task)s” is done.", task=task.name))
    location = url_for(".show", task_id=following[0], view="mine") if following else url_for(".mine")
    return go(location, _("“%(task)s” is done.", task=task.name) + (_(" Here is the next one.") if following else ""))


@blueprint.post("/tasks/<uuid:task_id>/withdraw")
@permission(Action.WITHDRAW_TASK)
def withdraw(task_id: UUID) -> ResponseReturnValue:
    """Take back a task that nobody drew."""
    task, actor = _task(task_id)
    tasks.withdraw(task, by=actor, reason=request.form.get("reason", ""))
    db.session.commit()
    return go(url_for("cases.show", number=task.case.number), _("“%(task)s” is withdrawn.", task=task.name))


@blueprint.post("/tasks/<uuid:task_id>/subtasks")
@permission(Action.ADD_TASK)
def add_subtask(task_id: UUID) -> ResponseReturnValue:
    """Split a part of the task off, for somebody else or for oneself."""
    parent, actor = _task(task_id)
    to, group = request.form.get("to", ""), request.form.get("group", "")
    task = tasks.add(
        parent.case,
        by=actor,
        name=request.form.get("name", ""),
        to=_person() if to else None,
        candidate_groups=[group] if group and not to else [],
        due_at=moment_sent("due_at", _("The due date")),
        parent=parent,
        optional=request.form.get("optional") == "yes",
    )
    db.session.commit()
    return go(url_for(".show", task_id=task_id), _("“%(task)s” is added.", task=task.name))


@blueprint.post("/tasks/<uuid:task_id>/follow")
@permission(Action.READ_TASK)
def follow(task_id: UUID) -> ResponseReturnValue:
    """Follow it, or (`following` = no) no longer."""
    actor = current_actor()
    task = task_lists.get(task_id, by=actor)
    wanted = request.form.get("following") != "no"
    (follows.follow if wanted else follows.leave)(task, by=actor)
    db.session.commit()
    said = _("You follow this: it stands below your tasks, and says when somebody does something or comments.")
    return go(url_for(".show", task_id=task_id), said if wanted else _("You follow this no longer."))


@blueprint.post("/tasks/<uuid:task_id>/checklist")
@permission(Action.COMPLETE)
def tick(task_id: UUID) -> ResponseReturnValue:
    """Say which items of the task's list are done."""
    task, actor = _task(task_id)
    places = request.form.getlist("done")
    if not all(place.isascii() and place.isdigit() for place in places):
        raise BadRequest(_("Tick items of the list."))
    tasks.tick(task, map(int, places), by=actor)
    db.session.commit()
    return go(url_for(".show", task_id=task_id), _("The list is saved."))


def _task(task_id: UUID) -> tuple[HumanTask, Actor]:
    actor = current_actor()
    return task_lists.to_change(task_id, by=actor), actor


def _person() -> User:
    """Who was picked. Raises `BadRequest` for nobody or somebody unknown."""
    found = people.named(request.form.get("to", ""))
    if found is None:
        raise BadRequest(_("Pick one of the people in the list."))
    return found
