"""A filter in words, so that who wrote it sees what is meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from service.filters.fields import Kind
from service.filters.reading import ME, All, AnyOf, Bounds, Empty, Is, Leaf, Node, Not, Test
from service.languages import _

Called = Callable[[str], str]


def explained(node: Node, called: Mapping[str, str] | None = None) -> str:
    """`node` as a sentence without its end. `called`: what people are called, by name."""
    return _said(node, dict(called or {}), outer=True)


def people(node: Node) -> set[str]:
    """The names of people, as it may be, that the sentence needs."""
    from service.filters.reading import leaves

    persons = {Kind.PERSON, Kind.PRINCIPAL}
    found = (leaf for leaf in leaves(node) if leaf.field is not None and leaf.field.kind in persons)
    return {test.value for leaf in found for test in leaf.tests if isinstance(test, Is)} - {ME}


def _said(node: Node, called: dict[str, str], *, outer: bool = False) -> str:
    match node:
        case Leaf():
            return _leaf(node, called, negated=False)
        case Not(part=Leaf() as leaf):
            return _leaf(leaf, called, negated=True)
        case Not():
            return _("not (%(part)s)", part=_said(node.part, called, outer=True))
        case All():
            return ", and ".join(_said(part, called) for part in node.parts)
        case AnyOf():
            either = " or ".join(_said(part, called) for part in node.parts)
            return either if outer else f"({either})"


def _leaf(leaf: Leaf, called: dict[str, str], *, negated: bool) -> str:
    negated = negated == leaf.wanted
    if leaf.field is None:
        texts = " or ".join(f"“{test.value}”" for test in leaf.tests if isinstance(test, Is))
        return _("without the words %(texts)s", texts=texts) if negated else _("with the words %(texts)s", texts=texts)
    name = leaf.field.said or leaf.field.name
    if leaf.part:
        name = _("role %(part)s", part=leaf.part) if leaf.field.name == "role" else f"{name} ({leaf.part})"
    is_not = " not" if negated else ""
    if leaf.tests == (Empty(),):
        return _("%(name)s: there is one", name=name) if negated else _("%(name)s: none", name=name)
    return f"{name}{is_not} " + " or ".join(_test(test, leaf, called) for test in leaf.tests)


def _test(test: Test, leaf: Leaf, called: dict[str, str]) -> str:
    assert leaf.field is not None
    match test:
        case Empty():
            return "none"
        case Is(value=value):
            if leaf.field.kind in (Kind.PERSON, Kind.PRINCIPAL):
                return "you" if value == ME else called.get(value, value)
            said = leaf.field.values.get(value, value) if leaf.field.name != "state" else value
            quoted = f"“{said}”" if leaf.field.kind in (Kind.WORDS, Kind.TEXT) else said
            return _("beginning with %(quoted)s", quoted=quoted) if test.begins else quoted
        case Bounds():
            return _between(test)


def _between(test: Bounds) -> str:
    if test.low is not None and test.high is not None:
        if test.low == test.high:
            return _value(test.low)
        return _(
            "from %(low)s %(until)s %(high)s",
            low=_value(test.low),
            until=_("until") if test.high_open else _("to"),
            high=_value(test.high),
        )
    if test.low is not None:
        moment = isinstance(test.low, datetime)
        word = (
            (_("after") if test.low_open else _("from")) if moment else (_("over") if test.low_open else _("at least"))
        )
        return f"{word} {_value(test.low)}"
    moment = isinstance(test.high, datetime)
    word = (
        (_("before") if test.high_open else _("until")) if moment else (_("under") if test.high_open else _("at most"))
    )
    return f"{word} {_value(test.high)}"


def _value(value: float | datetime | None) -> str:
    if isinstance(value, datetime):
        day = f"{value.day} {value:%b %Y}"
        return day if (value.hour, value.minute) == (0, 0) else f"{day}, {value:%H:%M}"
    assert value is not None
    return f"{value:,.0f}" if value == int(value) else f"{value:,}"
