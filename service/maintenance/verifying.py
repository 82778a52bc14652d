"""ALL THAT `casewright audit verify` looks at, one after the other, and how a run goes on that was interrupted.

A file says how far a run has come. It is signed with the audit trail's key, so that nobody makes one who could not make
the trail, and it is gone when the run has come to its end.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

from service import audit
from service.audit import receipts
from service.audit.keys import key
from service.audit.verification import Break
from service.db import db
from service.errors import BadRequest
from service.maintenance import comparison

_PURPOSE = "verification"
CHAINS, ROWS = "chains", "rows"  #: what is looked at first, and what then


@dataclass
class Course:
    """How far a verification has come, in `file` where it is to be kept."""

    file: Path | None = None
    part: str = CHAINS
    after: uuid.UUID | None = None  #: the case up to which all was looked at in this part
    found: list[Break] = field(default_factory=list)

    def reached(self, case_id: uuid.UUID) -> None:
        """All cases up to this one are done: keep that, and let the database go of what was read."""
        self.after = case_id
        self._keep()
        db.session.rollback()

    def begin(self, part: str) -> None:
        self.part, self.after = part, None
        self._keep()

    def end(self) -> None:
        if self.file is not None:
            self.file.unlink(missing_ok=True)

    def _keep(self) -> None:
        if self.file is None:
            return
        after = str(self.after) if self.after else None
        said = {"part": self.part, "after": after, "found": [list(astuple(each)) for each in self.found]}
        part = self.file.with_name(f"{self.file.name}.part")
        part.write_text(json.dumps({**said, "signed": key().sign(_PURPOSE, said).hex()}))
        part.replace(self.file)


def course_of(file: Path | None) -> Course:
    """How far the run has come that keeps its course in `file`; at its beginning, where there is no such file.

    Raises `BadRequest` for a file that no verification of this installation wrote.
    """
    if file is None or not file.exists():
        return Course(file)
    try:
        said: dict[str, Any] = json.loads(file.read_text())
        signed = bytes.fromhex(said.pop("signed"))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadRequest(f"{file} is no file of an interrupted `audit verify`.") from None
    if key().sign(_PURPOSE, said) != signed:
        raise BadRequest(f"{file} was not written with this installation's key, or was changed.")
    after = uuid.UUID(said["after"]) if said["after"] else None
    return Course(file, said["part"], after, [Break(*each) for each in said["found"]])


def verify(course: Course, *, receipt: str | None = None) -> Iterator[Break]:
    """What does not hold, from where `course` is on, after what it has found before.

    Rows are compared with the entries only where all chains hold: what broken ones say is worth nothing.
    """
    yield from course.found
    if course.part == CHAINS:
        yield from _noted(course, audit.verify(after=course.after, reached=course.reached))
        if not course.found:
            course.begin(ROWS)
    if course.part == ROWS:
        yield from _noted(course, comparison.differences(after=course.after, reached=course.reached))
        if receipt is not None:
            yield from receipts.broken(receipt)
    course.end()


def _noted(course: Course, found: Iterator[Break]) -> Iterator[Break]:
    for each in found:
        course.found.append(each)
        yield each
