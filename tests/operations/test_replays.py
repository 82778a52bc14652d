"""Finished cases done once more under another version: from their stories, for those who may, and with no effect."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from click.testing import CliRunner
from flask import Flask

from service import jobs
from service.cli import replaying
from service.connectors import CallFailed
from service.db import db, utcnow
from service.engine.change.replay import Kind, Record
from service.errors import Forbidden
from service.execution.definitions import deployed
from service.execution.running import load
from service.models import SYSTEM, Actor, AuditEntry, Case, DataStore, HumanTask, ProcessDefinition
from service.models.jobs import job_status
from service.operations import cases, deployments, lifecycle, service_tasks, tasks
from service.queries import definitions, replays
from tests.api.conftest import Program, program
from tests.jobs_by_hand import pass_time
from tests.operations.conftest import LOAN
from tests.operations.family import diagram
from tests.operations.test_migration import deployed as deploy
from tests.operations.test_service_tasks import CAUGHT
from tests.operations.test_service_tasks import drawn as calling

__all__ = ["program"]
Person = Callable[..., Actor]
LOWER = LOAN.replace(b"amount &gt; 1000", b"amount &gt; 100")


@pytest.fixture
def ann(loan: ProcessDefinition, person: Person) -> Actor:
    return person("ann", "clerks")


@pytest.fixture
def mia(person: Person) -> Actor:
    return person("mia", "managers")


def done(case: Case, element: str, by: Actor, **data: object) -> None:
    wanted = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.element_id == element)
    task = db.session.scalars(wanted.where(HumanTask.closed_at.is_(None))).one()
    tasks.claim(task, by=by)
    tasks.complete(task, by=by, submitted=data)
    db.session.commit()


def finished(ann: Actor, mia: Actor, amount: int) -> str:
    """The number of a loan that was assessed, approved if it is large, and has ended."""
    case = cases.start(definitions.active("loan"), by=ann, submitted={"customer": "Ada", "amount": amount})
    db.session.commit()
    done(case, "Assess", ann)
    if amount > 1000:
        done(case, "Approve", mia)
    db.session.refresh(case)
    assert case.state == "completed"
    return case.number


def under(key: str, *, by: Actor = SYSTEM, **more: Any) -> replays.Report:
    """What the newest version makes of the cases of the others."""
    found = definitions.latest(ProcessDefinition, key)
    return replays.against(key, deployed(found.id).definition, by=by, version_id=found.id, **more)


def test_those_that_would_have_gone_another_way_are_named(ann: Actor, mia: Actor) -> None:
    small, middle, large = (finished(ann, mia, amount) for amount in (10, 500, 5000))
    deploy("loan", LOWER)

    report = under("loan")

    assert (report.replayed, report.same, report.untold, report.stopped) == (3, 2, (), False)
    [parted] = report.parted
    assert parted.message == "After “Assess loan” the case went to “Done”; now it goes to “Approve loan”."
    assert (parted.cases, parted.numbers, parted.step, parted.element_id) == (1, (middle,), 1, "Done")
    assert small != large


def test_it_changes_nothing(ann: Actor, mia: Actor) -> None:
    finished(ann, mia, 5000)
    deploy("loan", LOWER)

    def there() -> list[Any]:
        kinds = (Case, HumanTask, AuditEntry)
        counts = [db.session.scalar(sa.select(sa.func.count()).select_from(kind)) for kind in kinds]
        return [*counts, jobs.execute(sa.select(sa.func.count()).select_from(job_status)).scalar_one()]

    before = there()
    under("loan")

    assert there() == before
    assert not db.session.new and not db.session.dirty


def test_cases_of_that_version_itself_are_left_out_and_the_last_ones_come_first(ann: Actor, mia: Actor) -> None:
    numbers = [finished(ann, mia, 500) for _ in range(3)]
    deploy("loan", LOWER)
    finished(ann, mia, 5000)

    report = under("loan", limit=2)

    assert report.replayed == 2
    assert set(report.parted[0].numbers) == set(numbers[1:])


def test_of_what_the_story_does_not_tell_nothing_is_said(ann: Actor, mia: Actor) -> None:
    case = cases.start(definitions.active("loan"), by=ann, submitted={"amount": 500})
    db.session.commit()
    lifecycle.suspend(case, by=mia, reason="Wait.")
    db.session.commit()
    lifecycle.resume(case, by=mia)
    db.session.commit()
    done(case, "Assess", ann)
    deploy("loan", LOWER)

    [found] = under("loan").untold

    assert (found.message, found.numbers) == ("It was on hold for a while.", (case.number,))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL's own clock does not travel
def test_a_timer_and_a_correction_are_done_again(ann: Actor, mia: Actor) -> None:
    case = cases.start(definitions.active("loan"), by=ann, submitted={"amount": 5})
    db.session.commit()
    with time_machine.travel(utcnow(), tick=False) as traveller:
        pass_time(utcnow() + timedelta(hours=2), traveller)
        done(case, "Remind", mia)
        cases.change_variables(case, {"amount": 500}, by=mia)
        db.session.commit()
        done(case, "Assess", ann)
    deploy("loan", LOWER)

    report = under("loan")

    assert [each.message for each in report.untold] == []
    assert [each.message for each in report.parted] == [
        "After “Assess loan” the case went to “Done”; now it goes to “Approve loan”."
    ]
    later = LOAN.replace(b"PT1H", b"PT50H")
    deploy("loan", later)
    assert "in this version it is not due until later" in under("loan").parted[0].message


def test_cancelled_cases_too(ann: Actor, mia: Actor) -> None:
    case = cases.start(definitions.active("loan"), by=ann, submitted={"amount": 5})
    db.session.commit()
    cases.cancel(case, by=mia, reason="No more.")
    db.session.commit()
    deploy("loan", LOWER)

    assert under("loan").same == 1


def test_who_may_and_which_numbers_they_are_told(ann: Actor, mia: Actor, person: Person) -> None:
    number = finished(ann, mia, 500)
    deploy("loan", LOWER)

    for stranger in (ann, mia):
        with pytest.raises(Forbidden):
            under("loan", by=stranger)
    ora, both = person("ora", "operators"), person("bob", "operators", "managers")

    assert (under("loan", by=ora).parted[0].cases, under("loan", by=ora).parted[0].numbers) == (1, ())
    assert under("loan", by=both).parted[0].numbers == (number,)


def test_the_time_is_bounded(ann: Actor, mia: Actor) -> None:
    finished(ann, mia, 500)
    deploy("loan", LOWER)

    report = under("loan", seconds=-1)

    assert (report.replayed, report.stopped) == (0, True)


def test_over_rest(ann: Actor, mia: Actor, person: Person, program: Callable[..., Program]) -> None:
    finished(ann, mia, 500)
    version_id = deploy("loan", LOWER).id
    db.session.rollback()

    answer = program(person("ora", "operators")).get(f"/definitions/{version_id}/replay?limit=10").json

    assert (answer["version"], answer["replayed"], answer["same"], answer["stopped"]) == (2, 1, 0, False)
    [parted] = answer["parted"]
    assert (parted["cases"], parted["numbers"], parted["step"], parted["element"]) == (1, [], 1, "Done")
    assert program(ann).get(f"/definitions/{version_id}/replay").status_code == 403


def test_the_command_takes_versions_and_files(
    app: Flask, ann: Actor, mia: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "application", app.app_context)
    number = finished(ann, mia, 500)
    (tmp_path / "loan.bpmn").write_bytes(LOWER)
    (tmp_path / "same").mkdir()
    (tmp_path / "same" / "loan.bpmn").write_bytes(LOAN)
    db.session.rollback()

    def run(*words: str) -> Any:
        db.session.rollback()
        return CliRunner().invoke(replaying.replay, ["loan", "--against", *words])

    parted = run(str(tmp_path / "loan.bpmn"))
    assert parted.exit_code == 1
    assert parted.output.splitlines() == [
        "replayed  1 cases: 0 go the same way",
        "parted    1: After “Assess loan” the case went to “Done”; now it goes to “Approve loan”.",
        f"          {number}",
    ]
    same = run(str(tmp_path / "same"))
    assert (same.exit_code, same.output) == (0, "replayed  1 cases: 1 go the same way\n")
    deployments.deploy({"loan.bpmn": LOWER}, by=SYSTEM)
    db.session.commit()
    assert run("2").exit_code == 1
    assert "There is no file or folder" in run("nowhere").output
    (tmp_path / "same" / "loan.bpmn").write_bytes(b"<bpmn")
    assert run(str(tmp_path / "same")).exit_code == 1
    (tmp_path / "same" / "loan.bpmn").write_bytes(LOAN.replace(b'process id="loan"', b'process id="lend"'))
    assert "There is no process “loan”" in run(str(tmp_path / "same")).output


def entry(action: str, element_id: str | None = None, **details: Any) -> SimpleNamespace:
    """One of a case's audit entries."""
    return SimpleNamespace(at=utcnow(), action=action, element_id=element_id, details=details or None)


