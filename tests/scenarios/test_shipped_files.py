"""What every shipped case type has: a complete and readable drawing, words for the worker, forms, a timer, a choice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from lxml import etree

from service import forms
from service.models import SYSTEM
from service.operations import deployments
from service.operations.sources import collect

ROOT = Path(__file__).resolve().parents[2]
DIAGRAMS = sorted((ROOT / "processes").glob("*/*.bpmn"))
FORMS = sorted((ROOT / "forms").glob("*.form"))
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
CASE = "{urn:casewright:bpmn:1.0}"
FLOW_NODES = ("Task", "task", "Event", "Gateway", "callActivity", "ubProcess")
FRAMES = ("participant", "lane", "subProcess", "adHocSubProcess", "transaction")  #: may have others inside
CHOICES = (BPMN + "conditionExpression", BPMN + "conditionalEventDefinition")
Box = tuple[float, float, float, float]


@pytest.fixture(params=DIAGRAMS, ids=lambda path: path.stem)
def diagram(request: pytest.FixtureRequest) -> etree._Element:
    return etree.parse(request.param).getroot()


@pytest.fixture(params=[path for path in DIAGRAMS if path.stem == path.parent.name], ids=lambda path: path.stem)
def case_type(request: pytest.FixtureRequest) -> etree._Element:
    """The diagram that gives its folder its name; the others are child cases and plan fragments of it."""
    return etree.parse(request.param).getroot()


def flow_nodes(diagram: etree._Element) -> Iterator[etree._Element]:
    """Tasks, events, gateways and sub-processes, at any depth."""
    for element in diagram.iter(etree.Element):
        name = etree.QName(element).localname
        if element.tag.startswith(BPMN) and name.endswith(FLOW_NODES) and element.get("id"):
            yield element


def shapes(diagram: etree._Element) -> dict[str, Box]:
    """Element id -> left, top, right, bottom."""
    found: dict[str, Box] = {}
    for shape in diagram.iter(DI + "BPMNShape"):
        found[shape.get("bpmnElement", "")] = box(shape.find(DC + "Bounds"))
    return found


def box(bounds: Any) -> Box:
    x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def test_every_element_and_flow_is_drawn(diagram: etree._Element) -> None:
    drawn = set(shapes(diagram))
    edges = {edge.get("bpmnElement"): len(edge.findall(WAYPOINT)) for edge in diagram.iter(DI + "BPMNEdge")}

    assert {node.get("id") for node in flow_nodes(diagram)} <= drawn
    assert {lane.get("id") for lane in diagram.iter(BPMN + "lane", BPMN + "participant")} <= drawn
    assert all(edges[flow.get("id")] >= 2 for flow in diagram.iter(BPMN + "sequenceFlow"))


def test_no_two_shapes_overlap_unless_one_contains_the_other(diagram: etree._Element) -> None:
    boundary = {event.get("id") for event in diagram.iter(BPMN + "boundaryEvent")}
    frames = {element.get("id") for element in diagram.iter(*(BPMN + name for name in FRAMES))}
    boxes = {id_: box_ for id_, box_ in shapes(diagram).items() if id_ not in boundary | frames}

    assert [pair for pair in combinations(boxes, 2) if overlap(boxes[pair[0]], boxes[pair[1]])] == []


def test_flows_begin_and_end_at_what_they_connect(diagram: etree._Element) -> None:
    boxes = shapes(diagram)
    edges = {edge.get("bpmnElement"): edge.findall(WAYPOINT) for edge in diagram.iter(DI + "BPMNEdge")}
    for flow in diagram.iter(BPMN + "sequenceFlow"):
        points = [(float(point.get("x", 0)), float(point.get("y", 0))) for point in edges[flow.get("id")]]
        for (x, y), end in ((points[0], "sourceRef"), (points[-1], "targetRef")):
            left, top, right, bottom = boxes[flow.get(end, "")]
            assert left - 1 <= x <= right + 1, (flow.get("id"), end)
            assert top - 1 <= y <= bottom + 1, (flow.get("id"), end)


def test_whatever_a_worker_reads_has_a_name_and_the_tasks_say_what_to_do(diagram: etree._Element) -> None:
    for node in flow_nodes(diagram):
        if not node.tag.endswith("parallelGateway"):
            assert node.get("name"), node.get("id")
    for task in diagram.iter(BPMN + "userTask"):
        assert len(task.findtext(BPMN + "documentation") or "") > 40, task.get("id")
    for gateway in diagram.iter(BPMN + "exclusiveGateway"):
        leaving = [flow for flow in diagram.iter(BPMN + "sequenceFlow") if flow.get("sourceRef") == gateway.get("id")]
        assert len(leaving) < 2 or all(flow.get("name") for flow in leaving), gateway.get("id")


def test_there_is_a_choice_by_data_a_timer_and_two_kinds_of_people(case_type: etree._Element) -> None:
    tasks = list(case_type.iter(BPMN + "userTask"))
    kinds = {task.get(CASE + name) for task in tasks for name in ("candidateGroups", "candidateRoles")} - {None}

    assert next(case_type.iter(*CHOICES), None) is not None or any(task.get(CASE + "availableWhen") for task in tasks)
    assert next(case_type.iter(BPMN + "timerEventDefinition"), None) is not None
    assert len(kinds) >= 2


def test_a_case_type_says_who_may_open_it_its_title_its_number_and_its_stages(case_type: etree._Element) -> None:
    [process] = case_type.findall(BPMN + "process")
    stages = {stage.get("id") for stage in process.iter(CASE + "stage")}
    named = {node.get(CASE + "stage") for node in flow_nodes(case_type)} - {None}

    for attribute in ("numberPrefix", "title", "candidateStarterGroups", "managerGroups", "dueDate"):
        assert process.get(CASE + attribute), attribute
    assert stages == named


def test_all_of_it_is_deployed_together_without_a_warning(app: Flask) -> None:
    deployed = deployments.deploy(collect((ROOT / "processes", ROOT / "forms")), by=SYSTEM)

    assert [str(warning) for warning in deployed.warnings] == []
    assert {path.stem for path in DIAGRAMS} <= {row.key for row in deployed.added}


def test_every_form_exists_and_every_form_is_used() -> None:
    named = {
        element.get(CASE + "formKey")
        for path in DIAGRAMS
        for element in etree.parse(path).getroot().iter(BPMN + "userTask", BPMN + "startEvent")
    } - {None}

    assert named == {path.stem for path in FORMS}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_is_of_the_version_we_run_and_its_fields_are_told_apart(path: Path) -> None:
    form = json.loads(path.read_bytes())
    fields = list(components(form["components"]))
    ids = [field["id"] for field in fields]

    assert forms.problems(path.name, path.read_bytes()) == []
    assert (form["type"], form["schemaVersion"], form["id"]) == ("default", 19, path.stem)
    assert len(ids) == len(set(ids))
    for field in fields:
        if "key" in field and field["type"] != "expression":
            assert field.get("label") or field.get("dateLabel"), field["id"]


def components(fields: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All components, at any depth."""
    for field in fields:
        yield field
        yield from components(field.get("components", []))
