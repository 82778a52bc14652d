"""Drafts of case types, for who may deploy."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa

from service.db import db
from service.errors import NotFound
from service.models import Actor, DesignDraft, DesignRevision
from service.policy.permissions import Action, require
from service.queries.pages import LIMIT, Page, Sort, page

NEWEST = (Sort(DesignDraft.changed_at, datetime, descending=True), Sort(DesignDraft.id, uuid.UUID, descending=True))


def all_of(*, actor: Actor, limit: int = LIMIT, cursor: str | None = None) -> Page[DesignDraft]:
    """All drafts, what was changed last first."""
    require(actor, Action.DEPLOY)
    return page(DesignDraft, sorts=NEWEST, limit=limit, cursor=cursor)


def get(draft_id: uuid.UUID, *, by: Actor) -> DesignDraft:
    """A draft. Raises `NotFound`."""
    require(by, Action.DEPLOY)
    draft = db.session.get(DesignDraft, draft_id)
    if draft is None:
        raise NotFound(NotFound.__doc__)
    return draft


def newest(draft: DesignDraft, name: str) -> DesignRevision:
    """The newest revision of a file. Raises `NotFound`."""
    found = sa.select(DesignRevision).where(DesignRevision.draft_id == draft.id, DesignRevision.name == name)
    row = db.session.scalar(found.order_by(DesignRevision.number.desc()).limit(1))
    if row is None:
        raise NotFound(NotFound.__doc__)
    return row
