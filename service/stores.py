"""BPMN's data stores (BPMN 2.0.2 §10.4.1), as workflows read them. What is written into one, execution.py keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from .db import db
from .models import DataStore


class Stores(Mapping[str, Any]):
    """The data stores, each read when a workflow asks for it."""

    def __getitem__(self, name: str) -> Any:
        row = db.session.get(DataStore, name)
        if row is None:
            raise KeyError(name)
        return row.value

    def __iter__(self) -> Iterator[str]:
        return iter(db.session.scalars(sa.select(DataStore.name)).all())

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __bool__(self) -> bool:
        return True  # nobody has to count them for it
