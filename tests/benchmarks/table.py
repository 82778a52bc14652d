"""What benchmarks found, as a table for people, and what got worse since the last one.

Milliseconds belong to a machine and to a moment. What is held against the last table are ratios: to bare transactions
of the same writes, to the engine alone, of one way to another; and counts of statements.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NOISE = 1.15  #: a ratio that is worse by less is noise
KINDS = ("engine", "sqlite", "postgresql")  #: what the closing lines are about, in their order
RATIOS = "## Ratios"


@dataclass(frozen=True)
class Figure:
    """A figure of the table: what it is called, what it should be at most (or at least), and what the peer's is."""

    name: str
    words: str
    sqlite: float | None = None
    postgresql: float | None = None
    at_least: bool = False
    peer: float | None = None

    def goal(self, kind: str) -> float | None:
        return {"sqlite": self.sqlite, "postgresql": self.postgresql}.get(kind)


FIGURES = (
    Figure("start_cpu_ms", "start a case, ms of CPU", 4, 5, peer=78.7),
    Figure("complete_cpu_ms", "complete a task, ms of CPU", 4, 5, peer=76.6),
    Figure("claim_cpu_ms", "claim a task, ms of CPU", 4, 5),
    Figure("activate_cpu_ms", "start free work, ms of CPU", 4, 5),
    Figure("form_cpu_ms", "open a form, ms of CPU"),
    Figure("complete_p50_ms", "complete, one client, median ms"),
    Figure("complete_p95_ms", "complete, one client, 95 of 100 within ms"),
    Figure("complete_sql", "statements of a completion", peer=94),
    Figure("bytes_per_case", "bytes of a case in the database"),
    Figure("tasks_list_cpu_ms", "100 of my 5,000 tasks as JSON, ms of CPU", 6, 6),
    Figure("tasks_list_10000_ms", "the same page of tasks, median ms", peer=18.3),
    Figure("cases_list_cpu_ms", "100 cases as JSON, ms of CPU", 6, 6),
    Figure("limit_ratio", "completions to bare transactions, one client", None, 0.3, at_least=True),
    Figure("completes_per_s_8", "completions a second, 8 clients, 2 web processes, 1 worker"),
    Figure("limit_ratio_8", "the same to bare transactions by 8 clients", None, 0.3, at_least=True),
    Figure("two_to_one", "two web processes to one", None, 1.7, at_least=True),
    Figure("p99_to_p50", "99 of 100 completions to the median, 8 clients", None, 5),
    Figure("large_complete_cpu_ms", "complete with 1 MB of variables, ms of CPU", 12, 12),
    Figure("large_complete_p50_ms", "the same, median ms", 30, 30),
    Figure("case_page_cpu_ms", "page of a case with 200 children and 500 entries, ms of CPU", 40, 40),
    Figure("plain_page_cpu_ms", "page of a plain case, ms of CPU", 15, 15),
    Figure("activation_cpu_ms", "start free work in process, ms of CPU"),
    Figure("step_1000_to_10", "the 1,000th piece of free work to the 10th"),
)


@dataclass(frozen=True)
class Ratio:
    """A figure that is held against the last table's."""

    name: str
    words: str
    more_is_better: bool = False


COMPARED = (
    Ratio("limit_ratio", "completions to bare transactions, one client", more_is_better=True),
    Ratio("limit_ratio_8", "completions to bare transactions, 8 clients", more_is_better=True),
    Ratio("two_to_one", "two web processes to one", more_is_better=True),
    Ratio("p99_to_p50", "99 of 100 completions to the median, 8 clients"),
    Ratio("start_to_engine", "CPU of a start to a step of the engine alone"),
    Ratio("complete_to_engine", "CPU of a completion to a step of the engine alone"),
    Ratio("claim_to_engine", "CPU of a claim to a step of the engine alone"),
    Ratio("activate_to_engine", "CPU of starting free work to a step of the engine alone"),
    Ratio("form_to_engine", "CPU of opening a form to a step of the engine alone"),
    Ratio("tasks_list_to_engine", "CPU of 100 tasks as JSON to a step of the engine alone"),
    Ratio("cases_list_to_engine", "CPU of 100 cases as JSON to a step of the engine alone"),
    Ratio("large_complete_to_engine", "CPU of a completion with 1 MB of variables to a step of the engine alone"),
    Ratio("case_page_to_engine", "CPU of a large case's page to a step of the engine alone"),
    Ratio("plain_page_to_engine", "CPU of a plain case's page to a step of the engine alone"),
    Ratio("step_1000_to_10", "the 1,000th piece of free work to the 10th"),
    Ratio("start_sql", "statements of a start"),
    Ratio("complete_sql", "statements of a completion"),
    Ratio("case_page_sql", "statements of a large case's page"),
    Ratio("plain_page_sql", "statements of a plain case's page"),
    Ratio("loop_cost_ratio", "the engine: round 10,000 of a loop to round 10"),
    Ratio("loop_size_ratio", "the engine: the same, bytes of the snapshot"),
    Ratio("chain_1500_ratio", "the engine: a task of 1,500 in a row to one of 150"),
    Ratio("parallel_1000_ratio", "the engine: one of 1,000 parallel instances to one of 100"),
    Ratio("sequential_1000_ratio", "the engine: one of 1,000 sequential instances to one of 100"),
    Ratio("nested_200_ratio", "the engine: one of 200 nested sub-processes to one of 20"),
)


