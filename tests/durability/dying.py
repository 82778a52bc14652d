"""A server that dies, once for each file in a folder, at the point that the file's name says; nothing of it is in the
product. `python -m tests.durability.dying FOLDER ARGUMENTS`: the command line `casewright ARGUMENTS`.

It dies while a task is being completed or a draft saved, and removes the file before.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import flask
import sqlalchemy as sa
from sqlalchemy.orm import Session

from service.db import rows
from service.models import FormDraft

POINTS = ("after flush", "before commit", "after commit", "before reply")


def main() -> None:
    """Arm the points, and be the server."""
    folder = Path(sys.argv.pop(1))
    _arm(folder)
    from service.__main__ import main as serve

    serve()


def _arm(folder: Path) -> None:
    def die(point: str) -> None:
        for file in sorted(folder.glob(f"*{point}")):
            file.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    def completes(session: Session, *_: Any) -> None:
        written = [*session.new, *session.dirty]
        if any(getattr(each, "action", "") == "task:completed" or isinstance(each, FormDraft) for each in written):
            session.info["completes"] = True

    def at(point: str) -> Any:
        return lambda session, *_: die(point) if session.info.get("completes") else None

    def forget(session: Session, *_: Any) -> None:
        session.info.pop("completes", None)

    def write(session: Session) -> bool:
        completes(session)
        written = rows_written(session)
        if written:
            at("after flush")(session)
        return written

    rows_written, rows.write = rows.write, write  # what a flush comes to, mostly; else the ORM does it
    for event, listener in (
        ("before_flush", completes),
        ("after_flush", at("after flush")),
        ("before_commit", lambda session: session.flush()),
        ("before_commit", at("before commit")),
        ("after_commit", at("after commit")),
        ("after_commit", forget),
        ("after_rollback", forget),
    ):
        sa.event.listen(Session, event, listener)

    def before_reply(*arguments: Any) -> Any:
        if flask.request.path.endswith("/complete"):
            die("before reply")
        return finished(*arguments)

    finished = flask.Flask.finalize_request
    flask.Flask.finalize_request = before_reply  # type: ignore[method-assign]


if __name__ == "__main__":
    main()
