"""Whether this release can run the cases of a database: for `casewright check-upgrade`, before an upgrade."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from service.db import db, localnow
from service.engine.definition import Refused
from service.engine.errors import EngineError
from service.engine.workflow import Workflow
from service.execution.definitions import deployed
from service.models import Case

BATCH = 200


@dataclass(frozen=True)
class Examined:
    """One open case, and why this release cannot run it; None when it can."""

    number: str
    case_type: str
    why_not: str | None


def open_cases() -> Iterator[Examined]:
    """Every case that is not closed, in batches: each is loaded with its definition, and stored again in memory."""
    last = None
    while True:
        query = sa.select(Case).options(undefer(Case.snapshot)).order_by(Case.id).limit(BATCH)
        query = query.where(Case.closed_at.is_(None))
        rows = db.session.scalars(query if last is None else query.where(Case.id > last)).all()
        if not rows:
            return
        last = rows[-1].id
        for case in rows:
            yield Examined(case.number, case.case_type, _why_not(case))
        db.session.expunge_all()


def _why_not(case: Case) -> str | None:
    try:
        definition = deployed(case.definition_id).definition
    except Refused as refused:
        return f"Its diagram cannot be read: {refused.problems[0]}"
    except KeyError as missing:
        return f"Its diagram is not there: {missing}."
    try:
        workflow = Workflow.load(definition, case.snapshot or b"", case.variables, now=localnow())
        workflow.open_work()
        workflow.dump()
    except EngineError as unfit:
        return str(unfit)
    return None
