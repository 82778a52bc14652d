"""What a log line says, and what it cannot be made to say."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from gunicorn.config import Config

from service import jobs, logs, server
from service.logs import log
from tests.api.conftest import Office, Program

Lines = Callable[[], list[str]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """The lines logged since they were last asked for; as text, unless the test says otherwise."""
    logs.configure("text", "INFO")
    logs.begin()
    yield lambda: capsys.readouterr().err.splitlines()
    logs.configure("text", "WARNING")
    logs.begin()


def read(lines: Lines) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines()]


def test_each_line_names_its_request_and_case(app: Flask, lines: Lines) -> None:
    logs.configure("json", "INFO")

    logs.about("LOAN-1")
    app.test_client().get("/healthz", headers={"X-Request-Id": "first"})
    logs.about("LOAN-2")
    logging.getLogger("service.elsewhere").warning("Late by %d s", 5)

    request, warning = read(lines)
    assert (request["event"], request["request"]) == ("request", "first")
    assert (request["path"], request["status"], "case" in request) == ("/healthz", 200, False)
    assert (warning["event"], warning["request"], warning["case"]) == ("Late by 5 s", "first", "LOAN-2")


def test_a_job_is_not_said_to_be_about_the_case_of_the_job_before(lines: Lines) -> None:
    logs.configure("json", "INFO")

    for number in (1, 2):
        with jobs.running_as(jobs.Run(f"job-{number}", "key", 1)):
            log.info("done")
            logs.about(f"LOAN-{number}")

    assert [(line["job"], "case" in line) for line in read(lines)] == [("job-1", False), ("job-2", False)]


@pytest.mark.parametrize("end", ["\n", "\r", "\x1b[2K", "\u2028"])
def test_what_people_send_begins_no_line_and_moves_no_cursor(lines: Lines, end: str) -> None:
    log.info("request", path=f"/x{end}2026-11-02T09:00:00Z [info] sign-in user=mia")

    [line] = lines()
    assert end not in line


def test_a_line_of_a_library_is_one_line_too(lines: Lines) -> None:
    logging.getLogger("elsewhere").warning("Refused: %s", "a\nb")

    [line] = lines()
    assert r"Refused: a\nb" in line


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_fault_comes_with_its_traceback(lines: Lines, form: str) -> None:
    logs.configure(form, "INFO")
    try:
        json.loads("{")
    except ValueError as error:
        log.error("request failed", exc_info=error)

    written = lines()

    assert "request failed" in written[0] and "JSONDecodeError" in written[-1]
    assert (len(written) == 1) == (form == "json")


def test_a_line_below_the_level_is_not_written(lines: Lines) -> None:
    logs.configure("text", "ERROR")

    log.warning("not so bad")
    logging.getLogger("service.elsewhere").warning("nor this")

    assert lines() == []


def test_the_line_of_a_request_says_who_asked_and_about_which_case(
    office: Office, program: Callable[..., Program], lines: Lines
) -> None:
    ann, case_id, nobody = program(office.ann), office.open_case(), program()
    task_id = ann.get("/tasks?view=team").json["items"][0]["id"]
    number = ann.get(f"/cases/{case_id}").json["number"]
    logs.configure("json", "INFO")
    lines()

    for path in ("/me", f"/cases/{case_id}", f"/tasks/{task_id}"):
        ann.get(path)
    ann.post(f"/tasks/{task_id}/claim")
    nobody.get("/me")
    program(office.zoe).get(f"/cases/{case_id}")

    found = [line for line in read(lines) if line["event"] == "request"]
    asked = [(line["path"].rpartition("/v1/")[2], line.get("user"), line.get("case")) for line in found]
    me, other = str(office.ann.id), str(office.zoe.id)
    assert asked == [
        ("me", me, None),
        (f"cases/{case_id}", me, number),
        (f"tasks/{task_id}", me, number),
        (f"tasks/{task_id}/claim", me, number),
        ("me", None, None),
        (f"cases/{case_id}", other, None),
    ]


def test_the_lines_of_gunicorn_are_written_like_all_others(lines: Lines) -> None:
    logs.configure("json", "INFO")
    settings = Config()
    settings.set("loglevel", "warning")

    logger = server.Logger(settings)
    logger.warning("Worker (pid:%s) was sent %s!", 7, "SIGKILL")
    logger.info("Not this.")

    [line] = read(lines)
    assert (line["event"], line["logger"]) == ("Worker (pid:7) was sent SIGKILL!", "gunicorn.error")
