"""Makes a large installation in an empty database: so many open tasks, five to a case."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask

from service.audit import installation, keys
from service.db import db, utcnow
from service.demo import setting_up
from service.models import NumberSequence
from tests.benchmarks.large import families, originals, writing
from tests.benchmarks.large import people as staff
from tests.benchmarks.large.copies import Copier, Copy
from tests.benchmarks.large.families import Family
from tests.benchmarks.large.people import Person

TASKS_OF_A_CASE = 5
PEOPLE, GROUPS = 5000, 300
BATCH = 200  #: copies that are written at once
PAST_OPEN, PAST_CLOSED = 120, 300  #: days within which cases were opened, at most


@dataclass(frozen=True)
class Stock:
    """What copies are made of."""

    families: Sequence[Family]
    alike: Mapping[str, Sequence[Person]]
    groups: Sequence[str]


def generate(
    app: Flask,
    open_tasks: int,
    *,
    people: int = PEOPLE,
    groups: int = GROUPS,
    processes: int = 2,
    seed: int = 1,
) -> dict[str, Any]:
    """Fill the empty database of `app`, within its context, with so many open tasks; what there is then, and how long
    it took."""
    began, rng = time.monotonic(), random.Random(seed)
    setting_up.prepare(app)
    alike = staff.add(people, groups, rng)
    stock = Stock(_families(rng), alike, staff.teams(groups))
    prepared = time.monotonic()
    plan, last = _planned(stock.families, open_tasks, rng)
    url = db.engine.url
    key = keys.key()
    db.session.remove()
    with writing.without_indexes():
        db.engine.dispose()
        if url.get_backend_name() == "sqlite":
            _write(url, stock, plan, key, seed)
        else:
            _write_by_several(url, stock, plan, key, seed, processes)
        written = time.monotonic()
    for (prefix, year), number in last.items():
        db.session.execute(
            sa.update(NumberSequence)
            .where(NumberSequence.prefix == prefix, NumberSequence.year == year)
            .values(last=number)
        )
    installation.note_numbers()
    db.session.commit()
    _tidy()
    ended = time.monotonic()
    return {
        "prepared_s": round(prepared - began, 1),
        "written_s": round(written - prepared, 1),
        "indexed_s": round(ended - written, 1),
        "generated_s": round(ended - began, 1),
        **_counts(),
    }


def _families(rng: random.Random) -> list[Family]:
    """The originals, after so many tasks were added to their cases that copies have as many as they shall."""
    ids = families.all_case_ids()
    now = utcnow()
    drawn = [families.family_of(each, now) for each in ids]
    weights = [weight(family) for family in drawn]
    cases = sum(w * family.cases for w, family in zip(weights, drawn, strict=True))
    tasks = sum(w * family.open_tasks for w, family in zip(weights, drawn, strict=True))
    running = sum(w * family.running for w, family in zip(weights, drawn, strict=True))
    each = (TASKS_OF_A_CASE * cases - tasks) / running
    originals.add_tasks([case_id for case_ids in ids for case_id in case_ids], each, rng)
    return [families.family_of(each, now) for each in ids]


def weight(family: Family) -> float:
    """How many copies of a family there are beside those of others: few of what is closed, or very large."""
    return (4 if family.open_tasks else 1) / max(1, family.cases / 4)


def _planned(
    stock: Sequence[Family], open_tasks: int, rng: random.Random
) -> tuple[list[Copy], dict[tuple[str, int], int]]:
    """What copies there are to be, the earliest first, and the last number of each kind then."""
    weights, left = [weight(family) for family in stock], open_tasks - sum(family.open_tasks for family in stock)
    chosen: list[tuple[int, int]] = []
    while left > 0:
        for number in rng.choices(range(len(stock)), weights, k=100):
            family = stock[number]
            most = int(max(0, min(PAST_OPEN if family.running else PAST_CLOSED, family.earliest - 1)))
            chosen.append((-rng.randint(0, most), number))
            left -= family.open_tasks
    last = {(row.prefix, row.year): row.last for row in db.session.scalars(sa.select(NumberSequence))}
    given: Counter[tuple[str, int]] = Counter(last)
    plan = []
    for before, number in sorted(chosen):
        numbers = []
        for prefix in stock[number].prefixes:
            kind, _, year = prefix.rpartition("-")
            given[kind, int(year)] += 1
            numbers.append(given[kind, int(year)])
        plan.append(Copy(number, -before, numbers))
    return plan, dict(given)


def _write(
    url: sa.URL, stock: Stock, plan: Sequence[Copy], key: keys.Key, seed: int, turn: int = 0, turns: int = 1
) -> None:
    """Write every so-manieth batch of the plan."""
    copier = Copier(stock.families, stock.alike, stock.groups, writing.form(url.get_backend_name()), key)
    with writing.opened(url) as write:
        for first in range(turn * BATCH, len(plan), turns * BATCH):
            rng = random.Random(f"{seed}:{first}")
            rows: dict[sa.Table, list[Any]] = defaultdict(list)
            for copy in plan[first : first + BATCH]:
                copier.add(copy, rng, rows)
            write(rows)


def _write_by_several(
    url: sa.URL, stock: Stock, plan: Sequence[Copy], key: keys.Key, seed: int, processes: int
) -> None:
    forking = multiprocessing.get_context("fork")
    workers = [
        forking.Process(target=_write, args=(url, stock, plan, key, seed, turn, processes)) for turn in range(processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if any(worker.exitcode for worker in workers):
        raise RuntimeError("The rows could not be written.")


def _tidy() -> None:
    """What autovacuum would have done by the time that a database is so large."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM (ANALYZE)"))


def _counts() -> dict[str, int]:
    from service.models import AuditEntry, Case, CaseRole, Group, HumanTask, Note, TaskCandidate, Timer, User

    counted = {
        "open_tasks": sa.select(sa.func.count()).select_from(HumanTask).where(HumanTask.closed_at.is_(None)),
        "cases": sa.select(sa.func.count()).select_from(Case),
        "open_cases": sa.select(sa.func.count()).select_from(Case).where(Case.closed_at.is_(None)),
        "restricted_cases": sa.select(sa.func.count()).select_from(Case).where(Case.restricted),
    }
    for name, model in (
        ("tasks", HumanTask),
        ("candidates", TaskCandidate),
        ("roles", CaseRole),
        ("timers", Timer),
        ("notes", Note),
        ("audit_entries", AuditEntry),
        ("people", User),
        ("groups", Group),
    ):
        counted[name] = sa.select(sa.func.count()).select_from(model)
    found = {name: int(db.session.execute(query).scalar_one()) for name, query in counted.items()}
    db.session.rollback()
    return found
