"""On the profile: what I am told, by what way and when."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, request, url_for
from flask.typing import ResponseReturnValue

from service.connectors import chat
from service.db import db
from service.errors import BadRequest
from service.http.auth import current_actor
from service.http.protection import permission, signed_in
from service.languages import _, later
from service.models import Timing, Way
from service.notifications import KINDS, NOT_CHOSEN
from service.operations import choices as operations
from service.operations import deliveries
from service.policy.permissions import Action
from service.queries import choices
from service.queries import users as user_lists
from service.web.rendering import go, page, zone

blueprint = Blueprint("choices", __name__)
TIMINGS = {
    Timing.NOW: later("At once"),
    Timing.DAILY: later("Once a day"),
    Timing.PRESSING: later("Only when it presses"),
    Timing.NEVER: later("Never"),
}
NO_DAY = (Way.WEBHOOK, Timing.DAILY)  #: a program is told one thing at a time
WAYS = {Way.MAIL: later("By mail"), Way.CHAT: later("By chat"), Way.WEBHOOK: later("By webhook")}


@blueprint.get("/profile/notifications")
@signed_in
def show() -> ResponseReturnValue:
    """What I chose, and my channels."""
    return _page()


@blueprint.post("/profile/notifications")
@permission(Action.CHOOSE_NEWS)
def choose() -> ResponseReturnValue:
    """Keep what I chose; what the form does not have stays."""
    actor = current_actor()
    chosen = dict(choices.chosen(actor))
    for kind in KINDS.keys() - NOT_CHOSEN:
        for way in Way:
            given = request.form.get(f"{kind} {way}")
            if given is not None:
                chosen[kind, way] = _timing(given)
    given_hour = request.form.get("hour", str(deliveries.HOUR))
    number = int(given_hour) if given_hour.isascii() and given_hour.isdigit() and len(given_hour) < 3 else -1
    operations.choose(chosen, hour=number, zone=request.form.get("zone") or _zone(), by=actor)
    db.session.commit()
    return go(url_for(".show"), _("Your choice is kept."))


@blueprint.post("/profile/channels")
@permission(Action.CHOOSE_NEWS)
def add() -> ResponseReturnValue:
    """Have myself told at an address of mine; the secret of a webhook is on this answer and never again."""
    way = {"chat": Way.CHAT, "webhook": Way.WEBHOOK}.get(request.form.get("way", ""))
    if way is None:
        raise BadRequest(_("Pick a chat or a webhook."), field="way")
    name, address = request.form.get("name", ""), request.form.get("address", "")
    made = operations.add_channel(way, name, address, by=current_actor())
    db.session.commit()
    secret = operations.opened(made).secret
    if secret is None:
        return go(url_for(".show"), _("“%(made)s” is added. Try it.", made=made.name))
    response = _page(made=made, secret=secret)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/profile/channels/<uuid:channel_id>/try")
@permission(Action.CHOOSE_NEWS)
def attempt(channel_id: UUID) -> ResponseReturnValue:
    """Send a word there."""
    actor = current_actor()
    operations.try_channel(operations.channel(channel_id, by=actor), by=actor)
    db.session.commit()
    return go(
        url_for(".show"), _("A word is on its way, and arrives within a minute. If it does not, it is said here why.")
    )


@blueprint.post("/profile/channels/<uuid:channel_id>/remove")
@permission(Action.CHOOSE_NEWS)
def remove(channel_id: UUID) -> ResponseReturnValue:
    """Tell nothing there any more."""
    actor = current_actor()
    operations.remove_channel(operations.channel(channel_id, by=actor), by=actor)
    db.session.commit()
    return go(url_for(".show"), _("Nothing is told there any more."))


def _timing(text: str) -> Timing:
    try:
        return Timing(text)
    except ValueError as error:
        raise BadRequest(_("Pick when you are told.")) from error


def _zone() -> str:
    return str(getattr(zone(), "key", "UTC"))


def _page(**values: Any) -> Response:
    actor, config = current_actor(), current_app.config["CASEWRIGHT"]
    user, channels, hour = user_lists.user(actor.name), choices.channels(actor), choices.hour(actor)
    ways = [Way.MAIL, *(way for way in (Way.CHAT, Way.WEBHOOK) if any(each.way is way for each in channels))]
    chosen = choices.chosen(actor)
    rows = [
        (kind, about, [(way, chosen.get((kind, way), about.timing)) for way in ways])
        for kind, about in KINDS.items()
        if kind not in NOT_CHOSEN
    ]
    allowed = config.notify_allowed
    return page(
        "choices/page.html",
        user=user,
        rows=rows,
        ways=[WAYS[way] for way in ways],
        timings={way: [(t, text) for t, text in TIMINGS.items() if (way, t) != NO_DAY] for way in Way},
        sends_mail=config.sends_mail,
        hour=hour.hour if hour else deliveries.HOUR,
        zone=hour.zone if hour else _zone(),
        channels=channels,
        shown_address={each.id: _shown(operations.opened(each).address) for each in channels},
        troubles=choices.troubles(actor),
        may_add=bool(allowed.names or allowed.networks),
        services=chat.SERVICES,
        **values,
    )


def _shown(address: str) -> str:
    return chat.shown(address) if address else "cannot be opened any more: add it anew"
