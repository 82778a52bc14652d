"""Which version of a process new cases take, as somebody decides it.

It is the newest one, until somebody `pin`s another; `unpin` ends that. A version that is staged takes some of the new
cases, or all from a date on; a retired one takes none. What a new case takes is then read by `choosing`, for every way
in which a case is opened. Called processes of what is deployed from then on are linked in the active version. What runs
stays on the version that it has.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from service import audit, jobs
from service.db import database_now, db, utcnow
from service.errors import WrongState
from service.languages import _
from service.models import SYSTEM, Actor, ProcessDefinition
from service.operations import start_events
from service.operations.choosing import Terms, terms_of
from service.policy.permissions import Action, require


def pin(definition: ProcessDefinition, *, by: Actor) -> None:
    """Let all new cases take this version, also when newer ones are deployed; ends what was staged."""
    require(by, Action.CHOOSE_VERSION)
    versions = _locked(definition.key)
    if definition.pinned:
        raise WrongState(
            _("New cases take version %(version)s already, until somebody says otherwise.", version=definition.version)
        )
    _refuse_retired(definition)
    _choose(versions, definition, pinned=True)
    audit.installation.record("version:pinned", by=by, subject=definition.key, details={"version": definition.version})


def unpin(key: str, *, by: Actor) -> ProcessDefinition:
    """Let all new cases take the newest version again that is not retired; which that is.

    Ends what was staged. Raises `WrongState` where they take it already.
    """
    require(by, Action.CHOOSE_VERSION)
    versions = _locked(key)
    newest = next(each for each in versions if each.retired_at is None)
    if newest.active and not any(each.pinned or each.staged for each in versions):
        raise WrongState(_("New cases take the newest version."))
    _choose(versions, newest, pinned=False)
    audit.installation.record("version:unpinned", by=by, subject=key, details={"version": newest.version})
    return newest


def go_back(key: str, *, by: Actor) -> ProcessDefinition:
    """Let new cases take the version before the one that they take now; which that is."""
    require(by, Action.CHOOSE_VERSION)
    versions = _locked(key)
    now = next(each for each in versions if each.active)
    former = next((each for each in versions if each.version < now.version and each.retired_at is None), None)
    if former is None:
        raise WrongState(_("There is no version before this one."))
    pin(former, by=by)
    return former


def stage(definition: ProcessDefinition, terms: Terms, *, by: Actor) -> None:
    """Let this version take the new cases that `terms` name, beside the active one, or all from a date on.

    Staged again it has the new terms. Raises `WrongState` for the active version, for a retired one, and while one is
    pinned.
    """
    require(by, Action.CHOOSE_VERSION)
    versions = _locked(definition.key)
    _refuse_retired(definition)
    if definition.active:
        raise WrongState(_("New cases take version %(version)s already.", version=definition.version))
    if (pinned := next((each for each in versions if each.pinned), None)) is not None:
        raise WrongState(
            _("New cases take version %(version)s, which is pinned; unpin it first.", version=pinned.version)
        )
    _put_on(definition, terms)
    _note_rivals(versions)
    audit.installation.record(
        "version:staged",
        by=by,
        subject=definition.key,
        details={"version": definition.version, "terms": terms.in_words},
    )


def unstage(definition: ProcessDefinition, *, by: Actor) -> None:
    """Let this version take no new cases any more beside the active one. Raises `WrongState` where it takes none."""
    require(by, Action.CHOOSE_VERSION)
    versions = _locked(definition.key)
    if not definition.staged:
        raise WrongState(_("Version %(version)s is not staged.", version=definition.version))
    _take_off(definition)
    _note_rivals(versions)
    audit.installation.record(
        "version:unstaged", by=by, subject=definition.key, details={"version": definition.version}
    )


def retire(definition: ProcessDefinition, *, by: Actor) -> None:
    """Let this version take no new cases, and let nobody choose it. Its open cases go on.

    Raises `WrongState` for the active version: another one has to be there first.
    """
    require(by, Action.CHOOSE_VERSION)
    versions = _locked(definition.key)
    _refuse_retired(definition)
    if definition.active:
        raise WrongState(
            _("New cases take version %(version)s; let them take another one first.", version=definition.version)
        )
    _take_off(definition)
    definition.retired_at = utcnow()
    _note_rivals(versions)
    audit.installation.record("version:retired", by=by, subject=definition.key, details={"version": definition.version})


def restore(definition: ProcessDefinition, *, by: Actor) -> None:
    """Let a retired version be chosen again. Raises `WrongState` for one that is not retired."""
    require(by, Action.CHOOSE_VERSION)
    _locked(definition.key)
    if definition.retired_at is None:
        raise WrongState(_("Version %(version)s is not retired.", version=definition.version))
    definition.retired_at = None
    audit.installation.record(
        "version:restored", by=by, subject=definition.key, details={"version": definition.version}
    )


def take_effect(definition_id: uuid.UUID) -> None:
    """Make a version whose date has come the active one; nothing when that is no longer wanted, or not yet due."""
    definition = db.session.get(ProcessDefinition, definition_id)
    if definition is None:
        return
    versions = _locked(definition.key)
    terms = terms_of(definition)
    if not (definition.staged and terms.are_a_date_alone):
        return
    if terms.since is not None and terms.since > database_now():
        _wake(definition, terms)
        return
    _choose(versions, definition, pinned=False)
    details = {"version": definition.version}
    audit.installation.record("version:effective", by=SYSTEM, subject=definition.key, details=details)


def introduce(definition: ProcessDefinition, terms: Terms | None) -> None:
    """Let new cases take a version that is deployed just now: all of them, or with `terms` those that it names.

    A first version takes all; beside one that is pinned it takes none.
    """
    versions = _locked(definition.key)
    if any(each.pinned for each in versions):
        return
    if terms is not None and len(versions) > 1:
        _put_on(definition, terms)
        _note_rivals(versions)
        return
    for each in versions:
        _take_off(each)
        each.active, each.rivals = each is definition, False
    db.session.flush()


def _put_on(definition: ProcessDefinition, terms: Terms) -> None:
    definition.staged = True
    definition.staged_from, definition.staged_share, definition.staged_when = terms.since, terms.share, terms.when
    if terms.are_a_date_alone:
        _wake(definition, terms)


def _wake(definition: ProcessDefinition, terms: Terms) -> None:
    at = terms.since or utcnow()
    arguments = {"definition": str(definition.id)}
    jobs.enqueue_at(at, "version_takes_effect", arguments, partition=str(definition.id))


def _refuse_retired(definition: ProcessDefinition) -> None:
    if definition.retired_at is not None:
        raise WrongState(_("Version %(version)s is retired; restore it first.", version=definition.version))


def _take_off(definition: ProcessDefinition) -> None:
    definition.staged = False
    definition.staged_from = definition.staged_share = definition.staged_when = None


def _note_rivals(versions: list[ProcessDefinition]) -> None:
    staged = any(each.staged for each in versions)
    for each in versions:
        each.rivals = each.active and staged
    db.session.flush()


def _locked(key: str) -> list[ProcessDefinition]:
    """All versions, the newest first; nobody else chooses meanwhile."""
    db.session.flush()
    chosen = sa.select(ProcessDefinition).where(ProcessDefinition.key == key).with_for_update()
    newest_first = chosen.order_by(ProcessDefinition.version.desc()).execution_options(populate_existing=True)
    return list(db.session.scalars(newest_first))


def _choose(versions: list[ProcessDefinition], one: ProcessDefinition, *, pinned: bool) -> None:
    moves = not one.active
    for each in versions:
        _take_off(each)
        each.active = each is one
        each.pinned = pinned and each is one
        each.rivals = False
    db.session.flush()
    if moves:
        start_events.listen([one])
