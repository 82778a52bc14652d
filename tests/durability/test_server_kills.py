"""A short `make chaos`: the server itself is killed while people work over HTTP."""

from __future__ import annotations

import pytest

from tests.durability import chaos, drafts, failpoints, families, interrupted_moves, rolling


def test_what_the_server_acknowledged_is_kept_and_nothing_happens_twice(database_url: str) -> None:
    figures = chaos.run(database_url, cases=40, kills=2, with_tables=False)

    assert figures["acknowledged"] == 5 * 40
    assert (figures["lost"], figures["applied_twice"]) == (0, 0)
    assert (figures["incidents"], figures["broken_audit_chains"]) == (0, 0)


def test_every_parent_ends_once_with_the_results_of_all_its_children(database_url: str) -> None:
    figures = families.run(database_url, parents=8, kills=2, with_tables=False)

    assert figures["children"] == 5 * 8
    assert {name: figures[name] for name in families.WRONG} == dict.fromkeys(families.WRONG, 0)
    assert (figures["family_incidents"], figures["family_broken_audit_chains"]) == (0, 0)


def test_a_server_that_dies_at_any_point_of_a_write_leaves_it_done_once(database_url: str) -> None:
    """After the flush, before the commit, after it, and before the reply."""
    figures = failpoints.run(database_url, rounds=1, with_tables=False)

    assert figures["failpoints"] == 4
    assert {name: figures[name] for name in failpoints.WRONG} == dict.fromkeys(failpoints.WRONG, 0)
    assert figures["failpoints_broken_audit_chains"] == 0


def test_no_acknowledged_draft_is_lost_and_none_outlives_its_task(database_url: str) -> None:
    figures = drafts.run(database_url, with_tables=False)

    assert figures == {"drafts": 8, "drafts_not_met": 0, "drafts_lost": 0, "drafts_after_completion": 0}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_next_release_takes_over_while_people_work(database_url: str) -> None:
    """On SQLite one process is everything: there is nothing to roll."""
    figures = rolling.run(database_url, cases=40, with_tables=False)

    assert figures["upgraded_acknowledged"] == 5 * 40
    assert {name: figures[name] for name in rolling.WRONG} == dict.fromkeys(rolling.WRONG, 0)


def test_each_case_of_an_interrupted_migration_is_moved_once_or_untouched_and_returns(database_url: str) -> None:
    figures = interrupted_moves.run(database_url, how_many=300, kills=2, with_tables=False)

    assert figures["interrupted_kills"] >= 1
    assert {name: figures[name] for name in interrupted_moves.WRONG} == dict.fromkeys(interrupted_moves.WRONG, 0)
