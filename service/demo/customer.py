"""The demo's customer file: one customer of ours with 40 claims, in every state that a claim can be in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from service.db import db
from service.demo.tales import OPEN, Act, Ago, Step, Tale, email_of
from service.models import Actor, Case, HumanTask, LinkKind
from service.operations import adhoc, cases, children, lifecycle, links, notes, roles, tasks
from service.queries import adhoc as startable
from service.queries import definitions

CUSTOMER = "Seeblick Hotels"
POLICY = "BI-330921"
Form = Mapping[str, Any]


@dataclass(frozen=True)
class Damage:
    """One damage, reported `day` days ago, and what became of its claim. `text` tells it apart."""

    day: int
    kind: str
    amount: int
    text: str
    fate: str


DAMAGES = (
    Damage(282, "storm", 5200, "Lindau: the storm took the roof of the boat house.", "paid"),
    Damage(282, "storm", 2400, "Lindau: a tree fell on the bicycle shed.", "paid"),
    Damage(282, "glass", 900, "Lindau: two windows of the lobby broke.", "paid"),
    Damage(282, "water", 3100, "Lindau: rain came into the rooms under the roof.", "paid"),
    Damage(282, "wear and tear", 700, "Lindau: the gutter had rusted through.", "refused"),
    Damage(282, "storm", 1200, "Lindau: the parasols of the terrace are gone.", "paid"),
    Damage(152, "water", 4800, "Bregenz: a pipe burst in the laundry.", "paid"),
    Damage(152, "water", 2600, "Bregenz: the ceiling below the laundry came down.", "paid"),
    Damage(152, "water", 950, "Bregenz: linen was spoilt.", "paid"),
    Damage(152, "water", 21000, "Bregenz: both lifts stood in the water.", "paid"),
    Damage(152, "water", 1400, "Bregenz: the carpets of the corridor.", "paid"),
    Damage(152, "water", 800, "Bregenz: the telephone system.", "paid"),
    Damage(152, "theft", 2200, "Bregenz: tools vanished during the repairs.", "asked"),
    Damage(152, "wear and tear", 600, "Bregenz: the pump was twenty years old.", "refused"),
    Damage(152, "water", 7400, "Bregenz: an expert still dries the cellar walls.", "waits"),
    Damage(61, "fire", 38000, "Konstanz: the sauna burnt out.", "accepted"),
    Damage(61, "fire", 2900, "Konstanz: soot in the corridor.", "paid"),
    Damage(61, "water", 3300, "Konstanz: what the fire brigade's water spoilt.", "hold"),
    Damage(61, "glass", 1100, "Konstanz: the windows of the sauna.", "paid"),
    Damage(61, "fire", 1900, "Konstanz: towels and furniture.", "paid"),
    Damage(61, "vandalism", 500, "Konstanz: somebody sprayed the fence.", "cancelled"),
    Damage(61, "fire", 16500, "Konstanz: two weeks without guests in the spa.", "waits"),
    Damage(61, "theft", 1300, "Konstanz: the till was emptied on the day of the fire.", "paid"),
    Damage(12, "storm", 6100, "Meersburg: hail on the conservatory.", "taken"),
    Damage(12, "glass", 1800, "Meersburg: eleven window panes.", "paid"),
    Damage(12, "storm", 2700, "Meersburg: dents in both minibuses' garage.", "waits"),
    Damage(12, "storm", 900, "Meersburg: the awning.", "paid"),
    Damage(12, "water", 1500, "Meersburg: rain came in where the glass broke.", "taken"),
    Damage(12, "storm", 27000, "Meersburg: solar panels on the annexe.", "accepted"),
    Damage(12, "vandalism", 400, "Meersburg: scratches in the car park.", "asked"),
    Damage(12, "wear and tear", 300, "Meersburg: the old canopy.", "waits"),
    Damage(12, "glass", 650, "Meersburg: the glass door of the pool.", "accepted"),
    Damage(1, "water", 1700, "Lindau: a dishwasher leaked overnight.", "waits"),
    Damage(1, "glass", 480, "Lindau: a chair went through a mirror.", "waits"),
)
CALLS = (
    Damage(9, "storm", 6000, "Meersburg: the hail of last week, said the manager on the telephone.", "waits"),
    Damage(8, "theft", 3400, "Bregenz: two electric bicycles of guests.", "asked"),
    Damage(6, "water", 2300, "Konstanz: the sprinkler of the kitchen went off.", "accepted"),
    Damage(4, "fire", 24000, "Lindau: a lithium battery burnt in the workshop.", "waits"),
    Damage(2, "glass", 260, "Bregenz: a lamp in the stairwell.", "waits"),
)  #: opened one by one under the file; a sixth is split off from the sprinkler's


def tales(ago: Ago) -> list[Tale]:
    """The file from its opening until now."""
    steps = [*_opening(ago), *_reviews(ago), *_reports(ago), *_calls(ago), *_trouble(ago)]
    for damage in (*DAMAGES, *CALLS):
        steps += FATES[damage.fate](ago, damage)
    return [Tale("customer-file", tuple(sorted(steps, key=lambda step: step.at)))]


def _opening(ago: Ago) -> Iterator[Step]:
    customer = {
        "customer": CUSTOMER,
        "customerNumber": "K204517",
        "segment": "business",
        "email": email_of(CUSTOMER),
        "phone": "+497543901820",
        "yearlyPremium": 18500,
        "policies": [{"policy": POLICY, "covers": "Four hotels on the lake"}],
    }
    yield Step(ago.at(300, "09:05"), "ann", OPEN, customer)
    welcome = {
        "contactBy": ["phone", "e-mail"],
        "email": email_of(CUSTOMER),
        "wishes": "One person to call, whatever it is.",
    }
    yield Step(ago.at(298, "10:30"), "ann", "Task_Welcome", welcome)
    yield Step(ago.at(297, "09:15"), "mia", act=lambda case, by: roles.bind(case, "adjuster", ["user:ben"], by=by))
    yield Step(ago.at(297, "09:16"), "mia", act=lambda case, by: roles.bind(case, "observer", ["user:carl"], by=by))


def _reviews(ago: Ago) -> Iterator[Step]:
    review = {
        "standing": "good",
        "yearlyPremium": 18500,
        "reviewNote": "The laundry gets a water sensor. Ben sees to it.",
    }
    yield Step(ago.at(110, "11:00"), "mia", "Task_Annual", review)
    hurry = {"delayCause": "expert", "delayNote": "The walls need three more months to dry.", "delayTold": True}
    yield Step(ago.at(119, "15:20"), "mia", "Task_Hurry", hurry, {"damage": _damage(ago, _told("still dries"))})
    rebuilt = {"delayCause": "customer", "delayNote": "Bills for the rebuilding come in October.", "delayTold": True}
    yield Step(ago.at(29, "10:10"), "mia", "Task_Hurry", rebuilt, {"damage": _damage(ago, _told("sauna burnt"))})
    by_bank = {"delayCause": "customer", "delayNote": "Two bank accounts; the hotel tells us which.", "delayTold": True}
    yield Step(ago.at(29, "10:40"), "mia", "Task_Hurry", by_bank, {"damage": _damage(ago, _told("fire brigade"))})


def _reports(ago: Ago) -> Iterator[Step]:
    for day in sorted({damage.day for damage in DAMAGES}, reverse=True):
        rows = [_damage(ago, damage) for damage in DAMAGES if damage.day == day]
        yield Step(ago.at(day, "09:30"), "ann", act=_activate("Task_Report"))
        yield Step(ago.at(day, "10:15"), "ann", "Task_Report", {"damages": rows})


def _calls(ago: Ago) -> Iterator[Step]:
    def opens(damage: Damage) -> Act:
        form = {**_damage(ago, damage), "claimant": f"{CUSTOMER}, {_place(damage)}"}

        def act(case: Case, by: Actor) -> object:
            definition = definitions.active("insurance-claim")
            return children.open_child(case, definition, by=by, submitted=form, blocking=damage.amount > 3000)

        return act

    for damage in CALLS:
        yield Step(ago.at(damage.day, "11:05"), "ann", act=opens(damage))


def _trouble(ago: Ago) -> Iterator[Step]:
    """What goes wrong: a claim that stops, one reported twice, one taken over without what it needs."""
    dropped = {"rescue": "dropped", "rescueNote": "The hotel paints the fence itself."}
    yield Step(ago.at(57, "14:00"), "mia", "Task_Rescue", dropped)
    yield Step(ago.at(3, "09:40"), "ann", act=_take_over_a_part)
    first, second = _told("conservatory"), _told("hail of last week")
    yield Step(ago.at(8, "09:00"), "ann", act=lambda case, by: _link(case, second, first, LinkKind.DUPLICATE, by))
    yield Step(ago.at(8, "09:30"), "mia", act=lambda case, by: _merge(case, second, first, by))
    burnt, windows = _told("sauna burnt"), _told("windows of the sauna")
    yield Step(ago.at(60, "09:00"), "ben", act=lambda case, by: _link(case, windows, burnt, LinkKind.RELATED, by))
    text = "Hail on four roofs in one night. @ben please see all of Meersburg in **one** visit."
    yield Step(ago.at(11, "08:30"), "mia", act=lambda case, by: notes.write(case, text, by=by))
    yield Step(ago.at(2, "16:00"), "ann", act=_activate("Task_Talk"))


def _take_over_a_part(case: Case, by: Actor) -> None:
    """The tenant's share came from another system, without its amount, which no form asked for: it cannot go on."""
    whole = _claim(case, _told("sprinkler"))
    known = {name: whole.variables[name] for name in ("claimant", "damageKind")}
    part = cases.begin(whole.definition, {**known, "initiator": by.name}, by=by, owner_id=by.id)
    db.session.flush()
    links.link(part, whole, LinkKind.RELATED, by=by)
    children.adopt(part, parent=case, by=by, blocking=True)