def medians(rounds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The median of each figure over the rounds."""
    return {name: round(statistics.median(each[name] for each in rounds), 3) for name in rounds[0]}


def to_engine(figures: Mapping[str, Any], step_ms: float) -> dict[str, float]:
    """CPU figures (`…_cpu_ms`) beside a step of the engine alone, measured at the same time (`…_to_engine`)."""
    named = {name: value for name, value in figures.items() if name.endswith("_cpu_ms")}
    return {name.replace("_cpu_ms", "_to_engine"): round(value / step_ms, 2) for name, value in named.items()}


Lines = Mapping[str, Mapping[str, Any]]  #: kind of KINDS -> its figures


def markdown(lines: Lines, about: Sequence[str]) -> str:
    """The whole of BENCHMARKS.md; `about` are lines on machine, versions and date."""
    head = ["# What it costs", "", "Made by `make bench-table`; `make bench` holds its ratios against these.", ""]
    said = [f"- {line}" for line in about]
    return "\n".join([*head, *said, "", *_figures(lines), "", RATIOS, "", *_ratios(lines), ""])


def _figures(lines: Lines) -> list[str]:
    rows = ["| | SQLite | PostgreSQL | goal | the peer |", "|---|---:|---:|---:|---:|"]
    for figure in FIGURES:
        cells = [_cell(lines, kind, figure.name) for kind in ("sqlite", "postgresql")]
        if any(cells):
            rows.append(f"| {figure.words} | {' | '.join(cells)} | {_goal(figure)} | {_said(figure.peer)} |")
    return rows


def _goal(figure: Figure) -> str:
    goals = [goal for goal in (figure.sqlite, figure.postgresql) if goal is not None]
    sign = "≥" if figure.at_least else "≤"
    return f"{sign} {' / '.join(dict.fromkeys(map(_said, goals)))}" if goals else ""


def _ratios(lines: Lines) -> list[str]:
    rows = ["| ratio | engine | SQLite | PostgreSQL | |", "|---|---:|---:|---:|---|"]
    for ratio in COMPARED:
        cells = [_cell(lines, kind, ratio.name) for kind in KINDS]
        if any(cells):
            better = "more is better" if ratio.more_is_better else "less is better"
            rows.append(f"| {ratio.words} | {' | '.join(cells)} | {better} |")
    return rows


def _cell(lines: Lines, kind: str, name: str) -> str:
    return _said(lines.get(kind, {}).get(name))


def _said(value: float | None) -> str:
    return "" if value is None else f"{value:,.10g}"


def ratios_in(table: str) -> dict[tuple[str, str], float]:
    """What a BENCHMARKS.md says: (kind, name of the ratio) -> its value."""
    names = {ratio.words: ratio.name for ratio in COMPARED}
    found = {}
    for line in table.partition(RATIOS)[2].splitlines():
        words, *cells = (cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|")))
        if words in names:
            known = zip(KINDS, cells, strict=False)
            found |= {(kind, names[words]): float(cell.replace(",", "")) for kind, cell in known if cell}
    return found


def worse(lines: Lines, before: Mapping[tuple[str, str], float]) -> list[str]:
    """What is worse than `before` by more than noise, as sentences; what was not measured then is left out."""
    return [
        f"{kind}: {ratio.words} was {_said(before[kind, ratio.name])}, is {_said(now)}"
        for ratio, kind, now in _measured(lines)
        if (kind, ratio.name) in before and _is_worse(ratio, before[kind, ratio.name], now)
    ]


def _measured(lines: Lines) -> Iterable[tuple[Ratio, str, float]]:
    kinds = [kind for kind in KINDS if kind in lines]
    return ((each, kind, lines[kind][each.name]) for each in COMPARED for kind in kinds if each.name in lines[kind])


def _is_worse(ratio: Ratio, before: float, now: float) -> bool:
    if ratio.name.endswith("_sql"):  # counts have no noise
        return now > before
    return now * NOISE < before if ratio.more_is_better else now > before * NOISE


def missed(lines: Lines) -> list[str]:
    """The figures that do not reach their goals, as sentences."""
    found = []
    for figure in FIGURES:
        for kind in KINDS:
            now, goal = lines.get(kind, {}).get(figure.name), figure.goal(kind)
            if now is not None and goal is not None and (now < goal if figure.at_least else now > goal):
                sign = "at least" if figure.at_least else "at most"
                found.append(f"{kind}: {figure.words} is {_said(now)}, and should be {sign} {_said(goal)}")
    return found
