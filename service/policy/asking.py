"""Who asks, in a statement that is built once: to write a long one anew for every request costs more than to run it.

@cache
def _below(who: Asker) -> sa.Select[str]:
    return sa.select(Case.number).where(Case.parent_id == sa.bindparam("above"), readable(who))

db.session.execute(_below(asker(actor)), {"above": case.id, **asked_by(actor)})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa

from service.db import Identifier, Moment, utcnow
from service.models import SYSTEM, Actor


@dataclass(frozen=True)
class AnyActor:
    """Stands for every actor of one kind; what tells them apart are the parameters that `asked_by` gives."""

    is_person: bool  #: has an id, and so may own cases
    is_admin: bool
    stands_in: bool = False  #: for somebody who is away

    @property
    def now(self) -> sa.BindParameter[Any]:
        return sa.bindparam("my_now", type_=Moment())

    @property
    def id(self) -> sa.BindParameter[Any] | None:
        return sa.bindparam("my_id", type_=Identifier()) if self.is_person else None

    @property
    def name(self) -> sa.BindParameter[str]:
        return sa.bindparam("my_name", type_=sa.String())

    @property
    def principals(self) -> sa.BindParameter[Any]:
        return sa.bindparam("my_principals", expanding=True, type_=sa.String())


Asker: TypeAlias = Actor | AnyActor  #: for conditions that are the same for both


def asker(actor: Actor) -> Asker:
    """What stands for `actor` in statements that are kept; the system, which sees everything, for itself."""
    return SYSTEM if actor is SYSTEM else AnyActor(actor.id is not None, actor.is_admin, actor.stands_in)


def asked_by(actor: Actor) -> Mapping[str, Any]:
    """The parameters of a statement for `asker(actor)`."""
    asked = {"my_id": actor.id, "my_name": actor.name, "my_principals": sorted(actor.principals)}
    return {**asked, "my_now": utcnow()} if actor.stands_in else asked
