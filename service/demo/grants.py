"""The demo's grants: one that is paid and closed, one in blind review, one being paid, one on hold, one refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.demo.tales import OPEN, Ago, Step, Tale
from service.models import Actor, Case
from service.operations import adhoc, lifecycle, roles
from service.queries import adhoc as startable

KNOWS = {"ann": "Thermodynamics", "ben": "Materials", "paul": "Public health", "omar": "Hospitals"}
PAYMENT = "grant-payment"
Form = Mapping[str, Any]


def tales(ago: Ago) -> list[Tale]:
    """All grants."""
    return [_closed(ago), _reviewed(ago), _paid(ago), _held(ago), _refused(ago)]


def _application(ago: Ago, organisation: str, project: str, amount: int, begins: int, **more: Any) -> dict[str, Any]:
    """What came in: a university's research project unless `more` says otherwise; it begins in `begins` days."""
    common = {"organisationKind": "university", "programme": "research", "months": 24, "beginsOn": ago.day(-begins)}
    who = {"contact": "The research office", "email": "grants@university.example"}
    return {**common, **who, "organisation": organisation, "project": project, "requestedAmount": amount, **more}


def _reviewers(*names: str) -> dict[str, Any]:
    return {"reviewers": [_reviewer(name) for name in names], "independent": True}


def _reviewer(name: str) -> dict[str, Any]:
    return {"user": name, "knows": KNOWS[name]}


def _review(merit: int, plan: int, value: int, comment: str) -> dict[str, Any]:
    return {"review": {"conflict": "no", "merit": merit, "plan": plan, "value": value, "comment": comment}}


def _reviews(ago: Ago, day: int, **reviews: Form) -> list[Step]:
    """Each reviewer's own task, an hour apart."""
    return [
        Step(ago.at(day, f"{9 + hour:02d}:20"), name, "Task_Review", form, {"reviewer": _reviewer(name)})
        for hour, (name, form) in enumerate(reviews.items())
    ]


def _released(ago: Ago, day: int, reference: str) -> list[Step]:
    """The newest payment is prepared, and released a day later."""
    return [
        _prepared(ago, day, reference),
        Step(ago.at(day - 1, "10:00"), "finn", "Task_Release", {"release": "released"}, child=PAYMENT),
    ]


def _prepared(ago: Ago, day: int, reference: str) -> Step:
    form = {"iban": "DE89370400440532013000", "paymentReference": reference, "accountChecked": True}
    return Step(ago.at(day, "11:00"), "carl", "Task_Prepare", form, child=PAYMENT)


def _progress(ago: Ago, day: int) -> Step:
    form = {
        "reportedOn": ago.day(day + 1),
        "progressAccepted": True,
        "progressNote": "On time; two people were hired later than planned, which the report explains.",
    }
    return Step(ago.at(day, "14:00"), "carl", "Task_Progress", form)


def _advice(amount: int, note: str) -> dict[str, Any]:
    return {"advice": "award", "advisedAmount": amount, "adviceNote": note}


def _award(amount: int) -> dict[str, Any]:
    return {"decision": "award", "grantedAmount": amount, "decisionNote": "As the panel advises."}


def _agreement(ago: Ago, number: str, day: int, first: int, second: int) -> dict[str, Any]:
    tranches = [
        {"amount": first, "purpose": "Laboratory and people", "after": "signature"},
        {"amount": second, "purpose": "Pilot", "after": "report"},
    ]
    return {"agreementNumber": number, "signedOn": ago.day(day), "tranches": tranches}


def _closed(ago: Ago) -> Tale:
    form = _application(ago, "University of Lakeside", "Salt that stores the summer's heat", 300000, -300)
    abstract = "Heat of the summer is kept in hydrated salts until winter, at a tenth of today's cost."
    steps = [
        Step(ago.at(400, "09:00"), "carl", OPEN, form | {"abstract": abstract}),
        Step(ago.at(395, "10:00"), "carl", "Task_Eligibility", {"eligibility": "eligible"}),
        Step(ago.at(392, "10:00"), "carl", "Task_Choose", _reviewers("ann", "ben")),
        *_reviews(
            ago,
            380,
            ann=_review(5, 4, 5, "New, and measured with care. The plan for the pilot is short."),
            ben=_review(4, 4, 5, "The salt is cheap and the tests are sound."),
        ),
        Step(ago.at(370, "15:00"), "carl", "Task_Panel", _advice(280000, "Best of its call.")),
        Step(ago.at(365, "09:30"), "mia", "Task_Decide", _award(280000)),
        Step(ago.at(350, "13:00"), "carl", "Task_Agree", _agreement(ago, "LKS-25-114", 351, 120000, 160000)),
        *_released(ago, 348, "LKS-25-114/1"),
        _progress(ago, 180),
        *_released(ago, 178, "LKS-25-114/2"),
        Step(
            ago.at(25, "16:00"),
            "carl",
            "Task_Final",
            {"used": "yes", "finalNote": "A store of 40 cubic metres heats the institute since October."},
        ),
    ]
    return Tale("federal-grant", tuple(steps))


