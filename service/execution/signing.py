"""The signature of a case: a short text, the same for all cases of a version that stand alike and have been in the same
places; neither how often nor what they know.

Every step writes it into the case's row, so that a fleet is counted by where its cases stand (queries/classes.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from service.engine.change.marking import Marking, marking, passed
from service.engine.workflow import Workflow
from service.models import Case

UNREADABLE = "1unreadable"  #: of cases whose workflow cannot be read
FORMAT = "1"  #: what a signature begins with; another one whenever signatures are made otherwise


def sign(case: Case, workflow: Workflow) -> None:
    """Write into the row of `case` how its `workflow` stands; its visits are written already."""
    case.signature = signature(marking(workflow), case.visits or {})


def signature(stands: Marking, visits: Mapping[str, int]) -> str:
    """The signature of cases that stand so, and have been there."""
    found = hashlib.sha256(f"{stands.signature}{passed(visits)}".encode())
    return FORMAT + found.hexdigest()[:23]
