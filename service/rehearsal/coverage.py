"""What tests came by: sequence flows, rules of decision tables, and fields of forms shown and hidden."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.engine import expressions
from service.engine.expressions import ExpressionError
from service.engine.work import What
from service.forms.checks import CONTAINERS
from service.rehearsal.examples import FIRST, Result
from service.rehearsal.rehearsed import Trace
from service.rehearsal.world import World


@dataclass(frozen=True, order=True)
class Way:
    """Something that a test can come by. `kind`: flow (`where` a process), rule (a decision) or branch (a form)."""

    kind: str
    where: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name} of {self.where}"


@dataclass(frozen=True)
class Coverage:
    """All ways of some processes, and those that were taken."""

    ways: frozenset[Way]
    taken: frozenset[Way]

    @property
    def missed(self) -> list[Way]:
        """The ways that no test took."""
        return sorted(self.ways - self.taken)

    def count(self, kind: str) -> tuple[int, int]:
        """How many of a kind were taken, and how many there are."""
        return sum(w.kind == kind for w in self.taken), sum(w.kind == kind for w in self.ways)

    def as_data(self) -> dict[str, Any]:
        """As JSON values."""
        kinds = {f"{kind}s" if kind != "branch" else "branches": list(self.count(kind)) for kind in KINDS}
        return {**kinds, "missed": [str(way) for way in self.missed]}


KINDS = ("flow", "rule", "branch")


def of(world: World, keys: Iterable[str], results: Iterable[Result]) -> Coverage:
    """What `results` took of the processes `keys`, and of their decisions and forms."""
    ways = frozenset(all_ways(world, list(keys)))
    taken = {way for result in results for way in taken_by(world, result.trace, result.forms)}
    return Coverage(ways, frozenset(taken & ways))


def all_ways(world: World, keys: Sequence[str]) -> Iterator[Way]:
    """All that there is to come by in these processes."""
    for key in keys:
        definition = world.definitions[key]
        yield from (Way("flow", key, flow.id) for flow in definition.graph.flows.values() if flow.drawn)
        for called in definition.info.decisions:
            decision = definition.decisions.get(called)
            for table in dict.fromkeys(decision.tables if decision else ()):
                if table in world.tables:
                    yield from (Way("rule", table, str(rule.number)) for rule in world.tables[table].rules)
        for form in definition.info.forms:
            for field, _ in _conditional(world.forms.get(form, {})):
                yield Way("branch", form, f"{field} shown")
                yield Way("branch", form, f"{field} hidden")


def taken_by(world: World, trace: Iterable[Trace], forms: Iterable[tuple[str, Mapping[str, Any]]]) -> Iterator[Way]:
    """What one run came by."""
    for each in trace:
        if each.what is What.FLOWED:
            yield Way("flow", each.process, each.element)
        elif each.what is What.DECIDED:
            yield from (Way("rule", each.details["decision"], str(rule)) for rule in each.details["rules"])
            for step in each.details.get("before", ()):
                yield from (Way("rule", step["decision"], str(hit["rule"])) for hit in step.get("hits", ()))
    for form, values in forms:
        for field, condition in _conditional(world.forms.get(form, {})):
            try:
                hidden = expressions.evaluate(condition, values, now=FIRST) is True
            except ExpressionError:
                continue
            yield Way("branch", form, f"{field} {'hidden' if hidden else 'shown'}")


def _conditional(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields that are hidden under a condition, outside of lists; each with it."""
    for field in schema.get("components") or ():
        hide = (field.get("conditional") or {}).get("hide")
        if isinstance(hide, str) and hide.startswith("="):
            yield str(field.get("id")), hide
        if field.get("type") in CONTAINERS and not field.get("isRepeating"):
            yield from _conditional(field)
