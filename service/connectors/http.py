"""The connector `http`: one request, within a time and a size, to a host of the allow-list, at the address it checked.

Inputs: `url`, `method` (GET, or POST with a body), `headers`, `body` (text, or a value sent as JSON), `timeout` (in
seconds). It gives `status`, `headers` (names in lower case) and `body` (JSON where the answer says so, else text).
Redirects are not followed. Answers of 400 and above are errors: `HTTP_404` and so on; those that may pass are tried
again.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import SplitResult, urlsplit

from service.connectors.addresses import Allowed, resolve
from service.connectors.errors import CallFailed

TOTAL_SECONDS = 30.0  #: from looking up the host to the answer's last byte
MAX_BODY = 5 * 1024 * 1024
INPUTS = ("url", "method", "headers", "body", "timeout")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "expect", "upgrade"})
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")  #: a token (RFC 9110 §5.6.2): no blank that a server may trim
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  #: no control characters (RFC 9110 §5.5); sent as Latin-1
_PASSING = frozenset({408, 425, 429})  #: as all of 500 and above: they may be over later


@dataclass(frozen=True)
class Request:
    """A request as the inputs say it."""

    url: SplitResult
    method: str
    headers: dict[str, str]
    body: bytes | None
    seconds: float

    @property
    def port(self) -> int:
        return self.url.port or (443 if self.url.scheme == "https" else 80)

    @property
    def target(self) -> str:
        return (self.url.path or "/") + (f"?{self.url.query}" if self.url.query else "")


def call(inputs: Mapping[str, Any], key: str, allowed: Allowed) -> dict[str, Any]:
    """Send the request, with `key` as its `Idempotency-Key`. Raises `CallFailed`."""
    request = _request(inputs, key)
    deadline = time.monotonic() + request.seconds
    address = resolve(request.url.hostname or "", request.port, allowed, seconds=request.seconds)
    connection = _Pinned(request, address)
    cut = threading.Timer(max(0.0, deadline - time.monotonic()), connection.cut)
    cut.daemon = True
    cut.start()
    try:
        answer = _exchange(connection, request)
    except (OSError, HTTPException, ValueError) as error:
        late = time.monotonic() >= deadline
        why = f"no whole answer within {request.seconds:g} seconds" if late else f"{type(error).__name__}: {error}"
        raise CallFailed(f"{request.method} {_shown(request)} failed: {why}.", again=True) from None
    finally:
        cut.cancel()
        connection.close()
    return _judged(request, answer)


def _request(inputs: Mapping[str, Any], key: str) -> Request:
    body = inputs.get("body")
    method = str(inputs.get("method") or ("GET" if body is None else "POST")).upper()
    try:
        url = urlsplit(str(inputs.get("url") or ""))
        port = url.port
    except ValueError as wrong:
        raise CallFailed(f"The url is wrong: {wrong}.") from None
    text = url.geturl()
    if url.scheme not in ("http", "https") or not url.hostname or port == 0 or not _plain(text):
        raise CallFailed(f"“{text[:100]}” is no http or https address.")
    if url.username is not None:
        raise CallFailed("Write credentials into the headers, not into the url.")
    if method not in _METHODS:
        raise CallFailed(f"The method is “{method[:20]}”; there are {', '.join(_METHODS)}.")
    content = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
    headers = {"User-Agent": "casewright", "Accept": "application/json, */*;q=0.5", "Idempotency-Key": key}
    if content is not None:
        headers["Content-Type"] = "text/plain; charset=utf-8" if isinstance(body, str) else "application/json"
    return Request(url, method, _merged(headers, inputs.get("headers") or {}), content, _seconds(inputs.get("timeout")))


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and " " not in text


def _merged(headers: dict[str, str], said: Any) -> dict[str, str]:
    """The designer's headers over ours, but for those that frame the request."""
    if not isinstance(said, Mapping):
        raise CallFailed("The headers are no object of names and values.")
    for name, value in ((str(name), str(value)) for name, value in said.items()):
        if not _HEADER_NAME.fullmatch(name):
            raise CallFailed(f"“{name[:100]}” is no name of a header: letters, digits and - _ . are.")
        if not _HEADER_VALUE.fullmatch(value):
            raise CallFailed(f"The header “{name}” holds a line break or another character that HTTP does not carry.")
        if name.lower().replace("_", "-") in _OURS:  # gateways in the manner of CGI take one for the other
            raise CallFailed(f"The header “{name}” is set by the connector itself.")
        for ours in [each for each in headers if each.lower() == name.lower()]:
            del headers[ours]
        headers[name] = value
    return headers


