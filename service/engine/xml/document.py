"""One file being normalised: its tree, its ids, its problems, and the scopes that hold flow nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from service.engine.definition import Problem, Severity, Step

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CASE = "urn:casewright:bpmn:1.0"

#: Told of one file; who mends that many sees the rest.
MOST_PROBLEMS = 500
#: Characters of `${…}` in one file.
MOST_TRANSLATED = 200_000

TASKS = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "scriptTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "businessRuleTask",
        "callActivity",
    }
)
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = TASKS | SUB_PROCESSES
GATEWAYS = frozenset({"exclusiveGateway", "inclusiveGateway", "parallelGateway", "complexGateway", "eventBasedGateway"})
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
FLOW_NODES = ACTIVITIES | GATEWAYS | EVENTS
#: What people may start in an ad hoc sub-process, where no flow leads to it (BPMN 2.0.2 §10.3.5).
STARTABLE = ACTIVITIES | GATEWAYS | {"intermediateCatchEvent", "intermediateThrowEvent"}
#: Flow nodes in the XSD that no process engine executes: choreographies, and abstract kinds that nothing draws.
NOT_EXECUTED = frozenset({"choreographyTask", "subChoreography", "callChoreography", "implicitThrowEvent", "event"})
SCOPES = SUB_PROCESSES | {"process"}


def tag(name: str) -> str:
    """`userTask` with the BPMN namespace."""
    return f"{{{BPMN}}}{name}"


def local(element: etree._Element) -> str:
    """The element's BPMN name; empty for elements of other namespaces."""
    name = element.tag
    return name[len(BPMN) + 2 :] if isinstance(name, str) and name.startswith(f"{{{BPMN}}}") else ""


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The first direct child with this BPMN name."""
    return element.find(tag(name))


def children(element: etree._Element, *names: str) -> list[etree._Element]:
    """Direct children with one of these BPMN names, in document order."""
    wanted = {tag(name) for name in names}
    return [node for node in element if node.tag in wanted]


def text_of(element: etree._Element | None) -> str:
    """All text within, stripped; empty when there is none."""
    return "".join(str(part) for part in element.itertext()).strip() if element is not None else ""


def is_true(value: str | None) -> bool:
    """xsd:boolean."""
    return (value or "").strip().lower() in {"true", "1"}


def unprefixed(reference: str) -> str:
    """An xsd:QName without its prefix: references to elements of this file are by local name."""
    return reference.strip().rsplit(":", 1)[-1]


def definitions_of(event: etree._Element) -> list[etree._Element]:
    """The event definitions written directly inside an event."""
    return [node for node in event if local(node).endswith("EventDefinition")]


def has_definition(event: etree._Element, kind: str) -> bool:
    """Whether an event has a definition of this kind, such as `link` or `compensate`."""
    return child(event, f"{kind}EventDefinition") is not None


@dataclass
class Document:
    """One file: its tree, and what was found wrong in it.

    Ids are looked up per process: several processes of one file may use the same ids, as some tools write them.
    """

    file: str
    root: etree._Element
    problems: list[Problem] = field(default_factory=list)
    ids: dict[str, dict[str, etree._Element]] = field(default_factory=dict)  #: by process id; "": outside of them
    outlines: set[str] = field(
        default_factory=set
    )  #: ids of processes that are not executed, so nothing there is wrong
    aliases: dict[str, str] = field(default_factory=dict)  #: variables of a vendor's file -> what we call them
    named: dict[tuple[str, str], str] = field(default_factory=dict)  #: (message or signal, its name) -> its id
    forms: dict[str, tuple[str, int]] = field(default_factory=dict)  #: written in the diagram: key -> text and line
    doubled: bool = False  #: an id is used twice, so that references mean nothing certain
    torn: bool = False  #: a flow leads from or to nothing, so that what is reached means nothing certain
    _translated: int = 0
    _taken: Counter[str] = field(default_factory=Counter)
    _leaving: dict[tuple[str, str], list[etree._Element]] | None = None

    def find(self, reference: str | None, near: etree._Element) -> etree._Element | None:
        """The element that a reference written in `near` means: of the same process, else of the file."""
        if not reference:
            return None
        inside = self.ids.get(process_of(near), {})
        return inside[reference] if reference in inside else self.ids.get("", {}).get(reference)

    @property
    def full(self) -> bool:
        """Whether no further problem would be told."""
        return len(self.problems) >= MOST_PROBLEMS

    def may_translate(self, text: str) -> bool:
        """Whether one more `${…}` may be translated; a file may hold so many characters of them."""
        self._translated += len(text)
        if self._translated > MOST_TRANSLATED >= self._translated - len(text):
            self.error(self.root, f"More than {MOST_TRANSLATED:,} characters are ${{…}}.", "Split the file.")
        return self._translated <= MOST_TRANSLATED

    def leaving(self, node: etree._Element) -> list[etree._Element]:
        """The sequence flows as drawn that leave a node (read once)."""
        if self._leaving is None:
            self._leaving = {}
            for flow in self.root.iter(tag("sequenceFlow")):
                self._leaving.setdefault((process_of(flow), flow.get("sourceRef") or ""), []).append(flow)
        return self._leaving.get((process_of(node), node.get("id") or ""), [])

    def reread_flows(self) -> None:
        """Forget which flows leave which node: they were moved or removed."""
        self._leaving = None

    def error(
        self, element: etree._Element | None, message: str, advice: str, *, rule: str = "", way: tuple[Step, ...] = ()
    ) -> None:
        """Something that prevents deployment, at `element`; for `rule` and `way` see `Problem`."""
        self._problem(element, message, advice, Severity.ERROR, rule, way)

    def warn(
        self, element: etree._Element | None, message: str, advice: str, *, rule: str = "", way: tuple[Step, ...] = ()
    ) -> None:
        """Something worth knowing, at `element`; for `rule` and `way` see `Problem`."""
        self._problem(element, message, advice, Severity.WARNING, rule, way)

    def hint(self, element: etree._Element | None, message: str, advice: str, *, rule: str) -> None:
        """Something that may well be meant so, at `element`."""
        self._problem(element, message, advice, Severity.HINT, rule, ())

    def _problem(
        self,
        element: etree._Element | None,
        message: str,
        advice: str,
        severity: Severity,
        rule: str,
        way: tuple[Step, ...],
    ) -> None:
        if self.full or (element is not None and process_of(element) in self.outlines):
            return
        named = _nearest_with_id(element)
        self.problems.append(
            Problem(
                file=self.file,
                message=message,
                advice=advice,
                line=line_of(element),
                element_id=named.get("id") if named is not None else None,
                element_name=(" ".join((named.get("name") or "").split()) or None) if named is not None else None,
                severity=severity,
                rule=rule,
                way=way,
            )
        )

    def fresh_id(self, wanted: str, parent: etree._Element) -> str:
        """`wanted`, or with a number behind it when the process around `parent` has that id already."""
        found = wanted
        while self.find(found, parent) is not None:
            self._taken[wanted] += 1
            found = f"{wanted}_{self._taken[wanted]}"
        return found

    def name(self, element: etree._Element, wanted_id: str) -> None:
        """Give an element an id that is not yet taken."""
        found = self.fresh_id(wanted_id, element)
        element.set("id", found)
        self.ids.setdefault(process_of(element), {})[found] = element

    def make(self, parent: etree._Element, name: str, wanted_id: str) -> etree._Element:
        """A new BPMN element at the end of `parent`, with an id that is not yet taken."""
        made = etree.SubElement(parent, tag(name))
        self.name(made, wanted_id)
        return made

    def processes(self) -> list[etree._Element]:
        """The process elements, in document order."""
        return children(self.root, "process")

    def scopes(self) -> Iterator[etree._Element]:
        """Every process and sub-process, outer ones first."""
        for process in self.processes():
            yield from (node for node in process.iter() if local(node) in SCOPES)


def source_line(element: etree._Element) -> int | None:
    """The line where an element was read; None for a made one."""
    line: object = element.sourceline
    return line if isinstance(line, int) and line > 0 else None


def line_of(element: etree._Element | None) -> int | None:
    """The line in the original file; for what normalisation made, that of what it stands in."""
    while element is not None:
        if line := source_line(element):
            return line
        element = element.getparent()
    return None


def move(element: etree._Element, home: etree._Element | None) -> None:
    """Put an element at the end of `home`, unless it is there, or holds `home` itself (then the schema objects)."""
    if home is not None and element.getparent() is not home and element not in {home, *home.iterancestors()}:
        home.append(element)


def process_of(element: etree._Element) -> str:
    """The id of the process around (or at) an element; empty outside of processes."""
    place: etree._Element | None = element
    while place is not None:
        if local(place) == "process":
            return place.get("id") or ""
        place = place.getparent()
    return ""


def _nearest_with_id(element: etree._Element | None) -> etree._Element | None:
    """The element a reader would look for: definitions and extension elements are named by the node around them."""
    while element is not None:
        if element.get("id") and not local(element).endswith("EventDefinition"):
            return element
        element = element.getparent()
    return None
