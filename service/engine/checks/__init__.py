"""What a deployment checks before anything runs: graph, events, expressions, our attributes, and how processes call.

Every check walks in loops, never by recursion along flows, so a chain of thousands of tasks is no trouble; budgets
keep what is deployed within what was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lxml import etree

from service.engine.checks import attributes, calls, gaps, graph, ignoring, instances, levels, placement, texts, times
from service.engine.checks.instances import FormNames
from service.engine.definition import DATA_RULES, RULES, Problem, Refused, Severity
from service.engine.expressions import budget
from service.engine.normalise import Normalised, normalise
from service.engine.xml.document import FLOW_NODES, SUB_PROCESSES, Document, local

#: Budgets of one process. Measured: 5,000 elements are read, checked and started within seconds.
MAX_NODES = 5_000
MAX_NESTING = 30


def examine(
    files: Mapping[str, bytes], *, called: Mapping[str, Iterable[str]] | None = None, hints: bool = False
) -> list[Problem]:
    """Everything that is wrong with the BPMN files of a deployment (name -> content), errors and warnings, all at once.

    `called` are processes that are deployed already: id -> the process ids that they call in turn. For deployments
    only: what is deployed already is not judged again by newer rules.
    """
    problems: list[Problem] = []
    models: list[Normalised] = []
    for name, content in files.items():
        try:
            models.append(normalise(name, content))
        except Refused as refused:
            problems += refused.problems
    for model in models:
        problems += model.problems
    problems += check_definition(models, called=called, hints=True)
    return quiet(ignoring.apply(models, problems, rules=RULES - DATA_RULES), hints=hints)


def check_definition(
    models: Sequence[Normalised],
    *,
    called: Mapping[str, Iterable[str]] | None = None,
    forms: Mapping[str, FormNames] | None = None,
    hints: bool = False,
) -> list[Problem]:
    """Everything that is wrong with these files beyond what `normalise` says, errors and warnings.

    `called` are processes that are deployed already: id -> the process ids that they call in turn; `forms` what the
    forms that are named have to do with variables, by key; `hints`: also what may well be meant so.
    """
    problems: list[Problem] = []
    for model in models:
        problems += _check_file(model, forms or {})
    problems += calls.check(models, called or {})
    return quiet(problems, hints=hints)


def quiet(problems: Iterable[Problem], *, hints: bool = False) -> list[Problem]:
    """The problems, without `hints` unless they are asked for."""
    return [problem for problem in problems if hints or problem.severity is not Severity.HINT]


def _check_file(model: Normalised, forms: Mapping[str, FormNames]) -> list[Problem]:
    doc = Document(model.name, model.root, ids=model.doc.ids, outlines=model.doc.outlines, torn=model.doc.torn)
    try:
        with budget.of_file(model.name):
            _check(model, doc, forms)
    except budget.Spent as spent:
        doc.problems += over_budget(model.name, spent)
    return doc.problems


def over_budget(file: str, spent: budget.Spent) -> list[Problem]:
    """What is told, once, of a file whose expressions take too long to be read."""
    advice = "Simplify what stands there, or split the file."
    problem = Problem(file, str(spent), advice, line=spent.line, element_id=spent.element_id)
    return [problem] if budget.is_news(file) else []


def _check(model: Normalised, doc: Document, forms: Mapping[str, FormNames]) -> None:
    for process in doc.processes():
        key = process.get("id") or ""
        if key not in doc.outlines and not model.doc.doubled and _within_budget(doc, process):
            placement.check(doc, process)
            graph.check(doc, process, model.elements.get(key, {}))
            attributes.check(doc, process, model.infos.get(key))
            levels.check(doc, process, _roles(model, key))
            texts.check(doc, process)
            times.check(doc, process)
            gaps.check(doc, process)
            instances.check(doc, process, forms)
    for element in doc.root:
        if local(element) and local(element) != "process":
            attributes.check(doc, element, None)
            texts.check(doc, element)


def _roles(model: Normalised, key: str) -> set[str]:
    info = model.infos.get(key)
    return {role.id for role in info.roles} if info else set()


def _within_budget(doc: Document, process: etree._Element) -> bool:
    nodes = 0
    for node in process.iter():
        if local(node) in FLOW_NODES:
            nodes += 1
        if local(node) in SUB_PROCESSES and _nesting(node) > MAX_NESTING:
            doc.error(node, f"Sub-processes are nested deeper than {MAX_NESTING}.", "Use call activities.")
            return False
    if nodes > MAX_NODES:
        doc.error(process, f"The process has {nodes:,} elements; at most {MAX_NODES:,} run.", "Use call activities.")
    return nodes <= MAX_NODES


def _nesting(node: etree._Element) -> int:
    return sum(1 for parent in node.iterancestors() if local(parent) in SUB_PROCESSES) + 1
