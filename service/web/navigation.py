"""The menu: where a person can go, and how much waits there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from flask import Flask, request, url_for

from service.http.auth import optional_actor
from service.languages import _
from service.models import Actor, ViewOf
from service.policy import reaching
from service.policy.permissions import Action, may
from service.queries import health, incidents, news, notes, tasks, views, workload
from service.web import arranging

OF_A_CASE = (
    "casework.",
    "jumping.",
    "family.",
    "links.",
    "history.",
    "moving.",
    "notes.",
    "roles.",
)  #: blueprints below “Cases”
LISTED, NUMBERED = 20, 8  #: saved views in the menu, and those of them that are counted
COUNTED = 99  #: beyond, the menu says “99+”
#: Person -> until when the numbers of their views are good enough for a page that is open, and these.
_counted: dict[UUID | None, tuple[float, dict[str, tuple[str, str]]]] = {}


@dataclass(frozen=True)
class Entry:
    """One line of the menu."""

    label: str
    href: str
    symbol: str
    key: str = ""
    count: str = ""
    tone: str = ""
    current: bool = False
    group: str = ""


def init_app(app: Flask) -> None:
    """Give every page the menu of who is looking."""
    app.context_processor(_context)


def _context() -> dict[str, Any]:
    actor = optional_actor()
    return {"nav": entries(actor), "troubles": partial(troubles, actor)} if actor else {}


def troubles(actor: Actor) -> Sequence[health.Trouble]:
    """What ails the installation, for those who run it: a banner on each of their pages."""
    return health.troubles() if may(actor, Action.READ_INCIDENTS) else ()


def entries(actor: Actor) -> list[Entry]:
    """The menu of `actor`, with what waits for them."""
    counts = tasks.counts(actor, most=COUNTED + 1)
    told, noted = _told(actor)
    found = [
        _entry(_("My tasks"), "tasks.mine", "inbox", "g t", counts.mine, "bad" if counts.late else ""),
        _entry(_("Team queue"), "tasks.team", "users", "g q", counts.team),
        _entry(_("Cases"), "cases.index", "folder", "g c"),
        _entry(_("Board"), "board.index", "board", "g b"),
        _entry(_("New case"), "cases.choose", "plus", "g n"),
        _entry(_("News"), "news.index", "bell", "g k", told),
        _entry(_("Mentions"), "notes.mentions", "note", "g m", noted),
        _entry(_("Calendar"), "agenda.show", "calendar", "g l"),
        *([_entry(_("Who has what"), "workload.index", "chart", "g w")] if workload.oversees(actor) else []),
        _entry(_("Away"), "absences.index", "clock", "g a"),
        *_views(actor),
        _entry(_("Case types"), "case_types.index", "flow", "g d", group=_("Set up")),
    ]
    if may(actor, Action.DEPLOY):
        found.append(_entry(_("Drafts"), "designs.index", "edit", "g f", group=_("Set up")))
        found.append(_entry(_("Deployments"), "deployments.index", "archive", group=_("Set up")))
    if may(actor, Action.MIGRATE_CASES):
        found.append(_entry(_("Moving cases"), "migrations.index", "move", "g v", group=_("Set up")))
    if may(actor, Action.READ_INCIDENTS):
        found.append(
            _entry(
                _("Incidents"),
                "incidents.index",
                "alert",
                "g i",
                incidents.open_ones(most=COUNTED + 1),
                "bad",
                group=_("Set up"),
            )
        )
    if may(actor, Action.CHANGE_CALENDAR):
        found.append(_entry(_("Calendars"), "calendars.index", "clock", group=_("Set up")))
    if may(actor, Action.MANAGE_USERS):
        found.append(_entry(_("People"), "accounts.index", "user", "g u", group=_("Set up")))
        found.append(_entry(_("API tokens"), "tokens.index", "lock", group=_("Set up")))
        found.append(_entry(_("Audit"), "installation.index", "shield", group=_("Set up")))
    if may(actor, Action.FIND_LOST_CASES) and (lost := reaching.how_many_lost(COUNTED + 1)):
        found.append(_entry(_("Lost cases"), "lost.index", "shield", "", lost, "bad", group=_("Set up")))
    return found


def numbers(actor: Actor) -> dict[str, tuple[str, str]]:
    """Address -> number and tone of what waits there, for pages that keep themselves up to date.

    Those of views are counted once a minute.
    """
    counts = tasks.counts(actor, most=COUNTED + 1)
    told, noted = _told(actor)
    found = {
        url_for("tasks.mine"): (_shown(counts.mine), "bad" if counts.late else ""),
        url_for("tasks.team"): (_shown(counts.team), ""),
        url_for("news.index"): (_shown(told), ""),
        url_for("notes.mentions"): (_shown(noted), ""),
    }
    return {**found, **_of_views(actor)}


def _of_views(actor: Actor) -> dict[str, tuple[str, str]]:
    until, found = _counted.get(actor.id, (0.0, {}))
    if time.monotonic() < until:
        return found
    found = {entry.href: (entry.count, "") for entry in _views(actor)[:NUMBERED]}
    if len(_counted) > 4096:
        _counted.clear()
    _counted[actor.id] = time.monotonic() + 60, found
    return found


def _shown(number: int) -> str:
    return "" if not number else str(number) if number <= COUNTED else f"{COUNTED}+"


def _told(actor: Actor) -> tuple[int, int]:
    """How much news there is; how many notes want to be looked at: new mentions, questions until they are answered."""
    told, mentions = news.waiting(actor, most=COUNTED + 1)
    return told, mentions + notes.questions(actor, most=COUNTED + 1)


def _views(actor: Actor) -> list[Entry]:
    """The saved views; the first of them with their numbers."""
    found = []
    for place, view in enumerate(views.of(actor)[:LISTED]):
        number = views.count(view, actor, most=COUNTED + 1) if place < NUMBERED else None
        shown = _shown(number or 0)
        here = request.endpoint == "views.show" and (request.view_args or {}).get("view_id") == view.id
        symbol = "inbox" if view.of is ViewOf.TASKS else "folder"
        where = url_for("views.show", view_id=view.id)
        found.append(Entry(view.name, where, symbol, count=shown, current=here, group=_("Views")))
    return found


def _entry(
    label: str, endpoint: str, symbol: str, key: str = "", count: int = 0, tone: str = "", group: str = ""
) -> Entry:
    return Entry(label, url_for(endpoint), symbol, key, _shown(count), tone, _is_current(endpoint), group)


def _is_current(endpoint: str) -> bool:
    """Whether the page belongs to this line of the menu."""
    here = request.endpoint or ""
    if here == "tasks.show":
        return endpoint == ("tasks.team" if request.args.get("view") == "team" else "tasks.mine")
    if here.startswith("arranging."):
        return endpoint == arranging.PAGES.get((request.view_args or {}).get("list_name", ""))
    if here.startswith("batches.") and request.values.get("back", "").startswith("~"):
        return endpoint == "workload.index"
    if here.startswith("batches."):
        return endpoint == ("tasks.team" if request.values.get("back") == "team" else "tasks.mine")
    if here in ("cases.new", "cases.choose"):
        return endpoint == "cases.choose"
    if here.startswith("follow_ups."):
        return endpoint == "agenda.show"
    if here.startswith(("preflights.", "changing.")):
        return endpoint == "case_types.index"
    if here.startswith(OF_A_CASE) and here != "notes.mentions":
        return endpoint == "cases.index"
    if endpoint in ("tasks.mine", "tasks.team", "cases.choose", "notes.mentions"):
        return here == endpoint
    return here.partition(".")[0] == endpoint.partition(".")[0]
