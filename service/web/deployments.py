"""Deploying from the browser: files in, a new version or a list of what is wrong and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from service.db import db
from service.engine.definition import Problem, Severity
from service.errors import Forbidden, InvalidDeployment, InvalidForm
from service.http import rate_limits
from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _
from service.models import Migration, ProcessDefinition
from service.operations import bundles, candidates, choosing, deployments, plan_files, rollout
from service.operations.sources import KINDS
from service.policy.permissions import Action, may
from service.queries import deployments as deployment_lists
from service.queries import migrations as lists
from service.queries import preflight
from service.queries.choosing import found
from service.queries.preflight import Preflight
from service.web import orders
from service.web.preflights import sent_text
from service.web.rendering import names_of, page
from service.web.verdicts import VERDICTS

blueprint = Blueprint("deployments", __name__)
LISTED = 20
TERMS = ("effective", "share", "when")
SAID = ("reason", "commit", "running", *TERMS)
ACCEPTED = ",".join(sorted(KINDS))


@blueprint.get("/deployments")
@permission(Action.DEPLOY)
def index() -> Response:
    """The upload, and what was deployed before."""
    return _page()


@blueprint.post("/deployments")
@permission(Action.DEPLOY)
def deploy() -> ResponseReturnValue:
    """Deploy what was sent, all or nothing; `check` only looks at it."""
    rate_limits.spend("deployment", current_actor())
    files = {upload.filename: upload.read() for upload in request.files.getlist("files") if upload.filename}
    said = {name: request.form.get(name) for name in SAID}
    try:
        terms = choosing.read_terms(*(said[name] for name in TERMS))
    except InvalidForm as wrong:
        return _page(said=said, wrong={name: " ".join(told) for name, told in wrong.errors.items()}, status=422)
    if "check" in request.form:
        problems = deployments.check(files, terms)
        return _page(problems=problems, checked=sorted(files), said=said, meant=_meant(files, problems))
    try:
        done = deployments.deploy(files, by=current_actor(), reason=said["reason"], commit=said["commit"], terms=terms)
        moved = _moved(done, said["reason"] or "")
    except InvalidDeployment as refused:
        db.session.rollback()
        return _page(problems=refused.problems, said=said, status=422)
    except InvalidForm as wrong:
        db.session.rollback()
        return _page(said=said, wrong={name: " ".join(told) for name, told in wrong.errors.items()}, status=422)
    db.session.commit()
    return _page(done=done, problems=done.warnings, behind=_behind(done), moved=orders.told(moved))


def _moved(done: deployments.Deployed, reason: str) -> list[Migration]:
    """Order what was chosen for running cases. Raises `InvalidForm`, and `Forbidden` for who may not move any."""
    running, actor = request.form.get("running") or rollout.LEAVE, current_actor()
    if running == rollout.LEAVE or not done.added:
        return []
    if not reason.strip():
        raise InvalidForm({"reason": [_("Say why running cases move; the story of each case tells it.")]})
    db.session.flush()
    if running == rollout.SAFE:
        return rollout.move_safe(done.added, by=actor, reason=reason)
    text = sent_text("plan_file", "plan")
    return plan_files.order(text, done.added, by=actor, reason=reason, found=lambda chosen: found(chosen, by=actor))


def _meant(files: Mapping[str, bytes], problems: Sequence[Problem]) -> list[Preflight]:
    """What the versions that these files would make mean for running cases, for who may see it."""
    if any(each.severity is Severity.ERROR for each in problems) or not may(current_actor(), Action.PREFLIGHT):
        return []
    made = candidates.of(files, by=current_actor()).versions
    looked = [preflight.of(version, by=current_actor(), samples=0) for version in made]
    return [each for each in looked if each.versions]


def _behind(done: deployments.Deployed) -> list[tuple[ProcessDefinition, int]]:
    """The new versions of processes of which cases run on older ones, and how many; for who may see what it means."""
    if not may(current_actor(), Action.PREFLIGHT):
        return []
    added = [row for row in done.added if isinstance(row, ProcessDefinition)]
    numbers = lists.behind([row.key for row in added])
    return [(row, numbers[row.key]) for row in added if row.key in numbers]


@blueprint.post("/deployments/bundle")
@permission(Action.DEPLOY)
def bring_in() -> ResponseReturnValue:
    """Deploy a bundle of another installation; `unsigned` takes it also when no trusted key has signed it."""
    actor = current_actor()
    rate_limits.spend("deployment", actor)
    bundle = request.files.get("bundle")
    content, why = bundle.read() if bundle else b"", request.form.get("why")
    brought = {name: request.form.get(name) for name in ("why", "running", *TERMS)}
    try:
        terms = choosing.read_terms(*(brought[name] for name in TERMS))
        taken = bundles.bring_in(content, by=actor, unsigned="unsigned" in request.form, reason=why, terms=terms)
        done, moved = taken.deployed, _moved(taken.deployed, why or "")
    except InvalidDeployment as refused:
        db.session.rollback()
        return _page(problems=refused.problems, brought=brought, status=422)
    except InvalidForm as wrong:
        db.session.rollback()
        errors = {"why" if name == "reason" else name: " ".join(told) for name, told in wrong.errors.items()}
        return _page(brought=brought, wrong_there=errors, status=422)
    except Forbidden as refused:
        db.session.rollback()
        return _page(brought=brought, wrong_there={"bundle": str(refused)}, status=403)
    db.session.commit()
    return _page(done=done, problems=done.warnings, behind=_behind(done), moved=orders.told(moved))


def _page(*, status: int = 200, said: Mapping[str, str | None] | None = None, **values: Any) -> Response:
    earlier = deployment_lists.listed(limit=LISTED, cursor=request.args.get("after"))
    shown = {
        "said": said or {},
        "wrong": {},
        "may_move": may(current_actor(), Action.MIGRATE_CASES),
        "plan": request.form.get("plan", "") if "brought" not in values else "",
        "brought": {},
        "wrong_there": {},
        "plan_there": request.form.get("plan", "") if "brought" in values else "",
        "verdicts": VERDICTS,
        "may_take_unsigned": may(current_actor(), Action.IMPORT_UNSIGNED),
        "came_from": {row.id: bundles.told(row) for row in earlier.rows},
        "earlier": earlier.rows,
        "next": earlier.next,
        "made": deployment_lists.made([row.id for row in earlier.rows]),
        "names": names_of([row.created_by for row in earlier.rows]),
    }
    return page("deployments/page.html", accepted=ACCEPTED, status=status, **(shown | values))
