"""Who deployed what, when, why and from which commit: in every list, and in the installation's story."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask

from service.cli import commits, designing
from service.db import db
from service.errors import BadRequest
from service.models import SYSTEM, InstallationEntry
from service.operations import deployments
from service.queries import deployments as lists
from service.web.installation import SENTENCES
from tests.api.conftest import LOAN, Program, program
from tests.operations.test_migration import EXAMINE

__all__ = ["program"]
SHA = "3f786850e387550fdab836ed7e6dc881de23001b"


def test_a_deployment_keeps_its_reason_and_its_commit(app: Flask) -> None:
    deployments.deploy({"loan.bpmn": LOAN}, by=SYSTEM, reason="  The law of May.\n", commit=SHA)
    deployments.deploy({"loan.bpmn": EXAMINE}, by=SYSTEM)
    db.session.commit()

    newest, first = lists.listed().rows

    assert (first.reason, first.commit, first.created_by) == ("The law of May.", SHA, "system")
    assert (newest.reason, newest.commit) == (None, None)
    assert lists.made([newest.id, first.id]) == {newest.id: [("loan", 2)], first.id: [("loan", 1)]}
    told = [entry for entry in db.session.query(InstallationEntry) if entry.action == "deployment:made"]
    assert told[0].details["reason"] == "The law of May." and told[0].details["commit"] == SHA
    assert "reason" not in told[1].details
    assert SENTENCES["deployment:made"]("", told[0].details) == "deployed loan: The law of May."


@pytest.mark.parametrize(
    ("said", "field"),
    [({"reason": "x" * 2_001}, "reason"), ({"commit": "x" * 201}, "commit"), ({"commit": "a\x00b"}, "commit")],
)
def test_what_is_too_long_or_unseen_is_refused_and_nothing_deployed(
    app: Flask, said: Mapping[str, str], field: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        deployments.deploy({"loan.bpmn": LOAN}, by=SYSTEM, **said)

    assert refused.value.field == field
    assert lists.listed().rows == []


def test_programs_say_why(app: Flask, person: Callable[..., object], program: Callable[..., Program]) -> None:
    sending = program(person("dan", "designers"))
    form = {"files": (io.BytesIO(LOAN), "loan.bpmn"), "reason": "The law of May.", "commit": SHA}
    client = app.test_client(use_cookies=False)

    answer = client.post("/api/v1/deployments", data=form, headers={"Authorization": f"Bearer {sending.token}"})

    assert answer.status_code == 201
    kept = sending.get(f"/deployments/{answer.json['deployment_id']}").json
    assert (kept["reason"], kept["commit"], kept["created_by"]) == ("The law of May.", SHA, "dan")
    assert sending.get("/deployments").json["items"] == [kept]
    long = {**form, "files": (io.BytesIO(LOAN), "loan.bpmn"), "reason": "x" * 2_001}
    refused = client.post("/api/v1/deployments", data=long, headers={"Authorization": f"Bearer {sending.token}"})
    assert refused.status_code == 400


def test_the_command_says_why_and_lists(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(designing, "application", app.app_context)
    monkeypatch.setattr(designing, "commit_of", lambda paths: SHA)
    (tmp_path / "loan.bpmn").write_bytes(LOAN)
    run = CliRunner().invoke

    assert run(designing.deploy, [str(tmp_path), "--why", "The law of May."]).output == "deployed  loan version 1\n"
    (tmp_path / "loan.bpmn").write_bytes(EXAMINE)
    assert run(designing.deploy, [str(tmp_path), "--commit", "by hand"]).exit_code == 0

    said = run(designing.list_deployments, []).output.splitlines()
    assert [line[16:] for line in said[::1] if line[:2] == "20"] == ["  system  from by hand", f"  system  from {SHA}"]
    assert said[1:2] == ["    loan version 2"] and said[3:] == ["    The law of May.", "    loan version 1"]
    assert len(run(designing.list_deployments, ["--limit", "1"]).output.splitlines()) == 2


def test_of_a_large_deployment_the_list_names_some(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(designing, "application", app.app_context)
    form = b'{"type": "default", "id": "f", "schemaVersion": 19, "components": []}'
    deployments.deploy({f"f{number:02}.form": form for number in range(13)}, by=SYSTEM)
    db.session.commit()

    named = CliRunner().invoke(designing.list_deployments, []).output.splitlines()[-1]

    assert named.count(" version 1") == designing.NAMED and named.endswith("f09 version 1 and 3 more")


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *who, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in commits.VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_variables")
def test_the_commit_comes_from_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "sources"
    folder.mkdir()
    (folder / "loan.bpmn").write_bytes(LOAN)
    assert commits.commit_of([folder]) is None
    git(folder, "init", "--quiet")
    assert commits.commit_of([folder]) is None
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Loans")
    head = git(folder, "rev-parse", "HEAD")

    assert commits.commit_of([folder]) == head == commits.commit_of([folder / "loan.bpmn"])
    monkeypatch.setenv("GITHUB_SHA", SHA)
    assert commits.commit_of([folder]) == head
    assert commits.commit_of([tmp_path]) == SHA
    (folder / "loan.bpmn").write_bytes(EXAMINE)
    assert commits.commit_of([folder]) == f"{head} and changes"


@pytest.mark.usefixtures("no_variables")
def test_a_folder_cannot_have_git_run_a_program_of_its_own(tmp_path: Path) -> None:
    """A repository's settings may name a program that watches its files; git would run it on `git status`."""
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    spy.chmod(0o755)
    (tmp_path / "loan.bpmn").write_bytes(LOAN)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "loan.bpmn")
    git(tmp_path, "commit", "--quiet", "-m", "Loans")
    git(tmp_path, "config", "core.fsmonitor", str(spy))

    assert commits.commit_of([tmp_path / "loan.bpmn"])

    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("no_variables")
def test_without_git_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert commits.commit_of([tmp_path]) is None