def _link(case: Case, source: Damage, target: Damage, kind: LinkKind, by: Actor) -> object:
    return links.link(_claim(case, source), _claim(case, target), kind, by=by)


def _merge(case: Case, source: Damage, target: Damage, by: Actor) -> None:
    links.merge(_claim(case, source), _claim(case, target), by=by, reason="The same hail, told twice.")


# --- what becomes of a claim


def _accepted(ago: Ago, damage: Damage, days: int = 5) -> Step:
    form = {
        "finding": "accept",
        "acceptedItems": [{"item": "As seen on site", "accepted": _worth(damage)}],
        "assessorNote": "Seen on site; prices as offered by the craftsmen.",
    }
    return _done(ago.at(damage.day - days, "14:10"), "ben", damage, "Task_Assess", form)


def _approved(ago: Ago, damage: Damage) -> Step:
    return _done(ago.at(damage.day - 7, "09:20"), "mia", damage, "Task_Approve", {"approval": "approved"})


def _paid(ago: Ago, damage: Damage) -> Step:
    on = ago.day(damage.day - 8)
    form = {"iban": "DE89370400440532013000", "paymentReference": f"CLM-{damage.day}-{damage.amount}", "paidOn": on}
    return _done(ago.at(damage.day - 8, "10:40"), "ann", damage, "Task_Pay", form)


