"""Logs: one line for each event, as text or JSON, with the request or job and the case that it belongs to.

Everything that is logged goes through structlog's processors, libraries' warnings too. Ours say `log.info("event",
field=value)`; what a field holds is never part of the event, and cannot begin a line of its own.
"""

from __future__ import annotations

import logging
import sys
import time
import uuid
from typing import Any

import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import JSONRenderer, TimeStamper, format_exc_info
from structlog.stdlib import BoundLogger, ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import Processor

log: BoundLogger = structlog.stdlib.get_logger("casewright")

_EVERY_LINE: list[Processor] = [
    merge_contextvars,
    add_log_level,
    add_logger_name,
    TimeStamper(fmt="iso", utc=True),
]
_OUTPUTS: dict[str, list[Processor]] = {
    "json": [format_exc_info, JSONRenderer(ensure_ascii=False)],
    "text": [
        lambda _logger, _name, line: {**line, "event": str(line["event"]).replace("\n", "\\n")},
        ConsoleRenderer(colors=False, pad_event_to=0, repr_native_str=True, exception_formatter=plain_traceback),
    ],
}


def init_app(app: Flask) -> None:
    """Give every request of `app` an id, and a line in the log."""
    app.before_request(_begin)
    app.after_request(_end)


def configure(form: str, level: str) -> None:
    """Log lines as `text` or `json`: ours from `level` on, libraries' warnings and errors."""
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_EVERY_LINE, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    output = _Output()
    output.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=[*_EVERY_LINE, ExtraAdder()],
            processors=[ProcessorFormatter.remove_processors_meta, *_OUTPUTS[form]],
        )
    )
    root = logging.getLogger()
    root.handlers = [*(handler for handler in root.handlers if not isinstance(handler, _Output)), output]
    root.setLevel(logging.WARNING)
    for ours in ("casewright", __package__):
        logging.getLogger(ours).setLevel(level)


def begin(**fields: str) -> None:
    """Name this request or job, by `fields`, in every log line from here on, and nothing that was before."""
    clear_contextvars()
    bind_contextvars(**fields)


def by(user_id: str) -> None:
    """Name who is asking, by the id that `casewright user list` tells, in every log line of this request."""
    bind_contextvars(user=user_id)


def about(case_number: str) -> None:
    """Name the case in every log line of this request or job from here on."""
    bind_contextvars(case=case_number)


class _Output(logging.StreamHandler[Any]):
    """Writes to standard error, whatever that is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)


def _begin() -> None:
    g.began = time.perf_counter()
    g.request_id = request.headers.get("X-Request-Id", "")[:64] or uuid.uuid4().hex
    begin(request=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    if not request.path.startswith("/static/"):
        elapsed = round((time.perf_counter() - g.began) * 1000, 1)
        log.info("request", method=request.method, path=_path(), status=response.status_code, ms=elapsed)
    return response


def _path() -> str:
    """The path asked for, without what is a secret in it."""
    return "/answer/…" if request.path.startswith("/answer/") else request.path
