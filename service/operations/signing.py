"""SIGNATURES of cases from before there were any, or that are signed otherwise: the worker makes them, some at a time.

A case that goes on meanwhile signs itself; then what was made here is not written.
"""

from __future__ import annotations

import sqlalchemy as sa

from service import jobs
from service.db import Base, db
from service.engine.change.marking import marking
from service.engine.errors import Unfit
from service.execution.signing import FORMAT, UNREADABLE, signature
from service.models import Case

AT_ONCE = 200  #: cases in one transaction
_CASES = Base.metadata.tables[Case.__tablename__]
_SIGN = (
    sa.update(_CASES)
    .where(_CASES.c.id == sa.bindparam("case"), _CASES.c.version == sa.bindparam("read_at"))
    .values(signature=sa.bindparam("made"))
)


def sign_some() -> int:
    """Sign some running cases whose rows do not say where they stand, and have a job sign the next; how many."""
    unsigned = sa.or_(Case.signature.is_(None), sa.not_(Case.signature.startswith(FORMAT)))
    wanted = sa.select(Case.id, Case.version, Case.snapshot, Case.visits).where(Case.closed_at.is_(None), unsigned)
    found = [
        {"case": row.id, "read_at": row.version, "made": _made(row.snapshot, row.visits)}
        for row in db.session.execute(wanted.limit(AT_ONCE))
    ]
    if found:
        db.session.connection().execute(_SIGN, found)
    if len(found) == AT_ONCE:
        jobs.enqueue("sign_cases", {}, partition="sign_cases")
    return len(found)


def _made(snapshot: bytes | None, visits: dict[str, int] | None) -> str:
    try:
        return signature(marking(snapshot or b""), visits or {})
    except Unfit:
        return UNREADABLE
