"""Times that could never come are told before anything runs, each with the time that was meant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.engine.starts import first
from tests.engine.drawn import examined, flow, read

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def timer(kind: str, text: str) -> str:
    return (
        f'<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><{kind}>{text}</{kind}>'
        "</timerEventDefinition></intermediateCatchEvent>" + flow("s", "t")
    )


@pytest.mark.parametrize(
    ("kind", "text", "message", "advice"),
    [
        ("timeDuration", "P3", "“P3” is no ISO 8601 duration.", "P3D are 3 days, PT3H are 3 hours."),
        ("timeDuration", "'P3'", "“P3” is no ISO 8601 duration.", "P3D are 3 days, PT3H are 3 hours."),
        ("timeDuration", "3", "“3” is no ISO 8601 duration.", "P3D are 3 days, PT3H are 3 hours."),
        ("timeDuration", "PT", "“PT” is no ISO 8601 duration.", "PT48H"),
        ("timeDuration", "P3H", "“P3H” is no ISO 8601 duration.", "stand behind PT: PT3H."),
        ("timeDuration", "24 hours", "“24 hours” is no ISO 8601 duration.", "stand behind PT: PT24H."),
        ("timeDuration", "3 days", "“3 days” is no ISO 8601 duration.", "P3D."),
        ("timeDuration", '= "P3H"', '“= "P3H"” gives no time.', "now() + duration"),
        ("timeDuration", "= 3", "“= 3” gives no time.", "now() + duration"),
        ("timeDate", "2026-1-08", "“2026-1-08” is no ISO 8601 date.", "2026-12-24T18:00:00Z"),
        ("timeDate", "2026-08-09x", "“2026-08-09x” is no ISO 8601 date.", "2026-12-24T18:00:00Z"),
        ("timeDate", "24.12.2026", "“24.12.2026” is no ISO 8601 date.", "2026-12-24T18:00:00Z"),
        ("timeDate", "2026-02-31", "“2026-02-31” is not a date.", "2026-12-24T18:00:00Z"),
        ("timeDate", "2026-02-03T09:00[Europe/Vindobona]", "There is no time zone “Europe/Vindobona”", "2026-12-24"),
        ("timeCycle", "R3/P1", "“R3/P1” is no ISO 8601 cycle.", "R3/PT10M"),
        ("timeCycle", "R/PT0S", "“R/PT0S” repeats without time passing.", "R3/PT10M"),
    ],
)
def test_a_timer_that_is_never_due_is_told_once_with_what_was_meant(kind, text, message, advice):
    [problem] = examined(timer(kind, text))

    assert problem.element_id == "t" and problem.line == 1
    assert message in problem.message and advice in problem.advice


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("timeDuration", "PT0.5S"),
        ("timeDuration", "wait"),
        ("timeDuration", "P3 if hurried else week"),
        ("timeDuration", '= duration("P3D")'),
        ("timeDuration", '= now() + duration("PT1H")'),
        ("timeDuration", "timedelta(days=3)"),
        ("timeDate", "2024-02-29"),
        ("timeDate", "2026-03-29T09:00[Europe/Berlin]"),
        ("timeCycle", "R/2026-01-01T06:00Z/P1D"),
    ],
)
def test_times_and_expressions_of_times_are_told_nothing(kind, text):
    assert examined(timer(kind, text)) == []


@pytest.mark.parametrize(
    "text", ['= "0 0 9 * * MON-FRI"', "0 0 9 ? * MON-FRI", '= cycle(3, duration("PT1H"))', '= "R3/PT1H"']
)
def test_a_cycle_is_a_time_in_each_way_to_write_it_and_opens_cases(text):
    start = (
        f'<startEvent id="s"><timerEventDefinition><timeCycle>{text}</timeCycle></timerEventDefinition></startEvent>'
    )
    inner = start + '<userTask id="u" case:candidateGroups="g"/>' + flow("s", "u")

    assert examined(inner) == []
    [opened] = read(inner).infos["p"].starts
    assert first(opened.name, NOON).due_at > NOON
