"""The second factor: set up, asked for at signing in, lost and found (RFC 6238, by pyotp).

Whoever signs in proves the password first. What programs do with tokens asks for no code. A code is taken once, and so
is each recovery code; how often somebody may try is counted where they are asked (http/).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from enum import StrEnum

import pyotp
import sqlalchemy as sa
from flask import current_app

from service import audit
from service.db import db, utcnow
from service.errors import BadRequest, WrongState
from service.languages import _, later
from service.models import Actor, Group, Membership, RecoveryCode, SecondFactor, User
from service.operations.users import end_sign_ins
from service.policy.credentials import digest
from service.policy.permissions import Action, require

CODES, PARTS = 10, 4  #: recovery codes of one person, each of so many parts of four letters (80 bits)
BESIDE = 1  #: half minutes before and after now whose codes are taken too: clocks differ
ISSUER = "Casewright"
WRONG = later("This code is not right. Take the one that your app shows now; each is taken once.")


class Asked(StrEnum):
    """What somebody is asked for after their password."""

    NOTHING = "nothing"
    CODE = "code"
    SET_UP = "set up"  #: a group of theirs needs a second factor, and they have none yet


def asked(user_id: uuid.UUID) -> Asked:
    """What the person is asked for as they sign in."""
    if is_on(user_id):
        return Asked.CODE
    return Asked.SET_UP if is_required(user_id) else Asked.NOTHING


def is_on(user_id: uuid.UUID) -> bool:
    """Whether they have set one up."""
    found = db.session.get(SecondFactor, user_id)
    return found is not None and found.confirmed_at is not None


def is_required(user_id: uuid.UUID) -> bool:
    """Whether a group of theirs needs a second factor."""
    mine = sa.select(Group.name).join(Membership, Membership.group_name == Group.name)
    return db.session.scalar(mine.where(Membership.user_id == user_id, Group.second_factor).limit(1)) is not None


def begin(user: User) -> SecondFactor:
    """A new secret for the person's app, which counts once it is confirmed. Raises `WrongState` where one counts."""
    factor = _locked(user)
    if factor is None:
        factor = SecondFactor(user_id=user.id, nonce=b"")
        db.session.add(factor)
    if factor.confirmed_at is not None:
        raise WrongState(_("You have a second factor already; remove it first."))
    factor.nonce, factor.created_at, factor.last_step = secrets.token_bytes(16), utcnow(), None
    db.session.flush()
    return factor


def waiting(user: User) -> SecondFactor | None:
    """What was begun and is not confirmed."""
    factor = db.session.get(SecondFactor, user.id)
    return factor if factor is not None and factor.confirmed_at is None else None


def confirm(user: User, code: str, *, by: Actor) -> Sequence[str]:
    """Let the app count from now on, by its first code; the recovery codes, which are shown this once."""
    factor = _locked(user)
    if factor is None or factor.confirmed_at is not None:
        raise WrongState(_("Nothing waits to be confirmed; begin anew."))
    if not _takes(factor, code):
        raise BadRequest(WRONG, field="code")
    factor.confirmed_at = utcnow()
    audit.installation.record("second-factor:set-up", by=by, subject=user.name)
    return _new_codes(user)


def check(user: User, code: str, *, by: Actor) -> None:
    """Take a code of the app, or a recovery code. Raises `BadRequest` for one that is wrong or was taken before."""
    factor = _locked(user)
    if factor is None or factor.confirmed_at is None:
        raise WrongState(_("There is no second factor."))
    if _takes(factor, code):
        return
    used = sa.delete(RecoveryCode).where(RecoveryCode.user_id == user.id, RecoveryCode.hash == digest(_plain(code)))
    if not db.session.execute(used.returning(RecoveryCode.hash)).all():
        raise BadRequest(WRONG, field="code")
    audit.installation.record("second-factor:recovery-used", by=by, subject=user.name, details={"left": left(user)})


