"""The board: the open cases of a type by stage, or their tasks by person; a move does what the diagram allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.errors import BadRequest, NotFound, WrongState
from service.http.auth import current_actor
from service.http.protection import permission, signed_in
from service.languages import _, later
from service.models import Actor, Case, HumanTask, ProcessDefinition
from service.operations import board
from service.policy.permissions import Action
from service.queries import board as boards
from service.queries import cases as case_lists
from service.queries import definitions
from service.queries import tasks as task_lists
from service.queries import users as user_lists
from service.queries.board import Column
from service.queries.pages import Page
from service.web import filters
from service.web.rendering import go, names_of, page

blueprint = Blueprint("board", __name__)
GONE = later("This card is no longer here: somebody else moved it, or it is done.")


@blueprint.get("/board")
@signed_in
def index() -> ResponseReturnValue:
    """The board of the case type that was looked at last, or else of the first."""
    types = definitions.case_types()
    known = {each.key for each in types}
    chosen = request.cookies.get("board", "")
    key = chosen if chosen in known else next((each.key for each in types), None)
    return redirect(url_for(".show", key=key), 303) if key else page("board/none.html")


@blueprint.get("/board/<key>")
@permission(Action.READ_CASE)
def show(key: str) -> ResponseReturnValue:
    """The board of one case type: `?by=person` by who has what, `?more=` a column with more of it, `?q=` a filter."""
    actor, definition = current_actor(), _type(key)
    by = "person" if request.args.get("by") == "person" else "stage"
    of, read = ("tasks", boards.by_person) if by == "person" else ("cases", boards.by_stage)
    more = request.args.get("more")
    box = filters.box(request.args.get("q", "").strip(), of=of)
    found, box = filters.listed(
        box, actor, lambda chosen: Page(read(actor, definition, filtered=chosen, more=more)), of=of
    )
    shown = page(
        "board/page.html",
        definition=definition,
        columns=found.rows,
        by=by,
        of=of,
        box=box,
        types=[(each.key, each.name) for each in definitions.case_types()],
        names=_names(found.rows),
        total=sum(len(column.cards) for column in found.rows),
    )
    shown.set_cookie("board", definition.key, samesite="Lax", httponly=True, max_age=180 * 86400, secure=_secure())
    return shown


@blueprint.post("/board/<key>/move")
@permission(Action.MOVE_CARD)
def move(key: str) -> ResponseReturnValue:
    """Put the case or task `card` into the column `to`."""
    actor, definition = current_actor(), _type(key)
    by, card, to = (request.form.get(name, "") for name in ("by", "card", "to"))
    try:
        card_id = UUID(card)
    except ValueError:
        raise WrongState(GONE) from None
    if by == "person":
        said = board.put_to(_task(card_id, definition, actor), user_lists.user(to) if to else None, by=actor)
    elif not to:
        raise BadRequest(_("A case does not leave its stage for none."))
    else:
        said = board.put_into(_case(card_id, definition, actor), to, by=actor)
    db.session.commit()
    query = request.form.get("q") or None
    return go(url_for(".show", key=key, by=by if by == "person" else None, q=query), said)


def _secure() -> bool:
    secure: bool = current_app.config["CASEWRIGHT"].secure_cookies
    return secure


def _type(key: str) -> ProcessDefinition:
    found = next((each for each in definitions.case_types() if each.key == key), None)
    if found is None:
        raise NotFound(_("There is no such case type."))
    return found


def _case(case_id: UUID, definition: ProcessDefinition, actor: Actor) -> Case:
    try:
        case = case_lists.get(case_id, by=actor)
    except NotFound:
        raise WrongState(GONE) from None
    if case.case_type != definition.key:
        raise WrongState(GONE)
    return case


def _task(task_id: UUID, definition: ProcessDefinition, actor: Actor) -> HumanTask:
    try:
        task = task_lists.to_change(task_id, by=actor)
    except NotFound:
        raise WrongState(GONE) from None
    if task.case.case_type != definition.key:
        raise WrongState(GONE)
    return task


def _names(columns: Sequence[Column]) -> Any:
    cards = [card for column in columns for card in column.cards]
    return names_of([task.assignee for card in cards for task in card.tasks])
