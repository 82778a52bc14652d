"""Lists as people like them: the columns, the order and the groups of the lists of tasks and of cases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from service.db import db, utcnow
from service.errors import BadFilter, BadRequest
from service.http.auth import current_actor
from service.http.protection import permission, signed_in
from service.languages import _, later
from service.models import Actor, HumanTask, ListName
from service.models.arrangements import groups_of, sorts_of
from service.operations import arrangements as operations
from service.policy.permissions import Action
from service.queries import arrangements, definitions, filtering
from service.web import progress, words
from service.web.pieces import when
from service.web.rendering import go, names_of, page, zone

blueprint = Blueprint("arranging", __name__)
CALLED = {ListName.MINE: later("My tasks"), ListName.TEAM: later("Team queue"), ListName.CASES: later("Cases")}
PAGES = {ListName.MINE: "tasks.mine", ListName.TEAM: "tasks.team", ListName.CASES: "cases.index"}
KEPT = ("q", "type", "state", "mine", "aside")  #: of the address of the list, for the way back
NOBODY = later("Nobody yet")


@dataclass(frozen=True)
class Layout:
    """The rows of a page as they are shown: in groups, each with its heading, and what columns say of them."""

    groups: Sequence[tuple[str, Sequence[Any]]]
    columns: Sequence[tuple[str, str]]
    facts: Mapping[UUID, Mapping[str, str]]
    names: Mapping[str, str]
    type_names: Mapping[str, str]
    sort: str
    said: str  #: its order and groups, in words
    case_type: str  #: the one that is filtered for


def chosen(name: ListName, actor: Actor, text: str, case_type: str = "") -> tuple[arrangements.Arranged, str]:
    """How `actor` wants the list under the filter `text`, and the one case type that it asks for."""
    asked = case_type or _asked(name, text)
    return arrangements.of(actor, name, asked), asked


def _asked(name: ListName, text: str) -> str:
    if "type" not in text:
        return ""
    try:
        read = filtering.read_for_cases if name is ListName.CASES else filtering.read_for_tasks
        return arrangements.type_asked_for(read(text))
    except BadFilter:
        return ""


def laid_out(
    name: ListName, arranged: arrangements.Arranged, case_type: str, rows: Sequence[Any], actor: Actor
) -> Layout:
    """The rows as they are to be shown."""
    known = arrangements.columns_of(name, case_type)
    columns = [(column, known[column]) for column in arranged.columns if column in known]
    ids = [row.case_id if isinstance(row, HumanTask) else row.id for row in rows]
    names = names_of(row.assignee if isinstance(row, HumanTask) else row.created_by for row in rows)
    called = type_names() if {"type"} & {*arranged.columns, arranged.grouped_by} else {}
    said = sorts_of(name)[arranged.sort]
    if arranged.grouped_by:
        said += _(", by %(lower)s", lower=groups_of(name)[arranged.grouped_by].lower())
    return Layout(
        gathered(arranged.grouped_by, rows, names, called),
        columns,
        arrangements.facts(arranged.columns, actor, ids),
        names,
        called,
        arranged.sort,
        said,
        case_type,
    )


def gathered(
    by: str | None, rows: Iterable[Any], names: Mapping[str, str], called: Mapping[str, str]
) -> list[tuple[str, list[Any]]]:
    """The rows with what stands together under its heading, the groups in the order of their first rows."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(_group_of(by, row, names, called), []).append(row)
    return list(found.items())


def _group_of(by: str | None, row: Any, names: Mapping[str, str], called: Mapping[str, str]) -> str:
    case = row.case if isinstance(row, HumanTask) else row
    match by:
        case "due":
            return words.due_day(row.due_at, now=utcnow(), zone=zone())
        case "assignee":
            return names.get(row.assignee, row.assignee) or NOBODY
        case "owner":
            return case.owner.display_name if case.owner else _("No owner")
        case "stage":
            return progress.stage_name(case, row.stage or case.stage) or _("No stage")
        case "priority":
            return _("Priority %(priority)s", priority=row.priority)
        case "type":
            return called.get(case.case_type, case.case_type)
    return ""


