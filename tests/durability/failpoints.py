"""The web server dies at each named point of a write, and the write is repeated with its key."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from service import audit
from service.db import db
from service.models import AuditEntry
from tests.durability import office
from tests.durability.client import Clerk, Write
from tests.durability.dying import POINTS
from tests.durability.server import Server

ONE_TASK = b"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:chaos" id="one-task-model"
             xmlns:case="urn:casewright:bpmn:1.0">
  <process id="one-task" name="One task" isExecutable="true" case:numberPrefix="ONE"
           case:candidateStarterGroups="clerks">
    <startEvent id="Begin" />
    <userTask id="Work" name="Work" case:candidateGroups="clerks" />
    <endEvent id="Done" />
    <sequenceFlow id="a" sourceRef="Begin" targetRef="Work" />
    <sequenceFlow id="b" sourceRef="Work" targetRef="Done" />
  </process>
</definitions>"""
WRONG = ("failpoints_not_met", "failpoints_lost", "failpoints_applied_twice")


def run(url: str, rounds: int, *, with_tables: bool = True) -> dict[str, Any]:
    """Die so often at each point on the database `url`, a task being completed each time; the figures."""
    with (
        office.closed(url, {"one.bpmn": ONE_TASK}, with_tables=with_tables) as (environment, token),
        tempfile.TemporaryDirectory() as folder,
    ):
        told: list[Write] = []
        server = _dying(environment, folder)
        server.start()
        try:
            for round_ in range(rounds):
                for point in POINTS:
                    _complete_while_dying(server, token, Path(folder) / f"{round_} {point}", told.append)
        finally:
            server.kill()
        entries = db.session.execute(sa.select(AuditEntry.case_id, AuditEntry.action, AuditEntry.element_id)).all()
        there = [(str(row.case_id), row.action, row.element_id) for row in entries]
        times = [there.count((write.case, write.action, write.element)) for write in told]
        return {
            "failpoints": rounds * len(POINTS),
            "failpoints_not_met": len(list(Path(folder).iterdir())),
            "failpoints_lost": times.count(0),
            "failpoints_applied_twice": sum(each - 1 for each in times if each > 1),
            "failpoints_broken_audit_chains": len(list(audit.verify())),
        }


def _dying(environment: dict[str, str], folder: str) -> Server:
    server = Server(environment, on_sqlite=True)
    server.program = [sys.executable, "-m", "tests.durability.dying", folder]
    server.commands = {"web": ["web", "--workers", "1", "--port", str(server.address[1])]}
    return server


def _complete_while_dying(server: Server, token: str, arming: Path, told: Callable[[Write], object]) -> None:
    clerk = Clerk(server.address, token, told)
    case = clerk.open("one-task", 0, {})
    arming.touch()
    clerk.do(case, "Work", {})
    clerk.close()
