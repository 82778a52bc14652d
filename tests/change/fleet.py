"""A fleet of running cases in 40 places, on PostgreSQL with its durability as it comes: 40 cases are really run, and
their rows copied as often as wanted, as an installation comes to have them over the years.

The version that they are judged by has a new step, another id, another timer, a condition that reads what not all cases
have, and a script where somebody works: all verdicts come up.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from flask import Flask, current_app

from service import audit, create_app
from service.db import db
from service.engine.change import compare, ending
from service.execution import definitions, judging
from service.execution.running import running
from service.models import SYSTEM, Actor, Case, ProcessDefinition, User
from service.operations import cases, deployments
from service.queries import preflight
from service.queries.preflight import Preflight
from tests.benchmarks.databases import postgresql
from tests.conftest import config_for
from tests.operations.family import diagram
from tests.pages.conftest import Visitor

CLASSES = 40
_MAPPED = '<extensionElements><case:ioMapping><case:output source="= done" target="done"/></case:ioMapping>'
_LATE = (
    '<boundaryEvent id="Late" attachedToRef="A2" cancelActivity="false"><timerEventDefinition><timeDuration>{0}'
    '</timeDuration></timerEventDefinition></boundaryEvent><userTask id="Remind" name="Remind"/>'
)
_READS = 'id="X-W" sourceRef="X" targetRef="W"/>'
_DRAWN = {"Begin", "End", "Fork", "Join", "Late", "Remind"}
_LEFT, _RIGHT = "L1 L2 L3 L4", "R1 R2 R3 R4"


def main(numbers: Sequence[int] = (400, 10_000, 100_000)) -> dict[str, float | str]:
    """The seconds that the pre-flight, and its whole page, take of so many cases in 40 places, with nothing remembered
    from before."""
    with fleet() as (before, after):
        figures: dict[str, float | str] = {}
        visitor = Visitor(_this_app(), _administrator())
        for number in numbers:
            grow(number)
            forget()
            begun = time.perf_counter()
            found = preflight.of(judging.version_of(after), by=SYSTEM)
            figures[f"preflight_{number}_s"] = round(time.perf_counter() - begun, 2)
            _hold(found, before, number)
            forget()
            begun = time.perf_counter()
            page = visitor.get("/case-types/fleet/pre-flight")
            figures[f"page_{number}_s"] = round(time.perf_counter() - begun, 2)
            assert f"{number:,} cases run on version 1." in page.text
        database = db.session.scalar(sa.text("SELECT 'PostgreSQL ' || split_part(version(), ' ', 2)"))
        return {**figures, "database": str(database)}


@contextmanager
def fleet() -> Iterator[tuple[uuid.UUID, uuid.UUID]]:
    """A database with 40 cases that have come to 40 places: the ids of their version, and of the one to move to."""
    with postgresql() as new_database:
        app = create_app(config_for(new_database("fleet")))
        with app.app_context():
            create_tables()
            before = _deployed(first_version())
            for number, steps in enumerate(places()):
                _run(before, steps, has_rate=number % 3 > 0)
            yield before.id, _deployed(second_version()).id
            db.session.remove()
            db.engine.dispose()


def first_version() -> bytes:
    """Two steps, two branches of four steps each, and steps behind them."""
    return _diagram("Begin A1 A2 Fork", "PT2H", f"Fork {_LEFT} Join", f"Fork {_RIGHT} Join", "Join V W X End")


def second_version() -> bytes:
    """The same with what is said above."""
    left = _LEFT.replace("L4", "L9")
    paths = (f"Fork {left} Join", f"Fork {_RIGHT} Join", "Join V X W End", "X End")
    drawn = _diagram("Begin A1 New A2 Fork", "PT4H", *paths)
    reads = _READS[:-2].encode() + b"><conditionExpression>= rate &gt; 1</conditionExpression></sequenceFlow>"
    drawn = drawn.replace(_READS.encode(), reads).replace(b'id="L9" name="L9"', b'id="L9" name="L4"')
    by_script = b'<scriptTask id="V" name="V"><script>seen = True</script></scriptTask>'
    return re.sub(b'<userTask id="V".*?</userTask>', by_script, drawn)


def _diagram(start: str, late: str, *paths: str) -> bytes:
    flows = (start, "Late Remind", *paths)
    names = sorted({name for path in flows for name in path.split()} - _DRAWN)
    tasks = [f'<userTask id="{each}" name="{each}">{_MAPPED}</extensionElements></userTask>' for each in names]
    if "X W" in " ".join(paths):
        tasks = [each for each in tasks if 'id="X"' not in each] + ['<exclusiveGateway id="X" default="X-End"/>']
    gates = '<parallelGateway id="Fork"/><parallelGateway id="Join"/>'
    return diagram("fleet", "FLT", "".join(tasks) + gates + _LATE.format(late), *flows)


def places() -> list[list[str]]:
    """The steps that lead to 40 different places."""
    start, left, right = ["A1", "A2"], _LEFT.split(), _RIGHT.split()
    beside = [[*start, *left[:i], *right[:j]] for i in range(5) for j in range(5)]
    behind = [[*beside[-1], *["V", "W"][:n]] for n in (1, 2)]
    reminded = [["A1", "Late", "A2", *left[:i], *right[:j]] for i in range(5) for j in range(5)]
    return [[], ["A1"], *beside, *behind, *reminded][:CLASSES]


def _run(definition: ProcessDefinition, steps: list[str], *, has_rate: bool) -> None:
    known = {f"fact{number}": f"value {number} of a case" * 3 for number in range(20)}
    case = cases.begin(definition, {**known, **({"rate": 2} if has_rate else {})}, by=SYSTEM)
    db.session.commit()
    with running(case.id, by=SYSTEM) as workflow:
        for step in steps:
            if step == "Late":
                [timer] = workflow.open_work().timers
                assert timer.due_at is not None
                workflow.now = timer.due_at
                workflow.fire(timer.timer_id)
                continue
            [task] = [each for each in workflow.open_work().tasks if each.element_id == step]
            workflow.complete(task.activity_id, {"done": True})
    db.session.commit()


def grow(number: int) -> None:
    """Copy the 40 cases, with their tasks, until there are so many; and let the database look at its tables."""
    there = db.session.scalar(sa.select(sa.func.count()).select_from(Case)) or 0
    db.session.execute(sa.text("SET LOCAL session_replication_role = replica"))  # nobody searches them by their words
    rounds = {"first": there // CLASSES, "last": number // CLASSES - 1}
    originals = """(SELECT * FROM "case" WHERE number LIKE 'FLT-____-_____')"""
    _copy("case", originals, {"id": "{id}", "root_id": "{id}", "number": "o.number || '-' || n"}, "o.id", rounds)
    tasks = f"(SELECT t.* FROM human_task t JOIN {originals} c ON t.case_id = c.id)"
    _copy("human_task", tasks, {"id": "md5(o.id::text || n)::uuid", "case_id": "{id}"}, "o.case_id", rounds)
    db.session.commit()
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text('VACUUM ANALYZE "case", human_task'))


def _copy(table: str, rows: str, changed: dict[str, str], case_id: str, rounds: dict[str, int]) -> None:
    columns = [column.name for column in db.metadata.tables[table].columns]
    key = f"md5({case_id}::text || n)::uuid"
    values = (changed[name].format(id=key) if name in changed else f'o."{name}"' for name in columns)
    names = ", ".join(f'"{name}"' for name in columns)
    series = "generate_series(CAST(:first AS int), CAST(:last AS int)) n"
    text = f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values)} FROM {rows} o, {series}'
    db.session.execute(sa.text(text), rounds)


def forget() -> None:
    """Begin as a process that has just started, but for what it has imported."""
    db.session.remove()
    for each in (judging.version_of, judging._judged, definitions.deployed, compare._compared, ending._played):
        each.cache_clear()


def _hold(found: Preflight, before: uuid.UUID, number: int) -> None:
    """All cases are counted."""
    [version] = found.versions
    assert (found.cases, version.source.id) == (number, before)
    print(f"{number} cases in {len(version.classes)} classes: "
          + ", ".join(f"{n} {verdict}" for verdict, n in found.by_verdict.items() if n))  # fmt: skip


def _this_app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]


def _administrator() -> Actor:
    user = User(name="ada", display_name="Ada", is_admin=True)
    db.session.add(user)
    audit.installation.record("user:added", by=SYSTEM, subject=user.name, details={"admin": True})
    db.session.commit()
    return Actor(user.id, user.name, user.display_name, frozenset(), True)


def _deployed(content: bytes) -> ProcessDefinition:
    deployments.deploy({"fleet.bpmn": content}, by=SYSTEM)
    db.session.commit()
    found = deployments.latest_definition("fleet")
    assert found is not None
    return found


def create_tables() -> None:
    """All tables of a new database, and the beginning of its audit trail."""
    from service.jobs import launching

    db.create_all()
    launching.create_tables(_this_app())
    audit.installation.begin()
    db.session.commit()


if __name__ == "__main__":
    print(main())
