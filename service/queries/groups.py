"""Groups: who is in them, and which deployed case types name them."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import current_app

from service.db import db
from service.execution.definitions import deployed
from service.models import DefinitionAccess, Group, Membership, ProcessDefinition


@dataclass(frozen=True)
class Known:
    """A group that has a row, members, or a name in what is deployed."""

    name: str
    members: int
    named_by: Sequence[str]  #: processes, in the version that is used for new cases; what it is built in for

    @property
    def means_something(self) -> bool:
        return bool(self.members or self.named_by)


def known() -> Mapping[str, Known]:
    """All of them, by name."""
    members = dict(
        db.session.execute(sa.select(Membership.group_name, sa.func.count()).group_by(Membership.group_name)).all()
    )
    named = _named()
    names = {*db.session.scalars(sa.select(Group.name)), *named}
    return {name: Known(name, members.get(name, 0), sorted(named.get(name, ()))) for name in sorted(names)}


def near(name: str, groups: Mapping[str, Known]) -> Sequence[str]:
    """Groups that mean something and are called nearly so: what somebody may have meant who mistyped."""
    return difflib.get_close_matches(name, [each.name for each in groups.values() if each.means_something], n=3)


def _named() -> Mapping[str, set[str]]:
    """Group -> by what it is named: by whom may start, steer and read cases, and by who is offered tasks and roles."""
    found: dict[str, set[str]] = defaultdict(set)
    config = current_app.config["CASEWRIGHT"]
    found[config.operators].add("(operators)")
    found[config.designers].add("(designers)")
    latest = db.session.scalars(sa.select(ProcessDefinition).where(ProcessDefinition.latest)).all()
    keys = {each.id: each.key for each in latest}
    access = sa.select(DefinitionAccess.definition_id, DefinitionAccess.principal)
    for definition_id, principal in db.session.execute(access.where(DefinitionAccess.principal.startswith("group:"))):
        if definition_id in keys:
            found[principal.removeprefix("group:")].add(keys[definition_id])
    for definition_id, key in keys.items():
        for group in _offered(definition_id):
            found[group].add(key)
    return found


def _offered(definition_id: object) -> set[str]:
    """The groups to which a diagram's tasks and roles are offered; what an expression gives is known only in a case."""
    definition = deployed(definition_id).definition
    texts = [element.attributes.get("candidateGroups", "") for element in definition.elements.values()]
    found = {name.strip() for text in texts if not text.startswith("=") for name in text.split(",")}
    for role in definition.info.roles:
        found.update(role.groups)
    return found - {""}
