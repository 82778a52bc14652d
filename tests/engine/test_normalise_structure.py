"""What BPMN lets a diagram leave out is written out; what it forbids is named by element and line."""

from __future__ import annotations

from service.engine.definition import Severity
from service.engine.normalise import Normalised, normalise
from service.engine.xml.document import BPMN, CASE, local, tag


def read(inner: str, *, process: str = 'id="p"', outside: str = "") -> Normalised:
    """A file with one process that holds `inner`."""
    text = (
        f'<definitions xmlns="{BPMN}" xmlns:case="{CASE}" targetNamespace="t">'
        f"{outside}<process {process}>{inner}</process></definitions>"
    )
    return normalise("small.bpmn", text.encode())


def errors(model: Normalised) -> list[str]:
    return [
        f"{problem.element_id}: {problem.message}" for problem in model.problems if problem.severity is Severity.ERROR
    ]


def node(model: Normalised, element_id: str):
    [found] = [element for element in model.root.iter() if element.get("id") == element_id]
    return found


def flows(model: Normalised) -> list[tuple[str, str]]:
    return sorted((flow.get("sourceRef"), flow.get("targetRef")) for flow in model.root.iter(tag("sequenceFlow")))


def flow(source: str, target: str, inside: str = "", more: str = "") -> str:
    return f'<sequenceFlow sourceRef="{source}" targetRef="{target}" {more}>{inside}</sequenceFlow>'


CONDITION = "<conditionExpression>x > 1</conditionExpression>"


def test_flows_without_ids_get_ids_that_do_not_change():
    inner = '<startEvent id="s"/><task id="a"/><endEvent id="e"/>' + flow("s", "a") + flow("a", "e")

    first, second = read(inner), read(inner)

    assert [element.id for element in first.elements["p"].values()] == ["s", "a", "e", "s-a", "a-e"]
    assert first.elements == second.elements
    assert not first.problems


def test_nothing_leads_in_or_out_and_the_process_begins_and_ends_all_the_same():
    model = read('<task id="a"/><task id="b"/><task id="c"/>' + flow("a", "b"))

    assert flows(model) == [
        ("a", "b"), ("b", "p.end"), ("c", "p.end"), ("p.start", "p.start.split"),
        ("p.start.split", "a"), ("p.start.split", "c"),
    ]  # fmt: skip
    assert local(node(model, "p.start.split")) == "parallelGateway"
    assert list(model.elements["p"]) == ["a", "b", "c", "a-b"]


def test_several_flows_out_of_a_task_are_a_parallel_split():
    model = read(
        '<startEvent id="s"/><task id="a"/><task id="b"/><task id="c"/>'
        + flow("s", "a")
        + flow("a", "b")
        + flow("a", "c")
    )

    assert local(node(model, "a.split")) == "parallelGateway"
    assert {("a", "a.split"), ("a.split", "b"), ("a.split", "c")} <= set(flows(model))


def test_conditional_flows_out_of_a_task_are_an_inclusive_split_with_its_default():
    model = read(
        '<startEvent id="s"/><task id="a" default="d"/><task id="b"/><task id="c"/><task id="e"/>'
        + flow("s", "a") + flow("a", "b", CONDITION) + flow("a", "c") + flow("a", "e", more='id="d"')
    )  # fmt: skip

    split = node(model, "a.split")
    assert (local(split), split.get("default"), node(model, "a").get("default")) == ("inclusiveGateway", "d", None)
    assert "".join(node(model, "a-c").itertext()) == "True"


def test_a_parallel_gateway_that_joins_and_splits_becomes_two():
    model = read(
        '<startEvent id="s"/><task id="a"/><task id="b"/><parallelGateway id="g"/><task id="c"/><task id="d"/>'
        + "".join(flow(*ends) for ends in [("s", "a"), ("s", "b"), ("a", "g"), ("b", "g"), ("g", "c"), ("g", "d")])
    )

    assert {("a", "g"), ("b", "g"), ("g", "g.split"), ("g.split", "c"), ("g.split", "d")} <= set(flows(model))


def test_incoming_and_outgoing_are_rebuilt_from_the_flows():
    model = read(
        '<startEvent id="s"><documentation>x</documentation><incoming>wrong</incoming></startEvent>'
        '<task id="a"><outgoing>gone</outgoing></task><endEvent id="e"/>' + flow("s", "a") + flow("a", "e")
    )

    assert [local(part) for part in node(model, "s")] == ["documentation", "outgoing"]
    assert [(local(part), part.text) for part in node(model, "a")] == [("incoming", "s-a"), ("outgoing", "a-e")]


