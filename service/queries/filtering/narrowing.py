"""What keeps a filter cheap: where few cases or tasks come into question, they are found by an index beforehand.

Each condition that has to hold is looked up in its own index, up to a bound. Few rows are named one by one, and the
list looks at nothing else; where all are many, the list meets enough of them on its way.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from service.db import db
from service.filters import All, AnyOf, Bounds, Empty, Is, Leaf, Node, Not
from service.models import Case, CaseRole, CaseVariable, HumanTask, ServiceClock, TaskCandidate, User
from service.queries.filtering.conditions import About, fact_is, ids_numbered, principals_of, within
from service.queries.filtering.levels import level_is
from service.queries.visibility import closed_to

MOST = 1000  #: rows that are named one by one
FEW = 50  #: rows that are few enough to look for no fewer
LOOKED_UP = 6  #: conditions that are looked up

Ids = Collection[uuid.UUID]


def of_tasks(node: Node, about: About) -> list[sa.ColumnElement[bool]]:
    """The open tasks that come into question, where they are few."""
    search = _Search(about)
    cases = search.cases(node)
    if cases is not None and len(cases) <= FEW:
        return [HumanTask.case_id.in_(cases)]
    tasks = search.fewest(_offered(_needed(node), about))
    if tasks is not None and (cases is None or len(tasks) < len(cases)):
        return [HumanTask.id.in_(tasks)]
    return [HumanTask.case_id.in_(cases)] if cases is not None else []


def of_cases(node: Node, about: About) -> list[sa.ColumnElement[bool]]:
    """The cases that come into question, where they are few."""
    cases = _Search(about).cases(node)
    return [Case.id.in_(cases)] if cases is not None else []


@dataclass
class _Search:
    """Looks conditions up, no more than `LOOKED_UP` of one filter."""

    about: About
    left: int = LOOKED_UP

    def cases(self, node: Node) -> Ids | None:
        """The cases that come into question under `node`; None where they are many, or no index knows them."""
        match node:
            case Leaf():
                chosen = _by_index(node, self.about) if _is_certain(node) else None
                return self.fewest([chosen]) if chosen is not None else None
            case AnyOf():
                found: set[uuid.UUID] = set()
                for part in node.parts:
                    ids = self.cases(part)
                    if ids is None:
                        return None
                    found |= set(ids)
                return found if len(found) <= MOST else None
            case Not():
                return None
        return self._of_all(node)

    def _of_all(self, node: All) -> Ids | None:
        fewest: Ids | None = None
        for part in sorted(node.parts, key=_rank):
            ids = self.cases(part)
            if ids is not None and (fewest is None or len(ids) < len(fewest)):
                fewest = ids
            if fewest is not None and len(fewest) <= FEW:
                return fewest
        facts = [leaf for leaf in _needed(node) if leaf.field is not None and leaf.field.fact]
        if fewest is not None or len(facts) < 2:
            return fewest
        return self.fewest([_with_facts(facts, self.about)])

    def fewest(self, wanted: Iterable[sa.Select[Any]]) -> Ids | None:
        """The smallest of these sets of ids; None where each has more than `MOST`."""
        found: Ids | None = None
        for chosen in wanted:
            if not self.left:
                break
            self.left -= 1
            ids = db.session.scalars(chosen.limit(MOST + 1)).all()
            if len(ids) <= MOST and (found is None or len(ids) < len(found)):
                found = ids
        return found


def _is_certain(leaf: Leaf) -> bool:
    """Whether the condition names what it looks for, rather than that there is nothing of the kind."""
    return leaf.field is not None and leaf.wanted and not any(isinstance(test, Empty) for test in leaf.tests)


def _needed(node: Node) -> list[Leaf]:
    """The conditions that have to hold, whatever else is asked."""
    if isinstance(node, Leaf):
        return [node] if _is_certain(node) else []
    return [leaf for part in node.parts for leaf in _needed(part)] if isinstance(node, All) else []


def _rank(node: Node) -> int:
    """What probably has few comes first."""
    name = node.field.name if isinstance(node, Leaf) and node.field else ""
    return {"case": 0, "link": 1, "parent": 1, "owner": 2, "role": 2}.get(name, 3)


def _with_facts(leaves: Sequence[Leaf], about: About) -> sa.Select[Any]:
    """The cases with all of these facts."""
    sets = [_with_fact(leaf, about).subquery() for leaf in leaves[:LOOKED_UP]]
    joined = sa.select(sets[0].c.case_id)
    for each in sets[1:]:
        joined = joined.join(each, each.c.case_id == sets[0].c.case_id)
    return joined


def _by_index(leaf: Leaf, about: About) -> sa.Select[Any] | None:
    assert leaf.field is not None
    names = [test for test in leaf.tests if isinstance(test, Is)]
    case = sa.select(Case.id)
    if leaf.field.fact:
        return _with_fact(leaf, about)
    match leaf.field.name:
        case "case" if not any(test.begins for test in names):
            return case.where(Case.number.in_({text for each in names for text in (each.value, each.value.upper())}))
        case "parent":
            return case.where(Case.parent_id.in_([found for each in names for found in ids_numbered(each)]))
        case "owner":
            ids = sa.select(User.id).where(User.name.in_(_names(names, about)))
            return case.where(Case.owner_id.in_(ids))
        case "opened-by":
            return case.where(Case.created_by.in_(_names(names, about)))
        case "role":
            principals = {each for test in names for each in principals_of(test, about)}
            return sa.select(CaseRole.case_id).where(CaseRole.principal.in_(sorted(principals))).distinct()
        case "level" if _has_come(names) and not about.of_tasks:
            rows = _with_level(ServiceClock.case_id, names, about)
            return rows.where(sa.not_(closed_to(about.actor, ServiceClock.case_id)))
        case "type":
            return case.where(Case.case_type.in_([each.value for each in names]))
    return None


def _has_come(tests: Sequence[Is]) -> bool:
    """Whether an index knows the service levels that stand so."""
    return all(test.value in ("breached", "warned") for test in tests)


def _with_level(key: Any, tests: Sequence[Is], about: About) -> sa.Select[Any]:
    """Of which cases, or tasks, a service level stands so."""
    stands = sa.or_(*(level_is(test.value, about.now) for test in tests))
    return sa.select(key).where(ServiceClock.ended_at.is_(None), key.is_not(None), stands).distinct()


def _names(tests: Sequence[Is], about: About) -> list[str]:
    return [about.actor.name if test.value == "me" else test.value for test in tests]


def _with_fact(leaf: Leaf, about: About) -> sa.Select[Any]:
    """The cases with such a fact; of those that are closed to the actor none, so that none is told even by the time."""
    assert leaf.field is not None
    tests = [fact_is(test) for test in leaf.tests if not isinstance(test, Empty)]
    rows = sa.select(CaseVariable.case_id).where(CaseVariable.name == leaf.field.name, sa.or_(*tests))
    return rows.where(sa.not_(closed_to(about.actor, CaseVariable.case_id)))


def _offered(leaves: Sequence[Leaf], about: About) -> Iterator[sa.Select[Any]]:
    """For each condition that an index of tasks knows, the tasks under it."""
    for leaf in leaves:
        name = leaf.field.name if leaf.field is not None and not leaf.field.fact else ""
        names = [test for test in leaf.tests if isinstance(test, Is)]
        open_tasks = sa.select(HumanTask.id).where(HumanTask.closed_at.is_(None))
        if name in ("candidate", "group"):
            principals = {each for test in names for each in principals_of(test, about, group=name == "group")}
            yield (sa.select(TaskCandidate.task_id).where(TaskCandidate.principal.in_(sorted(principals))).distinct())
        elif name == "assignee":
            yield open_tasks.where(HumanTask.assignee.in_(_names(names, about)))
        elif name == "level" and _has_come(names):
            yield _with_level(ServiceClock.task_id, names, about)
        elif name == "due":
            bounds = [test for test in leaf.tests if isinstance(test, Bounds)]
            yield open_tasks.where(sa.or_(*(within(HumanTask.due_at, test) for test in bounds)))
