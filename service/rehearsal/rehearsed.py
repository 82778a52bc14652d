"""A case of the sandbox, and what happened in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from service.engine.work import What
from service.engine.workflow import Workflow


@dataclass(frozen=True)
class Trace:
    """One thing that happened in a case of the sandbox."""

    case: str
    process: str  #: in whose diagram the element stands
    what: What
    element: str
    name: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Rehearsed:
    """A case of the sandbox."""

    name: str
    workflow: Workflow
    parent: str = ""  #: name of the case whose call activity waits for it
    activity: str = ""  #: that call activity's activity id
    stage: str = ""
    outcome: str = ""
    doers: dict[str, list[str]] = field(default_factory=dict)  #: who completed an element

    @property
    def key(self) -> str:
        """Its process."""
        return self.workflow.definition.key
