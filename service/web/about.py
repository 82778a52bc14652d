"""What this is, and whose work it stands on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from flask import Blueprint, Response, redirect, send_from_directory, url_for
from flask.typing import ResponseReturnValue

from service.http.auth import current_actor
from service.http.protection import public, signed_in
from service.languages import _
from service.models import ViewOf
from service.queries import views
from service.web.rendering import page
from service.web.static import A_DAY, DIST

blueprint = Blueprint("about", __name__)


@blueprint.get("/")
@signed_in
def home() -> ResponseReturnValue:
    """Work first: the view that one begins with, or one's own tasks."""
    first = views.begins_with(current_actor(), ViewOf.TASKS)
    return redirect(url_for("views.show", view_id=first.id) if first else url_for("tasks.mine"), 303)


@blueprint.get("/about")
@public
def about() -> Response:
    """Version, licences, keyboard."""
    return page("about/page.html", version=_version())


def _version() -> str:
    """The installed release; a checkout that was never installed has none."""
    try:
        return version("casewright")
    except PackageNotFoundError:
        return _("from a checkout")


@blueprint.get("/about/licences")
@public
def licences() -> Response:
    """The notices of every library whose code is in our web parts."""
    return send_from_directory(DIST, "LICENSES.txt", mimetype="text/plain; charset=utf-8", max_age=A_DAY)
