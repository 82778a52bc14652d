"""Service levels: how they are declared and checked, and their counting against a counter that looks at each minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from service.engine.change import heads
from service.engine.change.compare import compare
from service.engine.definition import Escalation
from service.engine.parser import parse
from service.engine.service_levels import Counter, Turn, measure, stretches, turned, used_up
from service.engine.working_time import A_DAY, Hours, WorkingTime
from tests.engine.drawn import document, element, errors, examined, extended, flow, read, warnings
from tests.engine.test_working_time import CHANGES, OFFICE, ZONES, Slow, berlin

A_MINUTE = timedelta(minutes=1)
NOT_SHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  #: a world takes long
DAYS = 6  #: that the slow counter looks at


@some.composite
def hours(draw: some.DrawFn) -> Hours:
    """Up to two stretches of work in a day."""
    times = sorted(draw(some.sets(some.integers(0, A_DAY // 15), min_size=0, max_size=4)))
    times = times[: len(times) // 2 * 2]
    return tuple((times[at] * 15, times[at + 1] * 15) for at in range(0, len(times), 2))


@some.composite
def worlds(draw: some.DrawFn) -> tuple[datetime, dict[str, Counter], list[Turn], int]:
    """A first moment, calendars by key, a history of holds and moves between them, and minutes that may be counted."""
    around = draw(some.sampled_from(CHANGES))
    first = datetime(around.year, around.month, around.day, tzinfo=UTC) - timedelta(days=2)
    days = [around + timedelta(days=number) for number in range(-3, 5)]
    counters = {"": Counter(UTC)}
    for key in ("one", "other"):
        counters[key] = Counter(
            UTC,
            WorkingTime(
                key,
                ZoneInfo(draw(some.sampled_from(ZONES))),
                draw(some.tuples(*[hours()] * 7)),
                holidays=draw(some.sets(some.sampled_from(days), max_size=2)),
                exceptions=draw(some.dictionaries(some.sampled_from(days), hours(), max_size=2)),
            ),
        )
    minutes = sorted(draw(some.sets(some.integers(0, (DAYS - 1) * A_DAY), min_size=1, max_size=6)))
    history: list[Turn] = []
    for minute in minutes:
        calendar = draw(some.sampled_from([None, "", "one", "other"]))
        history = turned(history, Turn(first + minute * A_MINUTE, calendar, "" if calendar is not None else "hold"))
    return first, counters, history, draw(some.integers(1, 2 * A_DAY))


def is_counted(minute: datetime, history: list[Turn], worked: dict[str, set[datetime]]) -> bool:
    """By looking only: which turn is it, and does its calendar work then?"""
    turns = [turn for turn in history if turn.at <= minute]
    if not turns or turns[-1].calendar is None:
        return False
    return turns[-1].calendar not in worked or minute in worked[turns[-1].calendar]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), phases=NOT_SHRUNK)
@given(worlds())
def test_clocks_count_what_a_counter_of_minutes_counts(world):
    first, counters, history, wanted = world
    end = first + timedelta(days=DAYS)
    slow = {key: Slow(each.working, first, end).worked for key, each in counters.items() if each.works}
    minutes = [first + number * A_MINUTE for number in range(DAYS * A_DAY)]
    counted = [minute for minute in minutes if is_counted(minute, history, slow)]

    found = measure(f"PT{wanted}M", "", history, counters.__getitem__, end)
    lines = list(stretches(history, counters.__getitem__, end))
    used = used_up(wanted * A_MINUTE, history, counters.__getitem__)

    assert found.counted == len(counted) * A_MINUTE
    assert sum((line.length for line in lines if line.is_counted), timedelta()) == found.counted
    assert lines[0].begin == history[0].at and lines[-1].end == end
    assert all(before.end == after.begin for before, after in pairwise(lines))
    if wanted <= len(counted):
        assert used == counted[wanted - 1] + A_MINUTE
    elif history[-1].stands:
        assert used is None
    else:
        assert used is None or used >= end or not counters[history[-1].calendar or ""].spans(first, end)


@pytest.mark.parametrize(
    ("turns", "due"),
    [
        ([("2026-05-04T10:00", "o")], "2026-05-06T10:00"),  # two working days
        ([("2026-05-11T10:00", "o")], "2026-05-13T10:00"),  # later
        ([("2026-05-04T10:00", "o"), ("2026-05-04T12:00", None), ("2026-05-05T12:00", "o")], "2026-05-07T11:00"),
        ([("2026-05-04T10:00", "o"), ("2026-05-04T12:00", None)], None),  # it stands
        ([("2026-05-04T10:00", "o"), ("2026-05-11T12:00", None)], "2026-05-06T10:00"),  # breached before it stood
        ([("2026-05-04T10:00", "o"), ("2026-05-04T17:00", "")], "2026-05-05T02:00"),  # to where all time counts
    ],
)
def test_what_is_left_is_left_after_holds_and_moves(turns, due):
    history = [Turn(berlin(at), calendar, "" if calendar is not None else "hold") for at, calendar in turns]
    counters = {"o": Counter(UTC, OFFICE), "": Counter(UTC)}

    found = measure("P2D", "80%", history, counters.__getitem__, berlin("2026-05-04T11:00"))

    assert found.due_at == (berlin(due) if due else None)
    assert found.allowance == timedelta(hours=16)  # 7 + 8 + 1
    assert found.counted == (timedelta(hours=1) if "05-04" in turns[0][0] else timedelta())


def test_a_calendar_without_work_does_not_stop_work():
    never = WorkingTime("never", ZoneInfo("Europe/Berlin"), ((), (), (), (), (), (), ()))
    history, end = [Turn(berlin("2026-05-04T10:00"), "n")], berlin("2026-05-05T10:00")

    found = measure("PT1H", "50%", history, lambda _: Counter(UTC, never), end)

    assert (found.warn_at, found.due_at) == (berlin("2026-05-04T10:30"), berlin("2026-05-04T11:00"))


LEVEL = """<case:serviceLevel kind="response" target="PT4H" warning="75%" calendar="berlin">
 <case:onWarning notify="assignee, group:leads"/><case:onBreach assign="mia" priority="90" activity="Extra"/>
