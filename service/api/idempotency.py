"""`Idempotency-Key`: a write repeated with the same key gets the first answer (DECISIONS.md, rule 10).

The answer is kept in the very transaction of the write, so either both are there or neither. Refused requests changed
nothing and are not kept: repeating one asks again. Who has lost a case since does not get an answer that tells of it;
who lost it by the write itself (by giving a role away) does.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress

import sqlalchemy as sa
from flask import Response, request

from service.db import before_the_lock, db
from service.errors import BadRequest, KeyReused, NotFound, WrongState
from service.models import Actor, HumanTask, IdempotencyKey, Incident, Note
from service.queries import cases

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"
DIGEST = "casewright.digest"  #: in the environment of a request whose body is a document: its SHA-256


def key_of_request() -> str | None:
    """This request's key. Raises `BadRequest` for one that is empty, too long, or not visible ASCII."""
    key = request.headers.get(HEADER)
    if key is not None and not re.fullmatch(r"[!-~]{1,255}", key):
        raise BadRequest(f"{HEADER} is 1 to 255 visible ASCII characters.")
    return key


def fingerprint() -> bytes:
    """What makes two requests the same: method, path, query and body."""
    start = f"{request.method} {request.full_path} {request.headers.get('If-Match', '')}\n".encode()
    body = request.environ.get(DIGEST) or request.get_data(cache=True)
    return hashlib.sha256(start + body).digest()


def first_answer(actor: Actor, key: str) -> Response | None:
    """The kept answer, or None when the key is new.

    Raises `KeyReused`, `WrongState` while the first one runs, `NotFound` for a case that `actor` may no longer read.
    """
    user_id = actor.id
    assert user_id is not None
    statement = sa.select(IdempotencyKey).where(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key)
    with before_the_lock():
        kept = db.session.scalar(statement)
    if kept is None and not _turn(user_id, key):
        raise WrongState("The first request with this Idempotency-Key is still being worked on.")
    if kept is None:
        kept = db.session.scalar(statement)  # it may have been committed between the two statements
    if kept is None:
        return None
    if kept.fingerprint != fingerprint():
        raise KeyReused(KeyReused.__doc__)
    if kept.case_id is not None:
        cases.get(kept.case_id, by=actor)
    response = Response(kept.body, kept.status, content_type="application/json" if kept.body else None)
    response.headers[REPLAYED] = "true"
    for name, value in (("Location", kept.location), ("ETag", kept.etag)):
        if value is not None:
            response.headers[name] = value
    return response


def keep(actor: Actor, key: str, response: Response, *, without: str | None = None) -> None:
    """Keep `response` as the answer to this request; committed with the request's own changes.

    Its member `without` is kept as null: what may be shown only once.
    """
    body = response.get_data()
    if without is not None:
        body = json.dumps({**json.loads(body), without: None}).encode()
    db.session.add(
        IdempotencyKey(
            user_id=actor.id,
            key=key,
            case_id=_readable_case(actor, response),
            fingerprint=fingerprint(),
            status=response.status_code,
            location=response.headers.get("Location"),
            etag=response.headers.get("ETag"),
            body=body,
        )
    )


def _readable_case(actor: Actor, response: Response) -> uuid.UUID | None:
    """The case that the answer tells of: of the request's address, or the new one's; None if `actor` cannot read it."""
    made = re.search(r"/cases/([0-9a-f-]{36})$", response.headers.get("Location", ""))
    case_id = uuid.UUID(made[1]) if made else _case_of_address()
    with suppress(NotFound):
        return cases.get(case_id, by=actor).id if case_id else None
    return None


def _case_of_address() -> uuid.UUID | None:
    found: Mapping[str, uuid.UUID] = request.view_args or {}
    owners = {"task_id": HumanTask.case_id, "note_id": Note.case_id, "incident_id": Incident.case_id}
    for name, owner in owners.items():
        if name in found:
            return db.session.scalar(sa.select(owner).where(owner.class_.id == found[name]))
    return found.get("case_id")


def _turn(user_id: uuid.UUID, key: str) -> bool:
    """Whether no other transaction works on this key. On SQLite two may, of which the second cannot keep its answer."""
    if db.session.get_bind().dialect.name == "sqlite":
        return True
    number = int.from_bytes(hashlib.sha256(user_id.bytes + key.encode()).digest()[:8], "big", signed=True)
    return bool(db.session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(number))))
