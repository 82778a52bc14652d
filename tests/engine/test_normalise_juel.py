"""`${…}` where it is simple, in both of our languages; the rest is refused with the reason."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.engine import expressions
from service.engine.vendors.juel import Untranslatable, to_feel, to_ours, to_python

VARIABLES = {
    "x": 7,
    "y": 2,
    "yes": True,
    "name": "Ann",
    "nothing": None,
    "items": ["a", "b"],
    "none": [],
    "order": {"total": 120, "lines": [{"sku": "k"}], "state": "new"},
}


@pytest.mark.parametrize(
    ("juel", "value"),
    [
        ("${x}", 7),
        ("${x > 5}", True),
        ("${x gt 5 and not (y eq 3)}", True),
        ("${x > 5 && y < 1 || yes}", True),
        ("${!yes}", False),
        ("${x + y * 2}", 11),
        ("${(x + y) * 2}", 18),
        ("${x - y - 1}", 4),
        ("${x % 4}", 3),
        ("${x / y}", 3.5),
        ("${-x + 1}", -6),
        ("${name == 'Ann'}", True),
        ("${name != \"Bob\"}", True),
        ("${'a(\"b'}", 'a("b'),
        ("${order.total >= 100}", True),
        ("${order['state'] == 'new'}", True),
        ("${order.lines[0].sku}", "k"),
        ("${yes ? 'a' : 'b'}", "a"),
        ("${yes ? x > 100 ? 1 : 2 : 3}", 2),
        ("${empty none}", True),
        ("${empty items}", False),
        ("${not empty nothing}", False),
        ("${nothing == null}", True),
        ("${items.contains('a')}", True),
        ("${items.size() == 2}", True),
        ("${items.isEmpty()}", False),
        ("${name.equals('Ann')}", True),
        ("${name.equalsIgnoreCase('ANN')}", True),
        ("${name.startsWith('A')}", True),
        ("${name.toUpperCase()}", "ANN"),
        ("${order.get('total')}", 120),
        ("${execution.getVariable('x')}", 7),
        ("#{x}", 7),
        ("Dear ${name}, it is ${x}", "Dear Ann, it is 7"),
        ("${1.5 + 1}", 2.5),
        ("${true}", True),
    ],
)  # fmt: skip
def test_what_is_simple_means_the_same_in_python_and_in_feel(juel, value):
    python, feel = to_python(juel), to_feel(juel)

    assert expressions.evaluate(python, VARIABLES) == value
    assert expressions.evaluate(feel, VARIABLES) == value


@pytest.mark.parametrize(
    ("juel", "reason"),
    [
        ("${", "braces"),
        ("${x", "braces"),
        ("${}", "ends too early"),
        ("${x >}", "ends too early"),
        ("${x y}", "“y” is not understood"),
        ("${x = 5}", "is not understood"),
        ("${bean.call(x)}", "method call()"),
        ("${random()}", "function random()"),
        ("${(x}", "“)” is missing"),
        ("${x ? 1}", "“:” is missing"),
        ("${x.5}", "no name of a property"),
        ("${execution.setVariable('a', 1)}", "setVariable"),
        ("${execution.getVariable(name)}", "written out"),
        ("${" + "(" * 100 + "x" + ")" * 100 + "}", "nested"),
        ("${" + "!" * 100 + "x}", "nested"),
        ("${" + "x+" * 3000 + "x}", "longer"),
    ],
)
def test_what_is_not_simple_is_refused_with_its_reason(juel, reason):
    for translate in (to_python, to_feel):
        with pytest.raises(Untranslatable, match=r"\w"):
            translate(juel)
    with pytest.raises(Untranslatable) as refused:
        to_python(juel)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("juel", "value"),
    [
        ("${now()}", datetime(2026, 1, 31, tzinfo=UTC)),
        ("${dateTime().plusWeeks(1).toDate()}", datetime(2026, 2, 7, tzinfo=UTC)),
        ("${dateTime().plusDays(y).plusHours(3)}", datetime(2026, 2, 2, 3, tzinfo=UTC)),
        ("${now().minusMonths(1)}", datetime(2025, 12, 31, tzinfo=UTC)),
        ("${dateTime().plusWeeks(y)}", datetime(2026, 2, 14, tzinfo=UTC)),
    ],
)
def test_dates_as_camundas_users_write_them_become_feel(juel, value):
    assert expressions.evaluate(to_ours(juel), VARIABLES, now=datetime(2026, 1, 31, tzinfo=UTC)) == value


def test_a_variable_named_like_a_word_of_python_goes_to_feel_only():
    with pytest.raises(Untranslatable, match="word of Python"):
        to_python("${class}")
    assert to_feel("${class}") == "= class"
