"""BPMN's data stores (BPMN 2.0.2 §10.4.1), as workflows read them. And what they wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from service.db import db
from service.engine.work import Happening, What
from service.models import Case, DataStore


class Stores(Mapping[str, Any]):
    """The data stores, each read when a workflow asks for it."""

    def __init__(self) -> None:
        self.asked = False  #: whether any was: what became of it is then true only as long as nobody else writes

    def __getitem__(self, name: str) -> Any:
        self.asked = True
        row = db.session.get(DataStore, name)
        if row is None:
            raise KeyError(name)
        return row.value

    def __iter__(self) -> Iterator[str]:
        self.asked = True
        return iter(db.session.scalars(sa.select(DataStore.name)).all())

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __bool__(self) -> bool:
        return True  # nobody has to count them for it


def keep(case: Case, happenings: Iterable[Happening]) -> None:
    """Write what `case` put into data stores."""
    for happening in happenings:
        if happening.what is What.STORED:
            name, value = happening.details["store"], happening.details["value"]
            db.session.merge(DataStore(name=name, value=value, written_by=case.number))
            db.session.flush()
