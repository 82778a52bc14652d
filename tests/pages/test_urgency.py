"""What needs somebody first comes first: in the lists, among the cases below, and on the case's own page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from service.db import db, utcnow
from service.execution import offers
from service.models import SYSTEM, Actor, Case, CaseState, HumanTask, ProcessDefinition
from service.operations import children, deployments, tasks
from service.queries import definitions
from service.queries import tasks as lists
from tests.operations.family import CLAIM
from tests.pages.conftest import Office, Visitor

Visit = Callable[[Actor | None], Visitor]


def test_a_task_that_is_late_comes_before_one_of_high_priority(office: Office, visit: Visit) -> None:
    days = {"Grace Hopper": (90, 3), "Ada Lovelace": (50, -144), "Alan Turing": (20, -1), "Emmy Noether": (50, None)}
    for name, (priority, due_in) in days.items():
        task = office.task(office.open_claim(claimant=name))
        task.priority = priority
        task.due_at = utcnow() + timedelta(days=due_in) if due_in is not None else None
        offers.keep(task)
        db.session.commit()

    page = visit(office.ben).get("/tasks/team").text
    rows = page[page.index('id="rows"') : page.index('id="task"')]

    assert sorted(days, key=rows.index) == ["Ada Lovelace", "Alan Turing", "Grace Hopper", "Emmy Noether"]
    assert "144 days late" in rows


def test_the_list_of_cases_says_that_a_task_is_late(office: Office, visit: Visit) -> None:
    task = office.task(office.open_claim())
    task.due_at = utcnow() - timedelta(days=4, hours=1)
    db.session.commit()

    row = visit(office.mia).get("/cases", part="div#cases").text

    assert "Task" in row and "4 days late" in row and "Case " in row


def test_the_cases_below_begin_with_what_is_open_and_say_who_has_it_and_why_it_stands(
    office: Office, visit: Visit, person: Callable[..., Actor]
) -> None:
    ann = person("una", "clerks", "claims-managers")
    deployments.deploy({"claim.bpmn": CLAIM}, by=SYSTEM)
    db.session.commit()
    parent = office.open_claim()
    claim = definitions.latest(ProcessDefinition, "claim")
    done, late, stuck = (
        children.open_child(parent, claim, by=ann, submitted={"item": item}) for item in ("lamp", "sofa", "desk")
    )
    db.session.commit()
    _complete(done, ann)
    [work] = _open_tasks(late, ann)
    tasks.claim(work, by=ann)
    work.due_at = utcnow() - timedelta(days=4, hours=1)
    stuck.state, stuck.reason = CaseState.FAILED, "The register did not answer."
    db.session.commit()

    page = visit(ann).get(f"/cases/{parent.number}/family").text
    everything = visit(ann).get(f"/cases/{parent.number}/family?show=all").text

    assert "lamp" not in page and "lamp" in everything
    assert "The register did not answer." in page
    sofa = page[page.index("sofa") : page.index("desk")]
    assert "Settle" in sofa and "you" in sofa and "4 days late" in sofa


def test_a_case_shows_its_work_and_facts_before_diagram_and_story(office: Office, visit: Visit) -> None:
    page = visit(office.mia).get(f"/cases/{office.open_claim().number}").text

    heads = ["Open work", "Notes", "Facts", "About", "People", "Diagram", "Timeline"]
    assert sorted(heads, key=lambda head: page.index(f"<h2>{head}</h2>")) == heads


def _open_tasks(case: Case, actor: Actor) -> list[HumanTask]:
    return [each for each in lists.of_case(case, actor=actor) if each.closed_at is None]


def _complete(case: Case, actor: Actor) -> None:
    [task] = _open_tasks(case, actor)
    tasks.claim(task, by=actor)
    tasks.complete(task, by=actor, submitted={})
