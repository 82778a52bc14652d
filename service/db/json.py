"""Values as JSON, as rows and programs get them."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any


def to_json(value: Any) -> str:
    """`value` as JSON, as rows and programs get it: the dates, times and durations of FEEL are texts (ISO 8601)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False, default=iso_text)


def iso_text(value: Any) -> str:
    """A date, time or duration as JSON has it."""
    if isinstance(value, datetime | date | clock_time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():g}S"
    raise TypeError(f"{type(value).__name__} is no JSON")
