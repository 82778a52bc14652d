"""However a file is written, reading it ends: what takes too long is refused with its file and the place.

The clock of these tests goes on by a tenth of a second with each text that a sandbox reads: counted is work, not time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from service.engine.expressions import budget
from service.operations import deployments
from tests.engine.drawn import document, flow

Calls = Callable[[], int]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """How many texts were read so far."""
    ticks = count()
    read = [0]

    def clock() -> float:
        read[0] = next(ticks)
        return read[0] / 10

    monkeypatch.setattr(budget, "clock", clock)
    return lambda: read[0] // 2


def form(components: list[dict[str, Any]]) -> bytes:
    return json.dumps({"type": "default", "id": "f", "schemaVersion": 19, "components": components}, indent=0).encode()


def texts(number: int, begin: str = "1.." * 60) -> list[dict[str, Any]]:
    return [{"type": "text", "id": f"T{place}", "text": f"= {begin}{place}"} for place in range(number)]


def test_a_form_of_expressions_that_are_long_to_read_is_refused_at_the_one_it_came_to(calls: Calls) -> None:
    [problem] = deployments.check_alone({"slow.form": form(texts(900))})

    assert (problem.file, problem.element_id) == ("slow.form", "T19") and problem.line
    assert problem.message == "Reading it takes longer than 2 s of computing, and was stopped here."
    assert calls() <= 25


def test_a_form_of_patterns_is_refused_too(calls: Calls) -> None:
    fields = [
        {"type": "textfield", "id": f"F{place}", "key": f"k{place}", "validate": {"pattern": "(a|a)*" * 200}}
        for place in range(300)
    ]

    [problem] = deployments.check_alone({"slow.form": form(fields)})

    assert problem.element_id == "F19" and calls() <= 25


@pytest.mark.parametrize(
    "part",
    [
        '<userTask id="t{0}" case:assignee="= {1}{0}"/>',
        '<scriptTask id="t{0}"><script>x = {2}{0}{3}</script></scriptTask>',
        "<intermediateCatchEvent id='t{0}'><timerEventDefinition><timeDate>= {1}{0}</timeDate></timerEventDefinition>"
        "</intermediateCatchEvent>",
    ],
)
def test_a_diagram_is_refused_once_whatever_is_looked_at_in_it(part: str, calls: Calls) -> None:
    parts = "".join(part.format(place, "1.." * 60, "(" * 80, ")" * 80) for place in range(500))
    flows = "".join(flow(f"t{place}", f"t{place + 1}") for place in range(499))
    files = {"slow.bpmn": document('<startEvent id="s"/>' + flow("s", "t0") + parts + flows)}

    slow = [problem for problem in deployments.check_alone(files) if "of computing" in problem.message]

    assert [(problem.file, problem.line) for problem in slow] == [("slow.bpmn", 1)]
    assert slow[0].element_id is not None and calls() <= 40


def test_many_files_have_one_budget_together(calls: Calls) -> None:
    files = {f"f{number}.form": form(texts(15, f"count([{number}]) + ")) for number in range(30)}

    slow = [problem for problem in deployments.check_alone(files) if "of computing" in problem.message]

    assert slow[0].message.startswith("Reading it takes longer than 20 s of computing")
    assert len(slow) < 30 and calls() <= 230


def test_files_that_are_read_in_time_are_told_nothing_of_it(calls: Calls) -> None:
    files = {"a.form": form([{"type": "text", "id": "T", "text": "= a + 1"}]), "b.bpmn": document("<task id='t'/>")}

    assert deployments.check_alone(files) == []


def hostile() -> Iterator[tuple[str, list[dict[str, Any]], int]]:
    """Forms whose checking took time by the square of their size."""
    yield "a key of many parts", [{"type": "textfield", "id": "f", "key": "a." * 100_000 + "b"}], 1
    yield "fields with nothing", [{"type": "textfield", "id": f"f{place}"} for place in range(20_000)], 200
    yield "one id and key", [{"type": "textfield", "id": "f", "key": "a"} for _ in range(20_000)], 200


@pytest.mark.parametrize(("components", "told"), [case[1:] for case in hostile()], ids=[case[0] for case in hostile()])
def test_of_a_form_full_of_faults_the_first_are_told(components: list[dict[str, Any]], told: int) -> None:
    assert len(deployments.check_alone({"f.form": form(components)})) == told
