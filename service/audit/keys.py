"""With what chains are closed: HMAC-SHA-256 (RFC 2104) under a key that stands outside the database.

It follows from `CASEWRIGHT_AUDIT_KEY`, or from `CASEWRIGHT_SECRET_KEY` where that is not set. The database knows only
its mark, by which a wrong key is told from a wrong entry.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import current_app

from service.config import Config
from service.db import iso_text

_KEY = "casewright audit key"  #: under which the application keeps it


@dataclass(frozen=True)
class Key:
    """One secret, and what is made with it; each purpose has a key of its own, so that none can stand for another."""

    secret: bytes  #: 64 at most, as long as a block of SHA-256

    def hash(self, previous: bytes, content: bytes) -> bytes:
        """What stands in an entry."""
        return self._mac(b"entry" + previous + content)

    def seal(self, hashed: bytes) -> bytes:
        """What stands at a chain's end only: made from its last entry's hash."""
        return self._mac(b"seal" + hashed)

    def sign(self, purpose: str, said: Any) -> bytes:
        """A signature over any JSON value."""
        return self._mac(purpose.encode() + b"\0" + canonical(said))

    @property
    def mark(self) -> str:
        """By which a key is known again, and from which it cannot be guessed."""
        return self.sign("mark", None).hex()[:16]

    def _mac(self, message: bytes) -> bytes:
        """HMAC-SHA-256; `hmac.digest` takes more than twice as long, for it begins with the key each time."""
        inner, outer = (state.copy() for state in self._begun)
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()

    @cached_property
    def _begun(self) -> tuple[hashlib._Hash, hashlib._Hash]:
        """The inner and the outer hash of RFC 2104, which have taken in the key."""
        block = self.secret.ljust(64, b"\0")
        inner, outer = (bytes(each ^ pad for each in block) for pad in (0x36, 0x5C))
        return hashlib.sha256(inner), hashlib.sha256(outer)


def key() -> Key:
    """The key of the current application."""
    found: Key | None = current_app.extensions.get(_KEY)
    if found is None:
        found = current_app.extensions[_KEY] = key_of(current_app.config["CASEWRIGHT"])
    return found


def key_of(config: Config) -> Key:
    """The key that these settings say."""
    return key_from(config.audit_key or config.secret_key)


def key_from(secret: str) -> Key:
    """The key that follows from a secret: never that secret itself, which signs other things too."""
    return Key(hmac.digest(secret.encode(), b"casewright audit", "sha256"))


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=iso_text)


def canonical(said: Any) -> bytes:
    """JSON with one way to write each value."""
    return _ENCODER.encode(said).encode("utf-8", "surrogatepass")