def _refused(ago: Ago, damage: Damage) -> Step:
    letter = "What wears out over the years is not insured. You may object within a month."
    form = {"refusalLetter": letter, "refusalSentBy": "post", "refusalSentOn": ago.day(damage.day - 2)}
    return _done(ago.at(damage.day - 2, "13:00"), "ann", damage, "Task_Refuse", form)


def _taken(ago: Ago, damage: Damage) -> Step:
    return _done(ago.at(damage.day - 3, "08:45"), "ben", damage, "Task_Assess", None)


def _held(ago: Ago, damage: Damage) -> Step:
    reason = "The hotel has to say into which account we pay."
    return Step(
        ago.at(44, "11:30"), "mia", act=lambda case, by: lifecycle.suspend(_claim(case, damage), by=by, reason=reason)
    )


def _cancelled(ago: Ago, damage: Damage) -> Step:
    reason = "Below the excess; the hotel takes it back."
    return Step(
        ago.at(58, "10:00"), "mia", act=lambda case, by: cases.cancel(_claim(case, damage), by=by, reason=reason)
    )


def _to_payment(ago: Ago, damage: Damage) -> Sequence[Step]:
    excess, limit = {"glass": (0, 1000), "theft": (250, 2500), "vandalism": (250, 2500)}.get(damage.kind, (150, 5000))
    above = _worth(damage) - excess > limit
    return [_accepted(ago, damage), *([_approved(ago, damage)] if above else []), _paid(ago, damage)]


