"""Deployment over REST: BPMN, DMN and forms together, as multipart files, all or nothing."""

from __future__ import annotations

import json
import re
from uuid import UUID

from flask import request, url_for
from werkzeug.exceptions import UnsupportedMediaType

from service.api import deployed_shapes, migrations, schemas
from service.api.representations import added_shape, deployment_shape, listed, problem_shapes
from service.api.routes import Answer, Routes
from service.db import db
from service.errors import BadRequest, InvalidForm
from service.http.auth import current_actor
from service.models import Deployment, Migration
from service.operations import bundles, choosing, deployments, rollout
from service.operations.deployments import Definition
from service.policy.permissions import Action
from service.queries import deployments as deployment_lists

routes = Routes("deployments")
MOST_FILES = 500
TERMS = ("effective", "share", "when")
NAME = re.compile(r'[^.<>:"|?*/\\][^<>:"|?*/\\]{0,254}')


@routes.post(
    "/deployments",
    Action.DEPLOY,
    takes_files=True,
    also_takes=("reason", "commit", "running", *TERMS),
    gives=deployed_shapes.DeployedShape,
    status=201,
    also=(200,),
    limit="deployment",
)
def deploy() -> Answer:
    """Add files. 201: something is new. 200: everything was there already. 422: every problem, and nothing deployed.

    `reason` says why, `commit` from which state of the sources. With `effective`, `share` or `when`, versions that come
    after others take only the new cases that these name, as of `stage`. `running` says what becomes of running cases:
    `leave` (or nothing) leaves them, `safe` has those moved that are exact or safe, and plans have those moved that
    they name: one or a list of them, as JSON in the shape of `POST /migrations` without `reason`, and without `to` if
    you like.
    """
    files = files_sent()
    said = request.form
    why, commit, terms = said.get("reason"), said.get("commit"), _terms()
    return _made(deployments.deploy(files, by=current_actor(), reason=why, commit=commit, terms=terms))


@routes.post(
    "/deployments/import",
    Action.DEPLOY,
    takes_files=True,
    also_takes=("unsigned", "reason", "running", *TERMS),
    gives=deployed_shapes.DeployedShape,
    status=201,
    also=(200,),
    limit="deployment",
)
def import_bundle() -> Answer:
    """Deploy one bundle that another installation exported. 403: it is not signed with a key that is trusted here.

    `unsigned` with the value `yes` takes it nevertheless, from administrators alone.
    """
    files = files_sent()
    if len(files) > 1:
        raise InvalidForm({"files": ["Send one bundle."]})
    [content], said, terms = files.values(), request.form, _terms()
    unsigned = said.get("unsigned") == "yes"
    done = bundles.bring_in(content, by=current_actor(), unsigned=unsigned, reason=said.get("reason"), terms=terms)
    return _made(done.deployed)


def _made(done: deployments.Deployed) -> Answer:
    db.session.flush()
    said = request.form
    moved = _moved(done.added, said.get("running") or rollout.LEAVE, said.get("reason") or "")
    new = done.deployment
    body = {
        "deployment_id": str(new.id) if new else None,
        "added": [added_shape(definition) for definition in done.added],
        "unchanged": done.unchanged,
        "warnings": problem_shapes(done.warnings),
        "migrations": [migrations.represent(each) for each in moved],
    }
    location = url_for("api.deployments.get_deployment", deployment_id=new.id) if new else None
    return Answer(body, status=201 if new else 200, location=location)


@routes.post(
    "/deployments/check",
    Action.DEPLOY,
    takes_files=True,
    also_takes=TERMS,
    gives=deployed_shapes.CheckedShape,
    limit="deployment",
)
def check() -> Answer:
    """Say everything that is wrong with the files, without deploying them."""
    return Answer({"problems": problem_shapes(deployments.check(files_sent(), _terms()))})


@routes.get("/deployments", Action.DEPLOY, query=schemas.Paged, gives=list[deployed_shapes.DeploymentShape])
def list_deployments(query: schemas.Paged) -> Answer:
    """What was deployed when, by whom, why and from which commit, the newest first."""
    return Answer(listed(deployment_lists.listed(limit=query.limit, cursor=query.cursor), deployment_shape))


@routes.get("/deployments/{deployment_id}", Action.DEPLOY, gives=deployed_shapes.DeploymentShape)
def get_deployment(deployment_id: UUID) -> Answer:
    """One deployment."""
    found: Deployment = deployment_lists.get(deployment_id)
    return Answer(deployment_shape(found))


def _terms() -> choosing.Terms | None:
    """Which new cases the versions take, as the texts beside the files say."""
    return choosing.read_terms(*(request.form.get(name) for name in TERMS))


def _moved(added: list[Definition], running: str, reason: str) -> list[Migration]:
    """Order what becomes of running cases. Raises `InvalidForm` and `Forbidden`."""
    if running == rollout.LEAVE or not added:
        return []
    if not reason.strip():
        raise InvalidForm({"reason": ["Say why running cases move; the story of each case tells it."]})
    if running == rollout.SAFE:
        return rollout.move_safe(added, by=current_actor(), reason=reason)
    try:
        said = json.loads(running)
    except (ValueError, RecursionError):
        said = None
    plans = said if isinstance(said, list) else [said]
    if not all(isinstance(each, dict) for each in plans):
        raise InvalidForm({"running": ["Say leave, safe, or give plans as JSON objects."]})
    return migrations.ordered_with(plans, added, by=current_actor(), reason=reason)


def files_sent() -> dict[str, bytes]:
    """File name -> content of every file part, whatever the part is called."""
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType("Send the files as multipart/form-data.")
    request.get_data(cache=True)  # an Idempotency-Key covers the whole body
    request.max_form_parts = MOST_FILES
    found: dict[str, bytes] = {}
    for _, part in request.files.items(multi=True):
        name = (part.filename or "").replace("\\", "/").rsplit("/", 1)[-1]
        if not name.isprintable() or not NAME.fullmatch(name):
            raise BadRequest("Each file needs a plain name of up to 255 printable characters.")
        if name in found:
            raise BadRequest(f"Two files are called “{name}”.")
        found[name] = part.read()
    if not found:
        raise InvalidForm({"files": ["Send at least one file."]})
    return found
