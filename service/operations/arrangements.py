"""How somebody wants their lists: `arrange` one, or let it be `as_at_first`."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from service.db import db
from service.errors import BadRequest
from service.execution.facts import declared_by
from service.languages import _
from service.models import Actor, Arrangement, ListName, ProcessDefinition
from service.models.arrangements import groups_of, own_columns, sorts_of
from service.policy.permissions import Action, require

COLUMNS = 12  #: at most


def arrange(
    name: ListName, *, by: Actor, columns: Sequence[str], sort: str, grouped_by: str | None, case_type: str = ""
) -> None:
    """Show the list to `by` in this way from now on; with a `case_type` only where it shows cases of that type."""
    require(by, Action.KEEP_VIEWS)
    _known_type(case_type)
    declared = declared_by(case_type) if case_type else ()
    known = [*own_columns(name), *(f"fact.{fact}" for fact in declared)]
    chosen = list(dict.fromkeys(columns))
    if not 1 <= len(chosen) <= COLUMNS:
        raise BadRequest(_("Choose between 1 and %(COLUMNS)s columns.", COLUMNS=COLUMNS), field="columns")
    if name is ListName.CASES and "case" not in chosen:
        raise BadRequest(_("Keep the column “Case”: it leads to the case."), field="columns")
    if unknown := [column for column in chosen if column not in known]:
        said = ", ".join(known)
        raise BadRequest(
            _("There is no column “%(unknown)s”; there are %(said)s.", unknown=unknown[0][:60], said=said),
            field="columns",
        )
    if sort not in sorts_of(name):
        raise BadRequest(_("Choose one of the orders: %(name)s.", name=", ".join(sorts_of(name))), field="sort")
    if grouped_by is not None and grouped_by not in groups_of(name):
        said = ", ".join(groups_of(name))
        raise BadRequest(_("Choose what stands together: %(said)s, or nothing.", said=said), field="grouped_by")
    _forget(name, case_type, by)
    wanted = {"sort": sort, "grouped_by": grouped_by, "columns": chosen}
    db.session.add(Arrangement(user_id=by.id, list_name=name, case_type=case_type, **wanted))


def as_at_first(name: ListName, *, by: Actor, case_type: str = "") -> None:
    """Forget what `by` has chosen for the list, or for one case type in it."""
    require(by, Action.KEEP_VIEWS)
    _forget(name, case_type, by)


def _forget(name: ListName, case_type: str, by: Actor) -> None:
    own = Arrangement.user_id == by.id, Arrangement.list_name == name, Arrangement.case_type == case_type
    db.session.execute(sa.delete(Arrangement).where(*own))


def _known_type(case_type: str) -> None:
    there = sa.select(ProcessDefinition.id).where(ProcessDefinition.key == case_type, ProcessDefinition.latest)
    if case_type and db.session.scalar(there) is None:
        raise BadRequest(_("There is no case type “%(case_type)s”.", case_type=case_type[:60]), field="case_type")
