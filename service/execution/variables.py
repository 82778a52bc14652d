"""A case's variables as rows: small ones in the case's own row, large ones each in a row beside it (`LargeVariable`).

A row beside it is written once: a variable that changes gets another. So a step writes what it changed, however much
the case knows. They are read where they are asked for (`Case.variables`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from service.db import Base, db, new_id, to_json
from service.errors import WrongState
from service.languages import _
from service.models import Case, LargeVariable

INLINE = 8_000  #: characters of JSON that a case's own row holds; beyond them its larger variables go beside it
SMALL = 250  #: characters of a variable that stays in any case
MOST = 100_000_000  #: characters of all variables of one case
_LARGE = Base.metadata.tables[LargeVariable.__tablename__]
_FORGET = sa.delete(_LARGE).where(_LARGE.c.id.in_(sa.bindparam("ids", expanding=True)))


def keep(case: Case, variables: Mapping[str, Any]) -> None:
    """Write what the case knows now. A value that is the very object that was read is one that did not change.

    Raises `WrongState` for more than a case may hold.
    """
    before, beside = case.variables, case.apart or {}
    if case.apart is not None and list(before) == list(variables) and _unchanged(before, variables) == set(before):
        return
    same = _unchanged(before, variables)
    apart = {name: kept for name, kept in beside.items() if name in same}
    inline = {name: None if name in apart else value for name, value in variables.items()}
    size = len(to_json(inline))
    if size > INLINE:
        for name in [name for name in inline if name not in apart and len(to_json(inline[name])) > SMALL]:
            apart[name] = _put_beside(case, inline[name])
            inline[name] = None
    if size + sum(size for _id, size in apart.values()) > MOST:
        raise WrongState(
            _("The variables of this case are too large; at most %(MOST)s characters are kept.", MOST=f"{MOST:,}")
        )
    _forget(kept for name, kept in beside.items() if apart.get(name) != kept)
    case.inline, case.apart = inline, apart
    flag_modified(case, "inline")  # 1 and true are alike to Python, and not to a case


def read(inline: Mapping[str, Any] | None, apart: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a case knows whose row says this, as `Case.variables` has it; null for what is not there any more."""
    if not apart:
        return dict(inline or {})
    ids = {name: uuid.UUID(row_id) for name, (row_id, _size) in apart.items()}
    wanted = sa.select(LargeVariable.id, LargeVariable.value).where(LargeVariable.id.in_(ids.values()))
    found: dict[uuid.UUID, Any] = {row.id: row.value for row in db.session.execute(wanted)}
    return {**(inline or {}), **{name: found.get(row_id) for name, row_id in ids.items()}}


def _unchanged(before: Mapping[str, Any], now: Mapping[str, Any]) -> set[str]:
    return {name for name, value in now.items() if name in before and before[name] is value}


def _put_beside(case: Case, value: Any) -> list[Any]:
    row = LargeVariable(id=new_id(), case_id=case.id, value=value)
    db.session.add(row)
    case.large[str(row.id)] = value
    return [str(row.id), len(to_json(value))]


def _forget(gone: Iterable[list[Any]]) -> None:
    if ids := [uuid.UUID(row_id) for row_id, _size in gone]:
        db.session.execute(_FORGET, {"ids": ids})
