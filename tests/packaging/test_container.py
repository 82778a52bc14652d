"""No container engine runs where these tests run: Dockerfile and compose.yaml are read and held against the command
line, the settings and each other instead."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from service.cli import main
from service.config import SETTINGS, read

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if name != "database"}


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions: (word, rest), with continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(" ", 1)[0].strip(), line.strip().split(" ", 1)[-1]) for line in lines]


def parses(arguments: list[str]) -> click.Context:
    """Have click parse a command line without running it; raises for an unknown command or option."""
    command: click.Command | None = main
    rest, name = list(arguments), None
    while isinstance(command, click.Group):
        name, command, rest = command.resolve_command(click.Context(command), rest)
    assert command is not None
    return command.make_context(name, rest)


@pytest.mark.parametrize("name", OURS)
def test_every_service_runs_a_command_that_exists(name: str) -> None:
    assert parses([str(word) for word in OURS[name]["command"]]).command.name in ("upgrade", "web", "worker")


@pytest.mark.parametrize("name", OURS)
def test_every_service_is_configured_by_settings_that_are_valid(name: str) -> None:
    given = {key: re.sub(r"\$\{[^}]*\}", "x" * 40, value) for key, value in OURS[name]["environment"].items()}

    config = read(given)

    assert config.database_url.startswith("postgresql+psycopg://casewright:")


def test_there_are_two_webs_two_workers_and_one_schema_step_before_them() -> None:
    commands = [service["command"][0] for service in OURS.values()]

    assert sorted(commands) == ["db", "web", "web", "worker", "worker"]
    for service in OURS.values():
        if service["command"][0] != "db":
            assert service["depends_on"] == {"schema": {"condition": "service_completed_successfully"}}


def test_each_worker_has_a_name_of_its_own() -> None:
    names = [s["environment"]["CASEWRIGHT_WORKER_ID"] for s in OURS.values() if s["command"][0] == "worker"]

    assert len(set(names)) == 2


def test_no_secret_stands_in_the_files() -> None:
    secret = {setting.name for setting in SETTINGS if setting.secret}
    for service in OURS.values():
        for name in secret & service["environment"].keys():
            assert service["environment"][name].startswith("${")
    assert "PASSWORD=" not in (ROOT / "Dockerfile").read_text()


def test_the_final_image_runs_as_an_own_user_without_node() -> None:
    words = instructions()
    last_stage = words[max(i for i, (word, _) in enumerate(words) if word == "FROM") :]

    assert ("USER", "casewright") in last_stage
    assert not any("node" in rest or "npm" in rest for _, rest in last_stage)
    assert any(word == "HEALTHCHECK" for word, _ in last_stage)


def test_the_images_command_is_one_of_ours_and_listens_where_it_says() -> None:
    rest = dict(instructions())
    arguments = yaml.safe_load(rest["CMD"])

    context = parses(arguments)

    assert str(context.params["port"]) == rest["EXPOSE"]
    assert yaml.safe_load(rest["ENTRYPOINT"]) == ["casewright"]


def test_what_the_image_copies_is_there() -> None:
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source


def test_the_image_gets_all_that_the_wheel_is_made_of() -> None:
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    copied = {source for word, rest in instructions() if word == "COPY" for source in rest.split()[:-1]}

    assert {*built["packages"], *built["force-include"], "hatch_build.py", "pyproject.toml"} <= copied
