"""A network between a program and PostgreSQL, or between a client and the web server, that can be disturbed."""

from __future__ import annotations

import ctypes
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

COMMIT = b"COMMIT\0"  # as PostgreSQL is sent it
SERVER_GIVES_UP = (
    10.0  #: seconds until PostgreSQL drops a client that is gone (service/db/connections.py), for which we do it here
)
_SO_ATTACH_FILTER = 26  # of Linux's <asm-generic/socket.h>


class _Step(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("jt", ctypes.c_ubyte), ("jf", ctypes.c_ubyte), ("k", ctypes.c_uint)]


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(_Step))]


class Network:
    """Passes on what comes in at `address`, to where `connect` leads."""

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self.connect = connect
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self.listener.getsockname()
        self.pairs: list[tuple[socket.socket, socket.socket]] = []
        self.delay = 0.0  #: seconds that each packet takes
        self.is_open = True
        self.cut_before: bytes | None = None  #: the next packet with this is lost, with its connection
        self.cut_after: bytes | None = None  #: the next packet with this arrives, but its answer does not
        self.cuts = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """End all connections."""
        for pair in self.pairs:
            _end(*pair)
        self.pairs.clear()

    def close(self) -> None:
        """End all connections and refuse new ones."""
        self.is_open = False
        self.cut()

    def open(self) -> None:
        """Let connections through again."""
        self.is_open = True

    def swallow(self) -> None:
        """Lose whatever is sent on the connections that there are; nobody is told that they are gone."""
        drop = _Filter(1, ctypes.pointer(_Step(0x06, 0, 0, 0)))  # BPF: return 0, that is, drop the packet unanswered
        for near, _ in self.pairs:
            with suppress(OSError):
                near.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, bytes(drop))
        lost, self.pairs = self.pairs, []
        later = threading.Timer(SERVER_GIVES_UP, lambda: _end(*(far for _, far in lost)))
        later.daemon = True
        later.start()

    def end(self) -> None:
        """Be gone for good."""
        self.close()
        self.listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            if not self.is_open:
                _end(near)
                continue
            try:
                far = self.connect()
            except OSError:
                _end(near)
                continue
            self.pairs.append((near, far))
            for one, other, outward in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pass, args=(one, other, outward), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket, outward: bool) -> None:
        with suppress(OSError):
            while content := one.recv(65536):
                if self.delay:
                    time.sleep(self.delay)
                if outward and self._lost(content, one, other):
                    break
                other.sendall(content)
        _end(one, other)

    def _lost(self, content: bytes, near: socket.socket, far: socket.socket) -> bool:
        """Whether this packet is one to cut the connection at."""
        if self.cut_before is not None and self.cut_before in content:
            self.cut_before, self.cuts = None, self.cuts + 1
            return True
        if self.cut_after is not None and self.cut_after in content:
            self.cut_after, self.cuts = None, self.cuts + 1
            _end(near)
            far.sendall(content)
            time.sleep(0.2)  # for the server to act on it
            return True
        return False


def _end(*ends: socket.socket) -> None:
    for each in ends:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
        each.close()


def to_postgresql(url: sa.URL) -> Callable[[], socket.socket]:
    """Connects to the server's socket in the file system."""

    def connect() -> socket.socket:
        far = socket.socket(socket.AF_UNIX)
        far.connect(f"{url.query['host']}/.s.PGSQL.{url.port or 5432}")
        return far

    return connect


@contextmanager
def before(database_url: str) -> Iterator[tuple[Network, str]]:
    """A network before that database, and the database's URL by way of it."""
    url = sa.make_url(database_url)
    network = Network(to_postgresql(url))
    host, port = network.address
    through = url.set(host=host, port=port, query={"sslmode": "disable", "gssencmode": "disable"})
    try:
        yield network, through.render_as_string(hide_password=False)
    finally:
        network.end()
