"""What a process says of itself as a whole, beside its elements: what differs between two versions, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from service.engine.change.compare import Difference
from service.engine.definition import ProcessInfo

_SHOWN = 80
_CALLED = {
    "title": "title of its cases",
    "numberPrefix": "prefix of case numbers",
    "candidateStarterGroups": "groups that may open cases",
    "candidateStarterUsers": "people who may open cases",
    "managerGroups": "groups that manage cases",
    "readerGroups": "groups that may read cases",
}  #: `case:` attributes of a process that are told by a name of their own


def listed(before: ProcessInfo, after: ProcessInfo) -> tuple[Difference, ...]:
    """Differences in name, documentation, `case:` attributes, service levels, stages, roles, milestones, outcomes."""
    return tuple(Difference("changed", message) for message in _listed(before, after))


def _listed(before: ProcessInfo, after: ProcessInfo) -> Iterator[str]:
    if before.name != after.name:
        yield f"The process is called “{after.name}” now instead of “{before.name}”."
    if before.documentation != after.documentation:
        yield "The process has another documentation."
    for name in sorted(before.attributes.keys() | after.attributes.keys()):
        one, other = before.attributes.get(name, ""), after.attributes.get(name, "")
        if one != other:
            yield f"The process: other {_CALLED.get(name, name)}{_both(one, other)}."
    if before.levels != after.levels:
        yield "The process has other service levels for its cases."
    for word, old, new in (
        ("stage", _named(before.stages), _named(after.stages)),
        ("role", _named(before.roles), _named(after.roles)),
        ("milestone", _named(before.milestones), _named(after.milestones)),
        ("outcome", _named(before.outcomes), _named(after.outcomes)),
    ):
        yield from _parts(word, old, new)


def _named(parts: tuple[object, ...]) -> Mapping[str, object]:
    return {str(getattr(part, "name", part)): part for part in parts}


def _parts(word: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    yield from (f"The {word} “{name}” of the process is gone." for name in old if name not in new)
    yield from (f"The {word} “{name}” of the process is new." for name in new if name not in old)
    both = [name for name in new if name in old]
    yield from (f"The {word} “{name}” of the process says something else." for name in both if old[name] != new[name])
    if both != [name for name in old if name in new]:
        yield f"The {word}s of the process have another order."


def _both(one: str, other: str) -> str:
    return f" ({one or 'none'} → {other or 'none'})" if len(one + other) <= _SHOWN else ""
