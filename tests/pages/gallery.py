"""Every part of the pages on one page, with sample content: `python -m tests.pages.gallery`, then open /.

What is shown are the real macros, scripts and styles, around a case type that we ship; nothing is stored.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, Response, render_template, render_template_string, request, send_file

from service.languages import pages
from service.web import about, assets, pieces, rendering, sign_in, static, words
from service.web.decision_tables import Column, Rule, Table
from service.web.facts import Fact
from service.web.progress import StageStep, Step
from service.web.story import Change, Decided, Entry

ROOT = Path(__file__).resolve().parent.parent.parent
PROCESS = ROOT / "processes" / "insurance-claim"
NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
POLICY = {"Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
    "font-src": "'self'", "connect-src": "'self'", "form-action": "'self'", "base-uri": "'none'",
}.items())}  # fmt: skip


def create_gallery() -> Flask:
    """The application that shows the parts; no database, nobody to sign in."""
    app = Flask("service", root_path=str(ROOT / "service"), static_folder=None)
    app.config.update(
        SECRET_KEY="only for the gallery", CASEWRIGHT=SimpleNamespace(time_zone=ZoneInfo("Europe/Berlin"))
    )
    pages.init_app(app)
    rendering.init_app(app)
    pieces.init_app(app)
    assets.init_app(app)
    for blueprint in (static.blueprint, about.blueprint, sign_in.blueprint):
        app.register_blueprint(blueprint)
    app.url_build_error_handlers.append(lambda error, endpoint, values: "#")  # the service's other pages are not here
    app.jinja_env.globals.update(csrf_token=lambda: "sample")
    ann = SimpleNamespace(name="ann", display_name="Ann Archer")
    app.context_processor(lambda: {"current_user": ann, "nav": NAV, "help_address": "#"})
    app.view_functions["about.home"] = lambda: render_template("design.html", sample=sample())
    app.add_url_rule("/design/sample.bpmn", "bpmn", lambda: send_file(PROCESS / "insurance-claim.bpmn", "text/xml"))
    app.add_url_rule("/design/bare", "bare", lambda: render_template_string(BARE))
    app.add_url_rule("/design/part", "part", lambda: render_template_string(PART, sample=sample()))
    app.add_url_rule("/design/sent", "sent", sent, methods=["POST"])
    app.after_request(_protected)
    return app


def sent() -> Any:
    """Answers as the service does: errors at the fields, a problem, or where to go on."""
    note = request.get_json()["data"].get("assessorNote", "")
    if "conflict" in note:
        return {"title": "Conflict", "detail": "Ben Baker has completed this task meanwhile."}, 409
    if "short" in note:
        return {"errors": {"Field_AssessorNote": ["Say it in a sentence that the claimant understands."]}}, 422
    return {"location": "/about/licences"}


def _protected(response: Response) -> Response:
    response.headers.update(POLICY)
    return response


NAV = [
    {"label": "My tasks", "href": "#", "symbol": "inbox", "count": 12, "current": True, "key": "g t"},
    {"label": "Team queue", "href": "#", "symbol": "users", "count": 48, "key": "g q"},
    {"label": "Cases", "href": "#", "symbol": "folder", "count": 301, "key": "g c"},
    {"label": "Case types", "href": "#", "symbol": "flow", "group": "Design"},
    {"label": "Deployments", "href": "#", "symbol": "archive", "group": "Design"},
    {"label": "Incidents", "href": "#", "symbol": "alert", "count": 3, "tone": "bad", "group": "Operate"},
]


def _due(hours: float) -> tuple[datetime, words.Chip | None]:
    at = NOW + timedelta(hours=hours)
    return at, words.due(at, now=NOW, zone=UTC)


def _task(name: str, number: str, about: str, hours: float, amount: str = "", who: str = "") -> SimpleNamespace:
    at, chip = _due(hours)
    return SimpleNamespace(name=name, number=number, about=about, at=at, chip=chip, amount=amount, who=who)


def sample() -> SimpleNamespace:
    """What the template shows."""
    form = json.loads((ROOT / "forms" / "claim-assessment.form").read_text())
    return SimpleNamespace(
        at=NOW - timedelta(days=3),
        tasks=[
            _task("Assess the damage", "CLM-2026-00042", "Ada Lovelace · Water damage", -2, "€1,200", "Grace Hopper"),
            _task("Call the customer", "CLM-2026-00039", "Grace Hopper · Fire in the kitchen", 3, "€48,000"),
            _task("Ask an expert", "CLM-2026-00031", "Alan Turing · A bicycle was taken from the cellar", 30),
            _task("Approve the payment", "CLM-2026-00027", "Katherine Johnson · Water", 80, "€920", "Alan Turing"),
        ],
        stages=[StageStep(n, s) for n, s in zip(STAGES, ("done", "now", "later", "later", "later"), strict=True)],
        failed=[StageStep(n, s) for n, s in zip(STAGES, ("done", "done", "skipped", "failed", "later"), strict=True)],
        variables=VARIABLES,
        entries={"light": _entries(0), "dark": _entries(100)},
        form=form,
        decision=DECISION,
        values=VALUES,
        diagram=DIAGRAM,
        steps=[
            Step("a", "Register the claim", "Task", "done", 1),
            Step("b", "Check coverage", "Decision", "done", 1),
            Step("c", "Assess the damage", "Task", "active", 0),
            Step("d", "Book the payment", "Service", "failed", 1),
            Step("e", "Claim settled", "End", "waiting", 0),
        ],
    )


DECISION = Table(
    "coverage", "Coverage", "Whether a policy covers a loss, with which excess, and how much one person may grant.",
    inputs=(Column("Policy", "policyStatus"), Column("Kind of damage", "damageKind")),
    outputs=(Column("Result", "result"), Column("Excess", "excess")),
    rules=(Rule(1, ('"lapsed"', ""), ('"not covered"', "0"), "No policy was in force"),
           Rule(2, ("", '"water","storm"'), ('"covered"', "150")), Rule(3, ("", ""), ('"covered"', "300"))),
    hit_policy="FIRST",
)  # fmt: skip
VALUES = {
    "claimant": "Ada Lovelace", "policyNumber": "POL-77120", "damageKind": "water", "dateOfLoss": "2026-11-15",
    "reportedOn": "2026-11-18", "estimatedAmount": 1200, "description": "The hose of the washing machine burst.",
    "cover": {"reason": "Water damage is covered.", "excess": 150, "approvalLimit": 1000}, "finding": "accept",
    "damagedItems": [{"item": "Floor", "claimed": 800}, {"item": "Carpet", "claimed": 400}],
}  # fmt: skip
BARE = """{% extends 'layout.html' %}{% block content %}
<button class="button" hx-get="/design/part" hx-target="#here">Show</button><div id="here"></div>
{% endblock %}"""
PART = """{% from 'macros/islands.html' import form_host, diagram_host %}
{% call form_host('/design/sent', sample.form, sample.values) %}{% endcall %}
{{ diagram_host('/design/sample.bpmn', sample.diagram) }}"""
STAGES = ("Intake", "Assessment", "Approval", "Payment", "Settled")
VARIABLES = [
    Fact("customer", "Customer", "Ada Lovelace"),
    Fact("estimate", "Amount", "€1,200"),
    Fact("kind", "Kind of damage", "Water"),
    Fact(
        "story",
        "What happened",
        "The hose of the washing machine burst while nobody was at home; the flat below is wet too.",
    ),
    Fact("items", "Damaged things", columns=("Thing", "Worth"), rows=(("Floor", "800"), ("Carpet", "400"))),
]


def _entries(base: int) -> list[Entry]:
    changes = [Change("Amount", "€1,000", "€1,200"), Change("Expert needed", None, "No")]
    decided = Decided((("Kind of damage", "water"),), (("Result", "covered"),), "row 3")
    return [
        Entry(base + 6, NOW - timedelta(hours=2), "Ann Archer", "corrected the data", changes=changes),
        Entry(base + 5, NOW - timedelta(hours=20), "", "Escalated:", "Assess the damage", "is late", tone="warn"),
        Entry(
            base + 4, NOW - timedelta(days=1), "Ben Baker", "noted", quote="The neighbour has photos. I asked for them."
        ),
        Entry(base + 3, NOW - timedelta(days=2), "", "Decided:", "Coverage", tone="good", decided=decided),
        Entry(base + 2, NOW - timedelta(days=2), "", "The payment system did not answer", tone="bad"),
        Entry(base + 1, NOW - timedelta(days=3), "Ann Archer", "opened the case"),
    ]


DIAGRAM = {
    "activities": {
        "Event_Reported": {"state": "done", "count": 1},
        "Task_Register": {"state": "done", "count": 1},
        "Task_CheckCover": {"state": "done", "count": 2},
        "Task_Ask": {"state": "done", "count": 1},
        "Task_Assess": {"state": "active", "count": 1},
        "Task_Pay": {"state": "failed", "count": 1},
        "Task_Refuse": {"state": "cancelled", "count": 1},
        "Task_Approve": {"state": "enabled", "count": 1},
    },
    "flows": ["Flow_Reported_Register", "Flow_Register_CheckCover", "Flow_CheckCover_Covered", "Flow_Covered_Assess"],
    "links": {"Task_Register": "#entry-1"},
}


if __name__ == "__main__":
    create_gallery().run(port=8077, debug=True)
