"""PLANS AS TEXT: YAML that people read, change and keep with their diagrams; mistakes are told by their lines."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import yaml

from service.engine import expressions
from service.engine.change.plan import Clock, Plan
from service.engine.definition import Element
from service.errors import InvalidForm
from service.execution.definitions import deployed
from service.models import ProcessDefinition

LONGEST = 200_000  #: characters of a plan
SECTIONS = ("elements", "values", "clocks")
NOTHING = "# Nothing has to be said: each element keeps its id, and each timer runs on.\n"
_NULL = "tag:yaml.org,2002:null"


@dataclass(frozen=True)
class Wrong:
    """One thing that is wrong."""

    line: int  #: from 1 on
    message: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.message}"


@dataclass(frozen=True)
class _Versions:
    before: Mapping[str, Element]
    after: Mapping[str, Element]
    key: str
    numbers: tuple[int, int]


def written(plan: Plan) -> str:
    """A plan as YAML; a remark where it says nothing."""
    said = plan.as_json()
    return str(yaml.safe_dump(said, sort_keys=False, allow_unicode=True)) if said else NOTHING


def read(text: str, source: ProcessDefinition, target: ProcessDefinition) -> Plan:
    """The plan in `text`, to move cases of `source` to `target`: alone, or in a file as `casewright plan` prints it.

    Raises `InvalidForm` for the field `plan`, with a sentence for each mistake that names its line.
    """
    return of_node(_composed(text), source, target)


def of_node(root: yaml.Node | None, source: ProcessDefinition, target: ProcessDefinition) -> Plan:
    """The same of a document that has been read as far as its nodes."""
    before, after = (deployed(each.id).definition.elements for each in (source, target))
    versions = _Versions(before, after, source.key, (source.version, target.version))
    wrong: list[Wrong] = []
    said: dict[str, dict[str, str | None]] = {section: {} for section in SECTIONS}
    for section, name, value in _entries(root, versions, wrong) if root is not None else ():
        wrong += _mistakes(section, name, value, versions)
        said[section][name.value] = None if value.tag == _NULL else value.value
    if wrong:
        raise InvalidForm({"plan": [str(each) for each in sorted(wrong, key=lambda each: each.line)]})
    return Plan.from_json({name: entries for name, entries in said.items() if entries})


def _composed(text: str) -> yaml.Node | None:
    """The YAML as nodes, which know their lines."""
    found = documents(text)
    if len(found) > 1:
        line = _line(found[1])
        raise InvalidForm({"plan": [str(Wrong(line, "Here begins another plan; give one at a time."))]})
    return found[0] if found else None


def documents(text: str) -> list[yaml.Node]:
    """Each of the plans in a file, which has `---` between them."""
    if len(text) > LONGEST:
        raise InvalidForm({"plan": [f"A plan has at most {LONGEST:,} characters."]})
    try:
        return list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as problem:
        line = problem.problem_mark.line + 1 if problem.problem_mark else 1
        raise InvalidForm({"plan": [str(Wrong(line, f"This is no YAML: {problem.problem}."))]}) from None
    except (yaml.YAMLError, RecursionError):
        raise InvalidForm({"plan": ["This is no YAML that can be read."]}) from None


def _entries(
    root: yaml.Node, versions: _Versions, wrong: list[Wrong]
) -> Iterator[tuple[str, yaml.ScalarNode, yaml.ScalarNode]]:
    """Section, name and value of each entry; what is none is added to `wrong`."""
    for name, node in _pairs(_plan_in(root, versions, wrong), "A plan", wrong):
        if name.value not in SECTIONS:
            wrong.append(Wrong(_line(name), f"A plan has elements, values and clocks, but no “{name.value}”."))
            continue
        for key, value in _pairs(node, f"“{name.value}”", wrong):
            if isinstance(value, yaml.ScalarNode):
                yield name.value, key, value
            else:
                wrong.append(Wrong(_line(value), f"“{key.value}” takes one value, not several."))


def _plan_in(root: yaml.Node, versions: _Versions, wrong: list[Wrong]) -> yaml.Node:
    """The plan in a file that also says which cases move, or the whole text."""
    if not isinstance(root, yaml.MappingNode):
        return root
    whole: dict[str, yaml.Node] = {key.value: value for key, value in root.value if isinstance(key, yaml.ScalarNode)}
    if "plan" not in whole:
        return root
    wanted = {"case_type": versions.key, "from": str(versions.numbers[0]), "to": str(versions.numbers[1])}
    for name, expected in wanted.items():
        if name in whole and whole[name].value != expected:
            wrong.append(Wrong(_line(whole[name]), f"This file is for another move: “{name}” has to be {expected}."))
    return whole["plan"]


def _pairs(node: yaml.Node, what: str, wrong: list[Wrong]) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    if node.tag == _NULL:
        return
    if not isinstance(node, yaml.MappingNode):
        wrong.append(Wrong(_line(node), f"{what} has to be lines of the form “name: value”."))
        return
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            yield key, value
        else:
            wrong.append(Wrong(_line(key), "A name has to stand before the colon."))


def _mistakes(section: str, name: yaml.ScalarNode, value: yaml.ScalarNode, versions: _Versions) -> Iterator[Wrong]:
    """What is wrong with one entry."""
    before, after = versions.numbers
    if section == "elements":
        yield from _unknown(name, versions.before, before)
        if value.tag != _NULL:
            yield from _unknown(value, versions.after, after)
    elif section == "values":
        if value.tag == _NULL or not value.value.strip():
            yield Wrong(_line(value), f'“{name.value}” needs an expression, such as = 0 or = "none".')
        elif problem := expressions.check(value.value):
            yield Wrong(_line(value), f"The value of “{name.value}” cannot be read: {problem}")
    else:
        yield from _unknown(name, versions.after, after)
        if value.value not in list(Clock):
            yield Wrong(_line(value), f"A clock is {', '.join(Clock)}; not “{value.value}”.")


def _unknown(node: yaml.ScalarNode, elements: Mapping[str, Element], number: int) -> Iterator[Wrong]:
    """An id that the version does not have; those inside called processes are looked at as the case moves."""
    if node.value in elements or ":" in node.value:
        return
    near = difflib.get_close_matches(node.value, elements, 1)
    hint = f" Do you mean “{near[0]}”?" if near else ""
    yield Wrong(_line(node), f"Version {number} has no element “{node.value}”.{hint}")


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
