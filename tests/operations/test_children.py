"""Parent and child cases: opened by the diagram or by hand, reported once, cancelled, rolled up, never in a circle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db, utcnow
from service.errors import BadRequest, Forbidden, NotFound, WrongState
from service.models import SYSTEM, Actor, AuditEntry, Case, CaseState, HumanTask, Incident, ProcessDefinition
from service.operations import cases, children, deployments
from service.queries import children as family
from tests.jobs_by_hand import do_jobs
from tests.operations.family import CLAIM, MANY, customer, diagram, finish

Person = Callable[..., Actor]


@pytest.fixture
def ann(app: Flask, person: Person) -> Actor:
    return person("ann", "clerks")


def deploy(*diagrams: bytes) -> None:
    files = {f"{number}.bpmn": diagram for number, diagram in enumerate(diagrams)}
    deployments.deploy(files, by=SYSTEM)
    db.session.commit()


def latest(key: str) -> ProcessDefinition:
    found = deployments.latest_definition(key)
    assert found is not None
    return found


def opened(key: str, by: Actor, **data: object) -> Case:
    case = cases.start(latest(key), by=by, submitted=data)
    db.session.commit()
    do_jobs()
    return case


def child_of(parent: Case) -> Case:
    return db.session.scalars(sa.select(Case).where(Case.parent_id == parent.id)).one()


def open_task(case: Case) -> HumanTask:
    query = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
    return db.session.scalars(query).one()


def story(case: Case) -> list[str]:
    query = sa.select(AuditEntry.action).where(AuditEntry.case_id == case.id).order_by(AuditEntry.seq)
    return [action for action in db.session.scalars(query) if action != "case:advanced"]


def settle(case: Case, by: Actor, **data: object) -> None:
    finish(open_task(case), by, **data)
    db.session.commit()


def test_a_call_activity_opens_a_case_of_its_own_and_takes_its_result(ann: Actor) -> None:
    deploy(CLAIM, customer())
    parent = opened("customer", ann, what="roof")
    child = child_of(parent)

    assert (child.number, child.title) == (f"CLA-{utcnow().year}-00001", "claim roof")
    assert (child.root_id, child.owner_id, child.variables["initiator"]) == (parent.id, ann.id, "ann")
    settle(child, ann, paid=70, secret="not mapped")
    assert child.state is CaseState.COMPLETED
    assert parent.variables.get("total") is None  # it is told by a job
    do_jobs()

    assert parent.variables == {"what": "roof", "initiator": "ann", "total": 70}
    assert open_task(parent).name == "Talk"
    assert story(parent) == ["case:opened", "child:opened", "child:completed"]


def test_which_case_is_opened_may_stand_in_the_data(ann: Actor) -> None:
    deploy(CLAIM, customer().replace(b'calledElement="claim"', b'calledElement="= kind"'))
    parent, lost = opened("customer", ann, what="roof", kind="claim"), opened("customer", ann, what="roof", kind="none")

    settle(child_of(parent), ann, paid=70)
    do_jobs()

    assert (open_task(parent).name, parent.variables["total"]) == ("Talk", 70)
    incident = db.session.scalars(sa.select(Incident).where(Incident.case_id == lost.id)).one()
    assert "“none”" in incident.message


def test_a_child_is_of_the_newest_version_when_it_is_opened(ann: Actor) -> None:
    deploy(CLAIM, customer())
    case = cases.start(latest("customer"), by=ann, submitted={"what": "roof"})
    newer = CLAIM.replace(b'name="Settle"', b'name="Settle well"')
    deploy(newer)
    do_jobs()

    assert open_task(child_of(case)).name == "Settle well"
    assert latest("customer").version == 1  # a child's change is none of the parent's


def test_reports_and_openings_count_once_however_often_they_are_told(ann: Actor) -> None:
    deploy(CLAIM, customer())
    parent = opened("customer", ann, what="roof")
    entry = {"activity_id": child_of(parent).parent_activity, "process_key": "claim", "waits": True}
    children.open_wanted(parent.id, [entry])
    db.session.commit()
    settle(child_of(parent), ann, paid=70)
    for _ in range(3):
        children.take_reports(parent.id)
        db.session.commit()
    do_jobs()

    assert db.session.query(Case).filter_by(parent_id=parent.id).count() == 1
    assert story(parent).count("child:completed") == 1
    assert open_task(parent).name == "Talk"


def test_a_multi_instance_opens_a_case_for_each_item_and_collects_in_order(ann: Actor) -> None:
    deploy(CLAIM, MANY)
    items = [f"item {number}" for number in range(45)]
    parent = opened("many", ann, items=items)
    found = db.session.scalars(sa.select(Case).where(Case.parent_id == parent.id).order_by(Case.id)).all()

    assert [child.title for child in found] == [f"claim {item}" for item in items]
    for number, child in reversed(list(enumerate(found))):
        settle(child, ann, paid=number)
    do_jobs()

    assert parent.variables["payments"] == list(range(45))
    assert open_task(parent).name == "Talk"


@pytest.mark.parametrize("keep", [False, True])
def test_cancelling_the_parent_ends_its_children_unless_the_diagram_keeps_them(ann: Actor, keep: bool) -> None:
    deploy(CLAIM, customer('case:onParentCancel="keep"' if keep else ""))
    parent = opened("customer", ann, what="roof")

    cases.cancel(parent, by=ann, reason="Moved away")
    db.session.commit()
    do_jobs()

    child = child_of(parent)
    assert child.state is (CaseState.ACTIVE if keep else CaseState.TERMINATED)
    assert child.reason == (None if keep else f"{parent.number} was cancelled: Moved away")


def test_an_interrupted_call_cancels_its_child_and_only_it(ann: Actor) -> None:
    timer = (
        '<boundaryEvent id="Late" attachedToRef="Claim"><timerEventDefinition><timeDuration>PT1H</timeDuration>'
        '</timerEventDefinition></boundaryEvent><userTask id="Excuse" name="Excuse"/>'
    )
    deploy(CLAIM, customer("", "", timer, "Late Excuse End"))
    parent, other = opened("customer", ann, what="roof"), opened("customer", ann, what="car")
    from service.execution.running import running

    with running(parent.id, by=SYSTEM) as workflow:
        workflow.now = utcnow() + timedelta(hours=2)
        [timer_] = workflow.open_work().timers
        workflow.fire(timer_.timer_id)
    db.session.commit()
    do_jobs()

    assert child_of(parent).state is CaseState.TERMINATED
    assert child_of(other).state is CaseState.ACTIVE
    assert open_task(parent).name == "Excuse"


@pytest.mark.parametrize("order", ["cancel first", "report first", "cancel before it is opened"])
def test_a_parent_is_cancelled_while_a_child_reports(ann: Actor, order: str) -> None:
    deploy(CLAIM, customer())
    parent = cases.start(latest("customer"), by=ann, submitted={"what": "roof"})
    db.session.commit()
    if order != "cancel before it is opened":
        do_jobs()
        settle(child_of(parent), ann, paid=70)
    if order == "report first":
        do_jobs()

    cases.cancel(parent, by=ann, reason="Moved away")
    db.session.commit()
    do_jobs()

    assert parent.state is CaseState.TERMINATED
    found = db.session.scalars(sa.select(Case).where(Case.parent_id == parent.id)).all()
    assert [child.state for child in found] == ([] if order == "cancel before it is opened" else [CaseState.COMPLETED])
    assert parent.variables.get("total") == (70 if order == "report first" else None)
    assert db.session.query(HumanTask).filter(HumanTask.closed_at.is_(None)).count() == 0


FAILING = {"": "failed", "fail": "failed", "ignore": "Talk", "error:lost": "Search"}


@pytest.mark.parametrize("contract", FAILING)
def test_what_a_cancelled_child_does_to_its_parent_stands_in_the_diagram(ann: Actor, contract: str) -> None:
    caught = (
        '<boundaryEvent id="Lost" attachedToRef="Claim"><errorEventDefinition errorRef="lost-error"/></boundaryEvent>'
        '<userTask id="Search" name="Search"/>'
    )
    said = f'case:onChildFailure="{contract}"' if contract else ""
    deploy(CLAIM, customer(said, "", caught, "Lost Search End"))
    parent = opened("customer", ann, what="roof")

    cases.cancel(child_of(parent), by=ann, reason="Withdrawn")
    db.session.commit()
    do_jobs()

    if FAILING[contract] == "failed":
        assert parent.state is CaseState.FAILED
        assert "was cancelled: Withdrawn" in db.session.scalars(sa.select(Incident.message)).one()
    else:
        assert open_task(parent).name == FAILING[contract]
        assert parent.variables.get("total") is None


def test_a_failed_child_is_waited_for_unless_the_diagram_says_otherwise(ann: Actor) -> None:
    elements = (
        '<userTask id="Settle" name="Settle" case:candidateGroups="clerks"/>'
        '<scriptTask id="Break" scriptFormat="python"><script>x = 1 / 0</script></scriptTask>'
    )
    broken = diagram("claim", "CLA", elements, "Begin Settle Break End")
    deploy(broken, customer())
    waiting = opened("customer", ann, what="roof")
    settle(child_of(waiting), ann, paid=1)
    do_jobs()
    deploy(customer('case:onChildFailure="ignore"'))
    going_on = opened("customer", ann, what="car")
    settle(child_of(going_on), ann, paid=1)
    do_jobs()

    assert child_of(waiting).state is CaseState.FAILED
    assert (waiting.state, story(waiting)) == (CaseState.ACTIVE, ["case:opened", "child:opened"])
    assert open_task(going_on).name == "Talk"
    assert story(going_on)[-1] == "child:failed"


def test_a_child_that_is_not_waited_for_reports_into_the_story_only(ann: Actor) -> None:
    deploy(CLAIM, customer('case:waitFor="false"').replace(b'<case:output source="= paid" target="total"/>', b""))
    parent = opened("customer", ann, what="roof")

    assert open_task(parent).name == "Talk"
    settle(child_of(parent), ann, paid=1)
    settle(parent, ann)
    do_jobs()

    assert parent.state is CaseState.COMPLETED
    assert "total" not in parent.variables


def test_a_worker_opens_a_child_by_hand_and_the_parent_waits_to_close(ann: Actor, person: Person) -> None:
    eve, bob = person("eve", "visitors"), person("bob", "clerks")
    deploy(CLAIM, customer('case:waitFor="false"'))
    parent = opened("customer", ann, what="roof")
    claim = latest("claim")
    with pytest.raises(NotFound):
        children.open_child(parent, claim, by=eve, submitted={})
    db.session.rollback()
    child = children.open_child(parent, claim, by=bob, submitted={"item": "car"}, blocking=True)
    db.session.commit()

    settle(parent, ann)
    assert parent.state is CaseState.ACTIVE
    assert [(each.kind, each.name) for each in family.blockers(parent, actor=ann)] == [("child", child.number)]
    settle(child, bob)
    do_jobs()

    assert parent.state is CaseState.COMPLETED
    with pytest.raises(WrongState):
        children.open_child(parent, claim, by=ann, submitted={})


def test_a_case_is_hung_under_another_and_a_circle_is_refused(ann: Actor, person: Person) -> None:
    bob = person("bob", "clerks")
    deploy(CLAIM)
    a, b, c = (opened("claim", ann, item=name) for name in "abc")
    stranger = opened("claim", bob, item="d")
    children.adopt(b, parent=a, by=ann)
    children.adopt(a, parent=c, by=ann)
    db.session.commit()
    do_jobs()
    db.session.expire_all()

    assert [case.root_id for case in (a, b)] == [c.id, c.id]
    assert "child:adopted" in story(c)
    for parent in (b, c):
        with pytest.raises(BadRequest, match="circle"):
            children.adopt(c, parent=parent, by=ann)
        db.session.rollback()
    with pytest.raises(Forbidden):
        children.adopt(stranger, parent=c, by=ann)
    db.session.rollback()
    with pytest.raises(WrongState, match="child of another case already"):
        children.adopt(b, parent=c, by=ann)


def test_a_diagram_that_opens_its_own_case_type_without_end_is_stopped(ann: Actor) -> None:
    deploy(customer().replace(b'calledElement="claim"', b'calledElement="customer"'))
    parent = opened("customer", ann, what="loop")

    assert db.session.query(Case).count() == children.DEEPEST
    assert parent.state is CaseState.ACTIVE
    assert "loop without end" in db.session.scalars(sa.select(Incident.message)).one()


def test_a_child_of_a_process_that_is_not_deployed_is_reported_and_opened_later(ann: Actor) -> None:
    deploy(customer())
    parent = opened("customer", ann, what="roof")
    incident = db.session.scalars(sa.select(Incident)).one()
    assert incident.case_id == parent.id and "“claim”" in incident.message

    deploy(CLAIM)
    assert incident.job is not None
    children.open_wanted(parent.id, incident.job["arguments"]["children"])
    db.session.commit()

    assert child_of(parent).title == "claim roof"


def test_the_tree_is_rolled_up_in_one_statement(ann: Actor, person: Person) -> None:
    from tests.api.test_statements import counted

    eve = person("eve", "heads")
    deploy(CLAIM, MANY)
    parent = opened("many", ann, items=["a", "b", "c"])
    first, second, _ = db.session.scalars(sa.select(Case).where(Case.parent_id == parent.id).order_by(Case.id)).all()
    grandchild = children.open_child(first, latest("claim"), by=ann, submitted={"item": "a1"})
    db.session.flush()
    open_task(grandchild).due_at = utcnow() - timedelta(days=1)
    second.due_at = utcnow() - timedelta(hours=1)
    db.session.commit()

    with counted() as seen:
        found = family.tree(parent, actor=eve)

    assert len([text for text in seen if "RECURSIVE" in text]) == 1
    assert [(each.depth, each.title) for each in found] == [
        (1, "claim a"), (2, "claim a1"), (1, "claim b"), (1, "claim c"),
    ]  # fmt: skip
    assert (found[0].below.tasks, found[0].below.late_tasks, found[2].late) == (2, 1, True)
    assert family.totals(found) == family.Totals(cases=4, open=4, late=1, failed=0, tasks=4, late_tasks=1)
    assert [case.number for case in family.line(grandchild, actor=eve)] == [parent.number, first.number]


def test_the_tree_neither_names_nor_counts_what_its_reader_may_not_see(ann: Actor, person: Person) -> None:
    zoe = person("zoe", "outsiders")
    deploy(CLAIM, diagram("folder", "FOL", '<userTask id="Talk" case:candidateGroups="outsiders"/>', "Begin Talk End"))
    folder = opened("folder", ann)
    children.open_child(folder, latest("claim"), by=ann, submitted={"item": "secret"})
    db.session.commit()

    found = family.tree(folder, actor=zoe)

    assert found == [] and family.totals(found) == family.Totals()
    assert len(family.tree(folder, actor=ann)) == 1
