"""Structured logs, each line with the request and the case that it belongs to (structlog)."""

from __future__ import annotations

import logging
import time
import uuid
from typing import Any

import structlog
from flask import Flask, Response, g, request

log = structlog.get_logger("casewright")


def init_app(app: Flask) -> None:
    """Set logging up as the configuration says and give every request an id."""
    configure(app.config["CASEWRIGHT"].log_format, app.config["CASEWRIGHT"].log_level)
    app.before_request(_begin)
    app.after_request(_end)


def configure(form: str, level: str) -> None:
    """Log lines as `text` or `json` from `level` on; standard library loggers go the same way."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = structlog.processors.JSONRenderer() if form == "json" else _for_people()
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer] if form == "json" else [*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(format="%(levelname)s %(name)s %(message)s", level=logging.WARNING)


def _for_people() -> structlog.dev.ConsoleRenderer:
    # not structlog's own tracebacks, which show local variables: passwords and what people entered
    return structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)


def about(case_number: str) -> None:
    """Name the case in every log line of this request or job from here on."""
    structlog.contextvars.bind_contextvars(case=case_number)


def _begin() -> None:
    g.began = time.perf_counter()
    g.request_id = request.headers.get("X-Request-Id", "")[:64] or uuid.uuid4().hex
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    if not request.path.startswith("/static/"):
        elapsed = round((time.perf_counter() - g.began) * 1000, 1)
        log.info("request", method=request.method, path=request.path, status=response.status_code, ms=elapsed)
    return response
