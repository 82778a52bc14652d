"""What benchmarks make of their figures: ratios, the table, and what got worse. What they measure no test judges."""

from __future__ import annotations

import pytest

from tests.benchmarks import memory, table, together

LINES = {
    "engine": {"engine_step_ms": 0.7, "loop_cost_ratio": 1.02, "nested_200_ratio": 1.1},
    "sqlite": {"complete_cpu_ms": 3.61, "complete_to_engine": 5.2, "complete_sql": 10, "limit_ratio": 0.21},
    "postgresql": {"complete_cpu_ms": 5.4, "complete_to_engine": 7.0, "complete_sql": 10, "limit_ratio": 0.31},
}
ABOUT = ["2026-11-29, Casewright 1.0", "2 processors"]


def test_of_several_rounds_the_median_counts():
    rounds = [{"a": 1.0, "b": 9.0}, {"a": 5.0, "b": 8.0}, {"a": 2.0, "b": 100.0}]

    assert table.medians(rounds) == {"a": 2.0, "b": 9.0}


def test_what_a_processor_did_is_held_against_the_engine_alone():
    figures = {"complete_cpu_ms": 4.2, "complete_p50_ms": 5.0, "completes_per_s": 200.0}

    assert table.to_engine(figures, 0.7) == {"complete_to_engine": 6.0}


def test_the_table_names_figures_goals_and_the_peer_and_where_it_was_made():
    text = table.markdown(LINES, ABOUT)

    assert "| complete a task, ms of CPU | 3.61 | 5.4 | ≤ 4 / 5 | 76.6 |" in text
    assert "| completions to bare transactions, one client | 0.21 | 0.31 | ≥ 0.3 |  |" in text
    assert "- 2026-11-29, Casewright 1.0\n- 2 processors\n" in text
    assert "start a case" not in text  # it was not measured


def test_the_ratios_of_a_table_are_read_back_as_they_were_written():
    found = table.ratios_in(table.markdown(LINES, ABOUT))

    assert found == {
        ("engine", "loop_cost_ratio"): 1.02,
        ("engine", "nested_200_ratio"): 1.1,
        ("sqlite", "complete_to_engine"): 5.2,
        ("sqlite", "complete_sql"): 10,
        ("sqlite", "limit_ratio"): 0.21,
        ("postgresql", "complete_to_engine"): 7.0,
        ("postgresql", "complete_sql"): 10,
        ("postgresql", "limit_ratio"): 0.31,
    }
    assert table.worse(LINES, found) == []


@pytest.mark.parametrize(
    ("name", "now", "said"),
    [
        ("complete_to_engine", 6.1, ["sqlite: CPU of a completion to a step of the engine alone was 5.2, is 6.1"]),
        ("complete_to_engine", 5.9, []),  # 13 % more: noise
        ("complete_to_engine", 3.0, []),
        ("limit_ratio", 0.17, ["sqlite: completions to bare transactions, one client was 0.21, is 0.17"]),
        ("limit_ratio", 0.19, []),
        ("limit_ratio", 0.5, []),
        ("complete_sql", 11, ["sqlite: statements of a completion was 10, is 11"]),
    ],
)
def test_what_got_worse_is_told_when_it_is_more_than_noise(name: str, now: float, said: list[str]):
    before = table.ratios_in(table.markdown(LINES, ABOUT))

    assert table.worse({"sqlite": {name: now}}, before) == said


def test_what_was_not_measured_before_or_is_not_now_is_not_called_worse():
    before = {("sqlite", "two_to_one"): 1.9, ("sqlite", "complete_sql"): 10.0}

    assert table.worse({"sqlite": {"complete_sql": 9, "limit_ratio": 0.1}}, before) == []


def test_what_misses_its_goal_is_told_with_the_goal():
    assert table.missed(LINES) == ["postgresql: complete a task, ms of CPU is 5.4, and should be at most 5"]
    assert table.missed({"postgresql": {"limit_ratio": 0.2}}) == [
        "postgresql: completions to bare transactions, one client is 0.2, and should be at least 0.3"
    ]


def test_every_figure_and_every_ratio_has_words_of_its_own():
    for names, words in (
        ([each.name for each in table.FIGURES], [each.words for each in table.FIGURES]),
        ([each.name for each in table.COMPARED], [each.words for each in table.COMPARED]),
    ):
        assert len(set(words)) == len(set(names)) == len(names)


def test_memory_is_told_at_its_most_and_by_how_it_grows_once_it_is_warm():
    grows = [(float(second), 100 + second / 60) for second in range(0, 601, 5)]
    warms_up = [(float(second), 120.0 if second > 60 else 80.0) for second in range(0, 601, 5)]

    found = memory.figures({"web_1": grows, "web_2": warms_up})

    assert found == {"web_1_mb": 110, "web_1_mb_per_minute": 1, "web_2_mb": 120, "web_2_mb_per_minute": 0}


def test_of_a_hundred_the_ninety_ninth_is_far_from_the_median():
    assert (together.percentile(range(1, 100), 50), together.percentile(range(1, 100), 99)) == (50, 99)
