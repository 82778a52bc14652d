"""What would keep a case type's cases from being opened, worked on or carried out is told before it is deployed."""

from __future__ import annotations

import pytest
from flask import Flask

from service.db import db
from service.engine.definition import Severity
from service.models import SYSTEM, Group, User
from service.operations import deployments
from tests.engine.drawn import document, extended, flow

START = '<startEvent id="s"/>'
TYPE = 'case:numberPrefix="ABC" case:candidateStarterGroups="staff" case:managerGroups="bosses"'


def told(inner: str, *, process: str = "", name: str = "small.bpmn", **more: bytes) -> list[str]:
    """What the check says where nothing is deployed: severity, element and message and advice."""
    files = {name: document(START + inner, process=process), **more}
    return [
        f"{problem.severity} {problem.line} {problem.element_id}: {problem.message} {problem.advice}"
        for problem in deployments.check_alone(files)
    ]


def http(*inputs: str, attributes: str = "") -> str:
    mapped = "".join(f'<case:input source="= x" target="{name}"/>' for name in inputs)
    inside = extended(f"<case:ioMapping>{mapped}</case:ioMapping>")
    return f'<serviceTask id="a" case:type="http" {attributes}>{inside}</serviceTask>'


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ('<serviceTask id="a" case:type="http"/>', "error 1 a: The connector “http” is given no url"),
        (http("ulr"), "error 1 a: The connector “http” is given no url, and cannot do without. Did you mean it with “"),
        (http("url", "metod"), 'warning 1 a: The connector “http” has no input “metod”. Did you mean target="method"?'),
        ('<callActivity id="a" calledElement="gone"/>', "warning 1 a: The process “gone” that it calls"),
        (
            '<callActivity id="a" calledElement="gone" case:childCase="true"/>',
            "warning 1 a: The process “gone” that it calls",
        ),
        ('<userTask id="a" case:formKey="my form"/>', "error 1 a: case:formKey=“my form” is no key."),
        ('<userTask id="a" case:assignee="initiator"/>', "warning 1 a: It is given to a user whose name is"),
        ('<userTask id="a" case:candidateGroups="x;y"/>', "error 1 a: case:candidateGroups=“x;y” has a semicolon"),
        (
            '<userTask id="a" case:assignee="ann" case:notDoneBy="b"/><userTask id="b" case:assignee="ann"/>'
            + flow("a", "b"),
            "warning 1 a: Nobody is left to do it: “b”, whose doer may not do it, is ann's as well.",
        ),
    ],
)
def test_what_would_stop_or_do_nothing_is_told_once(inner: str, said: str) -> None:
    [found] = told(inner + flow("s", "a"))

    assert found.startswith(said)


@pytest.mark.parametrize(
    "inner",
    [
        http("url", "body", "anything"),
        http(attributes="case:preScript=\"url = 'http://x'\""),
        '<callActivity id="a" calledElement="= which"/>'.replace("/>", ' case:childCase="true"/>'),
        '<callActivity id="a" calledElement="p" case:childCase="true"/>',
        '<userTask id="a" case:assignee="= initiator"/>',
        '<userTask id="a" case:candidateGroups="x" case:notDoneBy="b"/><userTask id="b" case:candidateGroups="x"/>'
        + flow("a", "b"),
    ],
)
def test_what_works_is_told_nothing(inner: str) -> None:
    assert told(inner + flow("s", "a")) == []


@pytest.mark.parametrize(
    ("process", "said"),
    [
        ('case:numberPrefix="ABC" case:managerGroups="bosses"', "warning 1 p: Nobody may open a case of this type."),
        ('case:candidateStarterGroups="staff"', "warning 1 p: Nobody finds it under New case"),
        ('case:numberPrefix="ABC" case:candidateStarterGroups="staff"', "warning 1 a: Nobody may do it"),
    ],
)
def test_a_case_type_that_nobody_could_use_is_told(process: str, said: str) -> None:
    [found] = told('<userTask id="a"/>' + flow("s", "a"), process=process)

    assert found.startswith(said)


def test_two_case_types_with_one_prefix_are_told() -> None:
    other = document(START, process=TYPE).replace(b'id="p"', b'id="q"')

    found = told("", process=TYPE, **{"other.bpmn": other})

    assert [line.split(": ", 1)[1][:39] for line in found] == [
        "The cases of “q” are numbered ABC-… too",
        "The cases of “p” are numbered ABC-… too",
    ]


def test_a_timer_start_event_is_checked_where_there_is_no_database() -> None:
    timer = "<timerEventDefinition><timeDate>2001-01-01T09:00Z</timeDate></timerEventDefinition>"
    files = {"small.bpmn": document(f'<startEvent id="t">{timer}</startEvent>')}

    [problem] = deployments.check_alone(files)

    assert problem.line == 1 and "2001-01-01T09:00Z is past" in problem.message


def test_groups_and_users_that_nobody_made_are_told_with_the_name_that_was_meant(app: Flask) -> None:
    db.session.add_all([Group(name="assessors", title="Assessors"), Group(name="staff", title="Staff")])
    db.session.add(User(name="ann", display_name="Ann"))
    db.session.flush()
    inner = (
        '<userTask id="a" case:candidateGroups="asessors, assessors"/><userTask id="b" case:assignee="bob"/>'
        '<userTask id="c" case:candidateGroups="asessors"/>' + flow("s", "a") + flow("a", "b") + flow("b", "c")
    )
    process = 'case:candidateStarterGroups="staff" case:numberPrefix="A" case:managerGroups="staff"'
    files = {"small.bpmn": document(START + inner, process=process)}

    done = deployments.deploy(files, by=SYSTEM)

    assert [(w.element_id, w.message, w.advice, w.severity) for w in done.warnings] == [
        (
            "a",
            "There is no group “asessors”.",
            "Did you mean “assessors”? To make it: casewright user join SOMEBODY asessors.",
            Severity.WARNING,
        ),
        ("b", "There is no user “bob”.", "To make it: casewright user add bob.", Severity.WARNING),
    ]
