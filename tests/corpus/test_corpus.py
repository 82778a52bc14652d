"""Whatever an earlier release stored is loaded by this one and ends as it should."""

from __future__ import annotations

import json
from base64 import b64decode
from collections import defaultdict
from typing import Any

import pytest
import zstandard
from lxml import etree

from service.engine.state import snapshot
from tests.conformance.vocabulary import contents
from tests.corpus.stored import PROBES, go_on, kept

KEPT = [pytest.param(name, stood, id=f"{release}-{name}") for release, name, stood in kept()]


@pytest.mark.parametrize(("name", "stood"), KEPT)
def test_cases_of_earlier_releases_run_to_their_end(name: str, stood: list[dict[str, Any]]) -> None:
    for place in stood:
        go_on(PROBES[name], place)


def test_this_release_keeps_its_own_format() -> None:
    """Where this fails, the format is new: `python -m tests.corpus NAME` keeps its cases for later releases."""
    formats = {_state(case)["v"] for _, _, stood in kept() for place in stood for case in place["cases"].values()}

    assert snapshot.VERSION in formats


def test_every_kind_of_element_that_can_be_open_is_in_it() -> None:
    found = _open_kinds()

    assert not {kind: missing for kind, wanted in WANTED.items() if (missing := wanted - found[kind])}


#: element -> what it must be seen with: kinds of events, and of repetition
WANTED = {
    "userTask": {"", "multiInstanceLoopCharacteristics", "standardLoopCharacteristics"},
    "manualTask": {""},
    "receiveTask": {""},
    "callActivity": {"", "multiInstanceLoopCharacteristics"},
    "subProcess": {"", "multiInstanceLoopCharacteristics", "standardLoopCharacteristics"},
    "adHocSubProcess": {""},
    "transaction": {""},
    "parallelGateway": {""},
    "inclusiveGateway": {""},
    "complexGateway": {""},
    "intermediateCatchEvent": {f"{kind}EventDefinition" for kind in ("message", "signal", "timer", "conditional")},
    "intermediateThrowEvent": {"compensateEventDefinition"},
    "boundaryEvent": {
        f"{kind}EventDefinition"
        for kind in ("message", "signal", "timer", "conditional", "error", "escalation", "cancel")
    },
    "startEvent": {
        f"{kind}EventDefinition" for kind in ("message", "signal", "timer", "conditional", "error", "escalation")
    },
}


def _open_kinds() -> dict[str, set[str]]:
    """Element -> what it holds, of every element at which something stands in the newest file."""
    found: dict[str, set[str]] = defaultdict(set)
    newest = max(release for release, _, _ in kept())
    for release, name, stood in kept():
        if release != newest:
            continue
        elements = _elements(name)
        for place in stood:
            for case in place["cases"].values():
                for row in _state(case)["t"]:
                    if (element := elements.get(row[2])) is not None:
                        found[etree.QName(element).localname] |= {
                            "",
                            *(etree.QName(inner).localname for inner in element),
                        }
    return found


def _elements(probe: str) -> dict[str, etree._Element]:
    drawn = [content for file, content in contents(PROBES[probe]["files"]).items() if file.endswith(".bpmn")]
    return {
        element.get("id"): element for content in drawn for element in etree.fromstring(content).iter(etree.Element)
    }


def _state(case: dict[str, Any]) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(zstandard.decompress(b64decode(case["snapshot"])))
    return state
