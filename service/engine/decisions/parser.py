"""DMN XML → decisions: every problem named by file, line and id, and the model that the sandbox evaluates.

Versions 1.1 to 1.5 differ in their namespace and in what 1.4 added (conditional, filter, iterators); names are read
without regard to the namespace once the root has shown which it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from lxml import etree

from service.engine.decisions import checks, covering
from service.engine.decisions.evaluation import Decision
from service.engine.decisions.expressions import ExpressionReader, Text, local, short_type, sub, subs
from service.engine.definition import Problem, Refused, Severity
from service.engine.expressions import feel
from service.engine.xml.document import source_line
from service.engine.xml.reading import safe_xml

NAMESPACES = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}
_KINDS = {
    "inputData": "input",
    "decision": "decision",
    "businessKnowledgeModel": "bkm",
    "decisionService": "service",
}
MOST_MODEL = 20_000_000  #: characters of all models together, each of which holds everything that its decision requires
_REQUIREMENTS = {
    "informationRequirement": ("requiredDecision", "requiredInput"),
    "knowledgeRequirement": ("requiredKnowledge",),
}


def parse(files: Mapping[str, bytes], *, deployed: bool = False) -> dict[str, Decision]:
    """The decisions and decision services of `files`, by id. Raises Refused with every problem that is an error.

    What is `deployed` already was checked then: only what cannot be read is refused.
    """
    if deployed:
        reader = _read(files)
        found, problems = reader.decisions(), reader.problems
    else:
        found, problems = examine(files)
    if errors := [problem for problem in problems if problem.severity is Severity.ERROR]:
        raise Refused(errors)
    return found


def examine(files: Mapping[str, bytes]) -> tuple[dict[str, Decision], list[Problem]]:
    """What `files` hold, as far as it can be read, and everything that is wrong or odd about it."""
    found, problems, _ = _examined(tuple(files.items()))
    return dict(found), list(problems)


def reads_of(files: Mapping[str, bytes]) -> Mapping[str, tuple[Named, ...]]:
    """The variables that each decision in `files` means, by its id."""
    return _examined(tuple(files.items()))[2]


@lru_cache(maxsize=4)  # a deployment asks for its decisions, and again when it links its processes with them
def _examined(
    files: tuple[tuple[str, bytes], ...],
) -> tuple[dict[str, Decision], list[Problem], dict[str, tuple[Named, ...]]]:
    reader = _read(dict(files))
    decisions, problems = reader.decisions(), reader.examined()
    return decisions, problems, {key: tuple(reader.reads(decision.node)) for key, decision in decisions.items()}


def _read(files: Mapping[str, bytes]) -> _Reader:
    reader = _Reader()
    for name, content in files.items():
        reader.read(name, content)
    reader.connect()
    return reader


@dataclass(frozen=True)
class Named:
    """A variable that a decision means, directly or through what it requires, and the first place where it does."""

    name: str
    file: str
    line: int | None
    element_id: str | None


class _Reader:
    """What was read so far. Nodes are known by `file#id`, for two files may use the same id."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.nodes: dict[str, dict[str, Any]] = {}
        self.types: dict[str, Any] = {}
        self.elements: dict[str, etree._Element] = {}
        self.files: dict[str, str] = {}  #: namespace -> file
        self.imports: dict[tuple[str, str], str] = {}  #: file, namespace -> the name it is imported under
        self.texts: dict[str, list[Text]] = {}  #: node -> its FEEL
        self.names: set[str] = set()  #: that some expression binds
        self.columns: set[str] = set()  #: that are some table's input
        self.order: list[str] = []  #: the files
        self.means: dict[str, list[Named]] = {}  #: node -> variables
        self.known = cache(lambda: checks.known_names(self.nodes, self.types, self.names))  #: once all is read

    def report(
        self,
        file: str,
        element: etree._Element | None,
        message: str,
        advice: str,
        severity: Severity = Severity.ERROR,
    ) -> None:
        self.problems.append(
            Problem(
                file=file,
                message=message,
                advice=advice,
                line=None if element is None else source_line(element),
                element_id=None if element is None else element.get("id"),
                element_name=None if element is None else element.get("name"),
                severity=severity,
            )
        )

    def examined(self) -> list[Problem]:
        """Every problem, those of the expressions among them, in the order of the files and their lines."""
        found = [*self.problems, *checks.problems(self.nodes, self.texts, self.types, self.names | self.columns)]
        for key, element in self.elements.items():
            found += covering.problems(key.partition("#")[0], element)
        order = {file: place for place, file in enumerate(self.order)}
        return sorted(found, key=lambda problem: (order.get(problem.file, 0), problem.line or 0))

    # --- Reading

    def read(self, file: str, content: bytes) -> None:
        self.order.append(file)
        try:
            root = safe_xml(file, content)
        except Refused as refused:
            self.problems.extend(refused.problems)
            return
        namespace = etree.QName(root).namespace or ""
        if local(root) != "definitions" or namespace not in NAMESPACES:
            self.report(file, root, f"This is not DMN 1.1 to 1.5: the root is {root.tag}.", "Export it as DMN 1.3.")
            return
        self.files[root.get("namespace", file)] = file
        for element in subs(root, "import"):
            self.imports[file, element.get("namespace", "")] = element.get("name", "")
        for element in subs(root, "itemDefinition"):
            self.read_type(element, element.get("name", ""))
        seen: set[str] = set()
        for element in root.iterchildren(tag=etree.Element):
            if local(element) in _KINDS:
                self.read_node(file, element, seen)

    def read_type(self, element: etree._Element, name: str) -> None:
        found: dict[str, Any] = {"isCollection": element.get("isCollection") == "true"}
        base = sub(element, "typeRef")
        if base is not None and base.text:
            found["base"] = short_type(base.text)
        if components := subs(element, "itemComponent"):
            found["components"] = {}
            for component in components:
                inner = f"{name}.{component.get('name')}"
                self.read_type(component, inner)
                found["components"][component.get("name", "")] = inner
        allowed = sub(element, "allowedValues")
        if allowed is not None and (text := sub(allowed, "text")) is not None:
            found["allowed"] = (text.text or "").strip()
        self.types[name] = found

    def read_node(self, file: str, element: etree._Element, seen: set[str]) -> None:
        identity = element.get("id") or element.get("name")  # a file of another tool may leave the id out
        if not identity:
            self.report(file, element, f"A {local(element)} has neither id nor name.", "Give it an id.")
            return
        if identity in seen:
            self.report(file, element, f"The id “{identity}” is used twice.", "Give each element an id of its own.")
            return
        seen.add(identity)
        variable = sub(element, "variable")
        name = element.get("name") or identity
        node: dict[str, Any] = {
            "kind": _KINDS[local(element)],
            "id": identity,
            "name": name,
            "variable": (variable.get("name") if variable is not None else None) or name,
            "type": short_type(variable.get("typeRef") if variable is not None else None),
            "requires": [],
        }
        self.nodes[f"{file}#{identity}"] = node
        self.elements[f"{file}#{identity}"] = element
        expressions = ExpressionReader(lambda *problem: self.report(file, *problem))
        if node["kind"] == "decision":
            node["body"] = expressions.inside(element, "decision", optional=True)
        elif node["kind"] == "bkm":
            node.update(expressions.encapsulated(element))
        self.texts[f"{file}#{identity}"] = expressions.texts
        self.names |= expressions.names
        self.columns |= expressions.columns
        if node.get("body", ...) is None and not any(problem.element_id == identity for problem in self.problems):
            what = "decision" if node["kind"] == "decision" else "business knowledge model"
            message = f"The {what} has no logic: whoever asks it stops with an incident."
            self.report(file, element, message, "Give it a decision table or an expression.", Severity.WARNING)

    # --- Connecting

    def connect(self) -> None:
        """Resolve every reference, and refuse circles."""
        for key, node in self.nodes.items():
            element, file = self.elements[key], key.partition("#")[0]
            for requirement, words in _REQUIREMENTS.items():
                for holder in subs(element, requirement):
                    for word in words:
                        node["requires"] += self.references(file, holder, word)
            if node["kind"] == "service":
                self.connect_service(file, node, element)
        for key in self.circular():
            element, file = self.elements[key], key.partition("#")[0]
            self.report(file, element, "It requires itself, directly or through others.", "Break the circle.")

    def connect_service(self, file: str, node: dict[str, Any], element: etree._Element) -> None:
        for part, words in (("outputs", ("outputDecision",)), ("inputs", ("inputDecision", "inputData"))):
            node[part] = [found["node"] for word in words for found in self.references(file, element, word)]
        if not node["outputs"]:
            self.report(file, element, "The decision service has no output decision.", "Name one.")

    def references(self, file: str, holder: etree._Element, word: str) -> Iterator[dict[str, Any]]:
        for element in subs(holder, word):
            place, _, identity = element.get("href", "").rpartition("#")
            where = file if not place else self.files.get(place, place)
            if f"{where}#{identity}" not in self.nodes:
                advice = "Deploy that file together with this one." if place else "Correct the reference."
                self.report(file, element, f"It refers to “{element.get('href')}”, which does not exist.", advice)
                continue
            yield {"node": f"{where}#{identity}", "under": self.imports.get((file, place)) or None}

    def circular(self) -> Iterator[str]:
        """Decisions that require themselves; recursion of a business knowledge model is lawful (§6.3.11)."""
        knotted = self.knotted()
        for start in knotted:
            reached: set[str] = set()
            waiting = list(knotted[start])
            while waiting:
                key = waiting.pop()
                if key not in reached:
                    reached.add(key)
                    waiting += knotted[key]
            if start in reached and self.nodes[start]["kind"] == "decision":
                yield start

    def knotted(self) -> dict[str, set[str]]:
        """What each node requires, without those that lead to no circle: mostly nothing is left."""
        left = {key: {found["node"] for found in node["requires"]} for key, node in self.nodes.items()}
        askers: dict[str, list[str]] = {}
        for key, needed in left.items():
            for other in needed:
                askers.setdefault(other, []).append(key)
        free = [key for key, needed in left.items() if not needed]
        while free:
            done = free.pop()
            del left[done]
            for asker in askers.get(done, ()):
                left[asker].discard(done)
                if not left[asker]:
                    free.append(asker)
        return left

    # --- Handing over

    def decisions(self) -> dict[str, Decision]:
        found: dict[str, Decision] = {}
        written = 0
        for key, node in self.nodes.items():
            if node["kind"] not in ("decision", "service"):
                continue
            if node["id"] in found:
                file, other = key.partition("#")[0], found[node["id"]].file
                self.report(file, self.elements[key], f"The decision stands in {other} too.", "Give it another id.")
                continue
            found[node["id"]] = self.decision(key, node)
            written += len(found[node["id"]].model)
            if written > MOST_MODEL:
                message = "The decisions up to this one require each other so often that they are too large together."
                self.report(key.partition("#")[0], self.elements[key], message, "Write fewer, or smaller ones.")
                break
        return found

    def decision(self, key: str, node: dict[str, Any]) -> Decision:
        needed = sorted(self.closure(key))
        content = {"nodes": {name: self.nodes[name] for name in needed}, "types": self.types}
        model = json.dumps({**content, "names": self.odd_names(content["nodes"])}, sort_keys=True)
        reached = [self.nodes[name] for name in needed]
        return Decision(
            id=node["id"],
            name=node["name"],
            file=key.partition("#")[0],
            line=source_line(self.elements[key]),
            tables=tuple(other["id"] for other in reached if (other.get("body") or {}).get("kind") == "table"),
            text="\n".join(_texts(content)),
            model=model,
            model_key=hashlib.sha256(model.encode()).hexdigest(),
            node=key,
        )

    def reads(self, key: str) -> Iterator[Named]:
        """The input data that the node requires, and what its expressions name and nothing in the files is."""
        told: set[str] = set()
        for name in sorted(self.closure(key)):
            for place in self.named(name):
                if place.name not in told:
                    told.add(place.name)
                    yield place

    def named(self, key: str) -> list[Named]:
        """The variables that this node itself means."""
        if key not in self.means:
            self.means[key] = [place for place in self._named(key) if place.name.isidentifier()]
        return self.means[key]

    def _named(self, key: str) -> Iterator[Named]:
        file, node = key.partition("#")[0], self.nodes[key]
        if node["kind"] == "input":
            yield Named(node["variable"], file, source_line(self.elements[key]), node["id"])
        known = self.known()
        for text in self.texts.get(key, ()) if all(map(feel.is_readable, known)) else ():
            if not text.where and not checks.is_literal(text.text):
                for name in sorted(feel.outer_names(text.text) - known.keys()):
                    yield Named(name, file, source_line(text.element), text.element.get("id") or node["id"])

    def odd_names(self, nodes: Mapping[str, Any]) -> dict[str, Any]:
        """All names that the expressions of `nodes` may mean, when FEEL cannot read one of them without knowing it."""
        bound = {name for name in self.names | self.columns if not feel.is_readable(name)}
        names = checks.known_names(nodes, self.types, bound)
        return {} if all(map(feel.is_readable, names)) else names

    def closure(self, key: str) -> set[str]:
        reached: set[str] = set()
        waiting = [key]
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                node = self.nodes[name]
                waiting += [found["node"] for found in node["requires"]]
                waiting += [*node.get("outputs", ()), *node.get("inputs", ())]
        return reached


def _texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
