"""What I am told, the newest first; whatever has been looked at here is no longer new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from service.db import db
from service.http.auth import current_actor
from service.http.protection import signed_in
from service.languages import _
from service.models import Case, HumanTask, Notification
from service.notifications import KINDS
from service.queries import news
from service.web.rendering import go, names_of, page

blueprint = Blueprint("news", __name__)
LISTED = 30
SYMBOLS = {
    "due-soon": "clock", "overdue": "alert", "level-warned": "clock", "level-breached": "alert", "reminder": "bell",
    "taken-up": "bell", "moved": "move", "substitute": "users", "handed-over": "user", "offered": "users",
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """Something that one is told, as it stands on a page."""

    said: str
    text: str
    href: str
    about: str  #: the case
    at: datetime
    is_new: bool
    symbol: str
    is_bad: bool


@blueprint.get("/news")
@signed_in
def index() -> ResponseReturnValue:
    """What I am told of."""
    actor = current_actor()
    found = news.of(actor, limit=LISTED, cursor=request.args.get("after"))
    newest = found.rows[0].id if found.rows and not request.args.get("after") else None
    return page(
        "news/index.html", news=shown(found.rows), next=found.next, newest=newest, new=news.unseen(actor, most=1)
    )


@blueprint.post("/news/seen")
@signed_in
def seen() -> ResponseReturnValue:
    """I have looked at all of it, up to the one that was the newest when the page was made."""
    try:
        until = UUID(request.form.get("until", ""))
    except ValueError:
        return go(url_for(".index"))
    news.saw(current_actor(), until)
    db.session.commit()
    return go(url_for(".index"), _("Nothing is new any more."))


def shown(rows: Sequence[Notification]) -> list[Shown]:
    """`rows`, which the reader may see, in words."""
    cases = _by_id(Case, {row.case_id for row in rows}, Case.number, Case.title)
    tasks = _by_id(HumanTask, {row.task_id for row in rows}, HumanTask.name)
    names = names_of(row.actor for row in rows)
    return [_shown(row, cases.get(row.case_id), tasks.get(row.task_id), names) for row in rows]


def _by_id(model: Any, ids: set[UUID | None], *columns: Any) -> Mapping[UUID | None, Any]:
    wanted = {each for each in ids if each is not None}
    rows = db.session.execute(sa.select(model.id, *columns).where(model.id.in_(wanted))) if wanted else ()
    return {row.id: row for row in rows}


def _shown(row: Notification, case: Any, task: Any, names: Mapping[str, str]) -> Shown:
    kind = KINDS.get(row.kind)
    what = task.name if task else (case.title or case.number) if case else ""
    who = names.get(row.actor or "", row.actor or "") or "Casewright"
    return Shown(
        kind.said.format(who=who, what=what) if kind else row.kind,
        row.text or "",
        _where(row, case),
        f"{case.title} · {case.number}" if case and case.title else case.number if case else "",
        row.created_at,
        row.seen_at is None,
        SYMBOLS.get(row.kind, "note" if kind and (kind.is_note or row.note_id) else "inbox"),
        row.kind in ("overdue", "level-breached"),
    )


def _where(row: Notification, case: Any) -> str:
    if row.task_id is not None:
        return url_for("tasks.show", task_id=row.task_id)
    if row.note_id is not None and case:
        return f"{url_for('notes.index', number=case.number)}#note-{row.note_id}"
    if case:
        return url_for("cases.show", number=case.number)
    return url_for("absences.index") if row.kind == "substitute" else url_for(".index")
