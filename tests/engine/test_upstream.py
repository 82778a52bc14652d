"""The engine refuses to run on a SpiffWorkflow that is not the one it was written against."""

from __future__ import annotations

import pytest

from service.engine import upstream


def test_the_installed_library_is_the_one_that_was_read() -> None:
    upstream.check()


def test_a_method_whose_source_moved_is_named() -> None:
    with pytest.raises(upstream.Moved, match=r"read: Task\.run is 976c46e260fe$"):
        upstream.check(upstream.RELIED_ON | {"Task.run": "000000000000"})


def test_a_method_that_is_no_longer_there_is_named() -> None:
    with pytest.raises(upstream.Moved, match=r"read: Task\.old is gone$"):
        upstream.check(upstream.RELIED_ON | {"Task.old": "000000000000"})


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "VERSION", "3.1.0")

    with pytest.raises(upstream.Moved, match=r"3\.2\.0 is installed"):
        upstream.check()


def test_a_change_of_state_costs_no_walk_through_all_tasks() -> None:
    import logging

    assert logging.getLogger("spiff.task").level == logging.WARNING
    assert logging.getLogger("spiff.workflow").level == logging.WARNING
