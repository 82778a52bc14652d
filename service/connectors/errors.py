"""How a call fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class CallFailed(Exception):
    """A connector could not do its work. `code` is the BPMN error that the diagram may catch.

    With `again` it may succeed later, and is tried again before anybody is told.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "CONNECTOR_FAILED",
        again: bool = False,
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.again = again
        self.data = dict(data or {})  #: what a boundary event that catches it learns