def _reviewed(ago: Ago) -> Tale:
    """In blind review: only its reviewers, its officers and the directors see it."""

    def reviewer(case: Case, by: Actor) -> None:
        roles.bind(case, "reviewer", ["user:ann", "user:paul"], by=by)

    def restrict(case: Case, by: Actor) -> None:
        roles.restrict(case, True, by=by, reason="Blind review: who judges is known to the officers alone.")

    def ask(case: Case, by: Actor) -> None:
        [part] = startable.of_case(case, actor=by)
        adhoc.activate(case, part.activity_id, "Task_Ask", by=by, reason="Who cleans the filters in the schools?")

    form = _application(ago, "Lakeside Institute of Health", "Clean air in a hundred schools", 180000, 120)
    abstract = "Filters of the shelf, placed and serviced by the pupils, measured over two winters."
    steps = [
        Step(ago.at(30, "09:40"), "carl", OPEN, form | {"organisationKind": "institute", "abstract": abstract}),
        Step(ago.at(26, "10:00"), "carl", "Task_Eligibility", {"eligibility": "eligible"}),
        Step(ago.at(16, "09:00"), "carl", act=reviewer),
        Step(ago.at(16, "09:05"), "carl", act=restrict),
        Step(ago.at(16, "10:00"), "carl", "Task_Choose", _reviewers("ann", "paul")),
        *_reviews(ago, 6, ann=_review(4, 3, 5, "Simple and useful. Who services the filters in the holidays?")),
        Step(ago.at(5, "11:00"), "carl", act=ask),
    ]
    return Tale("federal-grant", tuple(steps))


def _paid(ago: Ago) -> Tale:
    """Between its first and its second tranche."""
    form = _application(ago, "Harbour Town", "A workshop where neighbours repair things", 90000, -60)
    more = {"organisationKind": "municipality", "programme": "community", "months": 12}
    abstract = "An old fire station becomes a workshop with tools for everybody, open three days a week."
    steps = [
        Step(ago.at(150, "09:00"), "carl", OPEN, form | more | {"abstract": abstract}),
        Step(ago.at(147, "10:00"), "carl", "Task_Eligibility", {"eligibility": "eligible"}),
        Step(ago.at(146, "10:00"), "carl", "Task_Choose", _reviewers("ben", "omar")),
        *_reviews(
            ago,
            135,
            ben=_review(3, 5, 5, "Nothing new, and just what the town needs."),
            omar=_review(4, 4, 5, "The volunteers are there already."),
        ),
        Step(ago.at(128, "15:00"), "carl", "Task_Panel", _advice(90000, "In full; a report after half a year.")),
        Step(ago.at(125, "09:30"), "mia", "Task_Decide", _award(90000)),
        Step(ago.at(115, "13:00"), "carl", "Task_Agree", _agreement(ago, "HBT-26-009", 116, 50000, 40000)),
        *_released(ago, 112, "HBT-26-009/1"),
        _progress(ago, 4),
        _prepared(ago, 2, "HBT-26-009/2"),
    ]
    return Tale("federal-grant", tuple(steps))


def _held(ago: Ago) -> Tale:
    """On hold: the applicant has to send a budget."""

    def hold(case: Case, by: Actor) -> None:
        lifecycle.suspend(case, by=by, reason="The applicant sends the budget after its board has met.")

    form = _application(ago, "Northern College", "Wind turbines that birds can see", 420000, 200, months=36)
    abstract = "Patterns on blades that birds avoid, tried on twelve turbines along the coast."
    missing = {"eligibility": "incomplete", "missing": "The budget, year by year, and who pays the rest."}
    steps = [
        Step(ago.at(9, "09:00"), "carl", OPEN, form | {"abstract": abstract}),
        Step(ago.at(7, "10:00"), "carl", "Task_Eligibility", missing),
        Step(ago.at(7, "11:00"), "carl", act=hold),
    ]
    return Tale("federal-grant", tuple(steps))


def _refused(ago: Ago) -> Tale:
    """Rejected by a director; the applicant may still appeal."""
    form = _application(ago, "Bright Batteries Ltd", "A battery plant for bicycles", 750000, 90, months=18)
    more = {"organisationKind": "company", "programme": "infrastructure"}
    abstract = "A line that makes forty thousand bicycle batteries a year from recycled cells."
    letter = "We cannot grant it: the plan names no customer, and two of three reviewers doubt the cost per cell."
    steps = [
        Step(ago.at(90, "09:00"), "carl", OPEN, form | more | {"abstract": abstract}),
        Step(ago.at(84, "10:00"), "carl", "Task_Eligibility", {"eligibility": "eligible"}),
        Step(ago.at(80, "10:00"), "carl", "Task_Choose", _reviewers("ann", "ben", "omar")),
        *_reviews(
            ago,
            66,
            ann=_review(2, 2, 3, "The cells are not what the price is about."),
            ben=_review(3, 1, 3, "Nobody is named who would buy them."),
            omar=_review(4, 3, 3, "Recycling works; the rest is hope."),
        ),
        Step(
            ago.at(40, "15:00"),
            "carl",
            "Task_Panel",
            {"advice": "reject", "adviceNote": "Come back with a customer."},
        ),
        Step(
            ago.at(20, "09:30"), "mia", "Task_Decide", {"decision": "reject", "decisionNote": "As the panel advises."}
        ),
        Step(ago.at(14, "13:00"), "carl", "Task_Refuse", {"refusalLetter": letter, "refusalSentOn": ago.day(14)}),
    ]
    return Tale("federal-grant", tuple(steps))
