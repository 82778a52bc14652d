"""The handbook's pages, and which chapter the `?` of each page leads to.

A page of its own in `CHAPTERS` goes before its blueprint; a test fails for a page that has neither. The handbook is for
everybody: nothing in it is secret, and who cannot sign in finds out here what to do.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue

from service import handbook
from service.errors import NotFound
from service.handbook import search
from service.http.protection import public
from service.languages import _
from service.web.rendering import page

blueprint = Blueprint("help", __name__)
OTHERWISE = "account#when-something-does-not-work"  #: for addresses at which there is no page

#: Page or blueprint -> the chapter that is about it, and the place in it.
CHAPTERS = {
    "about": "first-task",
    "accounts": "accounts#in-the-browser",
    "accounts.groups": "accounts#groups",
    "accounts.group": "accounts#groups",
    "absences": "people#be-away",
    "agenda": "time#the-calendar",
    "adhoc": "extra-work#start-ad-hoc-work",
    "answering": "tasks#send-a-link",
    "api": "rest",
    "batches": "tasks#many-tasks-at-once",
    "board": "find-a-case#the-board",
    "calendars": "calendars#keep-calendars",
    "case_types": "deploy#look-at-what-is-deployed",
    "case_types.decision": "decisions",
    "case_types.form": "forms",
    "cases": "case-page",
    "cases.choose": "open-a-case",
    "cases.data": "case-page#facts",
    "cases.change_data": "case-page#facts",
    "cases.index": "find-a-case",
    "cases.new": "open-a-case",
    "cases.open_case": "open-a-case",
    "casework": "life#hold-a-case",
    "casework.add_task": "extra-work#add-a-task",
    "casework.insert": "extra-work#add-a-part",
    "casework.new_child": "related-cases#open-a-case-below",
    "casework.open_child": "related-cases#open-a-case-below",
    "choices": "time#by-mail-chat-or-webhook",
    "designs": "drafts",
    "designs.edit": "drafts#edit-a-file",
    "documents": "documents",
    "documents.show": "documents#look-at-a-document",
    "deployments": "deploy#on-the-page",
    "family": "related-cases#cases-below",
    "help": "first-task",
    "history": "case-page#timeline",
    "incidents": "incidents",
    "levels": "tasks#service-levels",
    "links": "related-cases#linked-cases",
    "links.merge": "related-cases#merge-two-cases",
    "links.merging": "related-cases#merge-two-cases",
    "links.split": "related-cases#split-a-case",
    "links.splitting": "related-cases#split-a-case",
    "live": "tasks",
    "lost": "accounts#lost-cases",
    "migrations": "new-version#in-the-browser",
    "moving": "new-version#in-the-browser",
    "moving.bring_back": "new-version#bring-back",
    "moving.returning": "new-version#bring-back",
    "preflights": "new-version#in-the-browser",
    "printing": "case-page#on-paper",
    "feeds": "account#your-profile",
    "filters": "filters",
    "follow_ups": "time#reminders",
    "news": "time#what-you-are-told",
    "notes": "notes",
    "notes.answer": "notes#ask-somebody",
    "notes.mentions": "notes#mention-somebody",
    "installation": "accounts#who-did-what",
    "pending_calls": "incidents#calls-that-are-tried-again",
    "profile": "account#your-profile",
    "profile.create_token": "requests#tokens",
    "provider": "account#sign-in-with-a-provider",
    "rehearsals": "testing#try-it",
    "roles": "people#roles-of-a-case",
    "roles.hand_over": "people#hand-a-role-over",
    "roles.hand_over_now": "people#hand-a-role-over",
    "second_factor": "account#a-second-factor",
    "sign_in": "account#sign-in",
    "sign_in.code": "account#a-second-factor",
    "sign_in.set_up": "account#a-second-factor",
    "changing": "mending-a-case#many-cases",
    "standing": "mending-a-case",
    "tasks": "tasks",
    "tasks.team": "tasks#take-a-task",
    "tasks.add_subtask": "tasks#subtasks",
    "tokens": "accounts#tokens",
    "views": "filters#keep-a-view",
    "jumping": "find-a-case#jump-anywhere",
    "arranging": "tasks#columns-order-and-groups",
    "workload": "people#who-has-what",
    "versions": "deploying#see-what-differs",
    "versions.bundle": "deploying#carry-a-version-to-another-installation",
    "versions.replay": "deploying#replay-finished-cases",
    "versions.stage": "deploying#let-a-version-in-by-stages",
}


def init_app(app: Flask) -> None:
    """Give every page the address of its chapter."""
    app.context_processor(lambda: {"help_address": address_for(request.endpoint)})


def address_for(endpoint: str | None) -> str:
    """Where the `?` of the page of `endpoint` leads."""
    blueprint_name = (endpoint or "").partition(".")[0]
    return f"{handbook.ADDRESS}/{CHAPTERS.get(endpoint or '') or CHAPTERS.get(blueprint_name, OTHERWISE)}"


@blueprint.get(handbook.ADDRESS)
@public
def index() -> ResponseReturnValue:
    """All chapters, or with `?q=` the places that have these words."""
    query = request.args.get("q", "").strip()[: search.LONGEST]
    found: dict[str, Any] = {}
    if query:
        hits, has_all = search.find(query)
        found = {"hits": hits, "has_all": has_all, "most": search.FOUND}
    return page("help/index.html", parts=handbook.PARTS, chapters=handbook.chapters(), query=query, **found)


@blueprint.get(f"{handbook.ADDRESS}/<slug>")
@public
def chapter(slug: str) -> ResponseReturnValue:
    """One chapter. Raises `NotFound` for one that there is not."""
    shown = handbook.chapter(slug)
    if shown is None:
        raise NotFound(_("There is no such chapter."))
    everything = handbook.chapters()
    place = everything.index(shown)
    return page(
        "help/chapter.html",
        chapter=shown,
        beside=[each for each in everything if each.part == shown.part],
        previous=everything[place - 1] if place else None,
        next=everything[place + 1] if place + 1 < len(everything) else None,
    )
