"""Links between cases: typed, read from both ends, blocking; merging and splitting."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask

from service.db import db
from service.errors import BadRequest, Forbidden, NotFound, WrongState
from service.models import Actor, AuditEntry, Case, CaseLink, CaseState, LinkKind
from service.operations import links
from service.queries import links as lists
from tests.jobs_by_hand import do_jobs
from tests.operations.family import CLAIM, diagram
from tests.operations.test_children import deploy, opened, settle, story


@pytest.fixture
def ann(app: Flask, person: Callable[..., Actor]) -> Actor:
    return person("ann", "clerks")


@pytest.fixture
def two(ann: Actor) -> tuple[Case, Case]:
    deploy(CLAIM)
    return opened("claim", ann, item="roof"), opened("claim", ann, item="car")


def words(case: Case, actor: Actor) -> list[tuple[str, str]]:
    return [(each.words, each.number) for each in lists.of_case(case, actor=actor)]


def test_a_link_reads_from_both_ends_and_stands_in_both_stories(two: tuple[Case, Case], ann: Actor) -> None:
    roof, car = two
    links.link(roof, car, LinkKind.DUPLICATE, by=ann)
    db.session.commit()
    do_jobs()

    assert words(roof, ann) == [("duplicate of", car.number)]
    assert words(car, ann) == [("duplicated by", roof.number)]
    assert story(roof)[-1] == story(car)[-1] == "case:linked"
    with pytest.raises(WrongState, match="already"):
        links.link(roof, car, LinkKind.DUPLICATE, by=ann)


def test_a_blocked_case_closes_after_what_blocks_it(two: tuple[Case, Case], ann: Actor) -> None:
    roof, car = two
    links.link(roof, car, LinkKind.BLOCKS, by=ann)
    db.session.commit()
    with pytest.raises(BadRequest, match="none of them could be closed"):
        links.link(car, roof, LinkKind.BLOCKS, by=ann)
    db.session.rollback()
    settle(car, ann)
    do_jobs()
    assert car.state is CaseState.ACTIVE

    settle(roof, ann)
    do_jobs()

    assert car.state is CaseState.COMPLETED


def test_a_block_that_is_taken_away_lets_the_case_close(two: tuple[Case, Case], ann: Actor) -> None:
    roof, car = two
    links.link(roof, car, LinkKind.BLOCKS, by=ann)
    db.session.commit()
    settle(car, ann)

    links.unlink(db.session.scalars(sa.select(CaseLink)).one(), by=ann)
    db.session.commit()
    do_jobs()

    assert car.state is CaseState.COMPLETED


def test_links_need_rights_on_both_ends(two: tuple[Case, Case], ann: Actor, person: Callable[..., Actor]) -> None:
    eve, roof = person("eve", "visitors"), two[0]
    deploy(diagram("open", "OPN", '<userTask id="T" case:candidateGroups="visitors"/>', "Begin T End"))
    hers = opened("open", ann)

    for source, target in ((roof, hers), (hers, roof)):
        with pytest.raises(NotFound):
            links.link(source, target, LinkKind.RELATED, by=eve)
        db.session.rollback()
    with pytest.raises(BadRequest):
        links.link(roof, roof, LinkKind.RELATED, by=ann)
    db.session.rollback()
    with pytest.raises(BadRequest, match="merging or splitting"):
        links.link(roof, hers, LinkKind.MERGED, by=ann)
    db.session.rollback()
    links.link(roof, hers, LinkKind.RELATED, by=ann)
    db.session.commit()
    [found] = lists.of_case(hers, actor=eve)
    assert (found.number, found.title, found.readable) == (roof.number, "", False)


def test_a_case_is_merged_into_another_that_takes_over_what_it_lacks(
    two: tuple[Case, Case], ann: Actor, person: Callable[..., Actor]
) -> None:
    roof, car = two
    bob = person("bob", "clerks")
    from service.operations import cases

    cases.change_variables(roof, {"photo": "roof.jpg"}, by=ann)
    db.session.commit()
    with pytest.raises(Forbidden):
        links.merge(roof, car, by=bob, reason="x")
    db.session.rollback()
    links.merge(roof, car, by=ann, reason="The same storm")
    db.session.commit()
    do_jobs()

    assert (roof.state, roof.reason) == (CaseState.TERMINATED, f"Merged into {car.number}: The same storm")
    assert (car.variables["item"], car.variables["photo"]) == ("car", "roof.jpg")
    assert "case:merged" in story(car)
    assert words(car, ann) == [("merged from", roof.number)]
    with pytest.raises(WrongState, match="it stays"):
        links.unlink(db.session.scalars(sa.select(CaseLink)).one(), by=ann)


def test_a_case_is_split_with_some_of_its_data(two: tuple[Case, Case], ann: Actor) -> None:
    roof, _ = two
    with pytest.raises(BadRequest, match="no variable"):
        links.split(roof, ["nothing"], by=ann, reason="x")
    db.session.rollback()
    made = links.split(roof, ["item"], by=ann, reason="Two damages")
    db.session.commit()

    assert (made.case_type, made.variables) == ("claim", {"item": "roof", "initiator": "ann"})
    assert words(made, ann) == [("split from", roof.number)]
    entry = db.session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "case:split")).one()
    assert entry.details == {"number": made.number, "reason": "Two damages", "variables": ["item"]}
