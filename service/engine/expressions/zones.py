"""Time zones as lists of offsets, for an interpreter that has none: quickjs knows no IANA database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2070, 1, 1, tzinfo=UTC)


def name_of(moment: datetime) -> str:
    """The IANA name of an aware datetime's zone, or a fixed offset such as `+02:00`; `UTC` for a naive one."""
    zone = moment.tzinfo
    if zone is None or not (offset := moment.utcoffset()):
        return getattr(zone, "key", None) or "UTC"
    if (key := getattr(zone, "key", None)) is not None:
        return str(key)
    minutes = int(offset.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


@lru_cache(maxsize=128)
def steps(name: str) -> list[list[float]] | None:
    """Each change of offset since 1970 as [instant in ms, minutes east of UTC]; None for an unknown zone."""
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    found = [[_FIRST.timestamp() * 1000, _minutes(_FIRST, zone)]]
    month = _FIRST
    while month < _LAST:
        following = month + timedelta(days=30)
        if _minutes(following, zone) != found[-1][1]:
            change = _change(month, following, zone)
            found.append([change.timestamp() * 1000, _minutes(change, zone)])
        month = following
    return found


def _minutes(moment: datetime, zone: ZoneInfo) -> float:
    offset = moment.astimezone(zone).utcoffset()
    return offset.total_seconds() / 60 if offset else 0


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first minute at which the offset is no longer that of `before`."""
    while after - before > timedelta(minutes=1):
        middle = before + (after - before) // 2
        middle = middle.replace(second=0, microsecond=0) if (after - before) > timedelta(minutes=2) else middle
        if middle <= before:
            return after
        if _minutes(middle, zone) == _minutes(before, zone):
            before = middle
        else:
            after = middle
    return after.replace(second=0, microsecond=0)
