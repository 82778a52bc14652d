"""The command line as somebody new meets it: without settings, without tables, with the demo's database."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service import cli
from tests.conftest import ROOT, config_for

LOAN = ROOT / "tests" / "operations" / "loan.bpmn"
FORM = '{"id": "asking", "type": "default", "components": [{"type": "textfield", "id": "f", "key": "k", "label": "K"}]}'


@pytest.fixture
def casewright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run a command in an empty folder, without any setting."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", {k: v for k, v in os.environ.items() if not k.startswith("CASEWRIGHT_")})
    return lambda *words: CliRunner().invoke(cli.main, [str(word) for word in words], catch_exceptions=False)


def test_files_are_checked_without_any_setting(casewright: Callable[..., Result], tmp_path: Path) -> None:
    done = casewright("check", LOAN)

    assert (done.exit_code, done.stdout) == (0, "These files can be deployed.\n")
    assert list(tmp_path.iterdir()) == []


def test_all_that_we_ship_can_be_deployed_by_itself(casewright: Callable[..., Result]) -> None:
    done = casewright("check", ROOT / "processes", ROOT / "forms")

    assert (done.exit_code, done.stderr) == (0, "")


def test_a_form_is_found_by_its_own_id_as_elsewhere(casewright: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "Form_1.form").write_text(FORM)
    (tmp_path / "loan.bpmn2").write_text(
        LOAN.read_text().replace("<bpmn:userTask ", '<bpmn:userTask case:formKey="asking" ', 1)
    )

    done = casewright("check", tmp_path)

    assert (done.exit_code, done.stdout) == (0, "These files can be deployed.\n")


def test_a_folder_without_files_is_said_to_hold_none(casewright: Callable[..., Result], tmp_path: Path) -> None:
    done = casewright("check", tmp_path)

    assert done.exit_code == 1
    assert done.stderr == "error: There is no file. Give at least one .bpmn, .dmn or .form file.\n"


@pytest.mark.parametrize("source", sorted(path.name for path in (ROOT / "processes").iterdir() if path.is_dir()))
def test_a_new_case_type_is_made_of_each_that_is_shipped_and_shares_no_id_with_it(
    casewright: Callable[..., Result], tmp_path: Path, source: str
) -> None:
    made = casewright("new", "lab-order", "--from", source)
    together = casewright("check", ROOT / "processes", ROOT / "forms", tmp_path / "lab-order")

    assert (made.exit_code, together.exit_code, together.stderr) == (0, 0, "")
    assert (tmp_path / "lab-order" / "lab-order.bpmn").read_text().count('id="lab-order"') == 1
    assert "Its cases are numbered LAB-…; it names the groups " in made.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("new", "lab-order", "--from", "nothing"), "There is no case type “nothing”; there is customer-file, "),
        (("new", "Lab Order", "--from", "insurance-claim"), "“Lab Order” is no key of a case type."),
        (("new", "there", "--from", "insurance-claim"), "there is there already"),
    ],
)
def test_a_case_type_that_cannot_be_made_is_told(
    casewright: Callable[..., Result], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    (tmp_path / "there").mkdir()

    done = casewright(*words)

    assert done.exit_code == 1 and said in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_many_that_are_unchanged_are_counted(
    casewright: Callable[..., Result], tmp_path: Path, sqlite_template: Path
) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "casewright.db").write_bytes(sqlite_template.read_bytes())
    casewright("deploy", ROOT / "processes" / "insurance-claim", ROOT / "forms", "--demo")

    again = casewright("deploy", ROOT / "processes" / "insurance-claim", ROOT / "forms", "--demo")

    [line] = again.stdout.splitlines()
    assert line.startswith("unchanged ") and int(line.split()[1]) > 100


def test_the_demo_is_the_database_that_is_set_as_for_the_demo_itself(
    casewright: Callable[..., Result], tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere.db").write_bytes(sqlite_template.read_bytes())
    monkeypatch.setitem(os.environ, "CASEWRIGHT_DATABASE_URL", f"sqlite:///{tmp_path / 'elsewhere.db'}")

    done = casewright("deploy", LOAN, "--demo")

    assert "deployed  loan version 1" in done.stdout
    assert not (tmp_path / "var" / "casewright.db").exists()
    with closing(sqlite3.connect(tmp_path / "elsewhere.db")) as kept:
        assert kept.execute("SELECT count(*) FROM process_definition").fetchone() == (1,)


def test_the_same_problem_is_told_once(casewright: Callable[..., Result], tmp_path: Path) -> None:
    form = '<camunda:formData xmlns:camunda="http://camunda.org/schema/1.0/bpmn"/>'
    asks = f"<bpmn:extensionElements>{form}{form}</bpmn:extensionElements><bpmn:incoming>f1<"
    (tmp_path / "loan.bpmn").write_text(LOAN.read_text().replace("<bpmn:incoming>f1<", asks, 1))

    done = casewright("check", tmp_path)

    assert done.exit_code == 0
    assert done.stderr.count("camunda:formData") == 1


@pytest.mark.parametrize("words", [("deploy", LOAN), ("audit", "verify"), ("user", "join", "ann", "clerks")])
def test_a_database_without_tables_is_said_to_be_one(
    casewright: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, words: tuple[object, ...]
) -> None:
    monkeypatch.setitem(os.environ, "CASEWRIGHT_SECRET_KEY", "x" * 32)

    done = casewright(*words)

    assert done.exit_code == 1
    assert done.stderr == "Error: The database has no tables of this release yet. Run `casewright db upgrade`.\n"


def test_a_database_that_is_away_is_said_to_be(
    casewright: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "CASEWRIGHT_SECRET_KEY", "x" * 32)
    monkeypatch.setitem(os.environ, "CASEWRIGHT_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")

    done = casewright("audit", "verify")

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: The database cannot be reached. ")


def test_an_own_case_type_comes_into_the_demo_with_people_who_work_on_it(
    casewright: Callable[..., Result], tmp_path: Path, sqlite_template: Path
) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "casewright.db").write_bytes(sqlite_template.read_bytes())

    deployed = casewright("deploy", LOAN, "--demo")
    added = casewright("user", "add", "zoe", "--password", "something longer", "--demo")
    joined = casewright("user", "join", "zoe", "clerks", "night-shift", "--demo")

    assert [done.exit_code for done in (deployed, added, joined)] == [0, 0, 0]
    assert "deployed  loan version 1" in deployed.stdout
    assert joined.stdout == "zoe is in clerks, night-shift.\n"
    with closing(sqlite3.connect(tmp_path / "var" / "casewright.db")) as kept:
        assert kept.execute("SELECT count(*) FROM membership").fetchone() == (2,)


def test_a_script_gives_a_new_password_in_the_environment(
    casewright: Callable[..., Result], tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "casewright.db").write_bytes(sqlite_template.read_bytes())
    monkeypatch.setitem(os.environ, "CASEWRIGHT_NEW_PASSWORD", "something longer")

    added = casewright("user", "add", "zoe", "--demo")

    assert (added.exit_code, added.stdout) == (0, "zoe can sign in.\n")


def test_the_demo_is_looked_into_as_any_database(
    casewright: Callable[..., Result], tmp_path: Path, sqlite_template: Path
) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "casewright.db").write_bytes(sqlite_template.read_bytes())
    (tmp_path / "var" / "secret-key").write_text(config_for("sqlite:///x").secret_key)

    verified, upgraded = casewright("audit", "verify", "--demo"), casewright("check-upgrade", "--demo")
    missed = casewright("case", "dump", "CLM-2026-00001", "--demo")

    assert verified.stdout == "Every chain holds, and what is kept is what they say.\n"
    assert upgraded.stdout == "This release can run 0 of 0 open cases.\n"
    assert missed.exit_code == 1 and missed.stderr == "Error: There is no case CLM-2026-00001.\n"
