"""Which version of a process new cases take: the newest one, until somebody `pin`s another; `unpin` ends that.

It holds for every way in which a case is opened: by hand, by its parent, by a message, signal or timer, and for called
processes of what is deployed from then on. What runs stays on the version that it has.
"""

from __future__ import annotations

import sqlalchemy as sa

from service import audit
from service.db import db
from service.errors import WrongState
from service.models import Actor, ProcessDefinition
from service.operations import start_events
from service.policy.permissions import Action, require


def pin(definition: ProcessDefinition, *, by: Actor) -> None:
    """Let new cases take this version, also when newer ones are deployed."""
    require(by, Action.CHOOSE_VERSION)
    versions = _locked(definition.key)
    if definition.pinned:
        raise WrongState(f"New cases take version {definition.version} already, until somebody says otherwise.")
    _choose(versions, definition, pinned=True)
    audit.installation.record("version:pinned", by=by, subject=definition.key, details={"version": definition.version})


def unpin(key: str, *, by: Actor) -> ProcessDefinition:
    """Let new cases take the newest version again; which that is. Raises `WrongState` where no other was chosen."""
    require(by, Action.CHOOSE_VERSION)
    versions = _locked(key)
    if not any(each.pinned for each in versions):
        raise WrongState("New cases take the newest version.")
    newest = next(each for each in versions if each.latest)
    _choose(versions, newest, pinned=False)
    audit.installation.record("version:unpinned", by=by, subject=key, details={"version": newest.version})
    return newest


def go_back(key: str, *, by: Actor) -> ProcessDefinition:
    """Let new cases take the version before the one that they take now; which that is."""
    require(by, Action.CHOOSE_VERSION)
    versions = _locked(key)
    now = next(each for each in versions if each.active)
    former = next((each for each in versions if each.version < now.version), None)
    if former is None:
        raise WrongState("There is no version before this one.")
    pin(former, by=by)
    return former


def _locked(key: str) -> list[ProcessDefinition]:
    """All versions, the newest first; nobody else chooses meanwhile."""
    db.session.flush()
    chosen = sa.select(ProcessDefinition).where(ProcessDefinition.key == key).with_for_update()
    newest_first = chosen.order_by(ProcessDefinition.version.desc()).execution_options(populate_existing=True)
    return list(db.session.scalars(newest_first))


def _choose(versions: list[ProcessDefinition], one: ProcessDefinition, *, pinned: bool) -> None:
    moves = not one.active
    for each in versions:
        each.active = each is one
        each.pinned = pinned and each is one
    db.session.flush()
    if moves:
        start_events.listen([one])
