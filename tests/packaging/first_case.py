"""A whole small life of the service in one process: tables, case types, people, a case, its first task.

test_pythons.py runs it under each Python of the machine, with every warning an error; it prints the tasks at last.
"""

from __future__ import annotations

from service import create_app
from service.db import db
from service.demo.shipped import shipped
from service.maintenance import schema
from service.models import SYSTEM, HumanTask, ProcessDefinition
from service.operations import cases, deployments, tasks, users
from service.operations.sources import collect
from service.queries import definitions

CLAIM = {
    "claimant": "Ada Lovelace",
    "policyNumber": "HH-204817",
    "policyStatus": "active",
    "damageKind": "water",
    "estimatedAmount": 800,
    "dateOfLoss": "2026-11-20",
    "reportedOn": "2026-11-21",
    "description": "The washing machine leaked.",
}
FINDING = {
    "finding": "accept",
    "acceptedItems": [{"item": "Carpet", "accepted": 350}],
    "assessorNote": "At its current value.",
}


def main() -> None:
    """Live it."""
    app = create_app()
    with app.app_context():
        schema.upgrade(app)
        deployments.deploy(collect(shipped()), by=SYSTEM)
        for name, group in (("ann", "claims-intake"), ("ben", "claims-assessors")):
            users.create(name, name.title(), password="only for this test", groups=[group], by=SYSTEM)
        db.session.commit()
        ann, ben = (users.actor_of(user.id) for user in db.session.query(users.User).order_by("name"))
        case = cases.start(definitions.latest(ProcessDefinition, "insurance-claim"), by=ann, submitted=CLAIM)
        db.session.commit()
        [assess] = db.session.query(HumanTask).filter_by(case_id=case.id)
        tasks.claim(assess, by=ben)
        tasks.complete(assess, by=ben, submitted=FINDING)
        db.session.commit()
        print(*(f"{task.element_id} {task.state}" for task in db.session.query(HumanTask).order_by("created_at")))
        db.session.remove()
        db.engine.dispose()
    assert app.test_client().get("/sign-in").status_code == 200


if __name__ == "__main__":
    main()
