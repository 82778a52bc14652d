"""The bundled web parts. Their names hold their content's hash, so browsers may keep them for ever."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, send_from_directory

from ..protection import public

blueprint = Blueprint("static_files", __name__)
ROOT = Path(__file__).parent.parent / "static"
DIST = ROOT / "dist"
FOR_EVER = 365 * 24 * 3600
A_DAY = 24 * 3600


@blueprint.get("/static/<path:name>", endpoint="static")
@public
def static(name: str) -> Response:
    """One bundled file. Raises 404 for what is not there, and for the scripts that only the server runs."""
    response = send_from_directory(DIST, name, max_age=FOR_EVER, conditional=True, etag=False)
    response.headers["Cache-Control"] = f"public, max-age={FOR_EVER}, immutable"
    return response


@blueprint.get("/favicon.ico")
@public
def favicon() -> Response:
    """The icon for browsers that ask without having read the page."""
    return send_from_directory(ROOT, "favicon.svg", mimetype="image/svg+xml", max_age=A_DAY)