</case:serviceLevel>"""
AD_HOC = '<adHocSubProcess id="h"><userTask id="Extra"/><userTask id="Then"/>{}</adHocSubProcess>'


def task(level: str) -> str:
    return f'<userTask id="a">{extended(level)}</userTask>'


def test_levels_are_read_where_they_stand():
    model = read(
        extended('<case:stages><case:stage id="s"><case:serviceLevel target="P1D"/></case:stage></case:stages>'
                 '<case:serviceLevel target="P9D" calendar="none"/>')
        + task(LEVEL), process='case:calendar="munich"',
    )  # fmt: skip
    info, [found] = model.infos["p"], model.elements["p"]["a"].levels

    assert (found.kind, found.target, found.warning, found.calendar) == ("response", "PT4H", "75%", "berlin")
    assert found.on_warning == Escalation(notify=("assignee", "group:leads"))
    assert found.on_breach == Escalation(assign="mia", priority=90, activity="Extra")
    assert [(level.kind, level.calendar) for level in info.stages[0].levels] == [("resolution", "munich")]
    assert [level.calendar for level in info.levels] == [""]
    assert info.calendars == ("munich", "berlin")


def test_the_calendar_of_a_task_is_its_levels():
    own = '<userTask id="a" case:calendar="m">{}</userTask>'

    [level] = element(own.format(extended(LEVEL.replace("berlin", "")))).levels

    assert level.calendar == "m"
    assert warnings(examined(own.format(extended(LEVEL)) + AD_HOC.format(""))) == []


@pytest.mark.parametrize(
    ("before", "after", "message", "advice"),
    [
        ('kind="response"', 'kind="answer"', "kind “answer” is not known", "response or resolution"),
        ("PT4H", "4 hours", "“4 hours” is no duration", "PT4H or P2D"),
        ("PT4H", "P20Y", "longer than ten years", "PT4H"),
        ("PT4H", "PT0S", "leaves no time", "PT4H"),
        (' target="PT4H"', "", "has no target", "PT4H or P2D"),
        ("75%", "100%", "“100%” is no duration", "1% to 99%"),
        ("75%", "PT5H", "no earlier than the target", "80%"),
        ("75%", "PT4H", "no earlier than the target", "80%"),
        (' warning="75%"', "", "It is never warned", 'warning="80%"'),
        ('calendar="berlin"', 'calender="berlin"', "knows no “calender”", "Did you mean calendar?"),
        ('calendar="berlin"', 'calendar="= team +"', "cannot be read", "FEEL"),
        ('calendar="berlin"', 'calendar="a b"', "is no key", "munich"),
        ("assignee, ", "role:ajuster, ", "no role “ajuster”", "role:adjuster"),
        ("assignee, ", "team:x, ", "names nobody", "group:NAME"),
        ('assign="mia"', 'assign="= x"', "is an expression", "user's name"),
        ('assign="mia"', 'asign="mia"', "knows no “asign”", "Did you mean assign?"),
        ('priority="90"', 'priority="high"', "is no priority", "0 to 100"),
        ('"Extra"', '"Exra"', "“Exra” is not there", "Did you mean Extra?"),
        ('"Extra"', '"Then"', "cannot be started by hand", "to which no flow leads"),
        ('"Extra"', '"a"', "cannot be started by hand", "ad hoc"),
        ("onBreach", "onBreak", "is not known here", "case:onBreach"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_level_is_said(before, after, message, advice):
    roles = extended('<case:roles><case:role id="adjuster" name="A"/></case:roles>')
    flow = '<sequenceFlow id="f" sourceRef="Extra" targetRef="Then"/>'
    problems = examined(roles + task(LEVEL.replace(before, after)) + AD_HOC.format(flow))

    [found] = [each for each in problems if message in each.message]
    assert advice in found.advice and found.element_id == "a" and found.line


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        (f'<serviceTask id="a" case:type="x">{extended(LEVEL)}</serviceTask>{AD_HOC.format("")}', "no effect here"),
        (task(LEVEL + LEVEL) + AD_HOC.format(""), "for the response already"),
        (task("<case:onBreach/>"), "stands alone"),
        (extended(LEVEL) + AD_HOC.format(""), "“assignee” means nobody here"),
        (extended(LEVEL.replace("assignee, ", "").replace("mia", "group:x")) + AD_HOC.format(""), "one person"),
        ('<userTask id="a" case:clock="stop"/>', "case:clock=“stop” is not known"),
    ],
)
def test_levels_stand_where_something_is_measured(inner, message):
    assert any(message in each for each in errors(examined(inner))), examined(inner)


def test_a_working_day_has_as_many_hours_as_its_calendar():
    assert errors(examined(task('<case:serviceLevel target="P1D" warning="PT30H"/>'))) == []


def test_what_differs_in_levels_is_told_and_where_they_stand_in_the_file_is_not():
    begin = '<startEvent id="s"/>' + flow("s", "a")
    before, moved, after = (
        parse({"p.bpmn": document(extended(own) + begin + task(level))}).definitions["p"]
        for own, level in (
            ('<case:serviceLevel target="P9D"/>', '<case:serviceLevel target="P2D"/>'),
            ('<case:serviceLevel target="P9D"/>\n', '\n<case:serviceLevel target="P2D"/>'),
            ('<case:serviceLevel target="P8D"/>', '<case:serviceLevel target="P3D"/>'),
        )
    )

    assert compare(before, moved).listed == () and not list(heads.listed(before.info, moved.info))
    assert ["service levels" in each.message for each in compare(before, after).listed] == [True]
    [own] = heads.listed(before.info, after.info)
    assert own.message == "The process has other service levels for its cases."
