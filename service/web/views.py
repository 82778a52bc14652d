"""Saved views: a list with its filter, columns, order and groups, kept for oneself or for groups."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.errors import BadFilter, BadRequest
from service.http import rate_limits
from service.http.auth import current_actor
from service.http.protection import permission, signed_in
from service.languages import _, later
from service.models import Actor, HumanTask, ListName, SavedView, ViewOf
from service.operations import views as operations
from service.policy.permissions import Action, may, require
from service.queries import actions, views
from service.web import arranging, filters, progress
from service.web.rendering import go, names_of, page, wants_part

blueprint = Blueprint("views", __name__)
LISTED = 50
CHOSEN = {
    ViewOf.TASKS: ("task", "case", "stage", "assignee", "due", "priority"),
    ViewOf.CASES: ("case", "type", "stage", "owner", "due", "state"),
}  #: columns of a new view
SORTS = {
    "due": later("What is due first"),
    "priority": later("Priority"),
    "newest": later("The newest first"),
    "oldest": later("The oldest first"),
}
SCOPES = {"all": later("All that I may see"), "mine": later("My tasks"), "team": later("The team's queue")}


@blueprint.get("/views/<uuid:view_id>")
@permission(Action.READ_VIEW)
def show(view_id: UUID) -> ResponseReturnValue:
    """What a view shows me; with `q`, filtered otherwise for once."""
    actor = current_actor()
    view = views.get(view_id, by=actor)
    box = filters.box(request.args.get("q", view.filter).strip(), of=view.of)
    after, shown = request.args.get("after"), views.Shown([], None, {})
    if not box.wrong:
        rate_limits.spend("search", actor)
        try:
            shown = views.rows(view, actor, text=box.text, limit=LISTED, cursor=after)
        except BadFilter as wrong:
            box = filters.Box(box.text, wrong=str(wrong), end=wrong.end)
    values: dict[str, Any] = {"view": view, "box": box, "next": shown.next, "shown": _laid_out(view, shown)}
    first = views.begins_with(actor, view.of)
    values |= {"begins": first is not None and first.id == view.id, "stage_of": progress.stage_name}
    values |= {"may_change": may(actor, Action.CHANGE_VIEW, view), "owner": views.owner_of(view)}
    is_tasks = view.of is ViewOf.TASKS and "task" in view.columns
    values["offered"] = {str(each) for row in shown.rows for each in actions.on_task(actor, row)} if is_tasks else ()
    return page("views/rows.html" if wants_part() else "views/page.html", **values)


def _laid_out(view: SavedView, shown: views.Shown) -> arranging.Layout:
    known, called = views.columns_of(view.of), arranging.type_names()
    names = names_of(row.assignee if isinstance(row, HumanTask) else row.created_by for row in shown.rows)
    columns = [(name, known[name]) for name in view.columns if name in known]
    groups = arranging.gathered(view.grouped_by, shown.rows, names, called)
    return arranging.Layout(groups, columns, shown.facts, names, called, view.sort, "", "")


@blueprint.get("/views/new")
@signed_in
def new() -> ResponseReturnValue:
    """The form of a view; `of`, `scope` and `q` are what is looked at, which begins as that is arranged."""
    of = ViewOf.CASES if request.args.get("of") == "cases" else ViewOf.TASKS
    scope, text = request.args.get("scope", "all"), request.args.get("q", "")
    given = {"name": "", "filter": text, "scope": scope if scope in SCOPES else "all", "groups": []}
    return _form(of, None, {**given, **_as_arranged(of, scope, text)})


def _as_arranged(of: ViewOf, scope: str, text: str) -> dict[str, Any]:
    """Columns, order and groups of the list that is looked at, as far as somebody has chosen them."""
    name = ListName.CASES if of is ViewOf.CASES else ListName.MINE if scope == "mine" else ListName.TEAM
    arranged, _case_type = arranging.chosen(name, current_actor(), text)
    if arranged.case_type is None:
        return {"sort": "due", "grouped_by": "", "columns": CHOSEN[of]}
    columns = list(arranged.columns) if of is ViewOf.CASES else ["task", *arranged.columns]
    sort = "due" if arranged.sort == "urgency" else arranged.sort
    return {"sort": sort, "grouped_by": arranged.grouped_by or "", "columns": columns}


@blueprint.post("/views")
@permission(Action.KEEP_VIEWS)
def keep() -> ResponseReturnValue:
    """Save a view."""
    actor = current_actor()
    try:
        view = operations.keep(_sent(_of()), by=actor)
    except (BadRequest, BadFilter) as wrong:
        return _form(_of(), None, _typed(), wrong)
    db.session.commit()
    return go(url_for(".show", view_id=view.id), _("“%(view)s” is saved.", view=view.name))


@blueprint.get("/views/<uuid:view_id>/edit")
@permission(Action.CHANGE_VIEW)
def edit(view_id: UUID) -> ResponseReturnValue:
    """The form of a view that is there."""
    view, _actor = _view(view_id)
    names = ("name", "filter", "scope", "sort", "grouped_by", "columns", "groups")
    return _form(view.of, view, {name: getattr(view, name) for name in names})


@blueprint.post("/views/<uuid:view_id>")
@permission(Action.CHANGE_VIEW)
def change(view_id: UUID) -> ResponseReturnValue:
    """Let a view be another."""
    view, actor = _view(view_id)
    try:
        operations.change(view, _sent(view.of), by=actor)
    except (BadRequest, BadFilter) as wrong:
        return _form(view.of, view, _typed(), wrong)
    db.session.commit()
    return go(url_for(".show", view_id=view.id), _("“%(view)s” is saved.", view=view.name))


@blueprint.post("/views/<uuid:view_id>/delete")
@permission(Action.CHANGE_VIEW)
def delete(view_id: UUID) -> ResponseReturnValue:
    """Delete a view."""
    view, actor = _view(view_id)
    name, of = view.name, view.of
    operations.forget(view, by=actor)
    db.session.commit()
    return go(url_for("tasks.mine" if of is ViewOf.TASKS else "cases.index"), _("“%(name)s” is deleted.", name=name))


@blueprint.post("/views/<uuid:view_id>/default")
@permission(Action.READ_VIEW)
def begin_with(view_id: UUID) -> ResponseReturnValue:
    """Begin with this view, or no longer."""
    actor = current_actor()
    view, begins = views.get(view_id, by=actor), request.form.get("begins") == "yes"
    operations.begin_with(view, begins, by=actor)
    db.session.commit()
    return go(
        url_for(".show", view_id=view.id),
        _("You begin with “%(view)s” now.", view=view.name) if begins else _("As it was."),
    )


def _view(view_id: UUID) -> tuple[SavedView, Actor]:
    actor = current_actor()
    view = views.get(view_id, by=actor)
    require(actor, Action.CHANGE_VIEW, view)
    return view, actor


def _of() -> ViewOf:
    return ViewOf.CASES if request.form.get("of") == "cases" else ViewOf.TASKS


def _typed() -> dict[str, Any]:
    """What was sent, for the form to show again."""
    form = request.form
    one = {name: form.get(name, "") for name in ("name", "filter", "scope", "sort", "grouped_by")}
    return {**one, "columns": form.getlist("columns"), "groups": form.getlist("groups")}


def _sent(of: ViewOf) -> operations.Wanted:
    typed, known = _typed(), views.columns_of(of)
    if typed["sort"] not in SORTS or typed["grouped_by"] not in ("", *views.groups_of(of)):
        raise BadRequest(_("Choose one of the orders and groups."), field="sort")
    filters.refuse(typed["filter"], of=of)
    typed["columns"] = [each for each in typed["columns"] if each in known]
    return operations.Wanted(of=of, **{**typed, "grouped_by": typed["grouped_by"] or None})


def _form(
    of: ViewOf, view: SavedView | None, given: dict[str, Any], wrong: BadRequest | BadFilter | None = None
) -> ResponseReturnValue:
    known = views.columns_of(of)
    chosen = [(name, known[name], True) for name in given["columns"] if name in known]
    values: dict[str, Any] = {"of": of, "view": view, "given": given, "box": filters.box(given["filter"], of=of)}
    values |= {
        "columns": [*chosen, *((name, said, False) for name, said in known.items() if name not in given["columns"])]
    }
    values |= {
        "sorts": list(SORTS.items()),
        "scopes": list(SCOPES.items()),
        "own_groups": sorted({*current_actor().groups, *given["groups"]}),
    }
    values |= {"group_options": [("", _("Not grouped")), *views.groups_of(of).items()]}
    field = "filter" if isinstance(wrong, BadFilter) else wrong.field if wrong else ""
    values |= {"errors": {field: str(wrong)} if wrong else {}}
    return page("views/form.html", status=422 if wrong else 200, **values)