def _worth(damage: Damage) -> int:
    return round(damage.amount * 0.9)


def _as_it_is(_ago: Ago, _damage: Damage) -> Sequence[Step]:
    return []


FATES: Mapping[str, Callable[[Ago, Damage], Sequence[Step]]] = {
    "paid": _to_payment,
    "refused": lambda ago, damage: [_refused(ago, damage)],
    "accepted": lambda ago, damage: [_accepted(ago, damage)],
    "hold": lambda ago, damage: [_accepted(ago, damage), _held(ago, damage)],
    "taken": lambda ago, damage: [_taken(ago, damage)],
    "cancelled": lambda ago, damage: [_cancelled(ago, damage)],
    "waits": _as_it_is,
    "asked": _as_it_is,  # for the police's report
}


def _done(at: datetime, person: str, damage: Damage, element: str, form: Form | None) -> Step:
    def act(case: Case, by: Actor) -> None:
        claim = _claim(case, damage)
        wanted = sa.select(HumanTask).where(
            HumanTask.case_id == claim.id, HumanTask.element_id == element, HumanTask.closed_at.is_(None)
        )
        task = db.session.scalars(wanted).one()
        tasks.claim(task, by=by)
        if form is not None:
            tasks.complete(task, by=by, submitted=form)

    return Step(at, person, act=act)


def _activate(element: str) -> Act:
    def act(case: Case, by: Actor) -> object:
        [part] = startable.of_case(case, actor=by)
        return adhoc.activate(case, part.activity_id, element, by=by)

    return act


def _told(words: str) -> Damage:
    [found] = [damage for damage in (*DAMAGES, *CALLS) if words in damage.text]
    return found


def _damage(ago: Ago, damage: Damage) -> dict[str, Any]:
    """The damage as the form has it."""
    return {
        "place": _place(damage),
        "damageKind": damage.kind,
        "estimatedAmount": damage.amount,
        "policyNumber": POLICY,
        "policyStatus": "active",
        "dateOfLoss": ago.day(damage.day + 2),
        "reportedOn": ago.day(damage.day),
        "policeReport": damage.fate != "asked",
        "description": _what(damage),
    }


def _place(damage: Damage) -> str:
    """Which of the hotels."""
    return damage.text.partition(": ")[0]


def _what(damage: Damage) -> str:
    """What happened there."""
    what = damage.text.partition(": ")[2]
    return what[0].upper() + what[1:]


def _claim(file: Case, damage: Damage) -> Case:
    """The claim of that damage, under the file."""
    below = db.session.scalars(sa.select(Case).where(Case.parent_id == file.id))
    [found] = [claim for claim in below if (claim.variables or {}).get("description") == _what(damage)]
    return found
