"""Logs: one line for each event, as text or JSON, with the request and the case that it belongs to.

Everything that is logged goes this way, libraries' warnings too. Fields are given as `extra={...}`. Of the standard
library only: each server process loads this before it answers, and logging libraries are slow to load.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from flask import Flask, Response, g, request

log = logging.getLogger("casewright")

_known: ContextVar[dict[str, str]] = ContextVar("known")  #: fields of every line of this request or job
_STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
_PLAIN = re.compile(r"[\w.,:;/@+~%-]+")


def init_app(app: Flask) -> None:
    """Give every request of `app` an id, and a line in the log."""
    app.before_request(_begin)
    app.after_request(_end)


def configure(form: str, level: str) -> None:
    """Log lines as `text` or `json`: ours from `level` on, libraries' warnings and errors."""
    root = logging.getLogger()
    for other in [handler for handler in root.handlers if isinstance(handler, _Output)]:
        root.removeHandler(other)
    output = _Output()
    output.setFormatter(_Json() if form == "json" else _Text())
    root.addHandler(output)
    root.setLevel(logging.WARNING)
    for ours in (log, logging.getLogger(__package__)):
        ours.setLevel(level)


def about(case_number: str) -> None:
    """Name the case in every log line of this request or job from here on."""
    _known.set({**_known.get({}), "case": case_number})


class _Output(logging.StreamHandler[Any]):
    """Writes to standard error, whatever that is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    given = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    return {**_known.get({}), **given}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Json(logging.Formatter):
    """A JSON object on a line of its own."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"timestamp": _time(record), "level": record.levelname.lower(), "event": record.getMessage()}
        line |= {"logger": record.name} | _fields(record)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class _Text(logging.Formatter):
    """For people: what people elsewhere have sent cannot begin a line of its own, nor look like a further field."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={_shown(value)}" for name, value in _fields(record).items())
        event = record.getMessage().replace("\n", "\\n")
        line = f"{_time(record)} {record.levelname.lower():<7} {event}{fields}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _shown(value: Any) -> str:
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _begin() -> None:
    g.began = time.perf_counter()
    g.request_id = request.headers.get("X-Request-Id", "")[:64] or uuid.uuid4().hex
    _known.set({"request": g.request_id})


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    if not request.path.startswith("/static/"):
        elapsed = round((time.perf_counter() - g.began) * 1000, 1)
        fields = {"method": request.method, "path": request.path, "status": response.status_code, "ms": elapsed}
        log.info("request", extra=fields)
    return response
