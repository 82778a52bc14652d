"""Who is to open and work on a case type's cases: warnings where nobody could, or nobody of that name is there."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import sqlalchemy as sa

from service.db import db
from service.engine.definition import ASSIGN_BY, Element, Problem, ProcessInfo, ServiceLevel, Severity
from service.models import Calendar, Group, User, UserSkill
from service.operations.references import World

_TASKS = {"userTask", "manualTask"}
_OFFERED = ("assignee", "candidateUsers", "candidateGroups", "candidateRoles")
_STARTERS = ("candidateStarterGroups", "candidateStarterUsers")
_OF_GROUPS = ("candidateGroups", "candidateStarterGroups", "managerGroups", "readerGroups")
_OF_USERS = ("assignee", "candidateUsers", "candidateStarterUsers")
_WORDS = ("assignee", "candidates", "owner")  #: in a service level: whoever that is
_COMPARED = 500  #: names among which one is sought that was meant


def problems(elements: Mapping[str, Element], info: ProcessInfo, world: World) -> Iterator[Problem]:
    """What keeps everybody from opening a case, or from doing one of its tasks, as far as the diagram says it."""
    yield from _openers(info, world)
    for task in elements.values():
        if task.type in _TASKS:
            yield from _doers(info, task, elements)


def _openers(info: ProcessInfo, world: World) -> Iterator[Problem]:
    opened = any(info.attributes.get(name) for name in _STARTERS)
    prefix = info.attributes.get("numberPrefix")
    if opened and not prefix and info.attributes.get("insertable") != "true":
        yield _warning(
            info,
            None,
            "Nobody finds it under New case: it has no prefix for its cases' numbers.",
            'Write case:numberPrefix="ABC" on the process.',
        )
    by_hand = any(start.kind == "none" for start in info.starts)
    child = any(info.key in source.info.get("children", ()) for source in world.processes.values())
    if prefix and by_hand and not opened and not child:
        yield _warning(
            info,
            None,
            "Nobody may open a case of this type.",
            "Name who may in case:candidateStarterGroups or case:candidateStarterUsers.",
        )
    for other in world.processes.values():
        if prefix and other.key != info.key and other.info.get("attributes", {}).get("numberPrefix") == prefix:
            message = f"The cases of “{other.key}” are numbered {prefix}-… too."
            yield _warning(info, None, message, "Give each case type a prefix of its own.")
            return


def _doers(info: ProcessInfo, task: Element, elements: Mapping[str, Element]) -> Iterator[Problem]:
    """A task that names nobody is seen by nobody until somebody who steers the case assigns it."""
    attributes = task.attributes
    if attributes.get("assignee") == "initiator":
        yield _warning(
            info,
            task,
            "It is given to a user whose name is “initiator”.",
            'Write case:assignee="= initiator" for whoever opened the case.',
        )
    if not _is_managed(info) and not any(attributes.get(name) for name in _OFFERED):
        yield _warning(
            info,
            task,
            "Nobody may do it: it names neither an assignee nor candidates, and nobody manages the cases.",
            "Write case:candidateGroups on the task, or case:managerGroups on the process.",
        )
    others = [name.strip() for name in attributes.get("notDoneBy", "").split(",")]
    left = _only(attributes)
    for name in others if left and not attributes.get("notDoneBy", "").startswith("=") else ():
        other = elements.get(name)
        if other is not None and other is not task and _only(other.attributes) == left:
            message = f"Nobody is left to do it: “{name}”, whose doer may not do it, is {left}'s as well."
            yield _warning(info, task, message, "Name somebody else, or a group, for one of the two.")
            return


def _is_managed(info: ProcessInfo) -> bool:
    """Whether somebody can assign its tasks; what is no case type is run by cases of other types."""
    steered = any(role.access == "steer" for role in info.roles)
    return bool(info.attributes.get("managerGroups")) or steered or not info.attributes.get("numberPrefix")


def _only(attributes: Mapping[str, str]) -> str:
    """The only person who can have a task, by name or expression; empty when there may be others."""
    if assignee := attributes.get("assignee"):
        return assignee
    users = attributes.get("candidateUsers", "")
    others = attributes.get("candidateGroups") or attributes.get("candidateRoles")
    return "" if others or "," in users or users.startswith("=") else users


def strangers(processes: Iterable[tuple[ProcessInfo, Mapping[str, Element]]]) -> list[Problem]:
    """Users and groups that diagrams name and nobody made: each once for each process, where it is named first.

    Nothing is said while there are none at all: then people come after the case types.
    """
    found: list[Problem] = []
    named = [(info, list(_named(info, elements))) for info, elements in processes]
    for kind, model in (("group", Group), ("user", User)):
        wanted = {name for _, names in named for _, of, name in names if of == kind}
        some = db.session.scalars(sa.select(model.name).order_by(model.name).limit(_COMPARED)).all() if wanted else []
        lacking = wanted - set(db.session.scalars(sa.select(model.name).where(model.name.in_(wanted)))) if some else ()
        for info, names in named:
            first = {name: element for element, of, name in reversed(names) if of == kind and name in lacking}
            found += [_stranger(info, element, kind, name, some) for name, element in reversed(first.items())]
    return found


def calendars(processes: Iterable[tuple[ProcessInfo, Mapping[str, Element]]]) -> list[Problem]:
    """Calendars that diagrams name and nobody made: each once for each process, where it is named first."""
    wanted = {key for info, _ in processes for key in info.calendars}
    if not wanted:
        return []
    there = db.session.scalars(sa.select(Calendar.key).order_by(Calendar.key).limit(_COMPARED)).all()
    lacking = wanted - set(db.session.scalars(sa.select(Calendar.key).where(Calendar.key.in_(wanted))))
    found = []
    for info, elements in processes:
        for key in info.calendars:
            if key in lacking:
                place = next((each for each in elements.values() if _counts_by(each, key)), None)
                near = difflib.get_close_matches(key[:100], there, n=1, cutoff=0.75)
                make = "Make it under Calendars, before a case needs it."
                advice = f"Did you mean “{near[0]}”? {make}" if near else make
                found.append(_warning(info, place, f"There is no calendar “{key[:100]}”.", advice))
    return found


def _counts_by(element: Element, key: str) -> bool:
    return element.attributes.get("calendar") == key or any(level.calendar == key for level in element.levels)


def skills(processes: Iterable[tuple[ProcessInfo, Mapping[str, Element]]]) -> list[Problem]:
    """Skills by which diagrams choose, and nobody has: each once for each process, where it is named first."""
    named = [
        (info, element, element.attributes.get("assignBy", "")) for info, each in processes for element in each.values()
    ]
    wanted = [
        (info, element, said[6:]) for info, element, said in named if re.fullmatch(ASSIGN_BY, said) and ":" in said
    ]
    if not wanted:
        return []
    there = db.session.scalars(sa.select(UserSkill.skill).distinct().order_by(UserSkill.skill).limit(_COMPARED)).all()
    having = sa.select(UserSkill.skill).where(UserSkill.skill.in_({skill for _, _, skill in wanted}))
    had = set(db.session.scalars(having.distinct()))
    first = {(info.key, skill): (info, element) for info, element, skill in reversed(wanted) if skill not in had}
    found = []
    for (_, skill), (info, element) in reversed(first.items()):
        near = difflib.get_close_matches(skill, there, n=1, cutoff=0.75)
        give = "Give it to somebody under Who has what; until then the task waits in the queue."
        advice = f"Did you mean “{near[0]}”? {give}" if near else give
        found.append(_warning(info, element, f"Nobody has the skill “{skill}”.", advice))
    return found


def _stranger(info: ProcessInfo, element: Element | None, kind: str, name: str, there: Sequence[str]) -> Problem:
    near = difflib.get_close_matches(name[:100], there, n=1, cutoff=0.75)
    make = f"To make it: casewright user {'add' if kind == 'user' else 'join SOMEBODY'} {name}."
    advice = f"Did you mean “{near[0]}”? {make}" if near else make
    return _warning(info, element, f"There is no {kind} “{name[:100]}”.", advice)


def _named(info: ProcessInfo, elements: Mapping[str, Element]) -> Iterator[tuple[Element | None, str, str]]:
    """(where, "group" or "user", name) of everybody who is named literally."""
    for role in info.roles:
        yield from ((None, "group", name) for name in role.groups)
    yield from _named_by_levels(info, elements)
    for element, attributes in [(None, info.attributes), *((each, each.attributes) for each in elements.values())]:
        for kind, known in (("group", _OF_GROUPS), ("user", _OF_USERS)):
            for attribute in known:
                said = attributes.get(attribute, "")
                for name in said.split(",") if not said.startswith("=") else ():
                    if name.strip():
                        yield element, kind, name.strip()


def _named_by_levels(info: ProcessInfo, elements: Mapping[str, Element]) -> Iterator[tuple[Element | None, str, str]]:
    """Those whom service levels tell, or give what is late."""
    of_case: list[tuple[Element | None, tuple[ServiceLevel, ...]]] = [(None, info.levels)]
    of_case += [(None, stage.levels) for stage in info.stages]
    for element, levels in [*of_case, *((each, each.levels) for each in elements.values())]:
        for point in (point for level in levels for point in (level.on_warning, level.on_breach)):
            for name in (*point.notify, *filter(None, [point.assign])):
                if name.startswith("group:"):
                    yield element, "group", name.removeprefix("group:")
                elif not name.startswith("role:") and name not in _WORDS:
                    yield element, "user", name


def _warning(info: ProcessInfo, element: Element | None, message: str, advice: str) -> Problem:
    if element is None:
        return Problem(info.file, message, advice, info.line, info.key, info.name, Severity.WARNING)
    return Problem(info.file, message, advice, element.line, element.id, element.name, Severity.WARNING)
