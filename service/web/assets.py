"""The built web parts: which file a name has.

The build gives every bundle its content's hash in its name (static/dist/manifest.json says which), so that browsers may
keep it for ever. In templates, `asset('form.js')` is the address to put into the page, and `preloads('form.js')` has
those of the chunks that it imports.
"""

from __future__ import annotations

import json
import logging
from functools import lru_cache

from flask import Flask, url_for

from service.web.static import DIST

log = logging.getLogger(__name__)


class NotBuilt(RuntimeError):
    """The web parts are missing; `python service/frontend/build.py` builds them."""


def init_app(app: Flask) -> None:
    """Give the templates `asset` and `preloads`; tell a developer whose web parts do not fit their sources."""
    app.jinja_env.globals.update(asset=asset, preloads=preloads)
    if notice := stale():
        log.warning(notice)


def asset(name: str) -> str:
    """The address of the built file `name`, such as `form.js`. Raises NotBuilt, or KeyError for an unknown name."""
    return _address(_manifest(_modified())[name][0])


def preloads(name: str) -> list[str]:
    """The addresses of the chunks that `name` imports, so that the browser fetches them beside it."""
    return [_address(chunk) for chunk in _manifest(_modified())[name][1]]


def stale() -> str | None:
    """What to tell a developer whose bundles do not fit the sources beside them; None when all is well."""
    if not (DIST.parent.parent / "frontend" / "build.py").is_file():
        return None  # an installed package carries no sources
    from service.frontend import build

    if build.fresh():
        return None
    state = "older than their sources" if DIST.is_dir() else "not built"
    return f"The web parts are {state}: run `python service/frontend/build.py`."


def _modified() -> int:
    try:
        return (DIST / "manifest.json").stat().st_mtime_ns
    except FileNotFoundError:
        raise NotBuilt("The web parts are not built: run `python service/frontend/build.py`.") from None


@lru_cache(maxsize=1)
def _manifest(_modified_ns: int) -> dict[str, tuple[str, list[str]]]:
    """Name → (file, imported chunks), read again when the file was written again."""
    entries = json.loads((DIST / "manifest.json").read_text())
    return {name: (entry["file"], entry["imports"]) for name, entry in entries.items()}


def _address(file: str) -> str:
    return url_for("static_files.static", name=file)
