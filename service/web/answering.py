"""Links to the form of one task: made and revoked by who works on it, and opened by somebody without an account.

The page of a link is nobody's: it asks for no sign-in and looks at none, shows nothing but the form, and leads nowhere.
Its address is a secret, which no log of ours keeps and no other site is told.
"""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from service import languages
from service.db import before_the_lock, db
from service.errors import BadRequest, NotFound, TooMany, WrongState
from service.execution.definitions import deployed
from service.http import auth, rate_limits
from service.http.auth import current_actor
from service.http.protection import permission, public
from service.languages import ENGLISH, LANGUAGES, _
from service.models import Actor, AnswerLink, CaseState, HumanTask
from service.operations import answer_links
from service.operations.answer_links import Standing, Wanted
from service.policy.permissions import Action
from service.queries import answer_links as links
from service.queries import tasks as task_lists
from service.queries import timeline
from service.web import spoken
from service.web.answer_words import WORDS
from service.web.rendering import go, names_of, page, zone

blueprint = Blueprint("answering", __name__)
LARGEST = 1_000_000  #: bytes of an answer
DAYS = {"3": "3 days", "14": "14 days", "30": "30 days", "90": "90 days"}
SECRET_PAGE = {
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cache-Control": "no-store",
}


@blueprint.get("/tasks/<uuid:task_id>/links")
@permission(Action.SEND_LINK)
def index(task_id: UUID) -> ResponseReturnValue:
    """The links to a task's form, and the form by which another is made."""
    actor = current_actor()
    return _page(task_lists.get(task_id, by=actor), actor)


@blueprint.post("/tasks/<uuid:task_id>/links")
@permission(Action.SEND_LINK)
def make(task_id: UUID) -> ResponseReturnValue:
    """Make a link; its address is on this answer and never again."""
    actor = current_actor()
    sent = {name: request.form.get(name, "") for name in ("recipient", "message", "language", "days")}
    task = task_lists.to_change(task_id, by=actor)
    days = int(sent["days"]) if sent["days"] in DAYS else 0
    try:
        wanted = Wanted(sent["recipient"], days, sent["message"], sent["language"])
        made = answer_links.make(task, wanted, by=actor)
    except BadRequest as refused:
        db.session.rollback()
        task = task_lists.get(task_id, by=actor)
        return _page(task, actor, sent=sent, wrong={refused.field: str(refused)}, status=422)
    db.session.commit()
    address = url_for(".show", token=made.token, _external=True)
    response = _page(task_lists.get(task_id, by=actor), actor, made=made.link, address=address)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/tasks/<uuid:task_id>/links/<uuid:answer_link_id>/revoke")
@permission(Action.SEND_LINK)
def revoke(task_id: UUID, answer_link_id: UUID) -> ResponseReturnValue:
    """End a link at once."""
    actor = current_actor()
    link = links.one(answer_link_id, task_lists.get(task_id, by=actor), by=actor)
    answer_links.revoke(link, by=actor)
    db.session.commit()
    return go(
        url_for(".index", task_id=task_id), _("The link for %(recipient)s no longer works.", recipient=link.recipient)
    )


def _page(task: HumanTask, actor: Actor, *, status: int = 200, **values: Any) -> Response:
    found = links.of_task(task, by=actor)
    refused = ""
    try:
        if task.state.is_open:
            answer_links.outside(task)
    except WrongState as error:
        refused = str(error)
    return page(
        "answering/links.html",
        task=task,
        case=task.case,
        links=[(link, answer_links.standing(link)) for link in found],
        names=names_of(link.made_by for link in found),
        refused=refused,
        is_open=task.state.is_open and task.case.state is CaseState.ACTIVE,
        days=list(DAYS.items()),
        languages=list(answer_links.LANGUAGES.items()),
        status=status,
        **{"sent": {}, "wrong": {}, **values},
    )


# --- Outside


@blueprint.get("/answer/<token>")
@public
def show(token: str) -> ResponseReturnValue:
    """The form of a link, for whoever has its address."""
    try:
        link = _counted(token)
    except TooMany as refused:
        return _over("busy", "en", 429, retry_after=refused.retry_after)
    if link is None:
        return _over("unknown", "en", 404)
    found = answer_links.standing(link)
    if found is not Standing.OPEN:
        return _over(found.value, link.language, 200 if found is Standing.USED else 410)
    if link.task.case.state is not CaseState.ACTIVE:
        return _over("waits", link.language, 409)
    return _form(link, token)


@blueprint.post("/answer/<token>")
@public
def send(token: str) -> ResponseReturnValue:
    """Take the answer, once; what is wrong with it is told at its fields."""
    request.max_content_length = LARGEST
    link_of = _counted(token)
    if (request.content_length or LARGEST + 1) > LARGEST:
        raise RequestEntityTooLarge
    submitted = request.get_json()
    if not isinstance(submitted, dict) or not isinstance(submitted.get("data"), dict):
        raise BadRequest(_("Send the form's values as an object named “data”."))
    with before_the_lock():
        link = links.by_token(token) if link_of is not None else None
        if link is None:
            raise NotFound(_("There is no such link."))
        accepted = answer_links.accept(link, submitted["data"])
    answer_links.answer(link, submitted["data"], accepted=accepted)
    db.session.commit()
    return _secret(make_response({"location": url_for(".show", token=token)}))


def _counted(token: str) -> AnswerLink | None:
    """The link of this address. Raises `TooMany`: for the place that asks, and for the link."""
    limit = current_app.config["CASEWRIGHT"].answer_limit
    place = auth.place_of(request.remote_addr or "")
    for what in (place, hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()):
        rate_limits.count(limit, "answer", what, refusal="Too many tries")
    return links.by_token(token)


def _form(link: AnswerLink, token: str) -> Response:
    task = link.task
    case, words = task.case, WORDS[link.language]
    found = answer_links.outside(task)
    element = deployed(case.definition_id).definition.elements[task.element_id]
    values = {
        "title": element.name or case.definition.name,
        "kind": case.definition.name,
        "who": timeline.display_names({link.made_by}).get(link.made_by, ""),
        "link": link,
        "until": f"{link.expires_at.astimezone(zone()):%Y-%m-%d, %H:%M} {link.expires_at.astimezone(zone()).tzname()}",
        "schema": spoken.spoken(found.schema, case.definition_id),
        "data": found.values,
        "action": url_for(".send", token=token),
    }
    return _secret(make_response(_rendered("answering/form.html", link.language, words=words, **values)))


def _over(standing: str, language: str, status: int, *, retry_after: int | None = None) -> Response:
    words = WORDS[language]
    title, sentence = words.over[standing]
    shown = _rendered("answering/over.html", language, title=title, sentence=sentence, good=standing == "used")
    response = _secret(make_response(shown, status))
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _rendered(template: str, language: str, **values: Any) -> str:
    """In the language of the link, whatever the browser asks for."""
    with languages.speaking(language if language in LANGUAGES else ENGLISH):
        return render_template(template, language=language, **values)


def _secret(response: Response) -> Response:
    response.headers.update(SECRET_PAGE)
    return response
