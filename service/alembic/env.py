"""Runs a schema change on the connection that `service.schema` hands over."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context

import service.models
from service.db import Base, Identifier, Moment

assert service.models


def render(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    """Our column types by their own names."""
    if kind == "type" and isinstance(item, Identifier | Moment):
        autogen.imports.add("from service.db import Identifier, Moment")
        return f"{type(item).__name__}()"
    if kind == "type" and isinstance(item, sa.Enum):
        return f"sa.Enum({', '.join(repr(str(word)) for word in item.enums)}, name={item.name!r}, native_enum=False)"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
