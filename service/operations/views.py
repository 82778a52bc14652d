"""Saved views: `keep`, `change`, `forget`, and with which one somebody begins."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from service.db import db, new_id
from service.errors import BadRequest, WrongState
from service.filters.grammar import LONGEST, parse
from service.languages import _
from service.models import Actor, DefaultView, SavedView, ViewOf, ViewShare
from service.policy.permissions import Action, require

MOST = 50  #: views of one person
NAME = 80  #: characters
SCOPES = ("mine", "team", "all")


@dataclass(frozen=True)
class Wanted:
    """What a view shall be."""

    of: ViewOf
    name: str
    filter: str
    sort: str
    columns: Sequence[str]
    scope: str = "all"
    grouped_by: str | None = None
    groups: Collection[str] = ()


def keep(wanted: Wanted, *, by: Actor) -> SavedView:
    """Save a view of one's own; members of its groups have it too."""
    require(by, Action.KEEP_VIEWS)
    assert by.id is not None
    if len(db.session.scalars(sa.select(SavedView.id).where(SavedView.owner_id == by.id)).all()) >= MOST:
        raise WrongState(_("You have %(MOST)s views; delete one before you save another.", MOST=MOST))
    view = SavedView(id=new_id(), owner_id=by.id, of=wanted.of)
    _set(view, wanted, by=by)
    db.session.add(view)
    return view


def change(view: SavedView, wanted: Wanted, *, by: Actor) -> None:
    """Let one's own view be another."""
    require(by, Action.CHANGE_VIEW, view)
    if wanted.of is not view.of:
        raise BadRequest(_("A view of tasks stays one of tasks, and one of cases one of cases."), field="of")
    _set(view, wanted, by=by)


def forget(view: SavedView, *, by: Actor) -> None:
    """Delete one's own view, for all who have it."""
    require(by, Action.CHANGE_VIEW, view)
    db.session.execute(sa.delete(DefaultView).where(DefaultView.view_id == view.id))
    db.session.delete(view)


def begin_with(view: SavedView, begins: bool, *, by: Actor) -> None:
    """Begin with this view from now on, or no longer."""
    require(by, Action.READ_VIEW, view)
    assert by.id is not None
    own = DefaultView.user_id == by.id, DefaultView.of == view.of
    db.session.execute(sa.delete(DefaultView).where(*own))
    if begins:
        db.session.execute(sa.insert(DefaultView).values(user_id=by.id, of=view.of, view_id=view.id))


def _set(view: SavedView, wanted: Wanted, *, by: Actor) -> None:
    name = " ".join(wanted.name.split())
    if not name or len(name) > NAME:
        raise BadRequest(_("Give the view a name of at most %(NAME)s characters.", NAME=NAME), field="name")
    if wanted.scope not in SCOPES:
        raise BadRequest(_("Choose whose tasks: %(SCOPES)s.", SCOPES=", ".join(SCOPES)), field="scope")
    if len(wanted.filter) > LONGEST:
        raise BadRequest(_("A filter may have %(LONGEST)s characters.", LONGEST=LONGEST), field="filter")
    parse(wanted.filter)
    if not 1 <= len(wanted.columns) <= 12 or any(len(each) > 110 for each in wanted.columns):
        raise BadRequest(_("Choose between 1 and 12 columns."), field="columns")
    foreign = set(wanted.groups) - set(by.groups) - set(view.groups if view.shares else ())
    if foreign:
        raise BadRequest(_("You are not in the group “%(foreign)s”.", foreign=sorted(foreign)[0][:60]), field="groups")
    view.name, view.filter, view.scope = name, wanted.filter.strip(), wanted.scope
    view.sort, view.grouped_by, view.columns = wanted.sort, wanted.grouped_by, list(dict.fromkeys(wanted.columns))
    there = {share.group_name: share for share in view.shares or []}
    view.shares = [there.get(group) or ViewShare(group_name=group) for group in sorted(set(wanted.groups))]