OPENED = (
    entry("case:opened", version=1),
    entry("case:advanced", path=["Start_Loan"], set={"amount": 5, "initiator": "ann"}),
)


def test_a_record_is_made_of_the_story(loan: ProcessDefinition) -> None:
    written = entry("task:completed", "Assess", task="…", then={"path": ["Assess"], "set": {"rate": 3}})
    more = entry("case:advanced", path=["Large", "Done"], set={"score": 1})
    story = [*OPENED, entry("task:claimed", "Assess"), written, entry("decision:evaluated", "Large"), more]

    found = replays.record_of(story, deployed(loan.id), is_completed=True)

    assert isinstance(found, Record)
    assert (found.variables, found.path, found.start_event) == (
        {"amount": 5, "initiator": "ann"},
        ("Start_Loan",),
        None,
    )
    [act] = found.acts
    assert (act.kind, act.element, act.path) == (Kind.TASK, "Assess", ("Assess", "Large", "Done"))
    assert (act.data, found.is_completed) == ({"rate": 3, "score": 1}, True)


def test_what_somebody_closed_did_not_come_to_its_end_by_itself(loan: ProcessDefinition) -> None:
    story = [*OPENED, entry("case:completed", outcome="done")]

    found = replays.record_of(story, deployed(loan.id), is_completed=True)

    assert isinstance(found, Record) and not found.is_completed


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (entry("case:migrated"), "moved to another version"),
        (entry("case:went-back"), "went back"),
        (entry("incident:retried"), "tried again"),
        (entry("fragment:inserted"), "A part was added"),
        (entry("child:failed", "Call"), "did not complete"),
    ],
)
def test_what_cannot_be_done_again_is_said(loan: ProcessDefinition, what: SimpleNamespace, why: str) -> None:
    found = replays.record_of([*OPENED, what], deployed(loan.id), is_completed=True)

    assert isinstance(found, str) and why in found


