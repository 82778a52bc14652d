"""A variable that is read and that nothing sets is told, with the name that was meant; what may be set is not."""

from __future__ import annotations

import json

import pytest

from service.operations import deployments
from service.operations.unknown_names import is_slip
from tests.engine.drawn import document, extended, flow

TYPE = 'case:numberPrefix="ABC" case:candidateStarterGroups="staff" case:managerGroups="bosses"'
START = '<startEvent id="s" case:formKey="intake"/>'
INTAKE = ["amount", "deadline", "witnesses", "length", "claim.number"]


def form(*keys: str) -> bytes:
    fields = [{"type": "textfield", "id": f"f{number}", "key": key} for number, key in enumerate(keys)]
    return json.dumps({"type": "default", "id": "form", "schemaVersion": 19, "components": fields}).encode()


def told(inner: str, *, process: str = TYPE, outside: str = "", **more: bytes) -> list[str]:
    """What is said of variables: element, message and advice."""
    drawn = document(START + inner, process=process, outside=outside)
    files = {"small.bpmn": drawn, "intake.form": form(*INTAKE), "result.form": form("result"), **more}
    return [
        f"{problem.element_id}: {problem.message} {problem.advice}"
        for problem in deployments.check_alone(files)
        if "in this case type" in problem.message
    ]


def task(attributes: str = 'case:formKey="result"', inside: str = "") -> str:
    return flow("s", "a") + f'<userTask id="a" {attributes}>{inside}</userTask>'


def timer(text: str) -> str:
    definition = f"<timerEventDefinition><timeDate>{text}</timeDate></timerEventDefinition>"
    return flow("s", "a") + f'<intermediateCatchEvent id="a">{definition}</intermediateCatchEvent>'


def choice(condition: str) -> str:
    condition = f"<conditionExpression>{condition}</conditionExpression>"
    return (
        '<exclusiveGateway id="g" default="d"/><endEvent id="x"/><endEvent id="y"/>'
        + flow("s", "g")
        + flow("g", "x", condition, 'id="a"')
        + flow("g", "y", more='id="d"')
    )


def each(collection: str) -> str:
    loop = f"<loopDataInputRef>{collection}</loopDataInputRef><inputDataItem name='witness'/>"
    return task(inside=f"<multiInstanceLoopCharacteristics>{loop}</multiInstanceLoopCharacteristics>")


def mapped(source: str) -> str:
    inside = extended(f'<case:ioMapping><case:input source="{source}" target="url"/></case:ioMapping>')
    return flow("s", "a") + f'<serviceTask id="a" case:type="http">{inside}</serviceTask>'


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        (timer("= dedline"), "a: The date reads “dedline”, which nothing in this case type sets. Did you mean “deadl"),
        (timer("dedline"), "a: The date reads “dedline”, which nothing"),
        (each("witneses"), "a: The collection reads “witneses”, which nothing"),
        (choice("= lenght &gt; 3"), "a: The condition reads “lenght”, which nothing"),
        (choice("ammount &gt; 3"), "a: The condition reads “ammount”, which nothing"),
        (choice("= count(witnesses[age &gt; 3]) &gt; amout"), "a: The condition reads “amout”, which nothing"),
        (choice("= Amount &gt; 3"), "a: The condition reads “Amount”, which nothing"),
        (choice("= result &gt; 3"), "a: The condition reads “result”, which nothing in this case type sets. Correct"),
        (task('case:formKey="result" case:assignee="= boss"'), "a: The case:assignee reads “boss”, which nothing"),
        (task('case:formKey="result" name="Ask {claimm.number}"'), "a: The name reads “claimm”, which nothing"),
        (mapped("GET"), "a: The source reads “GET”, which nothing in this case type sets. It is read as a variable"),
        (task() + '<scriptTask id="b"><script>total = ammount + 1</script></scriptTask>' + flow("a", "b"),
         "b: The script reads “ammount”, which nothing"),
    ],
)  # fmt: skip
def test_a_name_that_nothing_sets_is_told_with_the_one_that_was_meant(inner: str, said: str) -> None:
    [found] = told(inner)

    assert found.startswith(said)


def test_of_several_names_the_nearest_is_meant() -> None:
    [found] = told(each("witneses"))

    assert found.endswith("Did you mean “witnesses”?")


def test_the_title_is_told_too() -> None:
    [found] = told(task(), process=TYPE + ' case:title="{claimm.number} for {amount}"')

    assert found.startswith("p: The title reads “claimm”, which nothing in this case type sets. Did you mean “claim”?")


