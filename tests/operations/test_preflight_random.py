"""A class is never judged better than a case in it: random versions, random cases, each class beside each case's own
verdict as it would be when it moves."""

from __future__ import annotations

import random
from copy import deepcopy
from itertools import count
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.engine.change.plan import Plan, Verdict
from service.engine.definition import Refused
from service.errors import InvalidDeployment
from service.execution.running import load, running
from service.models import SYSTEM, Actor, Case, ProcessDefinition
from service.operations import cases, judging
from service.queries import preflight
from tests.engine.change.random_changes import EDITS, Kept, blocks_in, grown
from tests.engine.diagrams import written
from tests.operations.family import diagram
from tests.operations.test_migration import deployed, opened

CASES = 8


def versions(chance: random.Random) -> tuple[ProcessDefinition, ProcessDefinition, list[str]] | None:
    """A random process and an edit of it, deployed; with the variables that end its loops. None where that is none."""
    numbers = count()
    block = grown(chance, chance.randint(2, 7))
    before = _file(Kept(numbers).whole(block))
    edited = deepcopy(block)
    for _ in range(chance.choice([1, 2, 3])):
        chance.choice(EDITS)(chance, chance.choice(blocks_in(edited)))
    try:
        after = _file(Kept(numbers).whole(edited))
        first = deployed("p", before)
        second = deployed("p", after)
    except (Refused, InvalidDeployment):
        db.session.rollback()
        return None
    loops = {f"again_{each.name}" for each in (*blocks_in(block), *blocks_in(edited)) if each.kind == "back"}
    return (first, second, sorted(loops)) if first.id != second.id else None


def _file(processes: list[str]) -> bytes:
    said = b'<process xmlns:case="urn:casewright:bpmn:1.0" case:numberPrefix="RND" id="p"'
    return written(*processes).replace(b'<process id="p"', said)


def step(case: Case, chance: random.Random, loops: list[str]) -> None:
    """Complete a task at random, if one waits."""
    with running(case.id, by=SYSTEM) as workflow:
        waiting = workflow.open_work().tasks
        data = {name: chance.random() < 0.4 for name in loops if chance.random() < 0.8}
        if waiting:
            workflow.complete(chance.choice(waiting).activity_id, data)
    db.session.commit()


def own(case: Case, target: ProcessDefinition) -> Verdict:
    """The verdict by which the case itself is held or moves."""
    workflow = load(case)
    for verdict in Verdict:
        try:
            judging.require(case, workflow, target.id, Plan(), verdict)
        except judging.NoPlace:
            continue
        return verdict
    raise AssertionError("Some verdict holds.")


def beside(target: ProcessDefinition, running_cases: list[Case]) -> list[tuple[str, Verdict, Verdict]]:
    """Each case with the verdict of its class, and its own; each is in one class."""
    found = preflight.of_deployed(target, by=SYSTEM)
    listed: dict[Any, Verdict] = {}
    for version in found.versions:
        for each in version.classes:
            rows = preflight.cases_of(version, each, by=SYSTEM, limit=200).rows
            assert len(rows) == each.cases
            assert not listed.keys() & {row.id for row in rows}
            listed |= {row.id: each.verdict for row in rows}
    assert listed.keys() == {case.id for case in running_cases}
    return [(case.number, listed[case.id], own(case, target)) for case in running_cases]


@pytest.mark.parametrize("seed", range(6))
def test_no_class_is_judged_better_than_a_case_in_it(app: Flask, seed: int) -> None:
    chance = random.Random(f"classes {seed}")
    while (made := versions(chance)) is None:
        continue
    before, after, loops = made
    fleet = [cases.begin(before, {}, by=SYSTEM) for _ in range(CASES)]
    db.session.commit()
    for case in fleet:
        for _ in range(chance.randint(0, 5)):
            db.session.refresh(case)
            if not case.state.is_closed:
                step(case, chance, loops)
    unsigned = sa.update(Case).where(Case.id.in_([case.id for case in fleet[::3]])).values(signature=None)
    db.session.execute(unsigned)
    db.session.commit()
    db.session.expire_all()

    found = beside(after, [case for case in fleet if not case.state.is_closed])

    assert [each for each in found if each[1] is not each[2]] == []


A = (  # what it brings is said, so that it is not taken to bring whatever is read
    '<userTask id="A" name="A" case:candidateGroups="clerks"><extensionElements><case:ioMapping>'
    '<case:output source="= done" target="done"/></case:ioMapping></extensionElements></userTask>'
)
PLAIN = diagram("two", "TWO", A, "Begin A End")
MORE = A + '<userTask id="B" name="B" case:candidateGroups="clerks"/><exclusiveGateway id="g" default="g-End"/>'
UNREAD = b'id="g-B" sourceRef="g" targetRef="B"/>'
READS = diagram("two", "TWO", MORE, "Begin A g End", "g B End").replace(
    UNREAD, UNREAD[:-2] + b"><conditionExpression>= rate &gt; 1</conditionExpression></sequenceFlow>"
)


def test_single_cases_are_looked_at_for_what_not_all_of_them_have(app: Flask, person: Any) -> None:
    ann: Actor = person("ann", "clerks")
    before = deployed("two", PLAIN)
    fleet = [opened(before, ann, **known) for known in ({}, {"rate": 1}, {"rate": None}, {"rate": "x" * 20_000})]
    after = deployed("two", READS)
    db.session.execute(sa.update(Case).where(Case.id == fleet[3].id).values(signature=None))
    db.session.commit()
    db.session.expire_all()

    [version] = preflight.of_deployed(after, by=SYSTEM).versions

    assert {(each.cases, each.verdict) for each in version.classes} == {(1, Verdict.PERSON), (3, Verdict.EXACT)}
    assert "“rate”" in version.classes[0].reasons[0].message
    assert all(of_class is of_case for _, of_class, of_case in beside(after, fleet))


def test_a_case_that_cannot_be_read_must_stay(app: Flask, person: Any) -> None:
    ann: Actor = person("ann", "clerks")
    before = deployed("two", PLAIN)
    case, after = opened(before, ann), deployed("two", READS)
    db.session.execute(sa.update(Case).values(signature=None, snapshot=b"damaged"))
    db.session.commit()

    [version] = preflight.of_deployed(after, by=SYSTEM).versions

    [lost] = version.classes
    assert (lost.cases, lost.verdict, lost.samples) == (1, Verdict.STAY, (case,))
    assert lost.reasons[0].message.startswith("The case cannot be read: This is no snapshot")


def test_past_so_many_classes_none_is_judged(app: Flask, person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ann: Actor = person("ann", "clerks")
    opened(deployed("two", PLAIN), ann)
    monkeypatch.setattr(preflight, "MOST_JUDGED", 0)

    [version] = preflight.of_deployed(deployed("two", READS), by=SYSTEM).versions

    assert [(each.verdict, each.words) for each in version.classes] == [(Verdict.STAY, "“A”")]
