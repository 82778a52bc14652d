"""Secrets of others that we have to read again: kept sealed, so that a stolen database gives none away.

The key follows from `CASEWRIGHT_SECRET_KEY` and from what it is for (HKDF, RFC 5869); what another key sealed cannot be
opened, and is then as if it had not been kept.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

SEALED = "sealed:"  #: before what is sealed, in a column of text


def seal(text: str, purpose: str) -> bytes:
    """`text` as it may be kept, for `purpose` alone."""
    return _fernet(current_app.config["CASEWRIGHT"].secret_key, purpose).encrypt(text.encode())


def unseal(kept: bytes | None, purpose: str) -> str | None:
    """What `seal` was given; None where nothing is kept, or it was sealed by another key or for something else."""
    if kept is None:
        return None
    try:
        return _fernet(current_app.config["CASEWRIGHT"].secret_key, purpose).decrypt(kept).decode()
    except InvalidToken:
        return None


def seal_text(text: str, purpose: str) -> str:
    """As `seal`, for a column of text."""
    return SEALED + seal(text, purpose).decode()


def unseal_text(kept: str, purpose: str) -> str | None:
    """As `unseal`; what was kept before it was sealed is given as it is."""
    return unseal(kept.removeprefix(SEALED).encode(), purpose) if kept.startswith(SEALED) else kept


@lru_cache(maxsize=16)
def _fernet(secret_key: str, purpose: str) -> Fernet:
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"casewright {purpose}".encode())
    return Fernet(base64.urlsafe_b64encode(made.derive(secret_key.encode())))
