"""What differs between two versions, over REST and by `casewright diff`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask

from service.cli import comparing
from service.db import db
from service.models import SYSTEM, ProcessDefinition
from service.operations import deployments
from service.queries import definitions, differences
from tests.api.conftest import LOAN, Office, Program, office
from tests.operations.test_deployments import CALLED, CALLING
from tests.pages.conftest import claim_files

__all__ = ["office"]


def changed_claim() -> dict[str, bytes]:
    """An insurance claim whose diagram, form and decision each say one thing otherwise."""
    files = claim_files()
    for name, old, new in (
        ("insurance-claim.bpmn", b"Pay out", b"Pay the claim"),
        ("claim-intake.form", b'"Policy number"', b'"Number of the policy"'),
        ("coverage.dmn", b"wear and tear", b"rust"),
    ):
        assert old in files[name]
        files[name] = files[name].replace(old, new)
    return files


def written(files: Mapping[str, bytes], folder: Path) -> str:
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return str(folder)


def deployed(files: Mapping[str, bytes]) -> ProcessDefinition:
    deployments.deploy(files, by=SYSTEM)
    db.session.commit()
    return definitions.latest(ProcessDefinition, "insurance-claim")


TOLD = [
    ("process", "insurance-claim", "“Pay out” is called “Pay the claim” now."),
    ("form", "claim-intake", "“Number of the policy”: other label (Policy number → Number of the policy)."),
    ("decision", "coverage", 'Row 3: Kind of damage "wear and tear" → "rust".'),
]


def test_versions_are_compared_with_their_forms_and_decisions(office: Office, program: Callable[..., Program]) -> None:
    first, second = deployed(claim_files()), deployed(changed_claim())
    reading = program(office.ann)

    answer = reading.get(f"/definitions/{second.id}/differences").json

    assert [(each["what"], each["key"], each["message"]) for each in answer["differences"]] == TOLD
    assert (answer["key"], answer["since"], answer["version"]) == ("insurance-claim", 1, 2)
    [renamed] = [each for each in answer["differences"] if each["what"] == "process"]
    assert (renamed["kind"], renamed["before"], renamed["aspects"]) == ("changed", "Task_Pay", ["name"])
    back = reading.get(f"/definitions/{first.id}/differences?since={second.id}").json
    assert back["differences"][0]["message"] == "“Pay the claim” is called “Pay out” now."
    assert reading.get(f"/definitions/{second.id}/differences?since={second.id}").json["differences"] == []


def test_another_version_of_the_same_process_is_needed(office: Office, program: Callable[..., Program]) -> None:
    claim, loan = deployed(claim_files()), definitions.latest(ProcessDefinition, "loan")
    reading = program(office.ann)

    answer = reading.get(f"/definitions/{claim.id}/differences?since={loan.id}")
    assert answer.status_code == 400
    assert answer.json["errors"] == {"since": ["Give another version of “insurance-claim”."]}


def test_in_a_first_version_everything_is_new(office: Office, program: Callable[..., Program]) -> None:
    claim = deployed(claim_files())

    answer = program(office.ann).get(f"/definitions/{claim.id}/differences").json

    assert answer["since"] is None
    assert {each["kind"] for each in answer["differences"]} == {"added"}
    assert "The process “Insurance claim” is new." in [each["message"] for each in answer["differences"]]


def test_marks_are_of_the_process_itself_alone(office: Office) -> None:
    files = claim_files()
    first = deployed(files)
    moved = files["insurance-claim.bpmn"].replace(b'id="Task_Pay"', b'id="Task_Transfer"')
    second = deployed({**files, "insurance-claim.bpmn": moved.replace(b'"Task_Pay"', b'"Task_Transfer"')})

    before, after = differences.marks(differences.between(first.id, second.id), "insurance-claim")

    assert before["Task_Pay"] == after["Task_Transfer"] == "changed"


@pytest.fixture
def diff(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """`diff(a, b)` runs `casewright diff a b`."""
    monkeypatch.setattr(comparing, "application", app.app_context)

    def command(*words: str) -> Result:
        db.session.rollback()
        return CliRunner().invoke(comparing.diff, words)

    return command


def test_folders_are_compared(diff: Callable[..., Result], tmp_path: Path) -> None:
    one, other = written(claim_files(), tmp_path / "a"), written(changed_claim(), tmp_path / "b")

    said = diff(one, other)

    assert said.exit_code == 0
    assert said.output.splitlines() == [
        line for what, key, message in TOLD for line in (f"{what} {key}", f"  changed   {message}")
    ]
    assert diff(one, one).output == "No difference.\n"


def test_files_that_are_new_or_gone(diff: Callable[..., Result], tmp_path: Path) -> None:
    files = claim_files()
    fewer = {name: content for name, content in files.items() if name != "claim-intake.form"}

    told = diff(written(files, tmp_path / "a"), written({**fewer, "loan.bpmn": LOAN}, tmp_path / "b")).output

    assert "form claim-intake\n  removed   The form “claim-intake” is gone.\n" in told
    assert "process loan\n  added     The process “Loan” is new.\n" in told


def test_deployed_versions_are_compared(office: Office, diff: Callable[..., Result]) -> None:
    deployed(claim_files())
    deployed(changed_claim())

    assert TOLD[2][2] in diff("insurance-claim@1", "insurance-claim@2").output
    assert "no version 3" in str(diff("insurance-claim@1", "insurance-claim@3").exception)


def test_a_deployed_version_is_compared_with_files_and_folders(
    office: Office, diff: Callable[..., Result], tmp_path: Path
) -> None:
    """What the files do not hold, such as the forms that stand in another folder, is not taken for gone."""
    deployed(claim_files())
    folder, whole = tmp_path / "b", changed_claim()
    drawn = {name: content for name, content in whole.items() if not name.endswith(".form")}
    written(drawn, folder)

    told = diff("insurance-claim@1", str(folder)).output
    assert TOLD[2][2] in told and "is gone" not in told and "form " not in told
    assert diff("insurance-claim@1", str(folder / "insurance-claim.bpmn")).output.count("process insurance-claim") == 1
    assert "“Pay the claim” is called “Pay out” now." in diff(str(folder), "insurance-claim@1").output
    forms = written({name: content for name, content in whole.items() if name.endswith(".form")}, tmp_path / "forms")
    assert all(f"{what} {key}" in diff("insurance-claim@1", forms).output for what, key, _ in TOLD if what == "form")
    assert diff("insurance-claim@1", written(claim_files(), tmp_path / "a")).output == "No difference.\n"


def test_a_file_that_calls_what_is_deployed_is_compared_alone(
    office: Office, diff: Callable[..., Result], tmp_path: Path
) -> None:
    deployments.deploy({"inner.bpmn": CALLED, "outer.bpmn": CALLING}, by=SYSTEM)
    db.session.commit()
    (tmp_path / "outer.bpmn").write_bytes(CALLING.replace(b'id="middle"', b'id="middle" name="Ask them"'))

    told = diff("outer@1", str(tmp_path / "outer.bpmn")).output

    assert "Ask them" in told and "Inner work" not in told


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere", "nowhere"), "There is no file or folder “nowhere”."),
        (
            ("insurance-claim@1", "processes/it-incident"),
            "Nothing in processes/it-incident belongs to insurance-claim@1.",
        ),
        (("nowhere", "loan@1"), "There is no file or folder “nowhere”."),
        (("loan@1", "insurance-claim@1"), "These are versions of two processes"),
    ],
)
def test_what_cannot_be_compared(
    office: Office, diff: Callable[..., Result], words: tuple[str, str], said: str
) -> None:
    deployed(claim_files())

    answer = diff(*words)

    assert answer.exit_code == 1
    assert said in answer.output


def test_files_that_cannot_be_read_are_named(diff: Callable[..., Result], tmp_path: Path) -> None:
    broken = written({"a.bpmn": b"<bpmn", "b.form": b"[]", "c.dmn": b"<dmn"}, tmp_path / "a")

    answer = diff(broken, broken)

    assert answer.exit_code == 1
    assert all(f"error: {name}" in answer.output for name in ("a.bpmn", "b.form", "c.dmn"))
