"""The README says what is so."""

from __future__ import annotations

import re
from pathlib import Path

import service.engine.parser  # registers all elements
from service.cli import main
from service.config import SETTINGS, Setting
from service.engine.checks import placement
from service.engine.elements.node import NODES
from service.engine.xml.document import NOT_EXECUTED

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
ELEMENTS = (ROOT / "service" / "handbook" / "designers" / "03-elements.md").read_text()


def test_the_table_of_settings_is_the_one_that_the_code_reads() -> None:
    rows = [
        f"| `{setting.name}` | {_default(setting)} | {setting.allowed} | {setting.meaning} |" for setting in SETTINGS
    ]

    table = README.split("<!-- settings:")[1].split("<!-- end of settings -->")[0]

    assert table.strip().splitlines()[3:] == rows


def _default(setting: Setting) -> str:
    if setting.default is None:
        return "none: has to be set; `casewright serve` makes one"
    return f"`{setting.default}`" if setting.default else "nothing"


def test_every_file_that_it_names_is_there() -> None:
    named = re.findall(r"`((?:service|processes|forms|tests)/[\w./-]*)`", README)

    assert len(named) > 10
    for name in named:
        assert (ROOT / name).exists(), name


def test_every_command_that_it_names_exists() -> None:
    commands = set(re.findall(r"casewright (db|web|worker|check|deploy|audit|token|user|serve)\b", README))

    assert commands >= {"db", "web", "worker", "check", "deploy", "audit"}
    assert commands <= set(main.commands)


def test_every_target_of_make_that_it_names_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"make (run|test|quick|lint|conformance|bench-large|bench|chaos|lock)\b", README)) <= targets


def elements() -> dict[str, str]:
    """Each element's name in the table, and what it says of it."""
    assert service.engine.parser
    table = ELEMENTS.split("<!-- elements:")[1].split("<!-- end of elements -->")[0]
    rows = [line.strip("| ").split(" | ", 1) for line in table.strip().splitlines()[3:]]
    return {name: said for names, said in rows for name in re.findall(r"`(\w+)`", names)}


def test_the_table_of_elements_names_all_that_the_engine_executes_and_all_that_it_refuses() -> None:
    said = elements()

    assert set(NODES) <= {name for name, what in said.items() if what != "refused"}
    assert {name for name, what in said.items() if what == "refused"} == NOT_EXECUTED


def test_the_table_of_elements_names_the_kinds_of_each_event_as_the_checks_allow_them() -> None:
    said = elements()
    kinds = {name for allowed in placement._ALLOWED.values() for name in allowed}

    assert {f"{kind}EventDefinition" for kind in kinds} == {name for name in said if name.endswith("EventDefinition")}
    for place in set(placement._ALLOWED) - {"event sub-process"}:
        named = {"compensate" if word == "compensation" else word for word in re.findall(r"[a-z]+", said[place])}
        assert named & kinds == placement._ALLOWED[place], place
