"""Saved views: one's own or for groups, filled anew for whoever looks, counted up to a bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db, limits
from service.errors import BadFilter, BadRequest, Forbidden, NotFound
from service.models import SYSTEM, Actor, Case, HumanTask, SavedView, User, ViewOf
from service.operations import cases, deployments, tasks
from service.operations import views as operations
from service.operations.views import Wanted
from service.queries import views
from service.queries.filtering import bounding
from tests.operations import filtered_world

Person = Callable[..., Actor]
MINE = Wanted(ViewOf.TASKS, "Due", "assignee:me", "due", ["task", "fact.amount"])


@pytest.fixture(autouse=True)
def however_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted is counted, also on a machine that does much else."""
    monkeypatch.setattr(views, "COUNTING", 60.0)
    monkeypatch.setattr(bounding, "LISTING", 60.0)


@pytest.fixture
def opened(app: Flask, person: Person) -> tuple[Actor, Actor, list[Case]]:
    ann, ben = person("ann", "clerks"), person("ben", "clerks")
    deployments.deploy({"loss.bpmn": filtered_world.LOSS}, by=SYSTEM)
    definition = deployments.latest_definition("loss")
    assert definition is not None
    begun = [cases.begin(definition, {"amount": amount, "item": "x"}, by=ann) for amount in (5, 10, 2000)]
    db.session.flush()
    for case, actor in zip(begun, (ann, ben, ann), strict=True):
        tasks.claim(db.session.scalars(sa.select(HumanTask).where(HumanTask.case_id == case.id)).one(), by=actor)
    db.session.commit()
    return ann, ben, begun


def test_a_view_shows_everybody_their_own(opened: tuple[Actor, Actor, list[Case]], person: Person) -> None:
    ann, ben, begun = opened
    view = operations.keep(replace(MINE, groups=["clerks"]), by=ann)
    db.session.commit()

    shown = {actor.name: views.rows(view, actor, text=view.filter) for actor in (ann, ben)}

    assert {row.case_id for row in shown["ann"].rows} == {begun[0].id, begun[2].id}
    assert [row.case_id for row in shown["ben"].rows] == [begun[1].id]
    assert shown["ben"].facts == {begun[1].id: {"amount": "10"}}
    assert [views.count(view, actor, most=1) for actor in (ann, ben)] == [1, 1]
    assert [each.name for each in views.of(ben)] == ["Due"]
    assert views.of(person("zoe")) == []


def test_a_view_is_changed_by_who_saved_it_and_seen_by_who_has_it(
    opened: tuple[Actor, Actor, list[Case]], person: Person
) -> None:
    ann, ben, _begun = opened
    zoe = person("zoe", "drivers")
    view = operations.keep(MINE, by=ann)
    db.session.commit()
    with pytest.raises(NotFound):
        views.get(view.id, by=ben)

    operations.change(view, replace(MINE, name=" Over  due ", groups=["clerks"], grouped_by="stage"), by=ann)
    operations.begin_with(view, True, by=ben)
    db.session.commit()

    assert (views.get(view.id, by=ben).name, view.groups) == ("Over due", ["clerks"])
    assert views.begins_with(ben, ViewOf.TASKS) is view
    assert views.begins_with(ann, ViewOf.TASKS) is None
    with pytest.raises(Forbidden):
        operations.change(view, MINE, by=ben)
    with pytest.raises(Forbidden):
        operations.forget(view, by=ben)
    with pytest.raises(NotFound):
        views.get(view.id, by=zoe)
    operations.forget(view, by=ann)
    db.session.commit()
    assert db.session.scalars(sa.select(SavedView)).all() == []
    assert views.begins_with(ben, ViewOf.TASKS) is None


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"name": " "}, BadRequest),
        ({"name": "x" * 81}, BadRequest),
        ({"scope": "theirs"}, BadRequest),
        ({"columns": []}, BadRequest),
        ({"groups": ["drivers"]}, BadRequest),
        ({"filter": "due:("}, BadFilter),
        ({"filter": "x" * 1001}, BadRequest),
    ],
)
def test_what_is_no_view_is_refused(
    app: Flask, person: Person, changed: dict[str, object], wrong: type[Exception]
) -> None:
    with pytest.raises(wrong):
        operations.keep(replace(MINE, **changed), by=person("ann", "clerks"))  # type: ignore[arg-type]


def test_each_order_and_group_goes_on_from_page_to_page(opened: tuple[Actor, Actor, list[Case]]) -> None:
    ann, _ben, begun = opened
    for of, sorts, groups in (
        (ViewOf.TASKS, views.TASK_SORTS, views.TASK_GROUPS),
        (ViewOf.CASES, ("due", "priority", "newest", "oldest"), views.CASE_GROUPS),
    ):
        for sort in sorts:
            for group in (None, *groups):
                view = operations.keep(replace(MINE, of=of, filter="", sort=sort, grouped_by=group), by=ann)
                found, cursor = [], None
                while True:
                    shown = views.rows(view, ann, text="", limit=1, cursor=cursor)
                    found += [row.case_id if of is ViewOf.TASKS else row.id for row in shown.rows]
                    if (cursor := shown.next) is None:
                        break
                assert sorted(found) == sorted(case.id for case in begun), (of, sort, group)
                db.session.rollback()


def test_what_takes_too_long_is_stopped_and_what_was_read_stays(app: Flask, person: Person) -> None:
    ann = person("ann", "clerks")
    endless = sa.select(sa.literal(1).label("n")).cte("endless", recursive=True)
    endless = endless.union_all(sa.select(endless.c.n + 1))
    asked = sa.select(sa.func.count()).select_from(endless)

    with pytest.raises(limits.TookTooLong), limits.within(0.05):
        db.session.scalar(asked)

    assert db.session.scalar(sa.select(User.name)) == ann.name
    view = operations.keep(MINE, by=ann)
    db.session.flush()
    assert views.count(view, ann, most=10) == 0
