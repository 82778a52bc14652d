"""How variables flow: read on a way on which nothing has set them yet, set by two branches at once, of changing kind.

Only of closed case types, in which all names are known (`operations/unknown_names.py`). What may set a name counts as
setting it where that keeps a right diagram from being blamed: instances, ad hoc activities, optional fields.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lxml import etree

from service.engine.checks import gaps, variables
from service.engine.checks.setting import constants, local_names, own_parts
from service.engine.checks.soundness import beside
from service.engine.checks.soundness.net import Beyond, Drawing, build
from service.engine.checks.soundness.reduce import small
from service.engine.checks.soundness.search import Bound
from service.engine.checks.variables import Variables
from service.engine.definition import Problem, ProcessInfo, Severity, Step
from service.engine.normalise.catalogue import case_attributes
from service.engine.normalise.structure import Scope, is_loose
from service.engine.xml.document import (
    CASE,
    FLOW_NODES,
    SUB_PROCESSES,
    child,
    line_of,
    local,
)

_MOST = 20  #: told of one process
_MOST_STEPS = 50_000  #: from node to node
_MINDS_NOTHING = re.compile(r"\b(null|None|is defined|get or else|is_defined|get_or_else|is_empty)\b|\bdefined\(")
_AFTER = {"postScript", "completion condition", "loop condition"}
_SAID = {"text": "a text", "number": "a number", "truth": "true or false"}


@dataclass(frozen=True)
class Known:
    """What forms and decisions set: by form key, also the kind of each field, and by decision id."""

    forms: Mapping[str, set[str]] = field(default_factory=dict)
    kinds: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    decisions: Mapping[str, set[str]] = field(default_factory=dict)
    asked: Mapping[str, set[str]] = field(default_factory=dict)  #: decision id -> the variables that it reads


@dataclass
class _Node:
    """A flow node: what it surely sets, whether it may set anything, and the kinds of what it sets."""

    element: etree._Element
    sets: set[str]
    anything: bool
    kinds: dict[str, str]


def problems(process: etree._Element, info: ProcessInfo, known: Known) -> Iterator[Problem]:
    """Warnings, and hints, about the variables of one normalised process of a closed case type."""
    try:
        flowing = _Flowing(process, info, known)
    except Beyond:
        return
    found = [*flowing.early(), *flowing.at_once(), *flowing.changing(), *flowing.unread()]
    yield from found[:_MOST]


class _Flowing:
    def __init__(self, process: etree._Element, info: ProcessInfo, known: Known) -> None:
        self.process, self.info, self.known = process, info, known
        self.nodes = {node.get("id") or "": self._node(node) for node in process.iter() if local(node) in FLOW_NODES}
        self.names = sorted({name for node in self.nodes.values() for name in node.sets})
        self.bits = {name: 1 << place for place, name in enumerate(self.names)}
        self.all = (1 << len(self.names)) - 1
        self.left = _MOST_STEPS
        self.before: dict[str, int] = {}  #: node or flow -> what is surely set when a token comes there
        self.within: dict[str, int] = {}  #: sub-process -> all that is set in it
        for key in self.nodes:
            self.within[key] = self._within(key)
        self._scope(process, 0)

    # What each node sets

    def _node(self, node: etree._Element) -> _Node:
        found = Variables()
        own = list(own_parts(node))
        for element in own:
            variables.collect(found, element)
        key = case_attributes(node).get("formKey", "")
        sets, kinds = set(found.sets), dict(constants(own))
        if key and not key.startswith("="):
            found.anything |= key not in self.known.forms
            sets |= self.known.forms.get(key, set())
            kinds |= {name: kind for name, kind in self.known.kinds.get(key, {}).items() if "." not in name}
        for decision in found.decisions:
            found.anything |= decision not in self.known.decisions
            sets |= self.known.decisions.get(decision, set()) | {decision}
        if local(node) == "callActivity":
            found.anything |= not any(element.tag == f"{{{CASE}}}output" for element in own)
        found.anything |= "*" in sets or "" in sets
        return _Node(node, sets - {"*", ""}, found.anything, kinds)

    def _bits(self, key: str) -> int:
        node = self.nodes[key]
        return self.all if node.anything else self._of(node.sets)

    def _of(self, names: Iterable[str]) -> int:
        found = 0
        for name in names:
            found |= self.bits.get(name, 0)
        return found

    def _within(self, key: str) -> int:
        found = 0
        for part in self.nodes[key].element.iter():
            if local(part) in FLOW_NODES:
                found |= self._bits(part.get("id") or "")
        return found

    # What is surely set where a token comes

    def _scope(self, element: etree._Element, begin: int) -> int:
        """Go through a scope that a token enters; what is surely set when it ends."""
        scope = Scope(element)
        nodes = {node.get("id") or "": node for node in scope.nodes}
        ad_hoc = local(element) == "adHocSubProcess"
        inside = begin | (self._within(element.get("id") or "") if ad_hoc else 0)
        value = {key: inside for key in nodes if self._is_first(scope, nodes[key])}
        for key, node in nodes.items():
            if is_loose(node):
                value[key] = self.all
        ahead = deque(value)
        after: dict[str, int] = {}
        while ahead:
            key = ahead.popleft()
            self.left -= 1
            if self.left < 0:
                raise Beyond
            out = self._passed(nodes[key], value[key])
            if after.get(key) == out:
                continue
            after[key] = out
            ahead += self._forward(scope, nodes, key, value, out)
        self.before |= value
        last = [key for key in after if not scope.outgoing.get(key) and not is_loose(nodes[key])]
        ends = [
            self.before.get(flow.get("id") or "", 0) | self._bits(key)
            for key in last
            for flow in scope.incoming.get(key, ())
        ]
        ends += [after[key] for key in last if not scope.incoming.get(key)]
        if ad_hoc or not ends:
            return inside
        return self._ended(nodes, ends)

    def _ended(self, nodes: Mapping[str, etree._Element], ends: list[int]) -> int:
        """Where branches end for themselves, all of them have; else one end was come to."""
        found = self.all
        for each in ends:
            found &= each
        if any(local(node) in {"parallelGateway", "inclusiveGateway"} for node in nodes.values()):
            for each in ends:
                found |= each
        return found

    def _is_first(self, scope: Scope, node: etree._Element) -> bool:
        return not is_loose(node) and local(node) != "boundaryEvent" and not scope.incoming.get(node.get("id") or "")

    def _passed(self, node: etree._Element, before: int) -> int:
        key = node.get("id") or ""
        if local(node) in SUB_PROCESSES:
            inner = self._scope(node, before | self._bits(key))
            loops = child(node, "multiInstanceLoopCharacteristics") is not None
            return before | self._bits(key) | (self.within[key] if loops else inner)
        return before | self._bits(key)

    def _forward(
        self, scope: Scope, nodes: Mapping[str, etree._Element], key: str, value: dict[str, int], out: int
    ) -> Iterator[str]:
        for flow in scope.outgoing.get(key, ()):
            self.before[flow.get("id") or ""] = out
            target = flow.get("targetRef") or ""
            came = [self.before.get(each.get("id") or "") for each in scope.incoming[target]]
            known = [each for each in came if each is not None]
            found = known[0]
            for each in known[1:]:
                found = found | each if local(nodes[target]) == "parallelGateway" else found & each
            if value.get(target) != found:
                value[target] = found
                yield target
        for event, node in nodes.items():
            if local(node) == "boundaryEvent" and node.get("attachedToRef") == key and value.get(event) != value[key]:
                value[event] = value[key]
                yield event

    # What is told

    def early(self) -> Iterator[Problem]:
        """A variable that is read on a way on which nothing has set it."""
        told: set[str] = set()
        for element, what, text in variables.texts_of(self.process):
            owner = variables.named(element)
            key = owner.get("id") or ""
            if key not in self.before or _MINDS_NOTHING.search(text) or element is self.process:
                continue
            there = self.before[key]
            if key in self.nodes and (what in _AFTER or local(element) in {"completionCondition", "loopCondition"}):
                there |= self.within[key]
            elif key in self.nodes:
                there |= self._of(local_names(owner))
            yield from self._lacking(variables.read_by(text, what), there, told, what, element)
        for key, node in self.nodes.items():
            asked = self.known.asked.get(case_attributes(node.element).get("decisionRef", ""), set())
            there = self.before.get(key, self.all) | self._of(local_names(node.element))
            yield from self._lacking(asked, there, told, "decision", node.element)

    def _lacking(
        self, names: Iterable[str], there: int, told: set[str], what: str, element: etree._Element
    ) -> Iterator[Problem]:
        for name in sorted(names):
            if name in self.bits and not there & self.bits[name] and name not in told | variables.ALWAYS:
                told.add(name)
                yield self._early(name, what, element, variables.named(element))

    def _early(self, name: str, what: str, element: etree._Element, owner: etree._Element) -> Problem:
        setting = [self._name(key) for key, node in self.nodes.items() if name in node.sets]
        way = self._way(name, owner)
        message = (
            f"The {what} reads “{name}”, which on some way nothing has set before: only {_listed(setting)} sets it."
        )
        if len(setting) > 1:
            message = message.removesuffix(" sets it.") + " set it."
        advice = "Let each way set it first, or say what holds without it, as in: if x = null then … else …"
        return self._problem(element, owner, message, advice, "read-before-written", way)

    def _way(self, name: str, owner: etree._Element) -> tuple[Step, ...]:
        """The shortest way in the owner's scope on which nothing sets a name."""
        goal = owner.get("sourceRef") or owner.get("attachedToRef") or owner.get("id") or ""
        parent = self.nodes[goal].element.getparent() if goal in self.nodes else None
        if parent is None:
            return ()
        scope = Scope(parent)
        came: dict[str, tuple[str, str]] = {}
        first = [node.get("id") or "" for node in scope.nodes if self._is_first(scope, node)]
        ahead, seen = deque(first), set(first)
        while ahead and (key := ahead.popleft()) != goal:
            if name in self.nodes[key].sets and key not in first:
                continue
            for flow in scope.outgoing.get(key, ()):
                target = flow.get("targetRef") or ""
                if target not in seen:
                    seen.add(target)
                    came[target] = key, flow.get("id") or ""
                    ahead.append(target)
        steps: list[Step] = []
        key = goal
        while key in came:
            key, flow_id = came[key]
            steps.append(Step(key, (flow_id,), ((flow_id, 1),)))
        return tuple(reversed(steps))

    def at_once(self) -> Iterator[Problem]:
        """A variable that two branches set side by side: one of them is lost."""
        told: set[str] = set()
        for element in self.process.iter():
            if local(element) in SUB_PROCESSES - {"adHocSubProcess"} | {"process"}:
                for name, first, second in self._races(Scope(element)):
                    if name not in told:
                        told.add(name)
                        message = (
                            f"It sets “{name}”, and so does {self._name(first)}, which runs beside it: "
                            "what the later one writes stays."
                        )
                        advice = "Let each branch set a name of its own, or let one come after the other."
                        owner = self.nodes[second].element
                        yield self._problem(owner, owner, message, advice, "written-at-once")

    def _races(self, scope: Scope) -> Iterator[tuple[str, str, str]]:
        writers = {
            key: self._names_within(key)
            for node in scope.nodes
            if not is_loose(node) and (key := node.get("id") or "") and scope.incoming.get(key)
        }
        times = Counter(name for sets in writers.values() for name in sets)
        shared = {name for name, many in times.items() if many > 1}
        writers = {key: sets & shared for key, sets in writers.items() if sets & shared}
        if not writers or not any(local(node) in {"parallelGateway", "inclusiveGateway"} for node in scope.nodes):
            return
        try:
            net = build(Drawing(scope, lambda _: True, gaps.together))
            kept = {place: at for place, at in enumerate(net.at) if at in writers}
            made = small(net, sure=True, keep=frozenset(kept))
        except Beyond:
            return
        together = beside.pairs(net, made, Bound())
        for first, one in kept.items():
            if not together.get(first):
                continue
            for second, other in kept.items():
                if first < second and one != other and together[first] >> second & 1:
                    for name in sorted(writers[one] & writers[other]):
                        yield name, one, other

    def _names_within(self, key: str) -> set[str]:
        parts = [
            self.nodes[part.get("id") or ""] for part in self.nodes[key].element.iter() if local(part) in FLOW_NODES
        ]
        own = set().union(*(local_names(part.element) for part in parts))
        return set().union(*(part.sets for part in parts)) - own - variables.ALWAYS

    def changing(self) -> Iterator[Problem]:
        """A variable that is of one kind where one element sets it, and of another where another does."""
        first: dict[str, tuple[str, str]] = {}
        for key, node in self.nodes.items():
            for name, kind in sorted(node.kinds.items()):
                known, where = first.setdefault(name, (kind, key))
                if kind != known:
                    first[name] = kind, key
                    message = f"It sets “{name}” to {_SAID[kind]}, and {self._name(where)} sets it to {_SAID[known]}."
                    advice = "Give it values of one kind everywhere, or use two names."
                    yield self._problem(node.element, node.element, message, advice, "kind-changes")

    def unread(self) -> Iterator[Problem]:
        """A variable that a script or mapping sets and nothing in the process reads; others may: a hint."""
        words = Counter(re.findall(r"\w+", etree.tostring(self.process, encoding="unicode")))
        for node in self.nodes.values():
            if local(node.element) != "scriptTask":
                continue
            for name in sorted(node.sets):
                if words[name] == 1:
                    message = f"It sets “{name}”, which nothing in this process reads."
                    yield self._problem(
                        node.element, node.element, message, "Remove it, if no form shows it.", "never-read",
                        severity=Severity.HINT,
                    )  # fmt: skip

    def _name(self, key: str) -> str:
        return f"“{' '.join((self.nodes[key].element.get('name') or key).split())[:60]}”"

    def _problem(
        self,
        element: etree._Element,
        owner: etree._Element,
        message: str,
        advice: str,
        rule: str,
        way: tuple[Step, ...] = (),
        severity: Severity = Severity.WARNING,
    ) -> Problem:
        name = " ".join((owner.get("name") or "").split()) or None
        return Problem(
            self.info.file, message, advice, line_of(element), owner.get("id") or "", name, severity, rule, way
        )


def _listed(names: list[str]) -> str:
    return " and ".join(names[:3]) if len(names) < 4 else f"{', '.join(names[:3])} and others"
