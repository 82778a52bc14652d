"""What is kept for a while goes when its time is over, and not before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import sqlalchemy as sa

from service import jobs
from service.db import db, utcnow
from service.maintenance import housekeeping
from service.models import Actor, FormDraft, IdempotencyKey, LoginSession, Message, RateCount
from service.worker import job_types


def test_what_expired_is_forgotten_and_the_rest_is_kept(person: Callable[..., Actor]) -> None:
    ann, now = person("ann"), utcnow()
    for number, age in enumerate((timedelta(minutes=-1), timedelta(minutes=1))):
        key, ends = bytes([number]) * 32, now - age
        db.session.add(LoginSession(hash=key, user_id=ann.id, created_at=now, seen_at=now, expires_at=ends))
        db.session.add(RateCount(key=key, hits=1, ends_at=ends))
        db.session.add(Message(name="m", payload={}, correlation={}, published_by="ann", expires_at=ends))
        typed_at = now - age - housekeeping.DRAFTS_KEPT
        db.session.add(FormDraft(user_id=ann.id, case_type=str(number), typed={}, was={}, saved_at=typed_at))
        kept_since = now - age - housekeeping.ANSWERS_KEPT
        db.session.add(
            IdempotencyKey(
                user_id=ann.id, key=str(number), fingerprint=key, status=200, body=b"{}", created_at=kept_since
            )
        )
    db.session.commit()

    gone = housekeeping.forget_expired(now)

    assert gone == 5
    for model in (LoginSession, RateCount, FormDraft, Message, IdempotencyKey):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(model)) == 1


def test_it_is_forgotten_every_night() -> None:
    assert "forget_expired" in jobs.state.jobs and jobs.state.schedules["forget_expired"]
    assert job_types.forget_expired.__doc__
