"""Our own attributes and elements: known, in their place, with values that mean something."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.engine.notation import PLACES
from tests.engine.drawn import examined, extended, told, warnings

STAGES = extended('<case:stages><case:stage id="intake" name="Intake"/></case:stages>')


@pytest.mark.parametrize(
    ("attributes", "message", "advice"),
    [
        ('case:asignee="ann"', "case:asignee is not known.", "Did you mean case:assignee?"),
        ('case:quux="1"', "case:quux is not known.", "The handbook, at /help/diagram"),
        ('case:dueDate="2 days"', "is no duration or date", "P2D"),
        ('case:dueDate="P"', "is no duration or date", "PT48H"),
        ('case:followUpDate="tomorrow"', "is no duration or date", "PT48H"),
        ('case:dueDate="= now() + &quot;P2D&quot;"', "gives no date", "duration("),
        ('case:followUpDate="= 5"', "gives no date", "duration("),
        ('case:stage="= phase"', "is an expression here", "Write the value itself."),
        ('case:repeatable="= true"', "is an expression here", "Write the value itself."),
        ('case:priority="high"', "is no priority", "0 to 100"),
        ('case:priority="101"', "is no priority", "0 to 100"),
        ('case:stage="intak"', "The process has no stage “intak”.", "Did you mean intake?"),
        ('case:stage="quux"', "The process has no stage “quux”.", "Declare it"),
        ('case:notDoneBy="Task_B, gone"', "names “gone”", "Name the id of a task."),
        ('case:notDoneBy="Task_b"', "names “Task_b”", "Did you mean Task_B?"),
        ('case:formKey="../../etc/passwd"', "is no key", "letters"),
    ],
)
def test_values_of_our_attributes_are_checked(attributes, message, advice):
    [problem] = examined(f'{STAGES}<userTask id="a" {attributes}/><userTask id="Task_B"/>')

    assert problem.element_id == "a" and message in problem.message
    assert advice in problem.advice


@pytest.mark.parametrize(
    ("activity", "message"),
    [
        ('<userTask id="a" case:maxRepetitions="0"/>', "is no number of repetitions"),
        ('<userTask id="a" case:required="yes"/>', "neither true nor false"),
        ('<userTask id="a" case:availableWhen="x +"/>', "cannot be read"),
    ],
)
def test_values_of_ad_hoc_activities_are_checked(activity, message):
    assert message in told(f'<adHocSubProcess id="h">{activity}</adHocSubProcess>')


@pytest.mark.parametrize("kind", ["signal", "error", "escalation"])
def test_what_may_stand_at_the_thing_itself_is_not_warned_of(kind):
    thing = f'<{kind} id="x" name="x" case:variableName="brought" case:payloadExpression="= amount"/>'

    assert examined('<userTask id="a"/>', outside=thing) == []


def test_feel_and_good_values_pass():
    inner = (
        f'{STAGES}<userTask id="a" case:dueDate="= now()" case:priority="100" case:stage="intake" '
        'case:assignee="= initiator" case:formKey="claim-intake" case:notDoneBy="b"/><userTask id="b"/>'
        '<adHocSubProcess id="h"><userTask id="c" case:availableWhen="= report" case:maxRepetitions="2" '
        'case:required="true"/>'
        "</adHocSubProcess>"
    )

    assert examined(inner, process='case:numberPrefix="CLM" case:title="{x} · {y}" case:dueDate="P30D"') == []


def test_the_attributes_that_are_documented_are_those_that_are_known():
    chapter = (Path(__file__).parents[2] / "service" / "handbook" / "designers" / "02-diagram.md").read_text()

    documented = set(re.findall(r"case:(\w+)(?:=|`)", chapter)) - {"ioMapping", "input", "output"}

    assert documented == set(PLACES)


def test_an_attribute_in_the_wrong_place_is_told():
    found = examined('<userTask id="a" case:decisionRef="x" case:maxRepetitions="2"/>')

    assert warnings(found) == [
        "a: case:decisionRef has no effect on a userTask.",
        "a: case:maxRepetitions has no effect here.",
    ]


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("<case:ioMaping/>", "<case:ioMaping> is not known."),
        ('<case:ioMapping><case:input target="x"/></case:ioMapping>', "needs a source and a target"),
        ('<case:ioMapping><case:input source="1" target="a b"/></case:ioMapping>', "is no variable's name"),
    ],
)
def test_our_own_elements_are_checked(inside, message):
    assert message in told(f'<userTask id="a">{extended(inside)}</userTask>')


@pytest.mark.parametrize("said", ['case:dueDate="= now()"', 'case:numberPrefix="= x"'])
def test_what_is_said_of_a_process_is_no_expression(said):
    assert "is an expression here" in told('<userTask id="a"/>', process=said)
