"""What the engine raises. Everything that a caller may meet is an `EngineError`; a `Fault` never leaves the engine."""

from __future__ import annotations


class EngineError(Exception):
    """A request that the engine refuses; the workflow is unchanged."""


class NotReady(EngineError):
    """This activity does not wait for that: it is unknown, finished, or waits for something else."""


class Unfit(EngineError):
    """This snapshot cannot be continued with this definition."""


class Unmovable(Unfit):
    """Something open has no place in the version that the case was to move to; the workflow is unchanged."""

    def __init__(self, element_id: str | None, message: str) -> None:
        super().__init__(message)
        self.element_id = element_id  #: of the version before, or of the one after where it is new


class BadTime(ValueError):
    """The text is not a duration, date or cycle that we know; the message says what to write."""


class Fault(Exception):
    """Why a step cannot be carried out. The workflow records it as its `Failure` and stops."""

    def __init__(self, message: str, *, error_code: str | None = None) -> None:
        super().__init__(message)
        self.error_code = error_code
