"""Answer a browser: a whole page, the part of it that htmx asked for, or JSON for the form's script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from flask import Flask, Response, current_app, flash, make_response, redirect, render_template, request
from markupsafe import Markup, escape

from service.db import utcnow
from service.errors import BadRequest
from service.http.auth import optional_actor
from service.languages import _, formats, later, pgettext, spoken
from service.models import HumanTask
from service.operations import choosing
from service.queries import timeline
from service.web import decision_tables, facts, words
from service.web.answer_words import WORDS


def init_app(app: Flask) -> None:
    """Give the templates our words."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        due=lambda at: words.due(at, now=utcnow(), zone=zone()),
        priority=words.priority,
        set_aside=lambda task: words.set_aside(task.follow_up_at, task.due_at, now=utcnow(), zone=zone()),
        readable=words.readable,
        shown=words.value,
        initials=words.initials,
        counted=words.counted,
        running=words.running,
        worked=words.worked,
        moment=moment,
        timed=_timed,
        literal=decision_tables.literal,
        policy_words=decision_tables.policy_words,
        terms=lambda version: choosing.terms_of(version).in_words,
        face=face,
        inside=lambda name: pgettext("by you", "you") if name == "You" else name,
        who=words.principal,
        called=_called,
        local_input=local_input,
        day=formats.day,
        dated=formats.dated,
        lowered=formats.inside,
        number=words.number,
    )
    app.jinja_env.globals.update(
        form_words=lambda: WORDS[spoken()].notices, case_states=words.CASE_STATES, task_states=words.TASK_STATES
    )


def zone() -> tzinfo:
    """The zone of dates without one."""
    found: tzinfo = current_app.config["CASEWRIGHT"].time_zone
    return found


def moment_sent(name: str, what: str) -> datetime | None:
    """What the input `name` sent, a date and a time in our zone; `BadRequest` for nonsense calls it `what`."""
    return moment_in(request.form, name, what, zone())


def moment_in(sent: Mapping[str, str], name: str, what: str, zone: tzinfo) -> datetime | None:
    """The date and time, in that zone, of an input; None where it was left empty. As `moment_sent`."""
    text = sent.get(name, "")
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=zone)
    except ValueError as error:
        raise BadRequest(_("%(what)s has to be a date and a time.", what=what), field=name) from error


def local_input(at: datetime | None) -> str:
    """A time as an input of a date and a time has it, in our zone; empty for none."""
    return at.astimezone(zone()).strftime("%Y-%m-%dT%H:%M") if at else ""


def face(name: str) -> str:
    """Whose initials to show for a name on a page: `You` is who is looking."""
    actor = optional_actor() if name == "You" else None
    return actor.display_name if actor else name


def _called(task: HumanTask) -> str:
    """A task's name, with what tells it from others of the same activity."""
    which = facts.instance(task.case.definition_id, task.local) if task.local else ""
    return " · ".join(filter(None, (task.name, which)))


def moment(at: datetime) -> str:
    """A time as it stands in the page before the browser puts it into the reader's zone."""
    local = at.astimezone(zone())
    return f"{words.day(local.date())}, {local:%H:%M}"


#: times as `words.value` writes those that name UTC
IN_UTC = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d UTC")


def _timed(text: str) -> Markup:
    """A text in which the browser puts each time that is said in UTC into the reader's zone."""
    if " UTC" not in text:
        return escape(text)
    return Markup(IN_UTC.sub(_time, str(escape(text))))  # noqa: S704  # escaped, and what is put in are digits


def _time(found: re.Match[str]) -> str:
    try:
        at = datetime.strptime(found[0], "%d %b %Y, %H:%M UTC").replace(tzinfo=UTC)
    except ValueError:  # somebody's own words
        return found[0]
    return f'<time datetime="{at.isoformat()}" data-time="exact">{found[0]}</time>'


def wants_part() -> bool:
    """Whether htmx asks for a part of a page; going back in the browser's history asks for the whole one."""
    headers = request.headers
    return (
        headers.get("HX-Request") == "true"
        and "HX-History-Restore-Request" not in headers
        and headers.get("HX-Request-Type") != "full"
    )


def wants_json() -> bool:
    """Whether the form's script is asking."""
    accepted = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return request.is_json or accepted == "application/json"


def page(template: str, /, *, status: int = 200, **values: Any) -> Response:
    """Render `template`; what is cached of it is kept apart for htmx and for full loads."""
    response = make_response(render_template(template, **values), status)
    response.vary.update(("HX-Request", "HX-Request-Type"))
    return response


def go(location: str, message: str = "", kind: str = "good") -> Response:
    """Send the browser on with a short message, as a 303 or, to the form's script, as JSON."""
    if message:
        flash(message, kind)
    if wants_json():
        return make_response({"location": location})
    return make_response(redirect(location, 303))


def names_of(users: Iterable[str | None]) -> Mapping[str, str]:
    """What each user name is called on a page: the display name, `You` for who is looking."""
    wanted = {name for name in users if name}
    names = dict(timeline.display_names(wanted)) if wanted else {}
    actor = optional_actor()
    if actor and actor.name in wanted:
        names[actor.name] = later("You")
    if "system" in wanted:
        names["system"] = "Casewright"
    return names