def test_the_sentence_of_mails_is_told_too() -> None:
    [found] = told(task(), process=TYPE + ' case:mailText="Answer {claimm} soon."')

    assert found.startswith("p: The mailText reads “claimm”, which nothing in this case type sets.")


@pytest.mark.parametrize(
    "before",
    [
        '<scriptTask id="b"><script>for x in [1]:\n    found, other = x, 2</script></scriptTask>',
        '<scriptTask id="b"><script>= {found: 3}</script></scriptTask>',
        '<scriptTask id="b" case:resultVariable="found"><script>= 3</script></scriptTask>',
        '<userTask id="b" case:formKey="result" case:postScript="found = 1"/>',
        '<userTask id="b" case:formKey="intake">'
        + extended('<case:ioMapping><case:output source="amount" target="found"/></case:ioMapping>')
        + "</userTask>",
        '<serviceTask id="b" case:type="http" case:resultVariable="found"/>',
        '<receiveTask id="b" messageRef="m" case:messageVariable="found"/>',
        '<receiveTask id="b" messageRef="m"/>',  # whatever the message brings
        '<userTask id="b"/>',  # whatever a program completes it with
        '<businessRuleTask id="b" case:decisionRef="d"/>',  # whatever a decision gives that is not among the files
        '<businessRuleTask id="b" case:decisionRef="d" case:resultVariable="found"/>',
        '<userTask id="b" case:formKey="result"><multiInstanceLoopCharacteristics><loopDataInputRef>witnesses'
        "</loopDataInputRef><loopDataOutputRef>found</loopDataOutputRef></multiInstanceLoopCharacteristics></userTask>",
        '<dataObject id="do1"/><dataObjectReference id="b" name="found" dataObjectRef="do1"/>',
    ],
)
def test_whatever_may_set_a_name_keeps_it_from_being_told(before: str) -> None:
    inner = choice("= found &gt; 3") + before

    assert told(inner, outside='<message id="m" name="M"/>') == []


def test_what_a_called_process_sets_its_caller_may_read() -> None:
    script = "<scriptTask id='t'><script>found = 1</script></scriptTask>"
    called = document('<startEvent id="s"/>' + script + flow("s", "t")).replace(b'id="p"', b'id="q"')

    assert told(choice("= found &gt; 3") + '<callActivity id="b" calledElement="q"/>', **{"q.bpmn": called}) == []


def test_where_anything_may_be_set_only_slips_of_the_pen_are_told() -> None:
    anything = '<userTask id="b"/>'

    assert told(choice("= amountDue &gt; 3") + anything) == []
    assert told(choice("= amounts &gt; 3") + anything) == []
    assert len(told(choice("= ammount &gt; 3") + anything)) == 1


def conditional(condition: str) -> list[str]:
    """What is said of a condition in the start form."""
    components = [
        {"type": "number", "id": "f1", "key": "amount"},
        {"type": "dynamiclist", "id": "l", "path": "items", "isRepeating": True, "components": [
            {"type": "textfield", "id": "f2", "key": "wording", "conditional": {"hide": condition}},
            {"type": "number", "id": "f3", "key": "price"}]},
    ]  # fmt: skip
    schema = {"type": "default", "id": "form", "schemaVersion": 19, "components": components}
    return told(task(), **{"intake.form": json.dumps(schema, indent=1).encode()})


def test_a_slip_in_a_form_s_condition_is_told_at_its_field() -> None:
    [found] = conditional("= ammount > 3")

    assert found == "f2: It reads “ammount”, which nothing in this case type sets. Did you mean “amount”?"


@pytest.mark.parametrize(
    "condition", ["= amount > 3", "= price > 3", "= result = 1", "= somethingElse", "= parent.amount > 1"]
)
def test_what_a_form_may_be_opened_with_is_told_nothing(condition: str) -> None:
    assert conditional(condition) == []


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("dedline", "deadline", True),
        ("lenght", "length", True),
        ("ammount", "amount", True),
        ("custumer", "customer", True),
        ("Amount", "amount", True),
        ("claim", "claims", False),
        ("line1", "line2", False),
        ("report", "record", False),
        ("a_b", "ab", False),
    ],
)
def test_a_slip_of_the_pen_is_one_letter(one: str, other: str, slip: bool) -> None:
    assert (is_slip(one, other), is_slip(other, one)) == (slip, slip)


