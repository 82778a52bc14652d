"""Links between cases on their pages: add and remove them, merge two cases, split one, put one under another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, jsonify, request, url_for
from flask.typing import ResponseReturnValue

from service import forms
from service.db import db
from service.errors import BadRequest, NotFound
from service.execution.definitions import form_of
from service.http import rate_limits
from service.http.auth import current_actor
from service.http.protection import permission, signed_in
from service.languages import _, later
from service.models import Actor, Case, CaseState, LinkKind
from service.operations import cases as case_operations
from service.operations import children
from service.operations import links as operations
from service.policy.permissions import Action, may, require
from service.queries import cases as case_lists
from service.queries import links as lists
from service.queries import tasks as task_lists
from service.web import facts
from service.web.rendering import go, page

blueprint = Blueprint("links", __name__)
#: The question that splitting asks before those of the start form.
WHY_KEY = "why_it_is_split"
WHY: dict[str, Any] = {
    "type": "textarea",
    "id": "Split_why",
    "key": WHY_KEY,
    "label": later("Why is the case split?"),
    "validate": {"required": True, "maxLength": 2000},
}
SUGGESTED = 8
#: what can be said of this case and another: in the form -> kind, whether this case is the link's source, in words
CHOICES: dict[str, tuple[LinkKind, bool, str]] = {
    "related": (LinkKind.RELATED, True, later("is related to")),
    "duplicate": (LinkKind.DUPLICATE, True, later("is a duplicate of")),
    "blocks": (LinkKind.BLOCKS, True, later("blocks: it has to end before")),
    "blocked": (LinkKind.BLOCKS, False, later("is blocked by: it ends after")),
}
KINDS = [(name, words) for name, (_kind, _out, words) in CHOICES.items()]


@dataclass(frozen=True)
class Shown:
    """A linked case on the page of another."""

    link: lists.Linked
    removable: bool


def of_case(case: Case, actor: Actor, allowed: Sequence[Action]) -> list[Shown]:
    """The links of a case, and which of them `actor` may take away."""
    return [Shown(link, Action.LINK in allowed and _removable(link)) for link in lists.of_case(case, actor=actor)]


def _removable(link: lists.Linked) -> bool:
    """Taking a link away asks for the right to link at its source, and of a block at both ends."""
    if link.kind not in operations.BY_HAND or not link.readable:
        return False
    return link.linkable or (link.outward and link.kind is not LinkKind.BLOCKS)


@blueprint.get("/cases/suggest")
@signed_in
def suggest() -> Response:
    """Cases that I may see, `?q=` in their number or title, for a field that asks for a case; not the one `without`."""
    text = request.args.get("q", "").strip()
    if text:
        rate_limits.spend("search", current_actor())
    found = case_lists.visible(current_actor(), text=text, limit=SUGGESTED + 1).rows if text else []
    others = [case for case in found if case.number != request.args.get("without")][:SUGGESTED]
    return jsonify(
        [{"value": each.number, "label": each.title or each.number, "about": each.number} for each in others]
    )


@blueprint.post("/cases/<number>/links")
@permission(Action.LINK)
def link(number: str) -> ResponseReturnValue:
    """Link this case with another."""
    case, actor = _case(number)
    require(actor, Action.LINK, case)
    if request.form.get("kind") not in CHOICES:
        raise BadRequest(_("Pick how the two cases are linked."))
    kind, outward, words = CHOICES[request.form["kind"]]
    other = _other(request.form.get("target", ""), actor)
    source, target = (case, other) if outward else (other, case)
    operations.link(source, target, kind, by=actor)
    return _done(number, f"{number} {words.partition(':')[0]} {other.number}.")


@blueprint.post("/cases/<number>/links/<uuid:link_id>/remove")
@permission(Action.LINK)
def unlink(number: str, link_id: UUID) -> ResponseReturnValue:
    """Take a link away that was made by hand."""
    actor = _case(number)[1]
    operations.unlink(lists.get(link_id, by=actor), by=actor)
    return _done(number, _("The link is gone."))


@blueprint.post("/cases/<number>/parent")
@permission(Action.ADOPT)
def adopt(number: str) -> ResponseReturnValue:
    """Put this case under another."""
    case, actor = _case(number)
    require(actor, Action.ADOPT, case)
    parent = _other(request.form.get("parent", ""), actor)
    children.adopt(case, parent=parent, by=actor, blocking="blocking" in request.form)
    return _done(number, _("%(number)s is under %(parent)s now.", number=number, parent=parent.number))


@blueprint.get("/cases/<number>/merge")
@permission(Action.MERGE)
def merging(number: str) -> ResponseReturnValue:
    """What merging this case into `?into=NUMBER` would do; nothing is changed."""
    case, actor = _case(number)
    require(actor, Action.MERGE, case)
    into = _other(request.args["into"], actor) if request.args.get("into") else None
    values: dict[str, Any] = {"case": case, "into": into, "why_not": ""}
    if into is not None:
        given = {name: value for name, value in (case.variables or {}).items() if name not in (into.variables or {})}
        values |= {
            "given": facts.facts(case.definition_id, given) if into.state is CaseState.ACTIVE else [],
            "tasks": [task for task in task_lists.of_case(case, actor=actor) if task.state.is_open],
            "why_not": _why_not_merge(case, into, actor),
        }
    return page("links/merge.html", **values)


def _why_not_merge(case: Case, into: Case, actor: Actor) -> str:
    if into.id == case.id:
        return _("A case is not merged into itself.")
    if into.state.is_closed or case.state.is_closed:
        return _("%(into)s is closed.", into=(into if into.state.is_closed else case).number)
    return "" if may(actor, Action.MERGE, into) else _("You may not merge anything into %(into)s.", into=into.number)


@blueprint.post("/cases/<number>/merge")
@permission(Action.MERGE)
def merge(number: str) -> ResponseReturnValue:
    """End this case as merged into another, and show that one."""
    case, actor = _case(number)
    require(actor, Action.MERGE, case)
    into = _other(request.form.get("into", ""), actor)
    operations.merge(case, into, by=actor, reason=request.form.get("reason", ""))
    return _done(into.number, _("%(number)s is merged into this case.", number=number))


@blueprint.get("/cases/<number>/split")
@permission(Action.SPLIT)
def splitting(number: str) -> ResponseReturnValue:
    """What of this case a second one could get; with `?chosen=1&names=…` its start form, filled in with that."""
    case, actor = _case(number)
    require(actor, Action.SPLIT, case)
    require(actor, Action.OPEN_CASE, case.definition)
    schema = form_of(case.definition_id, case_operations.start_form(case.definition))
    values: dict[str, Any] = {"case": case, "asks": schema is not None}
    if schema is not None and "chosen" in request.args:
        names = set(request.args.getlist("names"))
        taken = {name: value for name, value in (case.variables or {}).items() if name in names}
        asked = {**schema, "components": [WHY, *schema.get("components", [])]}
        return page("links/split_form.html", **values, schema=asked, data=forms.initial(schema, taken), names=names)
    return page("links/split.html", **values, facts=facts.facts(case.definition_id, case.variables))


@blueprint.post("/cases/<number>/split")
@permission(Action.SPLIT)
def split(number: str) -> ResponseReturnValue:
    """Open a second case with some of this one's data, and show it."""
    case, actor = _case(number)
    sent = request.get_json() if request.is_json else {"data": {}}
    if not isinstance(sent, dict) or not isinstance(sent.get("data"), dict):
        raise BadRequest(_("Send the form's values as an object named “data”."))
    data = dict(sent["data"])
    reason = str(data.pop(WHY_KEY, "") or request.form.get("reason", ""))
    names = [*request.args.getlist("names"), *request.form.getlist("names")]
    made = operations.split(case, names, by=actor, reason=reason, submitted=data)
    return _done(made.number, _("%(made)s is split off from %(number)s.", made=made.number, number=number))


def _case(number: str) -> tuple[Case, Actor]:
    actor = current_actor()
    return case_lists.by_number(number, by=actor), actor


def _other(number: str, actor: Actor) -> Case:
    """The case that was named. Raises `BadRequest` where there is none that the actor may see."""
    try:
        return case_lists.by_number(number.strip(), by=actor)
    except NotFound as error:
        raise BadRequest(_("There is no case “%(number)s” that you may see.", number=number[:100])) from error


def _done(number: str, message: str) -> ResponseReturnValue:
    db.session.commit()
    return go(url_for("cases.show", number=number), message)
