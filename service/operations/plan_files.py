"""PLANS AS FILES: what `casewright plan` prints, one or several, ordered as a version is deployed.

Beside the plan a file says from which version to which, and which cases; mistakes are told by their lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa
import yaml

from service.db import db
from service.engine.change.plan import Plan, Verdict
from service.errors import InvalidForm
from service.execution.chosen import Chosen
from service.models import Actor, Migration, ProcessDefinition
from service.operations import migrations, plans, rollout
from service.operations.deployments import Definition
from service.operations.migrations import NoCases, Terms
from service.operations.plans import Wrong

MEMBERS = ("case_type", "from", "to", "cases", "plan", "up_to", "trial", "most_untouched", "reason")
MOST = 100  #: plans in a file
Found = Callable[[Chosen], sa.ColumnElement[bool] | None]  #: which cases its text finds: queries/choosing.py says it


def order(text: str, added: Iterable[Definition], *, by: Actor, reason: str, found: Found) -> list[Migration]:
    """Have cases moved to what a deployment has just `added`, as the plans in `text` say; what finds no case is left
    out. Raises `InvalidForm` for the field `plan`, with a line for each mistake."""
    made = {row.key: row for row in rollout.new_processes(added)}
    roots = plans.documents(text)
    if not roots or len(roots) > MOST:
        raise _wrong(1, f"Give one plan, or several up to {MOST} with --- between them.")
    orders = []
    for root in roots:
        source, target, said = _read(root, made)
        chosen, terms = _chosen(root, said), _terms(root, said)
        plan = plans.of_node(root, source, target) if "plan" in said else Plan()
        also: dict[str, Any] = {"chosen": chosen, "terms": terms, "among": found(chosen)}
        try:
            orders.append(migrations.order(source, target, plan, by=by, reason=reason, **also))
        except NoCases:
            continue
    return orders


def _read(
    root: yaml.Node, made: Mapping[str, ProcessDefinition]
) -> tuple[ProcessDefinition, ProcessDefinition, Mapping[str, Any]]:
    """The two versions, and all that the document says."""
    try:
        said = yaml.SafeLoader("").construct_document(root)
    except (yaml.YAMLError, ValueError, RecursionError):  # such as a date that there is not
        raise _wrong(_line(root), "A value in this plan cannot be read.") from None
    if not isinstance(said, dict):
        raise _wrong(_line(root), "A plan has lines such as “case_type: loan”; `casewright plan TYPE` prints one.")
    if strange := [str(name) for name in said if name not in MEMBERS]:
        raise _wrong(_line(root, strange[0]), f"A plan's file has {', '.join(MEMBERS)}; not “{strange[0]}”.")
    key, number = said.get("case_type"), said.get("from")
    target = made.get(key) if isinstance(key, str) else None
    if target is None:
        raise _wrong(_line(root, "case_type"), f"This deployment makes no new version of “{key}”.")
    if "to" in said and said["to"] != target.version:
        raise _wrong(_line(root, "to"), f"This deployment makes version {target.version}; make the plan anew.")
    wanted = sa.select(ProcessDefinition).where(ProcessDefinition.key == key, ProcessDefinition.version == number)
    source = db.session.scalars(wanted).one_or_none() if type(number) is int and 0 < number < 2**31 else None
    if source is None or source.id == target.id:
        raise _wrong(_line(root, "from"), "“from” has to be the number of a version before.")
    return source, target, said


def _chosen(root: yaml.Node, said: Mapping[str, Any]) -> Chosen:
    cases = said.get("cases") or {}
    try:
        if not isinstance(cases, dict):
            raise ValueError("“cases” has to be lines of the form “name: value”.")
        return Chosen.from_json(cases)
    except ValueError as wrong:
        raise _wrong(_line(root, "cases"), str(wrong)) from None


def _terms(root: yaml.Node, said: Mapping[str, Any]) -> Terms:
    up_to = said.get("up_to", str(Verdict.WITH_PLAN))
    if up_to not in list(Verdict)[:-1]:
        raise _wrong(_line(root, "up_to"), f"“up_to” is {', '.join(list(Verdict)[:-1])}; not “{up_to}”.")
    for name, least in (("trial", 1), ("most_untouched", 0)):
        number = said.get(name, least)
        if number is not None and (type(number) is not int or not least <= number < 2**31):
            raise _wrong(_line(root, name), f"“{name}” has to be a whole number from {least} on.")
    return Terms(said.get("trial"), said.get("most_untouched"), Verdict(up_to))


def _line(root: yaml.Node, name: str | None = None) -> int:
    """Where the document, or one of its members, stands; from 1 on."""
    pairs = root.value if isinstance(root, yaml.MappingNode) else ()
    node = next((key for key, _ in pairs if key.value == name), root)
    return int(node.start_mark.line) + 1


def _wrong(line: int, message: str) -> InvalidForm:
    return InvalidForm({"plan": [str(Wrong(line, message))]})
