"""REST under /api/v1: one module per noun. A route finds, calls, answers; `routes.py` checks, commits, replays."""

from __future__ import annotations

from flask import Blueprint, Flask

from service.api import (
    absences,
    adhoc,
    answer_links,
    batches,
    calendars,
    cases,
    children,
    definitions,
    deployments,
    documents,
    drafts,
    health,
    incidents,
    levels,
    lifecycle,
    links,
    lost_cases,
    me,
    messages,
    migrations,
    modifications,
    notes,
    openapi,
    pending_calls,
    preflight,
    reminders,
    requests,
    roles,
    tasks,
    users,
    versions,
    views,
    workload,
)

#: in the order of the OpenAPI document
NOUNS = (cases, adhoc, children, lifecycle, roles, lost_cases, links, notes, documents, tasks, answer_links, drafts,
         batches, workload, absences, reminders, views, definitions, deployments, versions, preflight, migrations,
         modifications, messages, incidents, pending_calls, users, calendars, levels, me)  # fmt: skip


def init_app(app: Flask) -> None:
    """Hang the API into `app`."""
    app.request_class = requests.Request
    api = Blueprint("api", __name__)
    for noun in NOUNS:
        api.register_blueprint(noun.routes.blueprint)
    openapi.init(operation for noun in NOUNS for operation in noun.routes.operations)
    api.register_blueprint(openapi.blueprint)
    app.register_blueprint(api, url_prefix=openapi.PREFIX)
    app.register_blueprint(health.blueprint)
