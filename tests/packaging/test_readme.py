"""The README says what is so."""

from __future__ import annotations

import re
from pathlib import Path

from service.cli import main
from service.config import SETTINGS, Setting

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def test_the_table_of_settings_is_the_one_that_the_code_reads() -> None:
    rows = [
        f"| `{setting.name}` | {_default(setting)} | "
        f"{setting.allowed} | {setting.meaning} |"
        for setting in SETTINGS
    ]

    table = README.split("<!-- settings:")[1].split("<!-- end of settings -->")[0]

    assert table.strip().splitlines()[3:] == rows


def _default(setting: Setting) -> str:
    if setting.default is None:
        return "none: has to be set"
    return f"`{setting.default}`" if setting.default else "nothing"


def test_every_file_that_it_names_is_there() -> None:
    named = re.findall(r"`((?:service|processes|forms|tests)/[\w./-]*)`", README)

    assert len(named) > 10
    for name in named:
        assert (ROOT / name).exists(), name


def test_every_command_that_it_names_exists() -> None:
    commands = set(re.findall(r"casewright (migrate|web|worker|check|deploy|audit|token|user|serve)\b", README))

    assert commands >= {"migrate", "web", "worker", "check", "deploy", "audit"}
    assert commands <= set(main.commands)


def test_every_target_of_make_that_it_names_exists() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"make (run|test|lint|conformance|bench|chaos|lock)\b", README)) <= targets
