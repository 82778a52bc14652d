"""Small diagrams for the tests of reading and checking: text around what a test wants to say."""

from __future__ import annotations

from service.engine.checks import examine
from service.engine.definition import Element, Problem, Severity
from service.engine.normalise import Normalised, normalise
from service.engine.xml.document import BPMN, CASE, tag

NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "xsi": "http://www.w3.org/2001/XMLSchema-instance",
        "case": CASE,
        "camunda": "http://camunda.org/schema/1.0/bpmn",
        "zeebe": "http://camunda.org/schema/zeebe/1.0",
        "flowable": "http://flowable.org/bpmn",
        "activiti": "http://activiti.org/bpmn",
        "spiff": "http://spiffworkflow.org/bpmn/schema/1.0/core",
    }.items()
)


def document(inner: str, *, process: str = "", outside: str = "", more: str = "") -> bytes:
    """A file with one process `p` that holds `inner`; `process` and `more` are attributes of process and root."""
    return (
        f'<definitions xmlns="{BPMN}" {NAMESPACES} targetNamespace="t" {more}>{outside}'
        f'<process id="p" {process}>{inner}</process></definitions>'
    ).encode()


def read(inner: str, **parts: str) -> Normalised:
    """The file of `document`, normalised."""
    return normalise("small.bpmn", document(inner, **parts))


def element(inner: str, **parts: str) -> Element:
    """The first flow node of the process, as it is described."""
    return next(iter(read(inner, **parts).elements["p"].values()))


def errors(problems: list[Problem] | tuple[Problem, ...]) -> list[str]:
    """`element: message` of the problems that refuse a deployment."""
    return [f"{problem.element_id}: {problem.message}" for problem in problems if problem.severity is Severity.ERROR]


def warnings(problems: list[Problem] | tuple[Problem, ...]) -> list[str]:
    """`element: message` of the problems that do not."""
    return [f"{problem.element_id}: {problem.message}" for problem in problems if problem.severity is Severity.WARNING]


def examined(inner: str, **parts: str) -> list[Problem]:
    """Everything a deployment of `document` would be told."""
    return examine({"small.bpmn": document(inner, **parts)})


def told(inner: str, **parts: str) -> str:
    """The one error that refuses `inner`."""
    [found] = errors(examined(inner, **parts))
    return found


def text(model: Normalised, name: str) -> list[str]:
    """The texts of all elements of this BPMN name, after normalisation."""
    return ["".join(map(str, found.itertext())) for found in model.root.iter(tag(name))]


def flow(source: str, target: str, inside: str = "", more: str = "") -> str:
    """A sequence flow without id."""
    return f'<sequenceFlow sourceRef="{source}" targetRef="{target}" {more}>{inside}</sequenceFlow>'


def extended(inside: str) -> str:
    """Extension elements."""
    return f"<extensionElements>{inside}</extensionElements>"
