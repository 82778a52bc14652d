"""What is kept only for a while is deleted when its time is over. Nothing here commits."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from service.db import db
from service.documents import arriving
from service.models import (
    AnswerLink,
    FormDraft,
    IdempotencyKey,
    LoginSession,
    Message,
    MessageId,
    MigratedCase,
    Notification,
    RateCount,
    ReceivedMail,
    Rehearsal,
    Reminder,
    TaskBatch,
)
from service.operations import presence
from service.operations.migration import KEPT_FOR

DRAFTS_KEPT = timedelta(days=30)  #: since somebody last typed into the form
REHEARSALS_KEPT = timedelta(days=14)  #: since something was done in it
NEWS_KEPT = timedelta(days=180)  #: since it was told
LINKS_KEPT = timedelta(days=90)  #: since one could no longer be used
LINK_ENDS = AnswerLink.expires_at, AnswerLink.used_at, AnswerLink.revoked_at
ANSWERS_KEPT = timedelta(days=7)  #: how long a repeated write, or message, is known to be one


def forget_expired(now: datetime) -> int:
    """Delete what expired; how many: ended sign-ins, drafts of forms, rehearsals, windows of limits, kept answers,
    message ids, messages that nobody took, what was done to many tasks long ago, links to forms that ended long ago,
    old news, and files that were never added.
    """
    expired: tuple[sa.Delete, ...] = (
        sa.delete(LoginSession).where(LoginSession.expires_at < now),
        sa.delete(FormDraft).where(FormDraft.saved_at < now - DRAFTS_KEPT),
        sa.delete(Rehearsal).where(Rehearsal.touched_at < now - REHEARSALS_KEPT),
        sa.delete(RateCount).where(RateCount.ends_at < now),
        sa.delete(IdempotencyKey).where(IdempotencyKey.created_at < now - ANSWERS_KEPT),
        sa.delete(TaskBatch).where(TaskBatch.created_at < now - ANSWERS_KEPT),
        sa.delete(Message).where(Message.expires_at < now),
        sa.delete(Notification).where(Notification.created_at < now - NEWS_KEPT),
        sa.delete(Reminder).where(Reminder.closed_at < now - DRAFTS_KEPT),
        sa.delete(AnswerLink).where(sa.or_(*(at < now - LINKS_KEPT for at in LINK_ENDS))),
        sa.delete(ReceivedMail).where(ReceivedMail.received_at < now - NEWS_KEPT),
        presence.forgotten(now),
        sa.delete(MessageId).where(MessageId.published_at < now - ANSWERS_KEPT),
    )
    _forget_how_cases_stood(now)
    arriving.forget_unkept(now)
    return sum(_rows(db.session.execute(statement)) for statement in expired)


def _forget_how_cases_stood(now: datetime) -> None:
    """Of cases that were moved to another version long ago, only that they were is kept."""
    old = sa.update(MigratedCase).where(MigratedCase.snapshot.is_not(None), MigratedCase.at < now - KEPT_FOR)
    db.session.execute(old.values(snapshot=None, kept=sa.null(), stood=None))


def _rows(result: Any) -> int:
    return int(result.rowcount)