def _seconds(said: Any) -> float:
    if said is None:
        return TOTAL_SECONDS
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 < said <= TOTAL_SECONDS:
        raise CallFailed(f"The timeout is not a number of seconds up to {TOTAL_SECONDS:g}.")
    return float(said)


class _Pinned(HTTPConnection):
    """A connection to the address that was checked, whatever the name says a moment later."""

    def __init__(self, request: Request, address: str) -> None:
        super().__init__(request.url.hostname or "", request.port, timeout=request.seconds)
        self._address = address
        self._secure = request.url.scheme == "https"
        self.default_port = 443 if self._secure else 80  # so that `Host` names the port only where it has to
        self._live: socket.socket | None = None  #: `sock` is given away to the answer before that is read
        self.was_cut = False

    def connect(self) -> None:
        self.sock = self._live = socket.create_connection((self._address, self.port), self.timeout)
        if self._secure:
            context = ssl.create_default_context()
            secured = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
            self.sock = self._live = secured
            secured.do_handshake()
        if self.was_cut:
            raise TimeoutError

    def cut(self) -> None:
        """End it now, in the middle of whatever it does: a slow answer, byte by byte, would go on for ever."""
        self.was_cut = True
        if self._live is not None:
            try:
                self._live.shutdown(socket.SHUT_RDWR)
            except OSError:  # it has just ended by itself
                return


@dataclass(frozen=True)
class _Answer:
    response: HTTPResponse
    body: bytes
    too_large: bool


def _exchange(connection: _Pinned, request: Request) -> _Answer:
    headers = {**request.headers, "Accept-Encoding": "identity", "Connection": "close"}
    connection.request(request.method, request.target, request.body, headers)
    with connection.getresponse() as response:
        body = response.read(MAX_BODY + 1)
    if connection.was_cut:
        raise TimeoutError
    return _Answer(response, body[:MAX_BODY], len(body) > MAX_BODY)


def _judged(request: Request, answer: _Answer) -> dict[str, Any]:
    """The result, or the error that the answer is."""
    status = answer.response.status
    result = {
        "status": status,
        "headers": {name.lower(): value for name, value in answer.response.getheaders()},
        "body": _content(answer),
    }
    where = f"{request.method} {_shown(request)}"
    if answer.too_large:
        raise CallFailed(f"{where} answered more than {MAX_BODY >> 20} MB.", code="HTTP_TOO_LARGE")
    if 300 <= status < 400 and status != 304:
        raise CallFailed(f"{where} answered {status}; redirects are not followed.", code=f"HTTP_{status}", data=result)
    if status >= 400:
        again = status >= 500 or status in _PASSING
        raise CallFailed(f"{where} answered {status}.", code=f"HTTP_{status}", again=again, data=result)
    return result


def _content(answer: _Answer) -> Any:
    kind = (answer.response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
    try:
        text = answer.body.decode(answer.response.headers.get_content_charset() or "utf-8", "replace")
    except LookupError:  # a charset that nobody knows
        text = answer.body.decode("utf-8", "replace")
    if text and (kind == "application/json" or kind.endswith("+json")):
        try:
            return json.loads(text, parse_constant=_no_number)
        except (ValueError, RecursionError):
            return text
    return text


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _shown(request: Request) -> str:
    """The address without its query, which may hold what is nobody's business."""
    return f"{request.url.scheme}://{request.url.netloc}{request.url.path}"
