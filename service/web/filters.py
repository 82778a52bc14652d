"""The box in which a list is filtered: what it means in words, what is wrong, and what may come next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import Blueprint, Response, jsonify, request

from service import filters
from service.errors import BadFilter
from service.filters.grammar import LONGEST
from service.http import rate_limits
from service.http.auth import current_actor
from service.http.protection import signed_in
from service.languages import _
from service.models import Actor
from service.queries import filtering
from service.queries.filtering import bounding, suggestions
from service.queries.pages import Page
from service.web.rendering import names_of

blueprint = Blueprint("filters", __name__)
Row = TypeVar("Row")


@dataclass(frozen=True)
class Box:
    """A filter as the box shows it."""

    text: str
    said: str = ""  #: in words
    wrong: str = ""  #: instead: what cannot be understood, from `start` to `end`
    start: int = 0
    end: int = 0
    names: frozenset[str] = frozenset()  #: of what it asks for

    @property
    def parts(self) -> tuple[str, str, str]:
        """The text before what is wrong, that itself, and the text after it."""
        return self.text[: self.start], self.text[self.start : self.end], self.text[self.end :]


def box(text: str, *, of: str) -> Box:
    """What the box says of the filter `text`; `of` is tasks or cases."""
    try:
        node = filtering.read_for_tasks(text) if of == "tasks" else filtering.read_for_cases(text)
    except BadFilter as wrong:
        return Box(text, wrong=str(wrong), start=wrong.start, end=wrong.end)
    if node is None:
        return Box(text)
    called = {name: "you" if said == "You" else said for name, said in names_of(filters.people(node)).items()}
    names = frozenset(leaf.field.name for leaf in filters.leaves(node) if leaf.field is not None)
    return Box(text, said=_("Only with: %(node)s.", node=filters.explained(node, called)), names=names)


def refuse(text: str, *, of: str) -> None:
    """Raise `BadFilter` for what cannot be understood."""
    _ = filtering.read_for_tasks(text) if of == "tasks" else filtering.read_for_cases(text)


def listed(
    shown: Box, actor: Actor, by: Callable[[filtering.Conditions], Page[Row]], *, of: str
) -> tuple[Page[Row], Box]:
    """What `by` lists under the filter, and the box; an empty page for what cannot be understood, or takes too long.

    Counts as a search.
    """
    if shown.wrong:
        return Page(()), shown
    if shown.text:
        rate_limits.spend("search", actor)
    choose = filtering.tasks if of == "tasks" else filtering.cases
    try:
        with bounding.in_time(shown.text):
            return by(choose(shown.text, actor)), shown
    except BadFilter as wrong:
        return Page(()), replace(shown, wrong=str(wrong), end=wrong.end)


@blueprint.get("/filters/suggest")
@signed_in
def suggest() -> Response:
    """What the filter `q` means, and what may be typed at its place `at`; `of` is tasks or cases."""
    actor = current_actor()
    rate_limits.spend("search", actor)
    of = "tasks" if request.args.get("of") == "tasks" else "cases"
    text, at = request.args.get("q", "")[: LONGEST + 1], request.args.get("at", "")
    shown = box(text, of=of)
    before = text[: int(at)] if at.isascii() and at.isdigit() and len(at) < 5 else text
    return jsonify(
        {
            "said": shown.said,
            "wrong": shown.wrong,
            "start": shown.start,
            "end": shown.end,
            **_offered(before, of, actor),
        }
    )


def _offered(before: str, of: str, actor: Actor) -> Mapping[str, Any]:
    fields = filtering.fields_of_tasks() if of == "tasks" else filtering.fields_of_cases()
    found = filters.completion(before, fields)
    if found is None:
        return {"from": len(before), "offers": []}
    offers = suggestions.offers(found, actor)
    end = "" if found.field is None else " "
    return {
        "from": found.start,
        "offers": [{"value": each.text + end, "label": each.text, "about": each.about} for each in offers],
    }
