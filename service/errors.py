"""Domain errors, named for what the user did or met, and how HTTP answers each of them (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from service.engine.definition import Problem
from service.languages import _, ngettext


class ServiceError(Exception):
    """Something that the user did or met; the message is for them."""

    status = HTTPStatus.BAD_REQUEST

    def __str__(self) -> str:
        return _(super().__str__())  # some say their docstring

    def details(self) -> dict[str, Any]:
        """Members that problem details carry beside title, status and detail."""
        return {}


class NotFound(ServiceError):
    """There is no such thing, or it is not yours to see."""

    status = HTTPStatus.NOT_FOUND


class Forbidden(ServiceError):
    """You may see this, but not do that."""

    status = HTTPStatus.FORBIDDEN


class NotSignedIn(ServiceError):
    """Sign in first, or send a valid API token."""

    status = HTTPStatus.UNAUTHORIZED


class Untrusted(ServiceError):
    """This did not come from one of our own pages; load the page again and repeat it."""

    status = HTTPStatus.FORBIDDEN


class WrongState(ServiceError):
    """The case or task is no longer in a state that permits this."""

    status = HTTPStatus.CONFLICT


class Changed(ServiceError):
    """Somebody else changed this since you read it (If-Match, RFC 9110 §13.1.1)."""

    status = HTTPStatus.PRECONDITION_FAILED


class BadRequest(ServiceError):
    """The request is not of the form that is asked for; `field` names what to correct, where that is one thing."""

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field

    def details(self) -> dict[str, Any]:
        return {"errors": {self.field: [str(self)]}} if self.field else {}


class TooLarge(ServiceError):
    """This is larger than what is taken here."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class Unavailable(ServiceError):
    """Something that this needs cannot be reached now; nothing was done."""

    status = HTTPStatus.SERVICE_UNAVAILABLE


class InvalidForm(ServiceError):
    """What was submitted breaks the form's rules; `errors` maps field paths to messages."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, errors: Mapping[str, Sequence[str]]) -> None:
        super().__init__(ngettext("%(num)s field to correct.", "%(num)s fields to correct.", len(errors)))
        self.errors = {field: list(messages) for field, messages in errors.items()}

    def details(self) -> dict[str, Any]:
        return {"errors": self.errors}


class BadFilter(ServiceError):
    """A filter that cannot be understood: `start` and `end` are the place in its text of what is wrong."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, message: str, start: int, end: int, advice: str = "", near: Sequence[str] = ()) -> None:
        super().__init__(f"{message} {advice}".strip())
        self.start, self.end, self.near = start, end, list(near)

    def details(self) -> dict[str, Any]:
        return {
            "errors": {"q": [str(self)]},
            "position": {"start": self.start, "end": self.end},
            "suggestions": self.near,
        }


class FormChanged(ServiceError):
    """The form has changed since it was opened; `form` is the new one, with what was filled in."""

    status = HTTPStatus.CONFLICT

    def __init__(self, form: Mapping[str, Any]) -> None:
        super().__init__(
            _("The form was changed while you filled it in. Look through it once more, then send it again.")
        )
        self.form = dict(form)

    def details(self) -> dict[str, Any]:
        return {"form": self.form}


class InvalidDeployment(ServiceError):
    """The files cannot be deployed; `problems` names every reason by file, line and element."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(
            ngettext(
                "%(num)s problem found; nothing was deployed.",
                "%(num)s problems found; nothing was deployed.",
                len(problems),
            )
        )
        self.problems = list(problems)

    def details(self) -> dict[str, Any]:
        return {"problems": [problem_as_json(problem) for problem in self.problems]}


class KeyReused(ServiceError):
    """This Idempotency-Key was used for another request."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class TooMany(ServiceError):
    """Too many tries; wait a moment."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after  #: seconds


def problem_as_json(problem: Problem) -> dict[str, Any]:
    """A deployment problem as it stands in API answers."""
    return {
        "file": problem.file,
        "line": problem.line,
        "element": problem.element_id,
        "name": problem.element_name,
        "message": problem.message,
        "advice": problem.advice,
        "severity": str(problem.severity),
        "rule": problem.rule or None,
        "way": [
            {"element": step.element, "flows": list(step.flows), "marking": dict(step.marking)} for step in problem.way
        ],
    }
