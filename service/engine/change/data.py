"""Question 4: has a case the variables that a version reads from here on?

A variable counts as there when it is known to be set, or when on every way to where it is read something sets it.
What is read unset by the version before, too, is no matter of the new one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from service.engine import expressions, timing
from service.engine.change.ahead import Region, standing
from service.engine.change.compare import nodes
from service.engine.change.standing import Scope, Spot
from service.engine.checks.instances import FormNames
from service.engine.checks.variables import ALWAYS
from service.engine.elements.activity import Activity
from service.engine.elements.adhoc import AdHocSubProcess
from service.engine.elements.attributes import PLACE
from service.engine.elements.complex import _PHASE as PHASE
from service.engine.elements.complex import ComplexGateway
from service.engine.elements.events import Catching
from service.engine.elements.node import Node
from service.engine.elements.rules import BusinessRuleTask
from service.engine.elements.start_end import Throwing
from service.engine.elements.subprocess import CallActivity, SubProcess
from service.engine.elements.tasks import HumanTask, ScriptTask, ServiceTask
from service.engine.expressions import python_names
from service.engine.parser import Definition

_KEY = re.compile(r'[{,]\s*"?([^\W\d]\w*)"?\s*:')
_ENTRY, _EXIT = True, False


@dataclass(frozen=True)
class Contents:
    """What forms and decisions read and write, by key, as whoever deploys knows: they are no part of a diagram."""

    forms: Mapping[str, FormNames] = field(default_factory=dict)
    decisions: Mapping[str, FormNames] = field(default_factory=dict)


@dataclass(frozen=True)
class Read:
    """An element reads a variable; `at_entry`: as a token comes to it, so that an open one has done so."""

    name: str
    what: str  #: condition, script, form …
    at_entry: bool = True


@dataclass(frozen=True)
class Use:
    """What one element has to do with variables."""

    reads: tuple[Read, ...] = ()
    sets: frozenset[str] = frozenset()
    anything: bool = False  #: it may set names that the diagram does not say


@dataclass(frozen=True)
class Missing:
    """A variable that may be read without being set."""

    name: str
    what: str
    node: Node


def missing(scope: Scope, region: Region, known: Collection[str], contents: Contents) -> list[Missing]:
    """What the case may read unset from here on, in its own process."""
    uses = _uses(scope.definition)
    named = frozenset(name for use in uses.values() for name in use.sets)
    readers = [node for node in region.of(scope.definition) if node in uses]
    found: dict[tuple[str, Node], Missing] = {}
    by_name: dict[str, list[tuple[Node, Read]]] = {}
    for node in readers:
        for read in (*uses[node].reads, *_of_contents(node, contents)):
            if read.name not in known and read.name not in ALWAYS and read.name not in _own(node):
                by_name.setdefault(read.name, []).append((node, read))
    for name, read_at in by_name.items():
        reached = _unset(scope, name, uses, contents, explicit=name in named or _written(name, contents))
        for node, read in read_at:
            if (node, read.at_entry) in reached:
                found.setdefault((name, node), Missing(name, read.what, node))
    return sorted(found.values(), key=lambda each: (each.name, each.node.name))


def _written(name: str, contents: Contents) -> bool:
    return any(name in names.written for names in (*contents.forms.values(), *contents.decisions.values()))


def _unset(
    scope: Scope, name: str, uses: Mapping[Node, Use], contents: Contents, *, explicit: bool
) -> set[tuple[Node, bool]]:
    """Where tokens may come while the variable is not set: (element, at its entry or later)."""
    found: set[tuple[Node, bool]] = set()
    ahead: list[tuple[Node, bool]] = []
    for each in scope.walk():
        if each.definition is not scope.definition:
            continue
        ahead += [(node, _begins(spot)) for spot in each.spots for node in standing(spot)]
        body = each.graph.body(each.name)
        ahead += [(start, _EXIT) for reaction in body.reactions for start in each.graph.body(reaction.name).starts]
        ahead += [(node, _ENTRY) for node in (each.owner.enabled if isinstance(each.owner, AdHocSubProcess) else ())]
        ahead += [(handler, _ENTRY) for _, handler in each.undo]
    while ahead:
        step = ahead.pop()
        if step in found:
            continue
        found.add(step)
        node, entry = step
        if entry:
            ahead += [*((start, _ENTRY) for start in _within(node)), *((event, _EXIT) for event in node.attached)]
            if not _within(node):
                ahead.append((node, _EXIT))
            continue
        ahead += [(event, _EXIT) for event in node.attached]
        if not _sets(node, name, uses, contents, explicit=explicit):
            ahead += [(flow.target, _ENTRY) for flow in node.outgoing]
            ahead += _out_of(node)
    return found


def _begins(spot: Spot) -> bool:
    """Whether a token has yet to begin: gateways and the like, at which nothing rests."""
    return _ENTRY if spot.via is not None or not (spot.node.manual or spot.inside or _rests(spot.node)) else _EXIT


def _rests(node: Node) -> bool:
    return isinstance(node, Catching | Activity)


def _within(node: Node) -> list[Node]:
    if not isinstance(node, SubProcess):
        return []
    if isinstance(node, AdHocSubProcess):
        return []
    body = node.graph.body(node.name)
    return [*(body.starts or body.entries)]


def _out_of(node: Node) -> Iterator[tuple[Node, bool]]:
    """From the end of a sub-process to what is behind it."""
    owner = node.graph.task_specs.get(node.element.parent or "")
    if not node.outgoing and isinstance(owner, Node):
        yield owner, _EXIT


def _sets(node: Node, name: str, uses: Mapping[Node, Use], contents: Contents, *, explicit: bool) -> bool:
    use = uses.get(node, Use())
    if name in use.sets or any(name in names.written for names in _contents(node, contents)):
        return True
    said = isinstance(node, HumanTask) and node.attributes.get("formKey") in contents.forms
    return use.anything and not explicit and not said


def _contents(node: Node, contents: Contents) -> Iterator[FormNames]:
    given = node.attributes
    if isinstance(node, HumanTask) and (form := contents.forms.get(given.get("formKey", ""))):
        yield form
    decision = contents.decisions.get(given.get("decisionRef", ""))
    if isinstance(node, BusinessRuleTask) and decision is not None and "resultVariable" not in given:
        yield decision


def _of_contents(node: Node, contents: Contents) -> Iterator[Read]:
    given = node.attributes
    if isinstance(node, HumanTask) and (form := contents.forms.get(given.get("formKey", ""))):
        yield from (Read(name, "form", at_entry=False) for name in sorted(form.read - form.written))
    if isinstance(node, BusinessRuleTask) and (decision := contents.decisions.get(given.get("decisionRef", ""))):
        yield from (Read(name, "decision") for name in sorted(decision.read))


@lru_cache(maxsize=256)
def _uses(definition: Definition) -> Mapping[Node, Use]:
    return {
        node: Use(tuple(_reads(node)), frozenset(_writes(node)), _anything(node)) for node in nodes(definition.graph)
    }


def _own(node: Node) -> set[str]:
    """Names that mean something of their own at an element: inputs and items of it and of what is around it."""
    found: set[str] = set()
    current: Node | None = node
    while current is not None:
        if isinstance(current, Activity):
            found |= {name for _, name in current.takes} | {str(arrow.local) for arrow in current.brings if arrow.local}
            if (loop := current.repetition) is not None:
                found |= {name for name in (loop.item, loop.result, loop.results) if name}
        if isinstance(current, SubProcess):
            found |= set(current.graph.body(current.name).data_objects)
        owner = current.graph.task_specs.get(current.element.parent or "")
        current = owner if isinstance(owner, Node) else None
    return found | set(node.graph.body(None).data_objects)


def _reads(node: Node) -> Iterator[Read]:
    counted = {"activationCount", PHASE, *(f.id for f in node.incoming)} if isinstance(node, ComplexGateway) else set()
    for text, what, at_entry in _texts(node):
        for name in sorted(expressions.outer_names(text)):
            if name not in counted:
                yield Read(name, what, at_entry)
    if isinstance(node, HumanTask):
        for place in PLACE.finditer(node.element.name):
            yield Read(place[1].split(".")[0], "name")


def _texts(node: Node) -> Iterator[tuple[str, str, bool]]:
    """Expressions and scripts: (text, what it is, whether it is read as a token comes)."""
    given = node.attributes
    yield from ((flow.condition, "condition", _EXIT) for flow in node.outgoing if flow.condition)
    yield from ((given[name], "script", name == "preScript") for name in ("preScript", "postScript") if name in given)
    said = ((name, text) for name, text in given.items() if text.startswith("="))
    yield from ((text, _ATTRIBUTES.get(name, name), _ENTRY) for name, text in said if name not in _ELSEWHERE)
    if isinstance(node, Activity):
        yield from ((source, "input", _ENTRY) for source, _ in node.takes if source != "*")
        yield from ((source, "output", _EXIT) for source, _ in node.gives if source != "*" and _is_mapped(node))
        loop = node.repetition
        if loop is not None:
            first = (loop.collection, loop.cardinality, loop.condition if loop.test_before else None)
            yield from ((text, "repetition", _ENTRY) for text in first if text)
            yield from ((text, "completion condition", _EXIT) for text in (loop.until,) if text)
    if isinstance(node, ScriptTask):
        yield node.script, "script", _ENTRY
    if isinstance(node, CallActivity) and node.called.startswith("="):
        yield node.called, "called process", _ENTRY
    if isinstance(node, AdHocSubProcess) and node.until:
        yield node.until, "completion condition", _EXIT
    if isinstance(node, ComplexGateway) and node.condition:
        yield node.condition, "activation condition", _ENTRY
    for event in getattr(node, "events", ()):
        thrown = isinstance(node, Throwing)
        if event.is_timer and not timing.is_literal(event.text):
            yield event.text, "timer", _ENTRY
        for text in (event.name, event.payload if thrown else None, event.correlation_key):
            if text and (text.startswith("=") or text is not event.name):
                yield text, "message", _ENTRY


_ATTRIBUTES = {
    **dict.fromkeys(("assignee", "candidateUsers", "candidateGroups", "candidateRoles", "assignBy"), "candidates"),
    **dict.fromkeys(("dueDate", "followUpDate"), "date"),
    "availableWhen": "condition",
}
_ELSEWHERE = frozenset({"preScript", "postScript", "outputElement", "availableWhen", "autoStart", "required"})


def _is_mapped(node: Activity) -> bool:
    """Whether its outputs are of variables, rather than of what somebody brings as it is completed."""
    return not node.manual and not isinstance(node, CallActivity)


def _writes(node: Node) -> Iterator[str]:
    given = node.attributes
    yield from (given[name] for name in ("resultVariable", "messageVariable", "variableName") if given.get(name))
    yield from (mapping.target for mapping in node.element.outputs if mapping.target != "*")
    for text in (given.get("preScript", ""), given.get("postScript", "")):
        yield from _assigned(text)
    if isinstance(node, ScriptTask) and "resultVariable" not in given:
        yield from _assigned(node.script)
    if isinstance(node, Activity):
        yield from (name for arrow in node.hands if (name := arrow.place.name))
        if node.repetition is not None and node.repetition.results:
            yield node.repetition.results
    for event in getattr(node, "events", ()):
        yield from (name for name in (event.variable, event.code_variable, event.message_variable) if name)


def _assigned(text: str) -> Collection[str]:
    if not text:
        return ()
    if expressions.is_feel(text):
        return set(_KEY.findall(text))
    try:
        return python_names.script(text).assigned
    except python_names.Unreadable:
        return ()


def _anything(node: Node) -> bool:
    """Whether it may set variables that the diagram does not name."""
    if isinstance(node, HumanTask):
        return not node.element.outputs
    if isinstance(node, ServiceTask | BusinessRuleTask):
        return "resultVariable" not in node.attributes and not node.element.outputs
    if isinstance(node, CallActivity):
        return not node.gives
    if isinstance(node, Catching):
        return any(event.kind in ("message", "signal") and not event.variable for event in node.events)
    return isinstance(node, AdHocSubProcess)