def renew_codes(user: User, code: str, *, by: Actor) -> Sequence[str]:
    """Other recovery codes instead of those from before, by a code; shown this once."""
    check(user, code, by=by)
    audit.installation.record("second-factor:codes-renewed", by=by, subject=user.name)
    return _new_codes(user)


def remove(user: User, code: str, *, by: Actor) -> None:
    """Sign in by the password alone again, by a code. Raises `WrongState` where a group needs it."""
    if is_required(user.id):
        raise WrongState(_("A group of yours needs a second factor."))
    check(user, code, by=by)
    _forget(user)
    audit.installation.record("second-factor:removed", by=by, subject=user.name)


def reset(user: User, *, by: Actor) -> None:
    """Forget somebody's lost app and codes, and sign them out; where a group needs it, they set up another."""
    require(by, Action.MANAGE_USERS)
    _forget(user)
    end_sign_ins(user)
    audit.installation.record("second-factor:reset", by=by, subject=user.name)


def require_of(group: Group, needed: bool, *, by: Actor) -> None:
    """Say whether the group's members sign in with a second factor; those without one are signed out."""
    require(by, Action.MANAGE_USERS)
    if needed == group.second_factor:
        return
    group.second_factor = needed
    if needed:
        has_one = sa.select(SecondFactor.user_id).where(SecondFactor.confirmed_at.is_not(None))
        members = sa.select(User).join(Membership).where(Membership.group_name == group.name, User.id.not_in(has_one))
        for user in db.session.scalars(members):
            if user.id != by.id:
                end_sign_ins(user)
    audit.installation.record("group:second-factor-set", by=by, subject=group.name, details={"needed": needed})


def left(user: User) -> int:
    """How many recovery codes the person has left."""
    mine = sa.select(sa.func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user.id)
    return db.session.execute(mine).scalar_one()


def address(user: User, factor: SecondFactor) -> str:
    """What the app reads from the picture (`otpauth://…`)."""
    return pyotp.TOTP(secret(factor)).provisioning_uri(name=user.name, issuer_name=ISSUER)


def secret(factor: SecondFactor) -> str:
    """The app's secret, in base32, as somebody types it who cannot take a picture."""
    key: str = current_app.config["CASEWRIGHT"].secret_key
    made = hmac.new(key.encode(), b"second factor\0" + factor.nonce, hashlib.sha256).digest()
    return base64.b32encode(made[:20]).decode()


def _takes(factor: SecondFactor, code: str) -> bool:
    """Whether it is a code of now that was not taken before; then it is taken."""
    given, totp = _plain(code), pyotp.TOTP(secret(factor))
    now, found = totp.timecode(utcnow()), None
    for step in range(now - BESIDE, now + BESIDE + 1):  # all are compared, so that the time tells nothing
        if hmac.compare_digest(totp.generate_otp(step).encode(), given.encode("utf-8", "replace")):
            found = step
    if found is None or (factor.last_step is not None and found <= factor.last_step):
        return False
    factor.last_step = found
    return True


def _new_codes(user: User) -> Sequence[str]:
    db.session.execute(sa.delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = ["-".join(_letters() for _ in range(PARTS)) for _ in range(CODES)]
    db.session.add_all(RecoveryCode(hash=digest(_plain(code)), user_id=user.id) for code in codes)
    return codes


def _letters() -> str:
    return "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(4))


def _plain(code: str) -> str:
    """A code without what people put into it to read it better."""
    return "".join(each for each in code[:100] if each.isalnum()).lower()


def _locked(user: User) -> SecondFactor | None:
    found = sa.select(SecondFactor).where(SecondFactor.user_id == user.id).with_for_update()
    return db.session.scalar(found.execution_options(populate_existing=True))


def _forget(user: User) -> None:
    for table in (RecoveryCode, SecondFactor):
        db.session.execute(sa.delete(table).where(table.user_id == user.id))