def beside(task: HumanTask, shown: Layout) -> list[tuple[str, str | Markup]]:
    """What the row of a task says below its name, each with what it is: the columns without a place of their own."""
    said: dict[str, Callable[[], Any]] = {
        "type": lambda: shown.type_names.get(task.case.case_type, task.case.case_type),
        "stage": lambda: progress.stage_name(task.case, task.stage),
        "assignee": lambda: shown.names.get(task.assignee or "", task.assignee) or NOBODY,
        "follow-up": lambda: when(task.follow_up_at),
        "created": lambda: when(task.created_at),
    }
    facts = shown.facts.get(task.case_id, {})
    found = []
    for column, heading in shown.columns:
        if column.startswith("fact."):
            text: Any = words.value(facts.get(column.removeprefix("fact.")))
        elif column not in said:
            continue
        else:
            text = said[column]()
        if text and text != words.NOTHING:
            found.append((heading, text))
    return found


def type_names() -> Mapping[str, str]:
    """Key -> name of the case types."""
    return {kind.key: kind.name for kind in definitions.case_types()}


@blueprint.get("/lists/<list_name>/arrange")
@signed_in
def edit(list_name: str) -> ResponseReturnValue:
    """The form of a list's columns, order and groups; `q` and `type` say which cases it shows."""
    name, actor = _name(list_name), current_actor()
    arranged, case_type = chosen(name, actor, request.args.get("q", ""), request.args.get("type", ""))
    return _form(name, case_type, arranged.columns, arranged.sort, arranged.grouped_by, kept=_kept(request.args))


@blueprint.post("/lists/<list_name>/arrange")
@permission(Action.KEEP_VIEWS)
def arrange(list_name: str) -> ResponseReturnValue:
    """Show it so from now on, or (`forget`) as it was at first."""
    name, actor, sent = _name(list_name), current_actor(), request.form
    case_type, kept = sent.get("case_type", ""), _kept(sent)
    columns, sort, group = sent.getlist("columns"), sent.get("sort", ""), sent.get("grouped_by") or None
    try:
        if sent.get("forget"):
            operations.as_at_first(name, by=actor, case_type=case_type)
        else:
            operations.arrange(name, by=actor, columns=columns, sort=sort, grouped_by=group, case_type=case_type)
    except BadRequest as wrong:
        return _form(name, case_type, columns, sort, group, kept=kept, wrong=wrong)
    db.session.commit()
    told = _("as at first") if sent.get("forget") else _("as you want it")
    return go(url_for(PAGES[name], **kept), _("“%(CALLED)s” is %(told)s now.", CALLED=CALLED[name], told=told))


def _name(text: str) -> ListName:
    try:
        return ListName(text)
    except ValueError as error:
        raise BadRequest(_("There is no such list; there are %(ListName)s.", ListName=", ".join(ListName))) from error


def _kept(given: Mapping[str, str]) -> dict[str, Any]:
    """What the list was narrowed to, for the way back to it."""
    return {name: given[name][:1000] for name in KEPT if given.get(name)}


def _form(
    name: ListName,
    case_type: str,
    columns: Sequence[str],
    sort: str,
    group: str | None,
    *,
    kept: Mapping[str, Any],
    wrong: BadRequest | None = None,
) -> ResponseReturnValue:
    known = arrangements.columns_of(name, case_type)
    ordered = [*(each for each in columns if each in known), *(each for each in known if each not in columns)]
    values: dict[str, Any] = {"list_name": name.value, "called": CALLED[name], "case_type": case_type, "kept": kept}
    values |= {"columns": [(each, known[each], each in columns) for each in ordered], "sort": sort, "group": group}
    values |= {"sorts": list(sorts_of(name).items()), "groups": [("", _("Not in groups")), *groups_of(name).items()]}
    values |= {"type_name": type_names().get(case_type, case_type), "back": url_for(PAGES[name], **kept)}
    values |= {"errors": {wrong.field: str(wrong)} if wrong else {}}
    return page("lists/arrange.html", status=422 if wrong else 200, **values)
