"""Whatever a diagram asks the http connector for: it reaches only what is allowed, in its time and size (S9, F12)."""

from __future__ import annotations

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from service.config import WrongSetting
from service.connectors import Allowed, Call, CallFailed, carry_out
from service.connectors.addresses import read_allowed
from tests.conftest import config_for

Answer = Callable[[socket.socket], None]


class Canary(socketserver.ThreadingTCPServer):
    """A server on the loopback that counts who comes, and answers as the test says."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        self.seen: list[bytes] = []
        self.answer: Answer = lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(5)
        self.seen.append(request.recv(65536))
        self.answer(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The caller hung up."""


@pytest.fixture
def canary() -> Iterator[Canary]:
    server = Canary()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def ask(url: str, allowed: str, **inputs: Any) -> dict[str, Any]:
    return carry_out(Call("http", {"url": url, **inputs}, "the key"), read_allowed(allowed))


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Every name resolves to these addresses, one answer after the other; the names that were asked for."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = answers[min(len(asked), len(answers)) - 1]
        return [(0, 0, 0, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


INSIDE = (
    "127.0.0.1", "127.1.2.3", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "2130706433", "0x7f000001",
    "0177.0.0.1", "127.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "10.0.0.1", "192.168.1.1", "172.16.0.1",
    "100.64.0.1", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255",
)  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
@pytest.mark.parametrize("allowed", ["", "*"])
def test_no_way_of_writing_an_inner_address_gets_in(canary: Canary, host: str, allowed: str) -> None:
    port = canary.server_address[1]

    with pytest.raises(CallFailed):
        ask(f"http://{host}:{port}/", allowed, timeout=2)

    assert canary.seen == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://x/", "//x/", "x", "http:///x", ""])
def test_only_http_and_https_are_spoken(url: str) -> None:
    with pytest.raises(CallFailed, match="is no http or https address"):
        ask(url, "*")


def test_by_default_nobody_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolving(monkeypatch, "93.184.216.34")

    with pytest.raises(CallFailed, match="CASEWRIGHT_HTTP_ALLOWED"):
        ask("https://example.com/", "")

    assert asked == []
    assert config_for("sqlite:///x.db").http_allowed == Allowed()


@pytest.mark.parametrize(
    ("host", "allowed", "may"),
    [
        ("api.example.com", "api.example.com", True),
        ("API.example.com.", "api.example.com", True),
        ("a.b.example.com", "*.example.com", True),
        ("example.com", "*.example.com", False),
        ("evilexample.com", "*.example.com", False),
        ("example.com.evil.net", "example.com", False),
    ],
)
def test_names_are_held_against_the_list(host: str, allowed: str, may: bool) -> None:
    assert read_allowed(allowed).name(host) is may


@pytest.mark.parametrize("text", ["exa*mple.com", "http://example.com", "example.com:80", "10.0.0.1/8", "*.*"])
def test_a_list_that_says_nothing_clear_is_refused_at_start(text: str) -> None:
    with pytest.raises(WrongSetting, match="CASEWRIGHT_HTTP_ALLOWED"):
        config_for("sqlite:///x.db", CASEWRIGHT_HTTP_ALLOWED=text)


def test_a_listed_name_that_leads_inside_is_refused(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "127.0.0.1")

    with pytest.raises(CallFailed, match=r"is at 127\.0\.0\.1"):
        ask(f"http://partner.example:{canary.server_address[1]}/", "partner.example")

    assert canary.seen == []


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(
    canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolving(monkeypatch, "127.0.0.1", "169.254.169.254")
    monkeypatch.setattr(socket, "create_connection", _without_looking_up)

    found = ask(f"http://partner.example:{canary.server_address[1]}/", "partner.example,127.0.0.0/8")

    assert found["body"] == "ok"
    assert asked == ["partner.example"]
    assert b"Host: partner.example" in canary.seen[0]


def _without_looking_up(where: tuple[str, int], timeout: float) -> socket.socket:
    made = socket.socket()
    made.settimeout(timeout)
    made.connect(where)
    return made


def test_a_redirect_is_not_followed(canary: Canary) -> None:
    port = canary.server_address[1]
    there = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{port}/inner\r\nContent-Length: 0\r\n\r\n".encode()
    canary.answer = lambda connection: connection.sendall(there)

    with pytest.raises(CallFailed) as failed:
        ask(f"http://127.0.0.1:{port}/", "127.0.0.1")

    assert (failed.value.code, failed.value.again, len(canary.seen)) == ("HTTP_302", False, 1)


@pytest.mark.parametrize("until", [b"", b"Content-Length: 5000\r\n\r\n"], ids=["in its headers", "in its body"])
def test_a_slow_drip_is_cut_off_in_time(canary: Canary, until: bytes) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + until)
        for _ in range(100):
            connection.sendall(b"X-Slow: 1\r\n")
            time.sleep(0.1)

    canary.answer = drip
    began = time.monotonic()

    with pytest.raises(CallFailed, match=r"no whole answer within 0\.5 seconds") as failed:
        ask(f"http://127.0.0.1:{canary.server_address[1]}/", "127.0.0.1", timeout=0.5)

    assert failed.value.again
    assert time.monotonic() - began < 5


def test_a_huge_answer_is_read_no_further_than_the_cap(canary: Canary) -> None:
    sent: list[int] = []

    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(100):
            connection.sendall(bytes(1 << 20))
            sent.append(1)

    canary.answer = flood

    with pytest.raises(CallFailed, match="more than 5 MB") as failed:
        ask(f"http://127.0.0.1:{canary.server_address[1]}/", "127.0.0.1")

    assert not failed.value.again
    assert len(sent) < 30


@pytest.mark.parametrize(
    "inputs",
    [
        {"headers": {"X": "a\r\nHost: inner"}},
        {"headers": {"Host": "inner"}},
        {"headers": {"transfer-encoding": "chunked"}},
        {"headers": {"Host ": "inner"}},
        {"headers": {"\tHost": "inner"}},
        {"headers": {"Transfer-Encoding ": "chunked"}},
        {"headers": {"content_length": "0"}},
        {"headers": {"Host\x00": "inner"}},
        {"headers": {"Host: inner\r\nX": "a"}},
        {"headers": {"": "inner"}},
        {"headers": {"Ho\xadst": "inner"}},
        {"headers": {"X": "a\x00b"}},
        {"headers": {"X": "a\x7fb"}},
        {"headers": {"X": "a\x0bb"}},
        {"headers": {"X": "\u2028"}},
        {"headers": {"X": "\u560d\u560aHost: inner"}},
        {"headers": "X: 1"},
        {"method": "GET / HTTP/1.1\r\nX: 1"},
        {"method": "CONNECT"},
        {"timeout": 3600},
    ],
)
def test_requests_cannot_be_forged(canary: Canary, inputs: dict[str, Any]) -> None:
    with pytest.raises(CallFailed) as failed:
        ask(f"http://127.0.0.1:{canary.server_address[1]}/", "127.0.0.1", **inputs)

    assert canary.seen == []
    assert not failed.value.again


def test_headers_that_are_right_are_sent_as_they_are(canary: Canary) -> None:
    headers = {"X-Trace_Id.1": "a\tb \u00fc", "Content-Type": "text/csv", "Authorization": "Bearer x=="}

    ask(f"http://127.0.0.1:{canary.server_address[1]}/", "127.0.0.1", body="a;b", headers=headers)

    sent = canary.seen[0].decode("latin-1")
    assert all(f"{name}: {value}" in sent for name, value in headers.items())


@pytest.mark.parametrize("url", ["http://user:secret@127.0.0.1/", "http://127.0.0.1/a\r\nX: 1", "http://127.0.0.1/ä b"])
def test_addresses_that_hide_something_are_refused(url: str) -> None:
    with pytest.raises(CallFailed):
        ask(url, "127.0.0.1")
