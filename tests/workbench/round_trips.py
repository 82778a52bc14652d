"""Diagrams opened and saved as the modeler does it: nothing is changed that nobody changed.

The original with one label edited by lxml is what has to come out, compared as canonical XML with its comments.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lxml import etree

from service.frontend import build

ROOT = Path(__file__).parent.parent.parent
SCRIPT = Path(__file__).with_suffix(".mjs")


def opened_and_saved(files: Mapping[str, str]) -> list[dict[str, Any]]:
    """What Node answers about each file (name -> text); see round_trips.mjs."""
    build.install_for_tests()
    sent = json.dumps([{"name": name, "xml": xml} for name, xml in files.items()])
    with build.node() as tools:
        done = subprocess.run(
            [tools.node, str(SCRIPT), str(build.HERE)], input=sent, capture_output=True, text=True, check=True, cwd=ROOT
        )
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def wrong(xml: str, answer: Mapping[str, Any]) -> str:
    """What a round trip of `xml` changed beyond the one label; empty for nothing."""
    if answer.get("refused"):
        return f"refused: {answer['refused']}"
    if not answer["untouched"]:
        return "is changed by being opened"
    if answer["id"] is None:
        return ""
    if answer["whole"] or not answer["same"] or not answer["added"]:
        return "is not what was meant: " + ", ".join(
            name
            for name, bad in (("whole", answer["whole"]), ("same", not answer["same"]), ("added", not answer["added"]))
            if bad
        )
    expected = etree.fromstring(xml.encode())
    node = next(each for each in expected.iter("{*}*") if each.get("id") == answer["id"])
    node.set("name", answer["label"])
    return "" if canonical(expected) == canonical(etree.fromstring(answer["xml"].encode())) else "differs elsewhere"


def canonical(root: etree._Element) -> bytes:
    """The document as canonical XML, with comments."""
    return etree.tostring(root, method="c14n", with_comments=True)


def shipped() -> dict[str, str]:
    """Every diagram that is shipped, of the conformance set and of the tests: path -> text."""
    places = [ROOT / "processes", ROOT / "tests"]
    found = sorted(path for place in places for path in place.glob("**/*.bpmn"))
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in found}
