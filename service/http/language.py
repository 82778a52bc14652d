"""In which language each request is answered: the person's own, else what the browser asks for, else the setting's.

What programs are told stays English.
"""

from __future__ import annotations

from flask import Flask, current_app, request
from flask_babel import Babel, get_locale

from service import languages
from service.http.auth import optional_actor
from service.languages import ENGLISH, LANGUAGES, pages

#: what is answered without looking who asks
NOBODYS = ("/static/", "/favicon.ico", "/healthz", "/readyz")


def init_app(app: Flask) -> None:
    """Speak to each who asks of `app` in their language."""
    settings = app.config["CASEWRIGHT"]
    Babel(
        app,
        configure_jinja=False,  # pages.py does
        default_locale=settings.language,
        default_timezone=str(settings.time_zone),
        locale_selector=chosen,
        timezone_selector=lambda: str(settings.time_zone),
    )
    pages.init_app(app)
    app.before_request(_begin)
    app.teardown_request(_end)


def chosen() -> str:
    """The language of who is asking."""
    if request.path.startswith("/api/"):
        return ENGLISH
    actor = optional_actor()
    if actor is not None and actor.language in LANGUAGES:
        return actor.language
    default: str = current_app.config["CASEWRIGHT"].language
    ordered = [default, *(each for each in LANGUAGES if each != default)]  # the first is taken for `*`
    return request.accept_languages.best_match(ordered) or default


def _begin() -> None:
    languages.speak(ENGLISH)  # should it fail to be found, the page that says so is English
    if not request.path.startswith(NOBODYS):
        languages.speak(get_locale().language)


def _end(_error: BaseException | None) -> None:
    languages.speak(ENGLISH)
