"""Ad hoc work that the diagram offers: who may start it, and what the others are told.

The rule of thumb: who steers the case may start everything; others what is offered to them, or to nobody in particular.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache

import sqlalchemy as sa

from service.db import db
from service.engine.work import Enabled
from service.languages import _
from service.models import Actor, Case, Group, ProcessDefinition
from service.policy.permissions import Action, may, roles_of, steers


@dataclass(frozen=True)
class Starter:
    """What somebody is to one case, looked up once for all that it offers."""

    actor: Actor
    case: Case
    works: bool
    steers: bool
    roles: frozenset[str]

    @classmethod
    def of(cls, actor: Actor, case: Case) -> Starter:
        """Ask the permission table, and the roles of the case."""
        if steers(actor, case):
            return cls(actor, case, works=True, steers=True, roles=frozenset())
        works = may(actor, Action.ACTIVATE, case)
        return cls(actor, case, works=works, steers=False, roles=roles_of(actor, case))

    def why_not(self, offered: Enabled) -> str | None:
        """Why they may not start this, as a sentence; None if they may."""
        if not self.works:
            return _("You may only read this case.")
        if self.steers or not (offered.candidate_users or offered.candidate_groups or offered.candidate_roles):
            return None
        if self.actor.name in offered.candidate_users or self.actor.belongs_to(offered.candidate_groups):
            return None
        return None if self.roles.intersection(offered.candidate_roles) else _for_others(self.case, offered)


def _for_others(case: Case, offered: Enabled) -> str:
    """Whom the activity is for instead, in the words that people know them by."""
    groups = [_title_of(name) for name in offered.candidate_groups]
    roles = [_role_names(case.definition_id).get(role, role) for role in offered.candidate_roles]
    missing = [_("in %(groups)s", groups=" or ".join(groups))] if groups else []
    missing += [_("%(roles)s of this case", roles=" or ".join(roles))] if roles else []
    return (
        _("You are not %(missing)s.", missing=", nor ".join(missing)) if missing else _("This is for others to start.")
    )


def _title_of(group: str) -> str:
    found = db.session.get(Group, group)
    return found.title if found and found.title else group


@lru_cache(maxsize=1024)
def _role_names(definition_id: uuid.UUID) -> dict[str, str]:
    """What a deployed definition calls the roles of its cases; immutable, so kept for the process's life."""
    info = db.session.execute(sa.select(ProcessDefinition.info).where(ProcessDefinition.id == definition_id))
    return {role["id"]: role["name"] for role in info.scalar_one().get("roles", ())}
