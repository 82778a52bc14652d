"""Casewright. `create_app()` is the only place where all parts meet.

To import the package alone loads nothing: what starts it says first how (`__main__.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from service.config import Config


def create_app(config: Config | None = None, name: str = "casewright web") -> Flask:
    """The WSGI application for `config` (from the environment when None). Raises `config.WrongSetting`.

    `name` is what PostgreSQL shows of who is connected.
    """
    app = create_inner(config, name)
    _add_parts(app)
    if app.config["CASEWRIGHT"].trusted_proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        n = app.config["CASEWRIGHT"].trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    return app


def create_inner(config: Config | None = None, name: str = "casewright") -> Flask:
    """The same without what answers HTTP, which takes time to load: all that the worker and the command line need."""
    from flask import Flask

    from service import config as configuration
    from service import logs
    from service.db import db, engine_options, prepare

    config = config or configuration.read()
    app = Flask(__name__, static_folder=None)
    app.config.update(
        CASEWRIGHT=config,
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=_absolute(config.database_url),
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(config.database_url, name),
        MAX_CONTENT_LENGTH=config.max_upload_mb * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=config.max_upload_mb * 1024 * 1024,
    )
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
    logs.configure(config.log_format, config.log_level)
    return app


def _add_parts(app: Flask) -> None:
    """Hang the entrypoints into `app`."""
    from service import api, logs, web
    from service.http import auth, language, problems, protection

    logs.init_app(app)
    problems.init_app(app)
    auth.init_app(app)
    language.init_app(app)
    protection.init_app(app)
    api.init_app(app)
    web.init_app(app)


def _absolute(url: str) -> str:
    """A relative SQLite path counts from the working directory, not from Flask's instance folder."""
    from service import config as configuration

    if url.startswith("sqlite:///") and not url.startswith("sqlite:////") and ":memory:" not in url:
        path = configuration.home() / url.removeprefix("sqlite:///")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # what cases hold is nobody else's
        return f"sqlite:///{path}"
    return url