TYPED = {
    "type": "default",
    "id": "typed",
    "schemaVersion": 19,
    "components": [
        {"type": "number", "id": "f1", "key": "amount"},
        {"type": "textfield", "id": "f2", "key": "claim.number"},
        {"type": "checkbox", "id": "f3", "key": "urgent"},
        {"type": "radio", "id": "f4", "key": "answer", "values": [{"label": "Yes", "value": "yes"}]},
        {"type": "datetime", "id": "f5", "key": "day", "subtype": "date"},
        {"type": "dynamiclist", "id": "l", "path": "items", "isRepeating": True,
         "components": [{"type": "number", "id": "f6", "key": "price"}]},
    ],
}  # fmt: skip


def compared(condition: str, more: str = "") -> list[str]:
    """What is said of the kinds of values in a condition."""
    drawn = document(START + choice(condition) + more, process=TYPE)
    files = {"small.bpmn": drawn, "intake.form": json.dumps(TYPED).encode()}
    return [str(problem) for problem in deployments.check_alone(files) if "never true" in problem.message]


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ('= amount &gt; "100"', 'The condition takes “amount”, a number, with “"100"”, a text'),
        ("= urgent = &quot;true&quot;", '“urgent”, true or false, with “"true"”, a text'),
        ("= if claim.number = 5 then true else false", "“claim.number”, a text, with “5”, a number"),
        ("= answer = true", "“answer”, a text, with “true”, true or false"),
        ("= amount + &quot;1&quot; &gt; 3", '“amount”, a number, with “"1"”, a text'),
    ],
)
def test_a_field_that_is_compared_with_another_kind_of_value_is_told(condition: str, said: str) -> None:
    [found] = compared(condition)

    assert said in found


@pytest.mark.parametrize(
    "condition",
    [
        "= amount &gt; 100",
        "amount &gt; 'x'",
        "= claim.number = &quot;5&quot; and urgent",
        "= answer in (&quot;yes&quot;, 3)",
        "= day &gt; &quot;2026-01-01&quot;",
        "= count(items[price &gt; 3 and amount = &quot;x&quot;]) &gt; 0",
        "= some amount in items satisfies amount = &quot;x&quot;",
        "= amount = null",
    ],
)
def test_fields_that_are_compared_with_their_own_kind_are_told_nothing(condition: str) -> None:
    assert compared(condition) == []


def test_what_something_else_sets_too_may_be_of_any_kind() -> None:
    script = '<scriptTask id="b"><script>amount = str(amount)</script></scriptTask>'

    assert compared('= amount = "100"', script) == []


DECISION = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="x" name="x" namespace="urn:x">
 <inputData id="i" name="{input}"><variable name="{input}"/></inputData>
 <decision id="rate" name="Rate"><variable name="rate"/>
  <informationRequirement><requiredInput href="#i"/></informationRequirement>
  <decisionTable hitPolicy="FIRST"><input id="c"><inputExpression id="e"><text>{text}</text></inputExpression></input>
   <output name="rate"/><rule><inputEntry><text>&gt; odd</text></inputEntry>
    <outputEntry><text>1</text></outputEntry></rule>
  </decisionTable></decision></definitions>"""


def decided(input: str, text: str, inside: str = "") -> list[str]:
    """What is said of the variables that a decision means."""
    rule = f'<businessRuleTask id="b" case:decisionRef="rate" case:resultVariable="result">{inside}</businessRuleTask>'
    drawn = document(START + task() + rule + flow("a", "b"), process=TYPE)
    decision = DECISION.format(input=input, text=text).encode()
    files = {"small.bpmn": drawn, "intake.form": form(*INTAKE), "result.form": form("result"), "rate.dmn": decision}
    found = [problem for problem in deployments.check_alone(files) if "where it is called" in problem.message]
    assert all(problem.file == "rate.dmn" and problem.line for problem in found)
    return [f"{problem.element_id}: {problem.message} {problem.advice}" for problem in found]


def test_what_a_decision_means_is_looked_for_where_it_is_called() -> None:
    assert decided("amount", "amount * 2") == []
    assert decided("ammount", "1") == [
        "i: The decision “rate” reads “ammount”, which nothing sets where it is called. Did you mean “amount”?"
    ]
    assert decided("amount", "witneses")[0].startswith("e: The decision “rate” reads “witneses”, which nothing sets")
    assert decided("amount", "quite(amount).other")[0].endswith("let a form, a script or the task's case:input set it.")


def test_what_a_mapping_gives_to_a_decision_is_set() -> None:
    mapping = extended('<case:ioMapping><case:input source="amount" target="sum"/></case:ioMapping>')

    assert decided("sum", "sum", mapping) == []
