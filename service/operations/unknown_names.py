"""Variables that nothing sets: warnings, with the name that was probably meant.

In a closed case type (opened with a form, each task with a form, each message kept in a variable) all names are known.
Elsewhere programs may bring names that no file says: there only what is one slip of the pen from a known name is told.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from service import forms
from service.engine import expressions
from service.engine.checks import flowing, over_budget, variables
from service.engine.checks.variables import Read, Variables
from service.engine.decisions import Named
from service.engine.definition import Problem, ProcessInfo, Severity
from service.engine.expressions import budget
from service.engine.normalise import Normalised
from service.execution.definitions import resource
from service.operations.references import Source, World, form_of

_COMPARED = 300  #: names among which one is sought that was meant
_MOST = 50  #: told of one process
_SHORTEST = 4  #: letters of a name of which one slip is believed
_CAPITALS = re.compile(r"[A-Z][A-Z_]+")

Processes = Mapping[str, tuple[ProcessInfo, Variables]]


@dataclass(frozen=True)
class Given:
    """What fills variables beside the processes themselves."""

    forms: Mapping[str, set[str]]  #: form key -> the variables that it fills
    kinds: Mapping[str, Mapping[str, str]]  #: form key -> the kinds of values that its fields give, by their keys
    decisions: Mapping[str, set[str]]  #: decision id -> the names of its outputs
    callers: Mapping[str, set[str]] = field(default_factory=dict)  #: process -> deployed processes that call it
    fragments: bool = False  #: whether plan fragments are deployed, which bring variables of their own
    read: Mapping[str, Sequence[Named]] = field(default_factory=dict)  #: decision id -> the variables that it means


def check(executable: Sequence[tuple[Normalised, str, ProcessInfo]], world: World) -> list[Problem]:
    """Warnings about the processes of a deployment: (file, process id, what it says)."""
    processes: dict[str, tuple[ProcessInfo, Variables]] = {}
    if any(problem.severity is Severity.ERROR for model, _, _ in executable for problem in model.problems):
        return []  # what sets a variable may stand in what could not be read
    for model, key, info in executable:
        try:
            with budget.of_file(model.name):
                processes[key] = info, variables.find(model.doc, _process(model, key), info)
        except budget.Spent as spent:
            return over_budget(model.name, spent)
    wanted = set().union(*(found.forms for _, found in processes.values()))
    deployed = [source for source in world.processes.values() if source.key not in processes]
    callers: dict[str, set[str]] = {}
    for source in deployed:
        for called in (*source.info.get("calls", ()), *source.info.get("children", ())):
            callers.setdefault(called, set()).add(source.key)
    contents = {key: _content(form) for key in wanted if (form := form_of(key, world)) is not None}
    given = Given(
        forms={key: forms.variables_of(content) for key, content in contents.items()},
        kinds={key: forms.kinds_of(content) for key, content in contents.items()},
        decisions=world.outputs,
        callers=callers,
        fragments=any(source.info.get("attributes", {}).get("insertable") == "true" for source in deployed),
        read=world.reads,
    )
    found = list(problems(processes, given))
    computed = set().union(*(said.sets for _, said in processes.values()))
    for info, said in processes.values():
        try:
            with budget.of_file(info.file):
                found += mismatches(info, said, given, computed)
        except budget.Spent as spent:
            return found + over_budget(info.file, spent)
    found += _flowing(executable, processes, given)
    known = computed.union(*given.forms.values(), *given.decisions.values(), given.decisions.keys())
    for key in sorted(contents):
        found += _in_form(form_of(key, world), known)
    return found


def _flowing(
    executable: Sequence[tuple[Normalised, str, ProcessInfo]], processes: Processes, given: Given
) -> list[Problem]:
    """Variables that are read too early, or set twice, in closed case types that no other process calls."""
    asked = {key: {read.name for read in reads} for key, reads in given.read.items()}
    known = flowing.Known(given.forms, given.kinds, given.decisions, asked)
    called = set(given.callers).union(*(said.calls for _, said in processes.values()))
    found: list[Problem] = []
    for model, key, info in executable:
        if not _known(*processes[key], given)[1] and key not in called:
            with budget.of_file(info.file):
                found += flowing.problems(_process(model, key), info, known)
    return found


def _in_form(form: Source | None, known: set[str]) -> list[Problem]:
    """Slips of the pen in the expressions of a form that is deployed now: what else it is opened with is not known."""
    if form is None or form.content is None:
        return []
    found: dict[str, Problem] = {}
    names = known | forms.words_of(form.content)
    try:
        with budget.of_file(form.file):
            for name, line, component in forms.reads_of(form.file, form.content):
                if name not in names and name not in found and (near := _near(name, names, closed=False)):
                    message = f"It reads “{name}”, which nothing in this case type sets."
                    advice = f"Did you mean “{near}”?"
                    problem = Problem(form.file, message, advice, line, component, severity=Severity.WARNING)
                    found[name] = problem
    except budget.Spent as spent:
        return over_budget(form.file, spent)
    return list(found.values())


def _process(model: Normalised, key: str) -> etree._Element:
    return next(process for process in model.doc.processes() if process.get("id") == key)


def _content(form: Source) -> bytes:
    return resource(form.digest) if form.content is None else form.content


def problems(processes: Processes, given: Given) -> Iterator[Problem]:
    """A warning for each variable that is read and that nothing sets, at the first place where it is read."""
    own = {key: _known(info, said, given) for key, (info, said) in processes.items()}
    called: dict[str, tuple[set[str], bool]] = {}  # decision id -> what is known where it is called, and if all is
    brought = {name for key, (info, _) in processes.items() if _is_fragment(info) for name in own[key][0]}
    for family in _families(processes):
        known = set().union(brought, *(own[key][0] for key in family))
        closed = not any(own[key][1] for key in family)
        for key in family:
            info, said = processes[key]
            yield from _unknown(info, said.reads, known, closed)
            for decision in info.decisions:
                before, all_closed = called.get(decision, (set(), True))
                called[decision] = before | known, all_closed and closed
    for decision, (known, closed) in called.items():
        yield from _unknown_in(decision, given.read.get(decision, ()), known, closed)


def _unknown_in(decision: str, reads: Iterable[Named], known: set[str], closed: bool) -> Iterator[Problem]:
    """A warning for each variable that a decision means and that nothing sets where it is called."""
    for read in reads:
        if read.name not in known and ((near := _near(read.name, known, closed)) or closed):
            message = f"The decision “{decision}” reads “{read.name}”, which nothing sets where it is called."
            advice = "Correct the name, or let a form, a script or the task's case:input set it."
            if near:
                advice = f"Did you mean “{near}”?"
            yield Problem(read.file, message, advice, read.line, read.element_id, severity=Severity.WARNING)


def _known(info: ProcessInfo, said: Variables, given: Given) -> tuple[set[str], bool]:
    """The names that a process sets, and whether there may be others."""
    known = set(said.sets)
    anything = said.anything or given.fragments or bool(given.callers.get(info.key))
    for key in said.forms:
        known |= given.forms.get(key, set())
        anything |= key not in given.forms
    for key in said.decisions:
        known |= given.decisions.get(key, set()) | {key}
        anything |= key not in given.decisions
    return known, anything


def _is_fragment(info: ProcessInfo) -> bool:
    return info.attributes.get("insertable") == "true"


def _families(processes: Processes) -> list[list[str]]:
    """Processes that call each other: what one sets another may read."""
    beside: dict[str, set[str]] = {key: set() for key in processes}
    for key, (_, said) in processes.items():
        for called in said.calls & processes.keys():
            beside[key].add(called)
            beside[called].add(key)
    families, seen = [], set()
    for key in processes:
        family, waiting = [], [key]
        while waiting:
            if (here := waiting.pop()) not in seen:
                seen.add(here)
                family.append(here)
                waiting += sorted(beside[here])
        if family:
            families.append(family)
    return families


def _unknown(info: ProcessInfo, reads: Iterable[Read], known: set[str], closed: bool) -> Iterator[Problem]:
    told: set[str] = set()
    for read in reads:
        if read.name in known or read.name in told or len(told) >= _MOST:
            continue
        near = _near(read.name, known, closed)
        constant = bool(read.what == "source" and read.text == read.name and _CAPITALS.fullmatch(read.name))
        if closed or near or constant:
            told.add(read.name)
            yield _problem(info, read, near, constant)


def _problem(info: ProcessInfo, read: Read, near: str | None, constant: bool) -> Problem:
    advice = "Correct the name, or let a form, a script or a mapping set it."
    if constant:
        advice = f'It is read as a variable; for the text itself write source="= &quot;{read.name}&quot;".'
    if near:
        advice = f"Did you mean “{near}”?"
    return Problem(
        info.file,
        f"The {read.what} reads “{read.name}”, which nothing in this case type sets.",
        advice,
        read.line,
        read.element_id or info.key,
        read.element_name,
        Severity.WARNING,
    )


def _near(name: str, known: set[str], closed: bool) -> str | None:
    """The name that was meant; where others may be set, only one from which it differs by a slip of the pen."""
    others = sorted(known)[:_COMPARED]
    slips = [other for other in others if min(len(name), len(other)) >= _SHORTEST and is_slip(name, other)]
    if slips or not closed:
        return next(iter(difflib.get_close_matches(name, slips, n=1, cutoff=0)), None)
    return next(iter(difflib.get_close_matches(name[:60], others, n=1, cutoff=0.75)), None)


def is_slip(name: str, other: str) -> bool:
    """Whether the two differ by one letter too much, too few or wrong, by two that are swapped, or by capitals.

    Not by their last letter alone, nor in digits: `claim` and `claims`, `line1` and `line2` are two things.
    """
    if name.lower() == other.lower():
        return True
    start = 0
    while start < min(len(name), len(other)) and name[start] == other[start]:
        start += 1
    end = 0
    while end < min(len(name), len(other)) - start and name[-1 - end] == other[-1 - end]:
        end += 1
    first, second = name[start : len(name) - end], other[start : len(other) - end]
    if any(sign.isdigit() or sign == "_" for sign in first + second):
        return False
    swapped = len(first) == 2 and first == second[::-1]
    return swapped or (bool(end) and max(len(first), len(second)) == 1)


_SAID = {"text": "a text", "number": "a number", "truth": "true or false"}


def mismatches(info: ProcessInfo, said: Variables, given: Given, computed: set[str]) -> Iterator[Problem]:
    """A warning for each FEEL text that compares what a form asks for with a value of another kind: it is never true.

    Only of fields that nothing but forms fills, and all of them with values of one kind; `computed` is what others set.
    """
    kinds: dict[str, set[str]] = {}
    for key in said.forms:
        for name, kind in given.kinds.get(key, {}).items():
            kinds.setdefault(name, set()).add(kind)
    certain = {
        name: next(iter(found))
        for name, found in kinds.items()
        if len(found) == 1 and name.split(".")[0] not in computed
    }
    told: set[str] = set()
    for read in said.reads:
        if read.text in told or not any(name.split(".")[0] == read.name for name in certain):
            continue
        told.add(read.text)
        budget.reading(read.line, read.element_id)
        for left, first, right, second in expressions.mismatches(read.text, certain)[:1]:
            sides = f"“{left[:60]}”, {_SAID[first]}, with “{right[:60]}”, {_SAID[second]}"
            advice = "Write both as values of one kind; FEEL finds nothing in others."
            yield Problem(
                info.file,
                f"The {read.what} takes {sides}: that is null, and never true.",
                advice,
                read.line,
                read.element_id or info.key,
                read.element_name,
                Severity.WARNING,
            )