def test_sub_processes_without_start_or_end_are_completed_and_ad_hoc_ones_left_alone():
    model = read(
        '<subProcess id="sub"><task id="a"/></subProcess><subProcess id="no"/>'
        '<adHocSubProcess id="h"><task id="b"/></adHocSubProcess>'
    )

    assert {("sub.start", "a"), ("a", "sub.end"), ("no.start", "no.end")} <= set(flows(model))
    assert [local(part) for part in node(model, "h") if "Process" not in local(part)][-1] == "task"


def test_compensation_and_event_sub_processes_stay_outside_of_the_flow():
    model = read(
        '<startEvent id="s"/><task id="a"/><boundaryEvent id="b" attachedToRef="a">'
        "<compensateEventDefinition/></boundaryEvent>"
        '<task id="u" isForCompensation="true"/>'
        '<subProcess id="ev" triggeredByEvent="true"><startEvent id="es"/></subProcess>' + flow("s", "a")
    )

    assert flows(model) == [("a", "p.end"), ("es", "ev.end"), ("s", "a")]


def test_links_are_flows_that_are_not_drawn():
    model = read(
        '<startEvent id="s"/><intermediateThrowEvent id="t"><linkEventDefinition name="L"/></intermediateThrowEvent>'
        '<intermediateCatchEvent id="c"><linkEventDefinition name="L"/></intermediateCatchEvent><endEvent id="e"/>'
        + flow("s", "t") + flow("c", "e")
    )  # fmt: skip

    assert ("t", "c") in flows(model)
    assert model.elements["p"]["c"].type == "intermediateCatchEvent"
    assert not model.problems


def test_a_link_to_nowhere_is_refused():
    model = read(
        '<startEvent id="s"/><intermediateThrowEvent id="t"><linkEventDefinition name="L"/></intermediateThrowEvent>'
        + flow("s", "t")
    )

    assert errors(model) == ["t: Nothing catches the link “L” here."]


def test_every_bad_flow_is_named_at_once():
    model = read(
        '<startEvent id="s"/><task id="a"/><dataObject id="d"/><subProcess id="sub"><task id="b"/></subProcess>'
        + flow("s", "a") + flow("a", "gone") + flow("a", "d") + flow("a", "b") + '<sequenceFlow sourceRef="a"/>'
    )  # fmt: skip

    assert "targetRef' is required" in errors(model)[0]
    assert errors(model)[1:] == [
        "a-gone: The sequence flow ends at “gone”, which is not in the file.",
        "a-d: The sequence flow ends at “d”, a dataObject.",
        "a-b: The flow goes from “a” to “b”, across the border of a sub-process.",
        "a-None: The sequence flow has no targetRef.",
    ]


def test_flows_that_a_tool_left_in_the_process_move_to_their_sub_process():
    model = read('<subProcess id="sub"><task id="a"/><task id="b"/></subProcess>' + flow("a", "b"))

    assert node(model, "a-b").getparent().get("id") == "sub"


def test_an_id_may_be_used_once_in_a_process():
    model = read('<startEvent id="s"/><task id="s" name="Second"/>')

    [problem] = [problem for problem in model.problems if problem.severity is Severity.ERROR]
    assert (problem.element_name, problem.line) == ("Second", 1)
    assert "used twice" in problem.message


def test_parts_in_another_order_than_the_schema_s_are_put_in_order():
    inner = (
        '<association id="as" sourceRef="u" targetRef="n"/><textAnnotation id="n"><text>why</text></textAnnotation>'
        '<userTask id="u"><incoming>f</incoming><documentation>Do it.</documentation></userTask>'
        '<boundaryEvent id="b" attachedToRef="u"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        "</timerEventDefinition><outgoing>h</outgoing></boundaryEvent>"
        '<startEvent id="s"/><sequenceFlow id="f" sourceRef="s" targetRef="u"/><laneSet id="l"/>'
        '<sequenceFlow id="h" sourceRef="b" targetRef="e"/><endEvent id="e"/>'
    )

    model = read(inner)

    assert errors(model) == []
    assert model.elements["p"]["u"].documentation == "Do it."
