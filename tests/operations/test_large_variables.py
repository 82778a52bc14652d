"""Variables too large for their case's row stand beside it, and are written when they change, and only then."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from service.db import Packed, db
from service.errors import WrongState
from service.execution import variables
from service.maintenance import comparison
from service.models import Actor, Case, LargeVariable, ProcessDefinition
from service.operations import cases
from service.queries import moments

STORY = [f"line {number}" for number in range(2_000)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture
def told(loan: ProcessDefinition, person: Callable[..., Actor]) -> tuple[uuid.UUID, Actor]:
    """A loan whose story is large."""
    ann = person("ann", "clerks")
    case = cases.start(loan, by=ann, submitted={"customer": "Ada", "story": STORY, "amount": 500})
    db.session.commit()
    return case.id, ann


def again(case_id: uuid.UUID) -> Case:
    db.session.expunge_all()
    return db.session.get_one(Case, case_id)


def rows() -> list[uuid.UUID]:
    return list(db.session.scalars(sa.select(LargeVariable.id)))


def test_they_are_read_in_their_place_and_not_kept_in_the_row(told: tuple[uuid.UUID, Actor]) -> None:
    case = again(told[0])

    assert list(case.variables.items()) == [
        ("customer", "Ada"), ("story", STORY), ("amount", 500), ("initiator", "ann"),
    ]  # fmt: skip
    assert case.inline["story"] is None
    assert list(comparison.differences()) == []


def test_a_step_writes_only_what_it_changes(told: tuple[uuid.UUID, Actor]) -> None:
    case_id, ann = told
    before = rows()
    cases.change_variables(again(case_id), {"amount": True}, by=ann)
    db.session.commit()
    kept = rows()
    cases.change_variables(again(case_id), {"story": [*STORY, "the end"]}, by=ann)
    db.session.commit()
    changed = rows()
    cases.change_variables(again(case_id), {"story": "short"}, by=ann)
    db.session.commit()

    case = again(case_id)
    assert kept == before != changed
    assert len(changed) == 1
    assert rows() == []
    assert case.variables == {"customer": "Ada", "story": "short", "amount": True, "initiator": "ann"}
    assert case.variables["amount"] is True
    assert moments.at(case, case.audit_seq, actor=ann).variables == case.variables


def test_many_of_middling_size_leave_the_row_too(told: tuple[uuid.UUID, Actor]) -> None:
    case_id, ann = told
    many = {f"part_{number}": f"{number}" * 400 for number in range(40)}

    cases.change_variables(again(case_id), many, by=ann)
    db.session.commit()

    case = again(case_id)
    assert case.variables == {"customer": "Ada", "story": STORY, "amount": 500, "initiator": "ann", **many}
    assert len(case.apart or {}) == 41


def test_a_row_of_an_earlier_release_is_taken_apart_as_its_case_changes(told: tuple[uuid.UUID, Actor]) -> None:
    case_id, ann = told
    case = again(case_id)
    case.inline, case.apart = case.variables, None
    db.session.execute(sa.delete(LargeVariable))
    db.session.commit()

    cases.change_variables(again(case_id), {"amount": 1}, by=ann)
    db.session.commit()

    assert len(rows()) == 1
    assert again(case_id).variables["story"] == STORY


def test_who_read_the_row_before_it_changed_sees_what_it_changed_to(app: Flask, told: tuple[uuid.UUID, Actor]) -> None:
    case_id, ann = told
    case = again(case_id)
    _ = case.inline
    db.session.commit()
    stale = dict(case.apart or {}), dict(case.inline)
    cases.change_variables(case, {"story": [*STORY, "the end"]}, by=ann)
    db.session.commit()
    case = again(case_id)
    case.apart, case.inline = stale

    assert case.variables["story"] == [*STORY, "the end"]


def test_what_is_gone_is_no_empty_variable(told: tuple[uuid.UUID, Actor]) -> None:
    db.session.execute(sa.delete(LargeVariable))
    db.session.commit()

    with pytest.raises(LookupError, match="are gone"):
        _ = again(told[0]).variables


def test_a_case_may_not_grow_without_end(told: tuple[uuid.UUID, Actor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(variables, "MOST", 50_000)

    with pytest.raises(WrongState, match=r"at most 50,000 characters"):
        cases.change_variables(again(told[0]), {"more": ["x" * 100] * 300}, by=told[1])


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_json_is_packed_and_unpacked_as_it_was(value: Any) -> None:
    packed, dialect = Packed(), sa.create_engine("sqlite://").dialect

    found = packed.process_result_value(packed.process_bind_param(value, dialect), dialect)

    assert repr(found) == repr(value)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**1023, 1e308, 5e-324, -0.0, 0.1, "\u2028\x7f\U0001f600", ""])
def test_odd_values_are_packed_as_they_are(value: Any) -> None:
    packed, dialect = Packed(), sa.create_engine("sqlite://").dialect

    [found] = packed.process_result_value(packed.process_bind_param([value], dialect), dialect)

    assert found == value and type(found) is type(value)
    assert not isinstance(value, float) or math.copysign(1, found) == math.copysign(1, value)
