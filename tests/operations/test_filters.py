"""Filters choose what they say among what one may see, on both databases; facts are found as they are now."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from service.db import db, localnow
from service.execution import facts
from service.models import SYSTEM, Actor, CaseVariable
from service.operations import cases, deployments
from service.operations import facts as filling
from service.queries import cases as case_lists
from service.queries import filtering
from service.queries import tasks as task_lists
from service.queries.filtering import narrowing
from tests.jobs_by_hand import do_jobs
from tests.operations import filtered_world
from tests.operations.family import diagram

Person = Callable[..., Actor]
FILTERS = 150  #: each time: 600 in all


@pytest.mark.parametrize("most", [narrowing.MOST, 3], ids=["named one by one", "met on the way"])
def test_a_random_filter_finds_what_it_says_and_nothing_else(
    app: Flask, person: Person, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(narrowing, "MOST", most)
    monkeypatch.setattr(narrowing, "FEW", min(most, narrowing.FEW))
    world, chance = filtered_world.build(person), random.Random(most)
    seen_tasks = {name: world.tasks_for(actor) for name, actor in world.people.items()}
    seen_cases = {name: world.cases_for(actor) for name, actor in world.people.items()}
    found = 0

    with time_machine.travel(world.now, tick=False):
        for number in range(FILTERS):
            actor = world.people[chance.choice(list(world.people))]
            of_tasks = number % 2 == 0
            wanted = filtered_world.any_filter(chance, world, of_tasks=of_tasks)
            if of_tasks:
                listed = task_lists.all_open(actor, limit=200, filtered=filtering.tasks(wanted.text, actor)).rows
                expected = [row for row in seen_tasks[actor.name] if wanted.holds(row, actor)]
            else:
                listed = case_lists.visible(actor, limit=200, filtered=filtering.cases(wanted.text, actor)).rows
                expected = [row for row in seen_cases[actor.name] if wanted.holds(row, actor)]
            assert {row.id for row in listed} == {row.id for row in expected}, (actor.name, wanted.text)
            found += bool(expected)

    assert found > FILTERS / 5


def kept() -> dict[str, tuple[object, ...]]:
    rows = db.session.execute(sa.select(CaseVariable).order_by(CaseVariable.name)).scalars()
    return {row.name: tuple(value for value in (row.text, row.number, row.date) if value is not None) for row in rows}


def test_facts_are_found_as_they_are_now(app: Flask, person: Person) -> None:
    ann = person("ann", "clerks")
    deployments.deploy({"loss.bpmn": filtered_world.LOSS}, by=SYSTEM)
    definition = deployments.latest_definition("loss")
    assert definition is not None
    case = cases.begin(definition, {"amount": 5, "city": "Köln", "urgent": True, "other": "x"}, by=ann)
    db.session.commit()
    assert kept() == {"amount": (5.0,), "city": ("koln",), "urgent": ("true",)}

    cases.change_variables(case, {"amount": "much", "city": "Bern", "person": {"born": "2026-11-30"}}, by=SYSTEM)
    cases.change_variables(case, {"city": "Basel"}, by=SYSTEM)
    db.session.commit()

    midnight = localnow().replace(2026, 11, 30, 0, 0, 0, 0)
    assert kept() == {"city": ("basel",), "person.born": (midnight,), "urgent": ("true",)}


def test_a_fact_that_a_newer_version_declares_is_found_in_cases_that_run(app: Flask, person: Person) -> None:
    ann = person("ann", "clerks")
    drawn = '<userTask id="Work" name="Work" case:candidateGroups="clerks"/>', "Begin Work End"
    deployments.deploy({"plain.bpmn": diagram("plain", "PLA", *drawn)}, by=SYSTEM)
    first = deployments.latest_definition("plain")
    assert first is not None
    begun = [cases.begin(first, {"amount": number}, by=ann) for number in range(filling.AT_ONCE + 2)]
    db.session.commit()
    assert kept() == {}

    declaring = diagram("plain", "PLA", *drawn, attributes='case:searchable="amount: number"')
    deployments.deploy({"plain.bpmn": declaring}, by=SYSTEM)
    db.session.commit()
    facts._remembered.clear()  # as it is forgotten in some seconds
    with time_machine.travel(localnow() + 2 * filling.LATER, tick=False):
        do_jobs()
    cases.change_variables(begun[0], {"amount": 77}, by=SYSTEM)
    db.session.commit()

    found = case_lists.visible(ann, limit=200, filtered=filtering.cases("amount:>=50", ann)).rows
    assert {case.id for case in found} == {begun[0].id, begun[-2].id, begun[-1].id}
