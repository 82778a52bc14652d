"""What a case's variables may hold: JSON, plus dates, times and durations.

Whatever a sandbox hands back passes through `plain`, so that a variable is the same before and after it was stored.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

MAX_DEPTH = 60
MAX_BITS = 1024  #: of a whole number; the largest float has as many
MAX_ITEMS = 500_000  #: lists, dictionaries and their entries together
MAX_TEXT = 16_000_000  #: characters, all texts together


class NotPlain(ValueError):
    """A value that a case cannot keep; the message says which."""


class _Budget:
    """What may still be copied."""

    def __init__(self) -> None:
        self.items, self.text = MAX_ITEMS, MAX_TEXT

    def spend(self, *, items: int = 0, text: int = 0) -> None:
        self.items -= items
        self.text -= text
        if self.items < 0 or self.text < 0:
            raise NotPlain("The result is too large to be kept.")


def plain(value: Any) -> Any:
    """A deep copy of `value` in plain types: tuples and sets become lists, keys texts, whole decimals numbers.

    Raises NotPlain for what no case can keep: functions, bytes, infinities, numbers beyond 1,024 bits, values nested
    deeper than 60 levels or larger than 500,000 items.
    """
    return _copy(value, 0, _Budget())


def _copy(value: Any, depth: int, budget: _Budget) -> Any:
    if value is None or isinstance(value, bool | datetime | date | time | timedelta):
        return value
    if isinstance(value, str):
        budget.spend(text=len(value))
        return str(value)
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, UUID):
        return str(value)
    if depth >= MAX_DEPTH:
        raise NotPlain(f"The value is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        budget.spend(items=len(value) + 1)
        return {_key(key): _copy(item, depth + 1, budget) for key, item in value.items()}
    if isinstance(value, list | tuple):
        budget.spend(items=len(value) + 1)
        return [_copy(item, depth + 1, budget) for item in value]
    if isinstance(value, set | frozenset):
        budget.spend(items=len(value) + 1)
        return [_copy(item, depth + 1, budget) for item in sorted(value, key=lambda item: (type(item).__name__, item))]
    raise NotPlain(f"A case cannot keep a value of the type {type(value).__name__}.")


def _number(value: int | float | Decimal) -> int | float:
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise NotPlain("The number is too large to be kept.")
        return int(value)
    if not math.isfinite(value):
        raise NotPlain("The number is not finite.")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**MAX_BITS else float(value)
    return float(value)


def _key(key: Any) -> str:
    if isinstance(key, str):
        return str(key)
    if isinstance(key, bool | int | float):
        return str(key)
    raise NotPlain(f"The keys of a dictionary must be texts, not {type(key).__name__}.")
