"""Where the worker may connect to: only what the allow-list names, and nothing inside the network by mistake.

Names and addresses are judged apart. A host needs its name in the list (`*.example.com`, or `*` for every name); and
every address that it resolves to has to be public, or in a network of the list (`10.0.0.0/8`). So no name, whoever
answers for it, leads to a loopback, private or link-local address that was not meant.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from service.connectors.errors import CallFailed

_NAT64 = IPv6Network("64:ff9b::/96")
Network = Any  #: IPv4Network or IPv6Network


@dataclass(frozen=True)
class Allowed:
    """The allow-list."""

    names: tuple[str, ...] = ()  #: lower case; `*` before a dot, or alone, stands for anything
    networks: tuple[Network, ...] = ()
    setting: str = "CASEWRIGHT_HTTP_ALLOWED"  #: which says it

    def name(self, host: str) -> bool:
        """Whether the host may be called as far as its name tells."""
        host = host.lower().rstrip(".")
        return any(name in ("*", host) or (name[:2] == "*." and host.endswith(name[1:])) for name in self.names)

    def address(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether a connection to the address may be made."""
        real = _embedded(address)
        listed = any(each.version == real.version and real in each for each in self.networks)
        return listed or (real.is_global and not real.is_multicast)


def read_allowed(text: str) -> Allowed:
    """The list as it is set: names, addresses and networks with commas between. Raises ValueError."""
    names: list[str] = []
    networks: list[Network] = []
    for part in (part.strip().lower() for part in text.split(",")):
        if not part:
            continue
        try:
            networks.append(ip_network(part))
        except ValueError:
            bare = part.removeprefix("*.")
            if "/" in part or ":" in part or ("*" in bare and part != "*"):
                raise ValueError(part) from None
            names.append(part)
    return Allowed(tuple(names), tuple(networks))


def resolve(host: str, port: int, allowed: Allowed, *, seconds: float) -> str:
    """The address to connect to for `host`. Raises `CallFailed` when the list does not allow it."""
    literal = _literal(host)
    if literal is None and not allowed.name(host):
        raise CallFailed(f"“{host}” is not in {allowed.setting}.")
    found = [literal] if literal is not None else _look_up(host, port, seconds)
    for address in found:
        listed = literal is None or allowed.name("*") or any(address in each for each in _same(allowed, address))
        if not listed or not allowed.address(address):
            raise CallFailed(f"“{host}” is at {address}, which {allowed.setting} does not allow.")
    return str(found[0])


def _same(allowed: Allowed, address: IPv4Address | IPv6Address) -> list[Network]:
    return [each for each in allowed.networks if each.version == address.version]


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address leads to, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address


def _look_up(host: str, port: int, seconds: float) -> Sequence[IPv4Address | IPv6Address]:
    """All addresses of a host; the system's resolver has no time limit, so it is asked in a thread of its own."""
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answer.append(error)

    thread = threading.Thread(target=ask, daemon=True, name="resolver")
    thread.start()
    thread.join(seconds)
    if not answer or isinstance(answer[0], Exception):
        why = answer[0] if answer else "no answer in time"
        raise CallFailed(f"“{host}” could not be resolved: {why}.", again=True)
    return list(dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in answer[0]))
