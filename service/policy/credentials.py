"""Passwords and random secrets: how they are kept and compared. Knows nothing of requests or rows."""

from __future__ import annotations

import hashlib
import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

TOKEN_PREFIX = "cw_"  # noqa: S105  lets secret scanners recognise a leaked token
_hasher = PasswordHasher()  # argon2id, RFC 9106 §4, second recommendation


def digest(secret: str) -> bytes:
    """What is kept of a random secret of 256 bits: enough to recognise it, useless to a thief."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def hash_password(password: str) -> str:
    """The argon2id hash to keep."""
    return _hasher.hash(password.encode("utf-8", "surrogatepass"))


def fits(kept: str | None, password: str) -> bool:
    """Whether `password` made the hash `kept`; takes as long for None, so that nobody learns who has an account."""
    nobody = _hash_of_nobody()
    try:
        _hasher.verify(kept or nobody, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def is_outdated(kept: str) -> bool:
    """Whether `kept` was made with older parameters."""
    return _hasher.check_needs_rehash(kept)


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    return _hasher.hash(secrets.token_urlsafe(16))
