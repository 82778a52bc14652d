"""However much is deployed, the answer comes in seconds: what would take longer is refused by a budget."""

from __future__ import annotations

import time

import pytest

from service.engine.checks import examine
from tests.engine.drawn import document, extended, flow

ONE = '<task id="t"/>'


def many(count: int, part: str) -> str:
    return "".join(part.replace("#", str(number)) for number in range(count))


MUCH = {
    "events without message": many(4_900, '<endEvent id="e#" name="m#"><messageEventDefinition/></endEvent>'),
    "compensation": ONE
    + many(
        2_400, '<boundaryEvent id="b#" attachedToRef="t"><compensateEventDefinition/></boundaryEvent><task id="h#"/>'
    )
    + many(2_400, '<association id="a#" sourceRef="b#" targetRef="h#"/>'),
    "data objects": ONE + many(4_900, '<dataObjectReference id="d#" name="x#"/>'),
    "data stores": ONE + many(4_900, '<dataStoreReference id="d#" name="x#"/>'),
    "the same flow": '<task id="a"/><task id="b"/>' + flow("a", "b") * 14_000,
    "flows to nowhere": ONE + many(14_000, flow("gone", "t#")),
    "the same id": ONE * 14_000,
    "faults of the schema": many(4_900, '<task id="t#" bad="1"/>'),
    "wrong names of tasks": many(4_900, '<userTask id="task_number_#" case:notDoneBy="task_numbr_#x"/>'),
    "stages": many(4_900, '<userTask id="t#" case:stage="stag_#"/>'),
    "java expressions": many(4_900, '<userTask id="t#" camunda:assignee="${' + "a + " * 200 + 'a}"/>'),
    "mappings": '<userTask id="t">'
    + extended("<zeebe:ioMapping>" + many(14_000, '<zeebe:input source="= a" target="t#"/>') + "</zeebe:ioMapping>")
    + "</userTask>",
    "a timer": "<intermediateCatchEvent id='c'><timerEventDefinition><timeDuration>P"
    + "1" * 4_000_000
    + "</timeDuration></timerEventDefinition></intermediateCatchEvent>",
    "a sum": '<scriptTask id="s"><script>x = ' + "1 + " * 1_000_000 + "1</script></scriptTask>",
    "brackets": '<scriptTask id="s"><script>x = ' + "(" * 900_000 + ")" * 900_000 + "</script></scriptTask>",
    "brackets in FEEL": '<scriptTask id="s"><script>= '
    + "(" * 900_000
    + "1"
    + ")" * 900_000
    + "</script></scriptTask>",
    "sub-processes in each other": many(190, '<subProcess id="s#">') + "</subProcess>" * 190,
    "a fan": '<startEvent id="s"/><task id="z"/>' + many(4_900, '<task id="t#"/>' + flow("s", "t#") + flow("t#", "z")),
}


@pytest.mark.parametrize("what", MUCH)
def test_much_of_anything_is_answered_soon(what):
    xml = document(MUCH[what])
    begin = time.process_time()

    problems = examine({"much.bpmn": xml})

    assert time.process_time() - begin < 5
    assert len(problems) <= 1_100


def test_processes_that_call_each_other_in_a_great_circle_are_told_soon():
    circle = "".join(
        f'<process id="p{n}"><callActivity id="c" calledElement="p{(n + 1) % 150}"/></process>' for n in range(150)
    )
    files = {"circle.bpmn": document(ONE, outside=circle)}
    begin = time.process_time()

    problems = examine(files)

    assert time.process_time() - begin < 5
    assert sum("it would never end" in problem.message for problem in problems) == 150