VOTE = (
    '<userTask id="Vote" name="Vote" case:candidateGroups="clerks"><multiInstanceLoopCharacteristics'
    ' case:outputElement="= yes"><loopDataInputRef>seats</loopDataInputRef><loopDataOutputRef>all</loopDataOutputRef>'
    '<inputDataItem id="seat"/></multiInstanceLoopCharacteristics></userTask>'
    '<exclusiveGateway id="Many" default="Many-Lost"/><endEvent id="Lost" name="Lost"/>'
    '<endEvent id="Carried" name="Carried"/>'
)
READS = (
    '<scriptTask id="Use" name="Use"><ioSpecification><dataInput id="given" name="limit"/><inputSet/><outputSet/>'
    '</ioSpecification><dataInputAssociation id="in"><sourceRef>there</sourceRef><targetRef>given</targetRef>'
    "</dataInputAssociation><script>size = limit</script></scriptTask>"
    '<dataStoreReference id="there" name="limit" dataStoreRef="limit"/>'
    '<exclusiveGateway id="Many" default="Many-Small"/><endEvent id="Small" name="Small"/>'
    '<endEvent id="Large" name="Large"/>'
)


def gated(key: str, drawn: str, way: str, condition: str, *flows: str) -> bytes:
    """A diagram whose one way behind the gateway is taken where the condition holds."""
    made = diagram(key, key[:3].upper(), drawn, *flows).replace(
        b"<process", b'<dataStore id="limit" name="limit"/><process', 1
    )
    to = f'id="Many-{way}" sourceRef="Many" targetRef="{way}"'
    said = f"<sequenceFlow {to}><conditionExpression>{condition}</conditionExpression></sequenceFlow>"
    plain = f"<sequenceFlow {to}/>".encode()
    assert plain in made
    return made.replace(plain, said.encode())


