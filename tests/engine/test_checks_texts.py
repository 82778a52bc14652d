"""Expressions and scripts that cannot be read are named before anything runs, with what to write instead."""

from __future__ import annotations

import pytest

from tests.engine.drawn import errors, examined, extended, flow, told, warnings


def choice(condition: str) -> str:
    return (
        '<startEvent id="s"/><exclusiveGateway id="g" default="d"/><task id="a"/><task id="b"/>'
        + flow("s", "g")
        + flow("g", "a", f"<conditionExpression>{condition}</conditionExpression>", 'id="f"')
        + flow("g", "b", more='id="d"')
    )


@pytest.mark.parametrize(
    ("inner", "element"),
    [
        (choice("x &gt;"), "f"),
        (choice("= x &gt;"), "f"),
        (choice("x = 1"), "f"),
        ('<scriptTask id="a"><script>x = (1</script></scriptTask>', "a"),
        ('<scriptTask id="a"><script>= x +</script></scriptTask>', "a"),
        ('<userTask id="a" case:assignee="= ("/>', "a"),
        ('<userTask id="a" case:preScript="x ="/>', "a"),
        (
            '<userTask id="a">'
            + extended('<case:ioMapping><case:input source="1 +" target="x"/></case:ioMapping>')
            + "</userTask>",
            "a",
        ),
        (
            '<userTask id="a"><multiInstanceLoopCharacteristics><loopCardinality>3 +</loopCardinality>'
            "</multiInstanceLoopCharacteristics></userTask>",
            "a",
        ),
        (
            '<userTask id="a"><multiInstanceLoopCharacteristics><loopDataInputRef>= a[</loopDataInputRef>'
            "</multiInstanceLoopCharacteristics></userTask>",
            "a",
        ),
        (
            '<intermediateCatchEvent id="a"><timerEventDefinition><timeDuration>wait +</timeDuration>'
            "</timerEventDefinition></intermediateCatchEvent>",
            "a",
        ),
        (
            '<intermediateCatchEvent id="a"><conditionalEventDefinition><condition>x &gt;</condition>'
            "</conditionalEventDefinition></intermediateCatchEvent>",
            "a",
        ),
    ],
)
def test_every_text_that_cannot_be_read_is_named(inner, element):
    found = told(inner)

    assert found.startswith(f"{element}: ") and "cannot be read" in found


@pytest.mark.parametrize(
    ("condition", "advice"),
    [
        ("x = 1", "write =="),
        ("x === 1", "write =="),
        ("a &amp;&amp; b", "write and"),
        ("a || b", "write or"),
        ("!a", "write not"),
        ("approved == true", "Write True"),
        ("x != null", "Write None"),
        ("= x +", "what begins with = is FEEL"),
        ("x +", "otherwise as Python"),
    ],
)
def test_what_people_bring_from_other_languages_is_told_in_ours(condition, advice):
    [problem] = examined(choice(condition))

    assert problem.element_id == "f" and advice in problem.advice


def test_texts_and_attributes_outside_of_processes_are_checked():
    found = examined(
        '<startEvent id="s"/>',
        outside='<message id="m" name="go" case:corelationKey="x"/><correlationProperty id="k">'
        '<correlationPropertyRetrievalExpression messageRef="m"><messagePath>a +</messagePath>'
        "</correlationPropertyRetrievalExpression></correlationProperty>",
    )

    assert ["case:corelationKey is not known." in text or "cannot be read" in text for text in errors(found)] == [
        True
    ] * 2


def test_a_python_script_fills_no_result_variable():
    script = '<scriptTask id="t" case:resultVariable="x"><script>x = 1</script></scriptTask>'

    assert warnings(examined(script)) == ["t: case:resultVariable has no effect with a Python script."]


def test_a_function_that_feel_does_not_have_is_named():
    [problem] = examined(choice("= is allowed(x)"))

    assert (problem.element_id, problem.message) == (
        "f",
        "The condition “= is allowed(x)” cannot be read: there is no function “is allowed”.",
    )


def test_the_engine_s_own_objects_of_other_tools_are_named():
    script = '<scriptTask id="a" scriptFormat="python"><script>execution.setVariable("x", 1)</script></scriptTask>'

    assert "a: The script" in told(script) and "“execution” is an object of Camunda's" in told(script)
