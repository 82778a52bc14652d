"""The palette (Ctrl K): jump to a task, a case, a person's cases; and the cases that one has at hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.http import rate_limits
from service.http.auth import current_actor
from service.http.protection import permission, signed_in
from service.languages import _
from service.models import Actor
from service.operations import marks as operations
from service.policy.permissions import Action
from service.queries import cases as case_lists
from service.queries import jumping, marks
from service.web import words
from service.web.rendering import go

blueprint = Blueprint("jumping", __name__)


@blueprint.get("/jump")
@signed_in
def jump() -> Response:
    """What the palette shows for `q`, in groups; without one, the cases at hand. Counts as a search."""
    actor, text = current_actor(), " ".join(request.args.get("q", "").split())[: jumping.LONGEST]
    if len(text) < jumping.SHORTEST:
        return jsonify({"groups": [] if text else _at_hand(actor)})
    rate_limits.spend("search", actor)
    return jsonify({"groups": _found(text, actor)})


def _at_hand(actor: Actor) -> list[dict[str, Any]]:
    found = marks.starred(actor), marks.recent(actor)
    known = {row.number for row in found[0]}
    return _groups(
        (_("Starred"), [_case(row, "star") for row in found[0]]),
        (_("Recent"), [_case(row, "clock") for row in found[1] if row.number not in known]),
    )


def _found(text: str, actor: Actor) -> list[dict[str, Any]]:
    found = jumping.found_by(text, actor)
    further = [
        _item(
            _("All cases with “%(text)s”", text=text),
            "",
            url_for("cases.index", q=_quoted(text), state="all"),
            "search",
        ),
        _item(_("My tasks with “%(text)s”", text=text), "", url_for("tasks.mine", q=_quoted(text)), "search"),
    ]
    return _groups(
        (_("Tasks"), [_task(row) for row in found.tasks]),
        (_("Cases"), [_case(row) for row in found.cases]),
        (_("People"), [_person(row) for row in found.people]),
        (_("Search") if found.in_time else _("More, which takes longer"), further),
    )


def _groups(*named: tuple[str, list[dict[str, str]]]) -> list[dict[str, Any]]:
    return [{"title": title, "items": items} for title, items in named if items]


def _task(row: Any) -> dict[str, str]:
    return _item(row.name, f"{row.title or row.number} · {row.number}", url_for("tasks.show", task_id=row.id), "check")


def _case(row: Any, symbol: str = "folder") -> dict[str, str]:
    news = _("something new") if symbol == "star" and row.news else ""
    about = " · ".join(filter(None, (row.number, str(words.CASE_STATES[row.state].text), news)))
    return _item(row.title or row.number, about, url_for("cases.show", number=row.number), symbol)


def _person(row: Any) -> dict[str, str]:
    where = url_for("cases.index", q=f"owner:{row.name}", state="all")
    return _item(
        row.display_name, _("%(row)s · the cases of %(row2)s", row=row.name, row2=row.display_name), where, "user"
    )


def _item(label: str, about: str, href: str, symbol: str) -> dict[str, str]:
    return {"label": label, "about": about, "href": href, "symbol": symbol}


def _quoted(text: str) -> str:
    """`text` as a filter that looks for it, whatever it may mean in the language of filters."""
    plain = all(word.isalnum() and word.lower() not in ("or", "and", "not") for word in text.split())
    return text if plain else '"{}"'.format(text.replace('"', " "))


@blueprint.post("/cases/<number>/star")
@permission(Action.READ_CASE)
def star(number: str) -> ResponseReturnValue:
    """Have a case at hand, or (`starred` = no) no longer."""
    actor = current_actor()
    case = case_lists.by_number(number, by=actor)
    wanted = request.form.get("starred") != "no"
    (operations.star if wanted else operations.unstar)(case, by=actor)
    db.session.commit()
    starred = _(
        "The case is starred: it stands below your tasks and in the palette, and says when something new happens."
    )
    said = starred if wanted else _("The star is gone.")
    return go(url_for("cases.show", number=number), said)


def at_hand(actor: Actor, *, most: int = 5) -> Iterable[tuple[str, list[Any]]]:
    """What the page one begins with shows of the cases at hand: its heading, and rows."""
    starred = marks.starred(actor, limit=most)
    known = {row.number for row in starred}
    recent = [row for row in marks.recent(actor, limit=2 * most) if row.number not in known][:most]
    return [(title, rows) for title, rows in ((_("Starred"), [*starred]), (_("Recent"), recent)) if rows]
