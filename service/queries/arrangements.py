"""How a list is arranged for whoever looks: the columns, orders and groups that there are, and what was chosen."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from service import filters
from service.db import db
from service.execution.facts import declared_by
from service.models import Actor, Arrangement, Case, CaseVariable, ListName
from service.models.arrangements import groups_of, own_columns, sorts_of
from service.queries.visibility import listed

_CHOSEN = (
    sa.select(Arrangement)
    .where(
        Arrangement.user_id == sa.bindparam("person"),
        Arrangement.list_name == sa.bindparam("name"),
        Arrangement.case_type.in_(["", sa.bindparam("case_type")]),
    )
    .order_by(Arrangement.case_type.desc())
    .limit(1)
)


@dataclass(frozen=True)
class Arranged:
    """How a list looks; `case_type`: for which it was chosen, None where nobody chose anything."""

    columns: Sequence[str]
    sort: str
    grouped_by: str | None = None
    case_type: str | None = None


#: How each list looks until somebody wants it otherwise.
AT_FIRST: Mapping[ListName, Arranged] = {
    ListName.MINE: Arranged(("case", "due", "priority"), "urgency"),
    ListName.TEAM: Arranged(("case", "due", "priority"), "urgency"),
    ListName.CASES: Arranged(("case", "type", "stage", "owner", "due", "state"), "newest"),
}


def of(actor: Actor, name: ListName, case_type: str = "") -> Arranged:
    """How `actor` wants this list where it shows cases of this type: as chosen for it, else for the whole list."""
    if actor.id is None:
        return AT_FIRST[name]
    given = {"person": actor.id, "name": name, "case_type": case_type}
    chosen = db.session.scalar(_CHOSEN, given)
    if chosen is None:
        return AT_FIRST[name]
    known = columns_of(name, case_type)
    columns = [column for column in chosen.columns if column in known] or AT_FIRST[name].columns
    sort = chosen.sort if chosen.sort in sorts_of(name) else AT_FIRST[name].sort
    groups = chosen.grouped_by if chosen.grouped_by in groups_of(name) else None
    return Arranged(columns, sort, groups, chosen.case_type)


def columns_of(name: ListName, case_type: str = "") -> Mapping[str, str]:
    """Name -> heading of what this list may show: of one case type also the facts that it declares searchable."""
    declared = declared_by(case_type) if case_type else ()
    return {**own_columns(name), **{f"fact.{fact}": heading(fact) for fact in declared}}


def heading(fact: str) -> str:
    """`estimatedAmount` as “Estimated amount”."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[._]", " ", fact).lower()
    return words[:1].upper() + words[1:]


def type_asked_for(node: filters.Node | None) -> str:
    """The one case type, by its key, that everything under a filter is of; empty where it is not one."""
    parts = node.parts if isinstance(node, filters.All) else (node,)
    for leaf in parts:
        if isinstance(leaf, filters.Leaf) and leaf.wanted and leaf.field is not None and leaf.field.name == "type":
            tests = [test for test in leaf.tests if isinstance(test, filters.Is) and not test.begins]
            if len(tests) == len(leaf.tests) == 1:
                return tests[0].value
    return ""


def facts(columns: Sequence[str], actor: Actor, ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, Mapping[str, str]]:
    """Case id -> fact -> how it is shown: of the facts that are columns, for the cases that `actor` may ask them of."""
    names = [column.removeprefix("fact.") for column in columns if column.startswith("fact.")]
    found: dict[uuid.UUID, dict[str, str]] = {}
    if not names or not ids:
        return found
    open_ones = sa.select(Case.id).where(Case.id.in_(set(ids)), listed(actor))
    wanted = sa.select(CaseVariable.case_id, CaseVariable.name, CaseVariable.shown)
    for case_id, name, shown in db.session.execute(
        wanted.where(CaseVariable.case_id.in_(open_ones), CaseVariable.name.in_(names))
    ):
        found.setdefault(case_id, {})[name] = shown
    return found
