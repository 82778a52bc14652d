"""HTML pages: one module per page family. Views translate; what changes a case stands in operations/."""

from __future__ import annotations

from flask import Flask

from service.http import problems
from service.web import (
    about,
    absences,
    accounts,
    adhoc,
    agenda,
    answering,
    arranging,
    assets,
    batches,
    board,
    calendars,
    case_types,
    cases,
    casework,
    changing,
    choices,
    deployments,
    designs,
    documents,
    family,
    feeds,
    filters,
    follow_ups,
    help,
    history,
    incidents,
    installation,
    jumping,
    levels,
    links,
    live,
    lost,
    migrations,
    moving,
    navigation,
    news,
    notes,
    pending_calls,
    pieces,
    preflights,
    printing,
    problem_pages,
    profile,
    provider,
    rehearsals,
    rendering,
    roles,
    second_factor,
    sign_in,
    standing,
    static,
    tasks,
    tokens,
    versions,
    views,
    workload,
)

FAMILIES = (about, absences, accounts, adhoc, agenda, answering, arranging, batches, board, calendars, case_types,
            cases, casework, changing, choices, deployments, designs, documents, family, feeds, filters, follow_ups,
            help, history, incidents, installation, jumping, levels, links, live, lost, migrations, moving, news,
            notes, pending_calls, preflights, printing, profile, provider, rehearsals, roles, second_factor, sign_in,
            standing, static, tasks, tokens, versions, views, workload)  # fmt: skip


def init_app(app: Flask) -> None:
    """Hang the pages into `app`."""
    secure = app.config["CASEWRIGHT"].secure_cookies
    app.config.update(  # this cookie holds only the short messages of the next page
        SESSION_COOKIE_NAME="__Host-notices" if secure else "notices",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    rendering.init_app(app)
    pieces.init_app(app)
    assets.init_app(app)
    navigation.init_app(app)
    help.init_app(app)
    for each in FAMILIES:
        app.register_blueprint(each.blueprint)
    problems.show_pages_with(app, problem_pages.problem_page)
