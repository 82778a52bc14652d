"""What will be there after a deployment, and what a process names that is not: forms, decisions and connectors."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from service import forms
from service.connectors import CATALOGUE, INPUTS, NEEDED
from service.db import utcnow
from service.engine.decisions import Named
from service.engine.definition import Element, Problem, ProcessInfo, Severity
from service.execution.definitions import resource

KEY = re.compile(r"[\w.-]{1,128}")  #: anything else is told as no key at all
_CALLING = {"serviceTask", "sendTask", "businessRuleTask"}
_AT_WORK = {"preScript", "decisionRef"}  #: attributes with which it may well go without inputs
_COMPARED = 500  #: names among which one is sought that was meant


@dataclass
class Source:
    """A process, decision or form as it will stand after the deployment."""

    key: str
    name: str  #: of a form: the id that it gives itself
    file: str
    digest: str
    info: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)  #: of a decision: the DMN files that it needs, by hash
    content: bytes | None = None  #: of a form among the files
    latest: Any = None  #: the row of its newest version so far
    pinned: bool = False  #: new cases take a version that was chosen, also when there is a newer one
    kept: bool = False  #: new cases take a version that was chosen, or is not the newest: then this is that one


@dataclass
class World:
    """Everything deployed, with the files of this deployment laid over it."""

    processes: dict[str, Source]
    decisions: dict[str, Source]
    forms: dict[str, Source]
    uploaded: set[str] = field(default_factory=set)  #: keys of what this deployment brings
    outputs: dict[str, set[str]] = field(default_factory=dict)  #: of the decisions among the files: names, by id
    reads: dict[str, tuple[Named, ...]] = field(default_factory=dict)  #: of them: the variables that they mean
    has_people: bool = False  #: whether there is a database that knows users and groups
    now: datetime = field(default_factory=utcnow)


def missing(elements: Iterable[Element], info: ProcessInfo, world: World) -> Iterator[Problem]:
    """Forms, decisions and processes that the process names and nobody deployed, and connectors that there are not."""
    for element in elements:
        yield from _connector(element, info)
        yield from _called(element, info, world)
        key = element.attributes.get("formKey", "")
        if key in info.forms and KEY.fullmatch(key) and form_of(key, world) is None:
            message = f"The form “{key}” is not deployed and not among these files."
            yield _problem(info, element, message, _where_the_form_is(key, world))
        key = element.attributes.get("decisionRef", "")
        if key in info.decisions and key not in world.decisions and KEY.fullmatch(key):
            message = f"The decision “{key}” is not deployed and not among these files."
            advice = _or_near("Add the .dmn file that holds it, or correct the name.", key, world.decisions)
            yield _problem(info, element, message, advice)


def _connector(element: Element, info: ProcessInfo) -> Iterator[Problem]:
    """The connector of a service task, and the inputs that it needs and knows."""
    kind = element.attributes.get("type")
    if kind is None:
        return
    if kind not in CATALOGUE:
        advice = f"There is {', '.join(sorted(CATALOGUE))}; or let a user task stand for it."
        yield _problem(info, element, f"There is no connector “{kind}”.", advice)
        return
    given = {mapping.target for mapping in element.inputs} | set(element.brought)
    unknown = sorted(given - set(INPUTS[kind]))
    for name in sorted(set(INPUTS[kind]) - given):
        near = difflib.get_close_matches(name, [each[:60] for each in unknown], n=1, cutoff=0.6)
        if name in NEEDED[kind] and element.type in _CALLING and not _AT_WORK & element.attributes.keys():
            write = f'Write <case:input source="…" target="{name}"/> in its case:ioMapping.'
            advice = f"Did you mean it with “{near[0]}”? {write}" if near else write
            yield _problem(info, element, f"The connector “{kind}” is given no {name}, and cannot do without.", advice)
        elif near:
            message, advice = f"The connector “{kind}” has no input “{near[0]}”.", f'Did you mean target="{name}"?'
            yield _problem(info, element, message, advice, Severity.WARNING)


def _called(element: Element, info: ProcessInfo, world: World) -> Iterator[Problem]:
    """A call is linked with its process at deployment; a child case is opened of what is deployed by then."""
    key = element.called
    if not key or key in world.processes or key.startswith(("=", "$", "#")):
        return
    message = f"The process “{key}” that it calls is not deployed and not among these files."
    if element.attributes.get("childCase") == "true":
        advice = "Deploy it before a case comes here, or correct the name."
    else:
        advice = "Its cases would stop here. Add the .bpmn file that holds it, or correct the name."
    yield _problem(info, element, message, _or_near(advice, key, world.processes), Severity.WARNING)


def _or_near(advice: str, key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key[:100], list(known)[:_COMPARED], n=1, cutoff=0.88)
    return f"Did you mean “{near[0]}”? {advice}" if near else advice


def form_of(key: str, world: World) -> Source | None:
    """The form with this key, its file's name; or else the only one that gives itself this id, as other tools look."""
    if key in world.forms:
        return world.forms[key]
    named = [form for form in world.forms.values() if _id_of(form) == key]
    return named[0] if len(named) == 1 else None


def _id_of(form: Source) -> str:
    return form.name if form.content is not None else _id_in(form.digest)


@lru_cache(maxsize=4096)
def _id_in(digest: str) -> str:
    return forms.id_of(resource(digest))


def _where_the_form_is(key: str, world: World) -> str:
    named = sorted(form.file for form in world.forms.values() if _id_of(form) == key)
    if named:
        return f"{' and '.join(named[:3])} both give themselves this id; a form's key is its file's name."
    return _or_near("Add the .form file that holds it, or correct the name.", key, world.forms)


def _problem(
    info: ProcessInfo, element: Element, message: str, advice: str, severity: Severity = Severity.ERROR
) -> Problem:
    return Problem(info.file, message, advice, element.line, element.id, element.name, severity)
