"""Data associations (BPMN 2.0.2 §10.4.2): what an activity or event takes from data objects and stores, and gives them.

A data object is a variable of its process or sub-process, and so needs no copying where the names are the same. A data
store outlives the case: its values come from outside (`Run.stores`), and what is written is told as What.STORED.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.engine import expressions
from service.engine.scope import DECLARED, View, plain
from service.engine.upstream import Task

if TYPE_CHECKING:
    from service.engine.state.run import Run


@dataclass(frozen=True)
class Place:
    """A data object, by the name of its variable, or a data store, by its own name."""

    name: str
    store: bool = False


@dataclass(frozen=True)
class Association:
    """One arrow. `local` is the activity's own data input or output; assignments are (expression, name) pairs."""

    place: Place
    local: str | None = None
    transformation: str | None = None
    assignments: tuple[tuple[str, str], ...] = ()


def bring(run: Run, task: Task, associations: Sequence[Association]) -> dict[str, Any]:
    """What the associations bring to an activity: values by local name. Nothing for objects seen by their own name."""
    seen = View(task)
    found: dict[str, Any] = {}
    for arrow in associations:
        known = {arrow.place.name: run.stored(arrow.place.name)} if arrow.place.store else {}
        if arrow.assignments or arrow.transformation:
            found |= _computed(run, arrow, {**seen, **known}, arrow.local or arrow.place.name)
        elif arrow.place.store:
            found[arrow.local or arrow.place.name] = known[arrow.place.name]
        elif arrow.local and arrow.local != arrow.place.name and arrow.place.name in seen:
            found[arrow.local] = seen[arrow.place.name]
    return found


def declare(task: Task, values: Mapping[str, Any]) -> None:
    """Make these variables the task's own."""
    if not values:
        return
    declared = task.internal_data.setdefault(DECLARED, [])
    declared += [name for name in values if name not in declared]
    task.data.update({name: plain(value) for name, value in values.items()})


def hand_over(
    run: Run, task: Task, associations: Sequence[Association], brought: Mapping[str, Any] | None = None
) -> None:
    """Write what an activity (or, with `brought`, an event's payload) gives to data objects and stores."""
    seen: dict[str, Any] = {**View(task), **(brought or {})}
    for arrow in associations:
        name = arrow.place.name
        if arrow.assignments or arrow.transformation:
            values = _computed(run, arrow, seen, name)
        elif brought is not None:
            values = {name: dict(brought)}
        elif arrow.local and arrow.local in seen:
            values = {name: seen[arrow.local]}
        else:
            values = {name: seen[name]} if arrow.place.store and name in seen else {}
        for target, value in values.items():
            if arrow.place.store and target == name:
                run.keep(task, name, plain(value))
            else:
                run.write_outside(task, target, value)


def _computed(run: Run, arrow: Association, seen: Mapping[str, Any], whole: str) -> dict[str, Any]:
    if arrow.assignments:
        return {name: expressions.evaluate(text, seen, now=run.now) for text, name in arrow.assignments}
    return {whole: expressions.evaluate(arrow.transformation or "", seen, now=run.now)}
