"""What a person sees when something does not work: what happened, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from service.http.auth import optional_actor
from service.http.problems import ProblemDetails, as_response
from service.http.protection import local_path
from service.languages import _, later
from service.web.rendering import page, wants_json, wants_part


@dataclass(frozen=True)
class Advice:
    """How one status is explained."""

    title: str
    next: str  #: what to do, a sentence
    says_more: bool = True  #: whether the error's own message helps a person


ADVICE = {
    400: Advice(later("That did not arrive as expected"), later("Go back, check what you entered, and send it again.")),
    403: Advice(
        later("You may not do this"), later("Somebody who manages this kind of case can do it, or let you do it.")
    ),
    404: Advice(
        later("There is nothing here"),
        later("It may have been removed, or it is not yours to see. Check the address, or look for it in the lists."),
        says_more=False,
    ),
    405: Advice(
        later("This address does something else"),
        later("Go to the page it belongs to and use the button there."),
        False,
    ),
    409: Advice(later("Somebody was quicker"), later("Look at how it stands now, then go on from there.")),
    412: Advice(later("Somebody changed this meanwhile"), later("Load the page again to see the newest state.")),
    413: Advice(later("This is too large"), later("Send a smaller file, or fewer at once."), says_more=False),
    415: Advice(later("This kind of file is not taken"), later("Use the form on the page.")),
    422: Advice(later("Something has to be corrected"), later("Go back and look at the marked places.")),
    429: Advice(later("Too many tries"), later("Wait a little, then try again.")),
    500: Advice(
        later("This did not work, and it is our fault"),
        later("Nothing was changed. Try again; if it happens again, tell whoever runs this service the number below."),
        says_more=False,
    ),
    503: Advice(later("Not available for a moment"), later("Nothing was changed. Try again in a few seconds.")),
}


def problem_page(problem: ProblemDetails, _error: Exception) -> ResponseReturnValue:
    """The page for `problem`; who is not signed in is sent to do so and comes back afterwards."""
    if wants_json():
        ways = [{"text": text, "href": href} for text, href in ways_on(problem)]
        return as_response(replace(problem, members={**problem.members, "ways": ways}) if ways else problem)
    if problem.status == 401:
        return _to_sign_in()
    advice = ADVICE.get(problem.status) or ADVICE[500 if problem.status >= 500 else 400]
    template = "problem/part.html" if wants_part() else "problem/page.html"
    response = page(
        template, status=problem.status, problem=problem, advice=advice, ways=ways_on(problem), person=optional_actor()
    )
    response.headers.update(problem.headers)
    response.headers["Cache-Control"] = "no-store"
    return response


def ways_on(problem: ProblemDetails) -> Sequence[tuple[str, str]]:
    """Where to go on from what was refused: to the thing as it stands now, and to where more of its kind wait."""
    known = request.view_args or {}
    if problem.status not in (403, 409, 412):
        return ()
    if "task_id" in known:
        return (
            (_("Read the task"), url_for("tasks.show", task_id=known["task_id"])),
            (_("Team queue"), url_for("tasks.team")),
        )
    if "number" in known:
        return ((_("Look at the case"), url_for("cases.show", number=known["number"])),)
    return ()


def _wanted() -> str:
    """The page that somebody is on, or on the way to: what they typed there is kept for them, in their browser."""
    if request.method == "GET" and not wants_part():
        return request.full_path.rstrip("?")
    page = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    if page.netloc != request.host:
        return "/"
    return local_path(f"{page.path}?{page.query}" if page.query else page.path)


def _to_sign_in() -> Response:
    """A redirect that a full load and htmx both follow, and that leads back to where a person wanted to go."""
    wanted = _wanted()
    location = url_for("sign_in.form", next=None if wanted == "/" else wanted)
    if wants_part():
        response = Response(status=200)
        response.headers["HX-Redirect"] = location
        return response
    response = Response(status=303)
    response.headers["Location"] = redirect(location).headers["Location"]
    return response
