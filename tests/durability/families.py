"""Parents with five children each run to their end while the server is killed: each ends once, with all results."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from service import audit
from service.db import db
from service.models import AuditEntry, Case, CaseState, Incident
from tests.durability import office
from tests.durability.client import PARTS, Clerk
from tests.durability.office import count, wait

FILES = {"family.bpmn": (Path(__file__).parent / "family.bpmn").read_bytes()}

WRONG = ("parents_unfinished", "parents_ended_twice", "results_missing", "children_too_many", "children_reported_twice")


def run(url: str, parents: int, kills: int, *, with_tables: bool = True) -> dict[str, Any]:
    """Kill the server on the database `url` that often while so many parents and their children run; the figures."""
    with office.opened(url, FILES, with_tables=with_tables) as people:
        people.doing = Clerk.see_family_through
        people.work(parents, kills)
        wait(lambda: not count(Case, Case.case_type == "family", Case.state == CaseState.ACTIVE), 60)
        time.sleep(2)  # what happens twice has to be seen
        results = _results()
        there = [number for number in range(parents) if results[tuple(part + number for part in PARTS)] == 1]
        children = count(Case, Case.case_type == "family-part", Case.state == CaseState.COMPLETED)
        return {
            "parents": parents,
            "children": children,
            "parents_unfinished": parents - _ended("family").total(),
            "parents_ended_twice": sum(times - 1 for times in _ended("family").values()),
            "results_missing": parents - len(there),
            "children_too_many": count(Case, Case.case_type == "family-part") - parents * len(PARTS),
            "children_reported_twice": _told() - children,
            "family_incidents": count(Incident, Incident.about.is_(None)),
            "family_broken_audit_chains": len(list(audit.verify())),
            "family_worst_resume_s": people.worst["worst_resume_s"],
            "family_worst_job_resume_s": people.worst["worst_job_resume_s"],
        }


def _results() -> Counter[tuple[int, ...]]:
    """What the parents have in the end, and how many have the same."""
    found = db.session.scalars(sa.select(Case.inline).where(Case.case_type == "family")).all()
    db.session.rollback()
    return Counter(tuple(variables.get("results", ())) for variables in found)


def _ended(case_type: str) -> Counter[str]:
    """How often each case of that type has ended."""
    query = sa.select(AuditEntry.case_id).join(Case, Case.id == AuditEntry.case_id)
    found = db.session.scalars(query.where(Case.case_type == case_type, AuditEntry.action == "case:completed")).all()
    db.session.rollback()
    return Counter(str(case) for case in found)


def _told() -> int:
    """How many reports of children the parents have in their stories."""
    return count(AuditEntry, AuditEntry.action == "child:completed")
