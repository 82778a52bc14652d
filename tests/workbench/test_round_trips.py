"""Opening and saving a diagram changes what was changed, and nothing beside it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from service.frontend import build
from tests.workbench import round_trips

ORIGINAL = """<?xml version="1.0"?>
<!-- who reads this -->
<definitions   xmlns="urn:m"
    xmlns:x='urn:x' id="d">
  <process id="p"  name='One'>
    <!-- first -->
    <task name="A &amp; B" id="a" x:more="kept"/>
    <x:odd><deep/></x:odd>
    <task id="b"><incoming>f</incoming></task>
    <documentation>line
  two</documentation>
  </process>
</definitions>
"""
BEFORE = """<definitions xmlns="urn:m" id="d"><process id="p" name="One"><documentation>line
  two</documentation><task id="a" name="A &amp; B" /><task id="b"><incoming>f</incoming></task></process>
</definitions>"""


@pytest.mark.parametrize(
    ("changed", "into", "was", "becomes"),
    [
        ('name="A &amp; B"', 'name="C"', 'name="A &amp; B"', 'name="C"'),
        ('<task id="a" name="A &amp; B" />', "", '\n    <task name="A &amp; B" id="a" x:more="kept"/>', ""),
        ("line\n  two", "three", "line\n  two", "three"),
        ('<process id="p" name="One">', '<process id="p">', "  name='One'", ""),
        ('<task id="b">', '<task id="b" name="B">', '<task id="b">', '<task id="b" name="B">'),
        (
            '</incoming></task>',
            '</incoming><incoming>g</incoming></task><task id="c"><extra /></task>',
            "</incoming></task>",
            '</incoming>\n      <incoming>g</incoming></task>\n    <task id="c">\n      <extra />\n    </task>',
        ),
        (
            '<task id="a" name="A &amp; B" />',
            '<task id="a" name="A &amp; B"><outgoing>f</outgoing></task>',
            'x:more="kept"/>',
            'x:more="kept">\n      <outgoing>f</outgoing>\n    </task>',
        ),
        (
            '<definitions xmlns="urn:m" id="d">',
            '<definitions xmlns="urn:m" xmlns:case="urn:c" id="d">',
            ' id="d">',
            ' id="d" xmlns:case="urn:c">',
        ),
    ],
)  # fmt: skip
def test_only_what_differs_is_written_into_the_file(changed: str, into: str, was: str, becomes: str) -> None:
    assert BEFORE.count(changed) == 1 and ORIGINAL.count(was) == 1

    [made] = patched((ORIGINAL, BEFORE, BEFORE.replace(changed, into)))

    assert made == {"xml": ORIGINAL.replace(was, becomes), "whole": False}


def patched(*cases: tuple[str, str, str]) -> list[dict[str, object]]:
    """What src/parts/patch.js makes of each (original, before, after)."""
    script = Path(__file__).with_name("patches.mjs")
    with build.node() as tools:
        done = subprocess.run(
            [tools.node, str(script), str(build.HERE)],
            input=json.dumps(cases),
            capture_output=True,
            text=True,
            check=True,
        )
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_a_shipped_diagram_keeps_all_but_the_label_that_was_edited() -> None:
    files = {name: xml for name, xml in round_trips.shipped().items() if name.startswith("processes/")}

    answers = round_trips.opened_and_saved(files)

    assert len(answers) >= 10
    assert {each["name"]: told for each in answers if (told := round_trips.wrong(files[each["name"]], each))} == {}
