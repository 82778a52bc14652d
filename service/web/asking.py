"""What a plan may say, asked one by one beside its text: of elements, of values, of timers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from service.engine.change.plan import Clock, Plan, Reason, Verdict
from service.engine.definition import Element
from service.execution.definitions import deployed
from service.languages import _, gettext, later
from service.models import ProcessDefinition

AWAY = "(away)"  #: the choice that what is open at an element is taken away
CLOCKS = {
    Clock.KEEP: later("runs on as it was set"),
    Clock.ENTRY: later("counts anew, from when it was set"),
    Clock.NOW: later("counts anew, from the move"),
}


@dataclass(frozen=True)
class Ask:
    """Something that the plan may say: what becomes of an element, a variable's value, or a timer."""

    field: str  #: its name in the form
    label: str
    options: Sequence[tuple[str, str]]  #: none: an expression is typed
    value: str
    cases: int
    is_open: bool  #: whether somebody has to say it


def asks(
    source: ProcessDefinition, target: ProcessDefinition, judged: Iterable[tuple[Sequence[Reason], int]], plan: Plan
) -> list[Ask]:
    """What is asked or proposed, given the reasons of what was judged, each for so many cases; the open ones first."""
    before, after = (deployed(each.id).definition.elements for each in (source, target))
    elements, values = Counter[str](), Counter[str]()
    open_: set[str] = set()
    for reasons, cases in judged:
        for reason in reasons:
            is_decided = reason.verdict.rank < Verdict.PERSON.rank
            name = reason.element_id
            if name and reason.question == 1 and name in before and reason.verdict is not Verdict.STAY:
                elements[name] += cases
                open_ |= set() if is_decided else {name}
            if reason.variable:
                values[reason.variable] += cases
    for name in plan.elements:
        elements.setdefault(name, 0)
    for name in plan.values:
        values.setdefault(name, 0)
    found = [_of_element(before, after, name, plan, n, name in open_) for name, n in elements.items()]
    found += [Ask(f"value:{v}", v, (), plan.values.get(v, ""), n, v not in plan.values) for v, n in values.items()]
    options = [(str(clock), said) for clock, said in CLOCKS.items()]
    for name, clock in plan.clocks.items():
        found.append(
            Ask(f"clock:{name}", _("The timer “%(after)s”", after=called(after, name)), options, str(clock), 0, False)
        )
    return sorted(found, key=lambda each: (not each.is_open, each.field))


def _of_element(
    before: Mapping[str, Element], after: Mapping[str, Element], name: str, plan: Plan, cases: int, is_open: bool
) -> Ask:
    kind = before[name].type if name in before else ""
    alike = [(each.id, called(after, each.id)) for each in after.values() if each.type == kind]
    names = Counter(text for _, text in alike)
    options = [
        (id_, gettext("goes on at “%(text)s”", text=text) + (f" ({id_})" if names[text] > 1 else ""))
        for id_, text in alike
    ]
    unsaid = gettext("is not decided yet") if is_open or name not in plan.elements else gettext("keeps its id")
    options = [("", unsaid), *options, (AWAY, gettext("is taken away: what is open there is cancelled"))]
    value = "" if name not in plan.elements else plan.elements[name] or AWAY
    return Ask(
        f"element:{name}",
        gettext("What waits at “%(before)s”", before=called(before, name)),
        options,
        value,
        cases,
        is_open,
    )


def decided(plan: Plan, form: Mapping[str, str]) -> Plan:
    """The plan with what was decided in the form; what was left as it was says nothing, the text may say otherwise."""
    elements, values, clocks = dict(plan.elements), dict(plan.values), dict(plan.clocks)
    for field, said in form.items():
        kind, _, name = field.partition(":")
        if not name or kind not in ("element", "value", "clock") or said == form.get(f"was:{field}", ""):
            continue
        if kind == "element":
            elements[name] = None if said == AWAY else said
            if not said:
                del elements[name]
        elif kind == "value":
            values[name] = said
            if not said.strip():
                del values[name]
        elif said in list(Clock):
            clocks[name] = Clock(said)
    return Plan(elements, values, clocks)


def called(elements: Mapping[str, Element], name: str) -> str:
    """What a diagram calls an element; its id where it has no name."""
    return (elements[name].name if name in elements else "") or name
