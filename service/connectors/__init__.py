"""What service tasks call: the one catalogue of connectors, by the name that diagrams give in `case:type`.

A connector gets the task's mapped inputs and gives back a JSON object. It runs in the worker, outside of any
transaction, and may run more than once: whoever it calls can tell a repetition by the key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.connectors import http
from service.connectors.addresses import Allowed
from service.connectors.errors import CallFailed


@dataclass(frozen=True)
class Call:
    """What a service task asks for."""

    kind: str
    inputs: Mapping[str, Any]
    key: str  #: the same on every attempt


Connector = Callable[[Mapping[str, Any], str, Allowed], dict[str, Any]]
CATALOGUE: Mapping[str, Connector] = {"http": http.call}
#: The inputs that a connector knows, by its name; those it cannot do without.
INPUTS: Mapping[str, Sequence[str]] = {"http": http.INPUTS}
NEEDED: Mapping[str, Sequence[str]] = {"http": ("url",)}


def carry_out(call: Call, allowed: Allowed) -> dict[str, Any]:
    """Do it, and give back what came of it. Raises `CallFailed`."""
    connector = CATALOGUE.get(call.kind)
    if connector is None:
        raise CallFailed(f"There is no connector “{call.kind}”; there is {', '.join(sorted(CATALOGUE))}.")
    return connector(call.inputs, call.key, allowed)


__all__ = ["CATALOGUE", "INPUTS", "NEEDED", "Allowed", "Call", "CallFailed", "carry_out"]
