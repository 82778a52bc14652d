"""What programs send, checked before anything else sees it: JSON that means one thing only (RFC 7493, I-JSON), query
parameters that are known, preconditions that hold.
"""

from __future__ import annotations

import io
import json
import math
import re
import tempfile
from collections.abc import Callable
from typing import IO, Any, NoReturn, TypeVar

import flask
import orjson
from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from service.errors import BadRequest, Changed, InvalidForm
from service.execution.running import lock
from service.models import Case

Model = TypeVar("Model", bound=BaseModel)

LARGEST = 1024 * 1024  #: bytes of a JSON body; files go to /deployments, which has a limit of its own
DEEPEST = 50  #: levels of lists and objects; the engine keeps 60
WHOLE = 2**53 - 1  #: beyond this, JavaScript and others silently round (RFC 7493 §2.2)
_DIGITS = bytes.maketrans(b"123456789E", b"000000000e")
_NAME = re.compile(rb'"\s*:')
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')
_ALIKE, _NO_BRACKETS = bytes.maketrans(b"{}", b"[]"), bytes(set(range(256)) - set(b"[]{}"))
_BLANKS = (b'" ', b'"\t', b'"\n', b'"\r')  #: after a name, before its colon


class Request(flask.Request):
    """A request whose uploads stay in memory (config.max_upload_mb bounds them): nothing of them is left on a disk.
    Documents, which may be larger, are on one while they arrive, where nobody else can open them."""

    to_disk = False

    def _get_file_stream(self, *_: Any, **__: Any) -> IO[bytes]:
        return tempfile.TemporaryFile() if self.to_disk else io.BytesIO()


def body_of(model: type[Model]) -> Model:
    """This request's JSON body as `model`. Raises `BadRequest`, `InvalidForm` (422) or 413, 415 of HTTP."""
    request.max_content_length = LARGEST
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send application/json.")
    return validated(model, parse(request.get_data(cache=True)))


def query_of(model: type[Model]) -> Model:
    """This request's query parameters as `model`. Raises `BadRequest` for one that is unknown, repeated or wrong."""
    if unknown := [name for name in request.args if name not in model.model_fields]:
        raise BadRequest(
            f"“{unknown[0][:100]}” is no parameter here; there are {', '.join(sorted(model.model_fields))}."
        )
    for name, values in request.args.lists():
        if len(values) > 1:
            raise BadRequest(f"The parameter “{name[:100]}” is there {len(values)} times.")
    plain = request.args.to_dict()
    _refuse_unstorable(plain)
    try:
        return model.model_validate(plain)
    except ValidationError as error:
        raise BadRequest(" ".join(f"{place}: {message}." for place, message in _wrong(error))) from error


def validated(model: type[Model], value: Any) -> Model:
    """`value` as `model`. Raises `InvalidForm` with a message for each field that is wrong."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        errors: dict[str, list[str]] = {}
        for place, message in _wrong(error):
            errors.setdefault(place, []).append(message)
        raise InvalidForm(errors) from error


def parse(body: bytes) -> Any:
    """`body` as JSON. Raises `BadRequest` for text that parsers understand differently, or that cannot be kept."""
    value = _quickly(body)
    if value is None:
        value = _closely(body)
    if body.count(b"[") + body.count(b"{") > DEEPEST and _is_deep(body):
        raise BadRequest(f"This is nested deeper than {DEEPEST} levels.")
    return value


def _quickly(body: bytes) -> Any:
    """`body` where there is no doubt what it means; else None."""
    numbers = body.translate(_DIGITS, b"+")
    if b"\\u" in body or b"0" * 16 in numbers or b"e000" in numbers:  # half surrogates, NUL, numbers near the limits
        return None
    try:
        value = orjson.loads(body)
        again = orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    once = _names_in(body) == _names_in(again)  # of two names alike only the last is kept
    return value if once else None


def _names_in(body: bytes) -> int:
    """How often JSON has a name, or a text that looks like one and is the same however the JSON is written."""
    if any(blank in body for blank in _BLANKS):
        return len(_NAME.findall(body))
    return body.count(b'":')  # the same, eight times as fast


def _is_deep(body: bytes) -> bool:
    """Whether JSON is nested deeper than `DEEPEST`: pairs of brackets are taken out, the innermost first."""
    outside = _TEXT.sub(b"", body) if b"\\" in body else b"".join(body.split(b'"')[::2])
    brackets = outside.translate(_ALIKE, _NO_BRACKETS)
    for _ in range(DEEPEST):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def _closely(body: bytes) -> Any:
    """`body` by the parser that says what is wrong, and where, but takes five times as long."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_number,
            parse_int=_whole_number,
        )
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadRequest(f"This is not JSON that we take: {reason[:200]}.") from error
    if b"\\u" in body:
        _refuse_unstorable(value)
    return value


def check_if_match(case: Case, etag: Callable[[], str]) -> None:
    """With `If-Match`, lock `case` and raise `Changed` unless the thing still has that `etag` (RFC 9110 §13.1.1)."""
    if "If-Match" not in request.headers:
        return
    lock(case.id)
    if not request.if_match.contains(etag().strip('"')):  # strong comparison; `*` fits everything
        raise Changed(Changed.__doc__)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _whole_number(text: str) -> int:
    if len(text) > 17 or abs(number := int(text)) > WHOLE:
        raise ValueError("a whole number is beyond ±9007199254740991")
    return number


def _refuse_unstorable(value: Any) -> None:
    """Raise for NUL and lone surrogates, which PostgreSQL and UTF-8 have no place for."""
    text = json.dumps(value, ensure_ascii=False)
    if "\\u0000" in json.dumps(value).replace("\\\\", ""):
        raise BadRequest("A text holds the character NUL.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadRequest("A text holds half of a surrogate pair.") from error


def _wrong(error: ValidationError) -> list[tuple[str, str]]:
    return [
        (".".join(str(part) for part in problem["loc"]) or "body", problem["msg"][:300])
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    ]
