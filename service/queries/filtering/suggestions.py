"""What a filter may be completed with that only the database knows: people, groups, numbers and facts.

Of cases nobody is told what they may not read, and each question looks at a bounded number of rows.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from service.db import db
from service.execution.search import folded
from service.filters import Completion, Kind
from service.filters.completing import MOST, Offer
from service.models import Actor, Case, CaseVariable, Group, User
from service.queries.filtering.conditions import LAST
from service.queries.visibility import of_a_case, readable

LOOKED_AT = 300  #: rows in the order of an index, among which those that are readable are offered


def offers(asked: Completion, actor: Actor) -> list[Offer]:
    """What fits what is typed, the fixed words first."""
    found = [*asked.offers, *_from_rows(asked, actor)]
    return list({offer.text: offer for offer in found}.values())[:MOST]


def _from_rows(asked: Completion, actor: Actor) -> Iterator[Offer]:
    field = asked.field
    if field is None:
        return
    kinds = field.kinds or (field.kind,)
    if Kind.PERSON in kinds or Kind.PRINCIPAL in kinds:
        yield from _people(asked.typed)
    if Kind.GROUP in kinds or Kind.PRINCIPAL in kinds:
        yield from _groups(asked.typed)
    if Kind.CASE in kinds and len(asked.typed) > 2:
        yield from _numbers(asked.typed, actor)
    if field.fact and Kind.TEXT in kinds:
        yield from _facts(field.name, asked.typed, actor)


def _people(typed: str) -> Iterator[Offer]:
    called = User.display_name.icontains(typed, autoescape=True)
    chosen = sa.select(User.name, User.display_name).where(User.active, ~User.is_machine)
    begins = sa.or_(User.name.istartswith(typed, autoescape=True), called)
    for name, display_name in db.session.execute(chosen.where(begins).order_by(User.name).limit(MOST)):
        yield Offer(name, display_name)


def _groups(typed: str) -> Iterator[Offer]:
    chosen = sa.select(Group.name, Group.title).where(Group.name.istartswith(typed, autoescape=True))
    for name, title in db.session.execute(chosen.order_by(Group.name).limit(MOST)):
        yield Offer(name, title if title != name else "group")


def _numbers(typed: str, actor: Actor) -> Iterator[Offer]:
    begun = sa.select(Case.id).where(Case.number.between(typed.upper(), typed.upper() + "~"))
    some = begun.order_by(Case.number).limit(LOOKED_AT).subquery()
    chosen = sa.select(Case.number, Case.title).where(Case.id.in_(sa.select(some.c.id)), readable(actor))
    for number, title in db.session.execute(chosen.order_by(Case.number).limit(MOST)):
        yield Offer(number, title)


def _facts(name: str, typed: str, actor: Actor) -> Iterator[Offer]:
    begin = folded(typed)
    rows = sa.select(CaseVariable.case_id, CaseVariable.text, CaseVariable.shown).where(
        CaseVariable.name == name, CaseVariable.text >= begin, CaseVariable.text < begin + LAST
    )
    some = rows.order_by(CaseVariable.text).limit(LOOKED_AT).subquery()
    chosen = sa.select(sa.func.min(some.c.shown), sa.func.count()).where(of_a_case(some.c.case_id, readable(actor)))
    for shown, cases in db.session.execute(chosen.group_by(some.c.text).order_by(some.c.text).limit(MOST)):
        plain = not any(sign in shown for sign in ' (),"<>=:') and ".." not in shown
        text = shown if plain else '"{}"'.format(shown.replace('"', " "))
        yield Offer(text, f"{cases} case" + "s" * (cases != 1))
