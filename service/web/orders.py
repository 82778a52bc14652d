"""An order to move cases, in the words of a page: what it was to do, how far it is, and what became of each case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import yaml

from service.execution.definitions import deployed
from service.languages import _, later
from service.models import Actor, MigratedCase, Migration, MigrationState, Outcome
from service.operations.migrations import STEPS
from service.policy.permissions import Action, may
from service.queries import migrations
from service.queries.actions import know_roles
from service.web import choosing, words
from service.web.words import Chip

STATES = {
    MigrationState.RUNNING: Chip(later("Running"), "info"),
    MigrationState.PAUSED: Chip(later("Paused"), "warn"),
    MigrationState.STOPPED: Chip(later("Stopped")),
    MigrationState.DONE: Chip(later("Done"), "good"),
}
OUTCOMES = {  #: in the order of the page
    Outcome.MOVED: Chip("moved", "good"),
    Outcome.UNTOUCHED: Chip("stayed", "warn"),
    Outcome.RETURNED: Chip(later("brought back"), "info"),
    Outcome.WAITING: Chip("waiting"),
}
SIGNS = {
    Outcome.MOVED: "check",
    Outcome.UNTOUCHED: "minus",
    Outcome.RETURNED: "undo",
    Outcome.WAITING: "clock",
}
UP_TO = {
    "exact": later("What is exact"),
    "safe": later("What is exact or safe"),
    "safe with this plan": later("What is exact, safe, or safe with the plan"),
    "needs a person": later("Also what needs a person: somebody has decided"),
}
SCALE = 1000  #: how long the bar is


@dataclass(frozen=True)
class Figure:
    """How many cases came to one outcome; `at` and `width` place it on the bar, which is SCALE long."""

    outcome: Outcome
    chip: Chip
    number: int
    at: float
    width: float


@dataclass(frozen=True)
class Order:
    """One order as lists and its page show it."""

    row: Migration
    title: str
    kind: str  #: what it is of: the name of the case type
    figures: Sequence[Figure]  #: of the outcomes that there are
    total: int
    done: int  #: those about which it is decided

    @property
    def name(self) -> str:
        """In a list of orders of all case types."""
        numbers = self.row.chosen.get("numbers") or ()
        what = ": ".join([self.kind, *numbers]) if len(numbers) == 1 else self.kind
        return f"{what}: {self.title[0].lower()}{self.title[1:]}"

    @property
    def state(self) -> Chip:
        return STATES[self.row.state]

    @property
    def is_return(self) -> bool:
        return self.row.returns_id is not None

    @property
    def is_by_hand(self) -> bool:
        return is_by_hand(self.row)

    @property
    def is_running(self) -> bool:
        return self.row.state is MigrationState.RUNNING

    @property
    def is_paused(self) -> bool:
        return self.row.state is MigrationState.PAUSED

    @property
    def is_of_one(self) -> bool:
        """Whether one case was moved by hand."""
        return self.row.up_to == "" and self.total == 1

    def number(self, outcome: str) -> int:
        """How many came to it; `all`: how many there are."""
        return self.total if outcome == "all" else next((f.number for f in self.figures if f.outcome == outcome), 0)


@dataclass(frozen=True)
class CaseOfOrder:
    """What became of one case, with no more of it than who looks may see."""

    row: MigratedCase
    chip: Chip
    sign: str
    message: str | None
    place: str  #: what the diagram calls the element at which it stayed
    is_readable: bool
    may_return: bool


def told(orders: Sequence[Migration]) -> list[Order]:
    """The orders with their counts."""
    counts = migrations.counts([each.id for each in orders])
    return [_told(each, counts[each.id]) for each in orders]


def _told(order: Migration, counts: Mapping[str, int]) -> Order:
    total = sum(counts.values())
    figures, at = [], 0.0
    for outcome in OUTCOMES:
        if number := counts[outcome]:
            width = SCALE * number / total
            figures.append(Figure(outcome, chip(order, outcome), number, at, width))
            at += width
    verb = _("Back from") if order.returns_id else _("From")
    title = _(
        "%(verb)s version %(version)s to version %(version2)s",
        verb=verb,
        version=order.source.version,
        version2=order.target.version,
    )
    if is_by_hand(order):
        title = _("Changed by hand in version %(version)s", version=order.source.version)
    return Order(order, title, order.source.name, figures, total, total - counts[Outcome.WAITING])


def chip(order: Migration, outcome: Outcome) -> Chip:
    """An outcome in words: what an order that brings back has moved is back."""
    if outcome is Outcome.MOVED and (order.returns_id is not None or is_by_hand(order)):
        return Chip("changed" if is_by_hand(order) else _("brought back"), "good")
    return OUTCOMES[outcome]


def is_by_hand(order: Migration) -> bool:
    """Whether its cases are changed where they stand, rather than moved."""
    return STEPS in order.plan


def cases(order: Migration, rows: Sequence[MigratedCase], actor: Actor) -> list[CaseOfOrder]:
    """What became of each case of an order."""
    know_roles(*(row.case for row in rows))
    kept = migrations.kept(rows)
    return [
        CaseOfOrder(
            row,
            chip(order, row.outcome),
            SIGNS[row.outcome],
            migrations.message(row, actor),
            element_name(order, row.element_id) if not row.case.restricted else "",
            may(actor, Action.READ_CASE, row.case),
            row.case_id in kept and may(actor, Action.MIGRATE, row.case),
        )
        for row in rows
    ]


def element_name(order: Migration, element_id: str | None) -> str:
    """What the version before, or else the one after, calls an element; empty for none."""
    if not element_id:
        return ""
    for version in (order.source_id, order.target_id):
        element = deployed(version).definition.elements.get(element_id)
        if element is not None:
            return element.name or element_id
    return element_id


def plan(order: Migration) -> str:
    """Its plan, or the steps that are taken by hand, as YAML; empty where everything keeps its id."""
    return str(yaml.safe_dump(order.plan, sort_keys=False, allow_unicode=True)) if order.plan else ""


def terms(order: Migration) -> list[tuple[str, str]]:
    """What it was to do, as pairs for a list of facts."""
    found = [(_("Which cases"), _which(order))]
    if order.up_to and order.returns_id is None:
        found.append((_("Changes") if is_by_hand(order) else _("Moves"), UP_TO.get(order.up_to, order.up_to)))
    if order.trial is not None:
        found.append((_("Tries first"), words.counted(order.trial, "case")))
    if order.most_untouched is not None:
        found.append(
            (
                _("Pauses"),
                _(
                    "as soon as more than %(most_untouched)s stayed",
                    most_untouched=words.counted(order.most_untouched, "case"),
                ),
            )
        )
    return found


def _which(order: Migration) -> str:
    if "migration" in order.chosen:
        return _("those that the order had moved")
    return ", ".join(choosing.in_words(order.chosen, order.source)) or _all(order)


def _all(order: Migration) -> str:
    return (
        _("Those that were judged so")
        if order.up_to in UP_TO and order.up_to != "needs a person"
        else _("All open ones")
    )