def test_what_instances_came_to_is_done_again(ann: Actor, mia: Actor) -> None:
    """Which instance was completed first does not matter: each result belongs to its place in the list."""
    flows = "Begin Vote Many Lost", "Many Carried"
    drawn = gated("votes", VOTE, "Carried", "= count(all[item]) &gt; 1", *flows)
    votes = deploy("votes", drawn)
    for said in ((True, False, True), (False, True, False)):
        case = cases.begin(votes, {"seats": [1, 2, 3]}, by=SYSTEM)
        db.session.commit()
        for yes in said:
            wanted = sa.select(HumanTask).where(HumanTask.case_id == case.id, HumanTask.closed_at.is_(None))
            task = db.session.scalars(wanted.order_by(HumanTask.id.desc())).first()
            assert task is not None
            tasks.claim(task, by=ann)
            tasks.complete(task, by=ann, submitted={"yes": yes})
            db.session.commit()
        db.session.refresh(case)
        assert case.state == "completed"
    deploy("votes", drawn.replace(b"&gt; 1", b"&gt; 0"))

    report = under("votes")

    assert ([each.message for each in report.untold], report.same) == ([], 1)
    assert [each.message for each in report.parted] == [
        "After “Vote” the case went to “Lost”; now it goes to “Carried”."
    ]


def test_a_failure_that_the_diagram_caught_is_one_again(ann: Actor) -> None:
    """Under a version that does not catch it, the ways part."""

    def drawn(code: str) -> bytes:
        return calling("http://127.0.0.1:9/", also=CAUGHT, code=code)

    rate = deploy("rate", drawn("HTTP_404"))
    case = cases.begin(rate, {"amount": 5, "path": "x"}, by=SYSTEM)
    db.session.commit()
    [service] = load(case).open_work().services
    assert service_tasks.fail(case.id, service.activity_id, CallFailed("It answered 404.", code="HTTP_404"))
    db.session.commit()
    cases.cancel(case, by=SYSTEM, reason="No more.")
    db.session.commit()
    deploy("rate", drawn("HTTP_404").replace(b"Say sorry", b"Say that you are sorry"))
    assert (under("rate").untold, under("rate").same) == ((), 1)
    deploy("rate", drawn("HTTP_500"))

    [parted] = under("rate").parted

    assert parted.message == "“Ask for a rate” failed (HTTP_404); nothing in this version catches that."


def test_what_a_data_store_holds_is_read_again(ann: Actor, mia: Actor) -> None:
    """As it holds it now: where that leads elsewhere under the case's own version, nothing is told."""
    flows = "Begin Use Many Small", "Many Large"
    first = deploy("limits", gated("limits", READS, "Large", "= size &gt; 1", *flows))
    db.session.add(DataStore(name="limit", value=5, written_by="LIM-1"))
    db.session.commit()
    cases.begin(first, {}, by=SYSTEM)
    db.session.commit()
    deploy("limits", gated("limits", READS, "Large", "= size &gt; 9", *flows))

    assert [each.message for each in under("limits").parted] == [
        "After the start the case went to “Large”; now it goes to “Small”."
    ]
    db.session.query(DataStore).update({"value": 0})
    db.session.commit()
    assert [each.message for each in under("limits").untold] == [
        "The record does not tell enough of what happened after the start."
    ]


def test_a_story_that_does_not_begin_tells_nothing(loan: ProcessDefinition) -> None:
    assert replays.record_of([], deployed(loan.id), is_completed=True) == "Its story does not tell how it was opened."
