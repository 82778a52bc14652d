"""A time that names no zone means the zone of the clock that the workflow was given."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from service.engine import starts, timing
from service.engine.workflow import Workflow
from tests.engine.diagrams import node, package, process, timer

VIENNA = datetime(2026, 3, 1, 0, 30, tzinfo=ZoneInfo("Europe/Vienna"))


@pytest.mark.parametrize(
    ("text", "kind", "due"),
    [
        ("2026-12-01T08:00:00", "timeDate", datetime(2026, 12, 1, 7, tzinfo=UTC)),
        ("2026-07-01", "timeDate", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-12-01T08:00:00Z", "timeDate", datetime(2026, 12, 1, 8, tzinfo=UTC)),
        ("2026-12-01T08:00[America/New_York]", "timeDate", datetime(2026, 12, 1, 13, tzinfo=UTC)),
        ("= today()", "timeDate", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("today()", "timeDate", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("= date and time(today(), @&quot;08:00:00&quot;)", "timeDate", datetime(2026, 3, 1, 7, tzinfo=UTC)),
        ("= now()", "timeDate", VIENNA),
        ("now()", "timeDate", VIENNA),
        ("datetime(2026, 7, 1, 8)", "timeDate", datetime(2026, 7, 1, 6, tzinfo=UTC)),
        ("P30D", "timeDuration", datetime(2026, 3, 30, 22, 30, tzinfo=UTC)),
        ("PT720H", "timeDuration", datetime(2026, 3, 30, 23, 30, tzinfo=UTC)),
        ("R/2026-04-01T08:00/P1D", "timeCycle", datetime(2026, 4, 1, 6, tzinfo=UTC)),
        ("R3/P1D/2026-04-01T08:00", "timeCycle", datetime(2026, 3, 31, 6, tzinfo=UTC)),
    ],
)
def test_timers_and_due_dates_are_in_the_zone_of_the_clock(text: str, kind: str, due: datetime) -> None:
    drawn = node("intermediateCatchEvent", "t", timer(text, kind))
    if kind != "timeCycle" and (text.startswith("=") or timing.is_literal(text)):
        drawn += node("userTask", "A", case_dueDate=text)
    else:
        drawn += node("userTask", "A")
    drawn += node("parallelGateway", "both")
    [definition] = package(process(drawn, "s both t e", "both A e")).definitions.values()
    workflow = Workflow.start(definition, {}, now=VIENNA)

    work = workflow.open_work()

    assert [found.due_at for found in work.timers] == [due]
    assert [task.due_at for task in work.tasks] in ([due], [None])


def test_timer_starts_are_too() -> None:
    opening = starts.first("R/2026-03-28T08:00/P1D", VIENNA)

    assert opening is not None and opening.due_at == datetime(2026, 3, 28, 7, tzinfo=UTC)
