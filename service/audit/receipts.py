"""How far the audit trail has come, signed, to be kept where the database's writers do not reach. Whoever has the
database alone can still put all of it back to an earlier copy of itself: beside a receipt, that shows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from service.audit import installation
from service.audit.keys import key
from service.audit.verification import INSTALLATION, Break
from service.db import db, utcnow
from service.errors import BadRequest
from service.models import Case, InstallationEntry, InstallationSeal

_PURPOSE = "receipt"


def make() -> str:
    """One line of JSON: when, the installation's last entry, the numbers of cases, and how many entries there are."""
    end = db.session.execute(sa.select(InstallationSeal.seq)).scalar_one()
    said = {"at": utcnow().isoformat(), **_last_entry(end), "numbers": installation.sequences(), "entries": _entries()}
    return json.dumps({**said, "signed": key().sign(_PURPOSE, said).hex()})


def _last_entry(seq: int) -> dict[str, Any]:
    found = db.session.scalar(sa.select(InstallationEntry.hash).where(InstallationEntry.seq == seq))
    return {"installation": seq, "hash": found.hex() if found else ""}


def _entries() -> int:
    return int(db.session.scalar(sa.select(sa.func.sum(Case.audit_seq))) or 0)


def broken(text: str) -> Iterator[Break]:
    """What the receipt says and is not so any more. Raises `BadRequest` when this installation did not make it."""
    try:
        said = json.loads(text)
        signed = bytes.fromhex(said.pop("signed"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadRequest("This is no receipt: it has to be the line that `casewright audit receipt` printed.") from None
    if key().sign(_PURPOSE, said) != signed:
        raise BadRequest("This receipt was not made with this installation's key, or was changed.")
    since = f"since the receipt of {said['at']}"
    if _last_entry(said["installation"])["hash"] != said["hash"]:
        yield Break(INSTALLATION, said["installation"], f"entry {said['installation']} was replaced {since}")
    now = installation.sequences()
    for name, last in said["numbers"].items():
        if now.get(name, 0) < last:
            what = f"the numbers of {name} were put back from {last} to {now.get(name, 0)}"
            yield Break(INSTALLATION, 0, f"{what} {since}")
    if _entries() < said["entries"]:
        yield Break(INSTALLATION, 0, f"{said['entries'] - _entries()} audit entries are gone {since}")
