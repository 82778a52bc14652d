"""What was done to the installation rather than to a case, for those who manage people."""

from __future__ import annotations

from service.models import Actor, InstallationEntry
from service.policy.permissions import Action, require
from service.queries.pages import LIMIT, Page, Sort, page


def entries(
    actor: Actor, *, subject: str | None = None, limit: int = LIMIT, cursor: str | None = None
) -> Page[InstallationEntry]:
    """The installation's audit entries, the newest first; `subject`: only what was done to them, or by them."""
    require(actor, Action.MANAGE_USERS)
    conditions = []
    if subject is not None:
        conditions.append((InstallationEntry.subject == subject) | (InstallationEntry.actor == subject))
    sorts = [Sort(InstallationEntry.seq, int, descending=True)]
    return page(InstallationEntry, *conditions, sorts=sorts, limit=limit, cursor=cursor)
