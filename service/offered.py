"""Ad hoc work that the diagram offers: who may start it, and what the others are told.

The rule of thumb: who steers the case may start everything; others what is offered to them, or to nobody in particular.
"""

from __future__ import annotations

import uuid
from functools import lru_cache

import sqlalchemy as sa

from .db import db
from .engine.work import Enabled
from .models import Case, Group, ProcessDefinition
from .permissions import Action, Actor, accesses_of, may, steers


def why_not_activate(actor: Actor, case: Case, offered: Enabled) -> str | None:
    """Why `actor` may not start the ad hoc activity, as a sentence; None if they may."""
    if not may(actor, Action.ACTIVATE, case):
        return "You may only read this case."
    if steers(actor, case):
        return None
    if not (offered.candidate_users or offered.candidate_groups or offered.candidate_roles):
        return None
    if actor.name in offered.candidate_users or actor.belongs_to(offered.candidate_groups):
        return None
    if offered.candidate_roles and accesses_of(actor, case, *offered.candidate_roles):
        return None
    return _for_others(case, offered)


def _for_others(case: Case, offered: Enabled) -> str:
    """Whom the activity is for instead, in the words that people know them by."""
    groups = [_title_of(name) for name in offered.candidate_groups]
    roles = [_role_names(case.definition_id).get(role, role) for role in offered.candidate_roles]
    missing = [f"in {' or '.join(groups)}"] if groups else []
    missing += [f"{' or '.join(roles)} of this case"] if roles else []
    return f"You are not {', nor '.join(missing)}." if missing else "This is for others to start."


def _title_of(group: str) -> str:
    found = db.session.get(Group, group)
    return found.title if found and found.title else group


@lru_cache(maxsize=1024)
def _role_names(definition_id: uuid.UUID) -> dict[str, str]:
    """What a deployed definition calls the roles of its cases; immutable, so kept for the process's life."""
    info = db.session.execute(sa.select(ProcessDefinition.info).where(ProcessDefinition.id == definition_id))
    return {role["id"]: role["name"] for role in info.scalar_one().get("roles", ())}
