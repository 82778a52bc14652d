"""The bundled web parts. Their names hold their content's hash, so browsers may keep them for ever."""

from __future__ import annotations

from mimetypes import guess_type
from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory

from service.http.protection import public

blueprint = Blueprint("static_files", __name__)
ROOT = Path(__file__).parent.parent / "static"
DIST = ROOT / "dist"
FOR_EVER = 365 * 24 * 3600
A_DAY = 24 * 3600
PACKED = (("br", ".br"), ("gzip", ".gz"))  #: the build packs every script and style sheet both ways


@blueprint.get("/static/<name>", endpoint="static")
@public
def static(name: str) -> Response:
    """One bundled file, as small as the browser takes it.

    Raises 404 for what is not there, and for the scripts that only the server runs, which are one folder deeper.
    """
    accepted, suffix = next(((kind, suffix) for kind, suffix in PACKED if _is_packed(name, kind, suffix)), ("", ""))
    response = send_from_directory(
        DIST, name + suffix, mimetype=guess_type(name)[0], max_age=FOR_EVER, conditional=True, etag=False
    )
    response.headers["Cache-Control"] = f"public, max-age={FOR_EVER}, immutable"
    response.vary.add("Accept-Encoding")
    if accepted:
        response.headers["Content-Encoding"] = accepted
    return response


def _is_packed(name: str, encoding: str, suffix: str) -> bool:
    return request.accept_encodings.quality(encoding) > 0 and (DIST / f"{name}{suffix}").is_file()


@blueprint.get("/favicon.ico")
@public
def favicon() -> Response:
    """The icon for browsers that ask without having read the page."""
    return send_from_directory(ROOT, "favicon.svg", mimetype="image/svg+xml", max_age=A_DAY)
