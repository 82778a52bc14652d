"""The notation is one: what checks know, what moddle reads, what the plug-in has and what the examples say."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from service.engine.notation import ATTRIBUTES, PARTS, Attribute, Kind, descriptor, fields
from service.engine.xml.document import EVENTS, FLOW_NODES
from service.frontend import build, plugin
from tests.engine.drawn import examined, extended

DECLARED = extended(
    '<case:stages><case:stage id="intake"/></case:stages><case:roles><case:role id="manager"/></case:roles>'
    '<case:milestones><case:milestone id="decided"/></case:milestones>'
    '<case:outcomes><case:outcome id="paid"/></case:outcomes>'
)
BESIDE = {
    "assignBy": 'case:candidateGroups="clerks"',
    "answerableByLink": 'case:formKey="x"',
    "calendar": 'case:dueDate="P1D"',
}
SCRIPT = Path(__file__).with_name("moddle.mjs")


def said(attribute: Attribute, place: str) -> list[str]:
    """What the check says about the attribute, with its example, on that element."""
    written = f'case:{attribute.name}="{attribute.example}" {BESIDE.get(attribute.name, "")}'
    if attribute.of_child:
        written += ' case:childCase="true"'
    inside = "<script>= 1</script>" if place == "scriptTask" else ""
    node = f'<{place} id="x" {written}>{inside}</{place}>'
    inner, outside, process = f'{DECLARED}<task id="Task_Assess"/>', "", ""
    if place == "process":
        process = written
    elif place in FLOW_NODES:
        inner += (
            f'<adHocSubProcess id="h">{node}</adHocSubProcess>'
            if attribute.in_ad_hoc or attribute.name.startswith("candidate")
            else node
        )
    elif place.endswith("EventDefinition"):
        inner += f'<intermediateCatchEvent id="e">{node}</intermediateCatchEvent>'
    elif place == "multiInstanceLoopCharacteristics":
        inner += f'<task id="m">{node}</task>'
    else:
        outside = node
    found = examined(inner, outside=outside, process=process)
    return [each.message for each in found if f"case:{attribute.name}" in each.message]


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda each: each.name)
def test_the_example_of_each_attribute_is_right_wherever_it_may_stand(attribute: Attribute) -> None:
    needless = EVENTS if attribute.name == "calendar" else frozenset()  # which count only with a timer

    assert {place: told for place in attribute.places - needless if (told := said(attribute, place))} == {}
    assert not attribute.values or attribute.example in attribute.values
    assert (attribute.kind is Kind.CHOICE) == bool(attribute.values)


def test_moddle_reads_and_writes_every_attribute_and_element_at_its_place() -> None:
    build.install_for_tests()
    with build.node() as tools:
        sent = json.dumps({"fields": fields(), "descriptor": descriptor()})
        done = subprocess.run(
            [tools.node, str(SCRIPT), str(build.HERE)], input=sent, capture_output=True, text=True, check=True
        )

    answer = json.loads(done.stdout)

    assert answer["lost"] == []
    assert answer["attributes"] == sum(len(each.places) for each in ATTRIBUTES)
    assert answer["warnings"] == []
    assert answer["parts"] == sorted(part.name for part in PARTS if part.on)


def test_the_plug_in_is_made_of_the_notation() -> None:
    there = {path.name: path.read_text() for path in plugin.FOLDER.iterdir()}

    assert plugin.files().items() <= there.items(), "python -m service.frontend.plugin writes it anew"
    package = json.loads(there["package.json"])
    assert set(package["files"]) | {"package.json"} == set(there)
