"""What somebody is told, by Apprise to a chat or another service of theirs.

Apprise knows far more than we let through: SERVICES are those that speak HTTP alone and read no file, and an address
has no parameters, among which there are names of files and of other hosts. Whatever Apprise then connects to, redirects
too, goes to an address that the allow-list lets through, as it was checked (`_guarded`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from service.connectors.addresses import Allowed, resolve
from service.connectors.errors import CallFailed

SERVICES = (
    "slack", "discord", "tgram", "gchat", "mmost", "mmosts", "rocket", "rockets", "zulip",
    "ntfy", "ntfys", "gotify", "gotifys", "pover", "wxteams", "json", "jsons",
)  # fmt: skip
SECONDS = 10.0
_here = threading.local()
_original: Any = None
_once = threading.Lock()


def check(address: str) -> None:
    """Raise ValueError, which says why, for an address that is none of the services that are let through."""
    scheme, found, rest = address.partition("://")
    if not found or scheme.lower() not in SERVICES:
        raise ValueError(f"Begin with one of {', '.join(SERVICES)}, and ://.")
    if "?" in rest or "#" in rest or not address.isascii() or not address.isprintable() or " " in address:
        raise ValueError("Leave parameters, blanks and special characters out of the address.")
    if _made(address) is None:
        raise ValueError("Apprise cannot read this address; its documentation shows how the service's is written.")


def shown(address: str) -> str:
    """The address without what is secret in it."""
    scheme = address.partition("://")[0]
    host = urlsplit(address).hostname or ""
    return f"{scheme}://{host[:3]}…"


def send(address: str, title: str, text: str, *, allowed: Allowed) -> None:
    """Send it. Raises `CallFailed`."""
    try:
        check(address)
    except ValueError as wrong:
        raise CallFailed(str(wrong), code="CHAT_ADDRESS") from None
    service = _made(address)
    with _guarded(allowed) as refusals:
        sent = service is not None and bool(service.notify(title=title, body=text))
    if refusals:
        raise CallFailed(refusals[0], code="CHAT_NOT_ALLOWED")
    if not sent:
        raise CallFailed("The service did not take it.", code="CHAT_FAILED", again=True)


def _made(address: str) -> Any:
    import apprise  # takes half a second, and few processes send anything

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it logs addresses
    asset = apprise.AppriseAsset(storage_mode=apprise.PersistentStoreMode.MEMORY)
    service = apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if service is not None:
        service.socket_connect_timeout, service.socket_read_timeout = SECONDS, SECONDS
    return service


@contextmanager
def _guarded(allowed: Allowed) -> Iterator[list[str]]:
    """Within this, what this thread connects to by `requests` is looked up and checked here. Gives what was refused."""
    _install()
    _here.allowed, _here.refusals = allowed, []
    try:
        yield _here.refusals
    finally:
        del _here.allowed


def _install() -> None:
    global _original
    from urllib3.util import connection

    with _once:
        if _original is None:
            _original = connection.create_connection
            connection.create_connection = _connect


def _connect(address: tuple[str, int], *arguments: Any, **named: Any) -> Any:
    allowed: Allowed | None = getattr(_here, "allowed", None)
    if allowed is None:
        return _original(address, *arguments, **named)
    host, port = address
    try:
        checked = resolve(host.strip("[]"), port, allowed, seconds=SECONDS)
    except CallFailed as refused:
        if not refused.again:
            _here.refusals.append(str(refused))
        raise OSError(str(refused)) from None
    return _original((checked, port), *arguments, **named)
