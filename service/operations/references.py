"""What will be there after a deployment, and what a process names that is not: forms, decisions and connectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from service.connectors import CATALOGUE
from service.engine.definition import Element, Problem, ProcessInfo


@dataclass
class Source:
    """A process, decision or form as it will stand after the deployment."""

    key: str
    name: str  #: of a form: the id that it gives itself
    file: str
    digest: str
    info: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)  #: of a decision: the DMN files that it needs, by hash
    latest: Any = None  #: the row of its newest version so far


@dataclass
class World:
    """Everything deployed, with the files of this deployment laid over it."""

    processes: dict[str, Source]
    decisions: dict[str, Source]
    forms: dict[str, Source]
    uploaded: set[str] = field(default_factory=set)  #: keys of what this deployment brings


def missing(elements: Iterable[Element], info: ProcessInfo, world: World) -> Iterable[Problem]:
    """Forms and decisions that the process names and nobody deployed, and connectors that there are not."""
    named = list(elements)
    for element in named:
        kind = element.attributes.get("type")
        if kind is not None and kind not in CATALOGUE:
            advice = f"There is {', '.join(sorted(CATALOGUE))}; or let a user task stand for it."
            yield _problem(info, element, f"There is no connector “{kind}”.", advice)
    for element in named:
        key = element.attributes.get("formKey")
        if key in info.forms and key not in world.forms:
            message = f"The form “{key}” is not deployed and not among these files."
            yield _problem(info, element, message, _where_the_form_is(key, world))
        key = element.attributes.get("decisionRef")
        if key in info.decisions and key not in world.decisions:
            message = f"The decision “{key}” is not deployed and not among these files."
            advice = "Add the .dmn file that holds it, or correct the name."
            yield _problem(info, element, message, advice)


def _where_the_form_is(key: str, world: World) -> str:
    """A form's key is its file's name. Other tools find forms by the id inside, so say which file gives itself it."""
    for form in world.forms.values():
        if form.name == key and form.key in world.uploaded:
            return f"A form's key is its file's name: call {form.file} “{key}.form”, or write “{form.key}” here."
    return "Add the .form file that holds it, or correct the name."


def _problem(info: ProcessInfo, element: Element, message: str, advice: str) -> Problem:
    return Problem(info.file, message, advice, element.line, element.id, element.name)
