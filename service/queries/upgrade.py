"""Whether this release can run the cases of a database: for `casewright check-upgrade`, before an upgrade."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, undefer

from service.db import db, localnow
from service.engine.definition import Refused
from service.engine.errors import EngineError, Unfit
from service.engine.workflow import Workflow
from service.execution.definitions import deployed
from service.models import Case

BATCH = 200
NAMED = 5  #: numbers of cases that are said of each class

RESTORED = "Restore the case's row from a backup, or cancel the case and open it anew."
DEPLOYED = "Deploy what is missing with the release that runs now, or move the cases to a version that has it."
OTHERWISE = (
    "Before the upgrade, with the release that runs now: move the cases to a version that is right"
    " (`casewright check` of the new release says what is), or let them end."
)


@dataclass
class Unable:
    """A class of open cases that this release cannot run: of one version, for one reason."""

    case_type: str
    version: int
    why_not: str
    advice: str  #: what to do about it
    count: int = 0
    numbers: list[str] = field(default_factory=list)  #: of the first few, as examples


@dataclass
class Findings:
    """How many open cases there are, and which of them this release cannot run."""

    total: int = 0
    unable: dict[tuple[str, int, str], Unable] = field(default_factory=dict)

    @property
    def able(self) -> int:
        return self.total - sum(each.count for each in self.unable.values())

    def note(self, case: Case, problem: tuple[str, str] | None) -> None:
        """Count one case, and what ails it, with what to do."""
        self.total += 1
        if problem is None:
            return
        why_not, advice = problem
        version = case.definition.version
        found = self.unable.setdefault(
            (case.case_type, version, why_not), Unable(case.case_type, version, why_not, advice)
        )
        found.count += 1
        if len(found.numbers) < NAMED:
            found.numbers.append(case.number)


def examine() -> Findings:
    """Load every case that is not closed with its definition, in batches, and store it again in memory."""
    found = Findings()
    last = None
    while True:
        query = sa.select(Case).options(undefer(Case.snapshot), joinedload(Case.definition))
        query = query.order_by(Case.id).limit(BATCH).where(Case.closed_at.is_(None))
        rows = db.session.scalars(query if last is None else query.where(Case.id > last)).all()
        if not rows:
            return found
        last = rows[-1].id
        for case in rows:
            found.note(case, _problem(case))
        db.session.expunge_all()


def _problem(case: Case) -> tuple[str, str] | None:
    """Why this release cannot run the case, and what to do about it."""
    try:
        definition = deployed(case.definition_id).definition
    except Refused as refused:
        return f"Its diagram cannot be read: {refused.problems[0]}", OTHERWISE
    except KeyError as missing:
        return f"Its diagram is not there: {missing}.", DEPLOYED
    try:
        workflow = Workflow.load(definition, case.snapshot or b"", case.variables, now=localnow())
        workflow.open_work()
        workflow.dump()
    except Unfit as unfit:
        return str(unfit), RESTORED
    except EngineError as error:
        return str(error), OTHERWISE
    return None
