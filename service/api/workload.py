"""Who has how much of the work that you may give to others, over REST; and handing over all of it in one act."""

from __future__ import annotations

from flask import url_for

from service.api.batch_shapes import BatchShape, HandOverAll, LoadShape
from service.api.batches import SECONDS, id_of_request, shape_of
from service.api.representations import all_of, moment
from service.api.routes import Answer, Routes
from service.errors import WrongState
from service.http import batches as working
from service.http.auth import current_actor
from service.models import BatchAction
from service.operations import batches as operations
from service.policy.permissions import Action, require
from service.queries import users as user_lists
from service.queries import workload

routes = Routes("workload")


@routes.get("/workload", Action.OVERSEE, gives=list[LoadShape])
def list_workload() -> Answer:
    """Who has how much of the open work that you may give to others, most first, at most 500 people."""
    actor = current_actor()
    require(actor, Action.OVERSEE)

    def shape(load: workload.Load) -> LoadShape:
        return {
            "user": load.name,
            "tasks": load.tasks,
            "late": load.late,
            "due_first": moment(load.due_first),
            "capacity": load.capacity,
        }

    return Answer(all_of(workload.by_person(actor), shape))


@routes.post("/workload/{name}/hand-over", Action.OVERSEE, body=HandOverAll, gives=BatchShape, status=201)
def hand_over(name: str, body: HandOverAll) -> Answer:
    """Give all that somebody has, of what you may give to others, to somebody else or back to the team.

    At most 200 tasks are handed over at once, the oldest first; send it again for the rest.
    """
    actor = current_actor()
    require(actor, Action.OVERSEE)
    user = user_lists.user(name)
    batch_id = id_of_request(actor)
    begun = operations.begun(batch_id, by=actor)
    found = workload.of_person(
        actor, user.name, most=operations.MOST, case_type=body.case_type, offered_to=body.offered_to
    )
    if not found and not begun:
        raise WrongState(f"{user.name} has nothing of this kind that you may give to others.")
    wanted = operations.Wanted(BatchAction.ASSIGN, to=body.to)
    batch = operations.begin(batch_id, [task.id for task in found], wanted, by=actor)
    working.work(batch.id, by=actor, seconds=SECONDS)
    return Answer(shape_of(batch_id, actor), location=url_for("api.task-batches.get_batch", batch_id=batch_id))
