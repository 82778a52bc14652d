"""What is promised while PostgreSQL is away, or the way to it breaks at the worst moment."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from service import create_app, jobs
from service import db as database
from service.db import db
from service.errors import WrongState
from service.http.protection import public
from service.models import SYSTEM, AuditEntry, HumanTask, User
from service.operations import cases, deployments, users
from tests.api.conftest import Program
from tests.conftest import config_for
from tests.durability import ledger, network
from tests.durability.failpoints import ONE_TASK
from tests.durability.network import COMMIT, Network
from tests.security.browsing import Browser

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def way(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Network, str]]:
    """The network to the database, and the database's URL by way of it; who gets no answer gives up within a second."""
    monkeypatch.setitem(database.GIVING_UP, "tcp_user_timeout", 1000)
    with network.before(database_url) as (between, url):
        yield between, url


@pytest.fixture
def between(way: tuple[Network, str]) -> Network:
    return way[0]


@pytest.fixture
def app(way: tuple[Network, str]) -> Iterator[Flask]:
    """The whole application, with one task for the clerks."""
    app = create_app(config_for(way[1]))
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with app.app_context():
        users.create("ann", "Ann", password="secret-ann-secret", groups=("clerks",), is_admin=False, by=SYSTEM)
        deployments.deploy({"one.bpmn": ONE_TASK}, by=SYSTEM)
        definition = deployments.latest_definition("one-task")
        assert definition is not None
        cases.begin(definition, {}, by=SYSTEM)
        db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def ann(app: Flask) -> Program:
    user = db.session.scalars(sa.select(User)).one()
    issued = users.issue_token(user, "test", ("read", "work"), by=SYSTEM)
    db.session.commit()
    return Program(app, issued.secret)


@pytest.fixture
def claim(app: Flask) -> str:
    """Where the task is claimed."""
    task = db.session.scalars(sa.select(HumanTask.id)).one()
    db.session.rollback()
    return f"/tasks/{task}/claim"


def claims() -> int:
    query = sa.select(sa.func.count()).select_from(AuditEntry).where(AuditEntry.action == "task:claimed")
    found = db.session.scalar(query) or 0
    db.session.rollback()
    return found


@pytest.mark.parametrize("reached", [False, True], ids=["before it", "after it"])
def test_a_write_whose_commit_is_cut_off_is_done_once_when_it_is_repeated(
    ann: Program, claim: str, between: Network, reached: bool
) -> None:
    setattr(between, "cut_after" if reached else "cut_before", COMMIT)

    first = ann.post(claim, Idempotency_Key="k")
    done = claims()
    again = ann.post(claim, Idempotency_Key="k")

    assert (first.status_code, again.status_code, between.cuts) == (503, 200, 1)
    assert int(first.headers["Retry-After"]) <= 5
    assert done == int(reached)  # nobody who is told 503 can know
    assert ("Idempotent-Replayed" in again.headers) == reached
    assert claims() == 1


def test_while_the_database_is_away_everybody_is_told_to_come_again(
    app: Flask, ann: Program, claim: str, between: Network
) -> None:
    browser = Browser(app)
    assert browser.sign_in("ann", "secret-ann-secret").status_code == 303

    between.close()
    answers = [ann.get("/cases"), ann.post(claim, Idempotency_Key="k"), ann.get("/readyz"), browser.get("/cases")]
    alive = ann.get("/healthz")
    between.open()
    later = [ann.get("/cases"), ann.post(claim, Idempotency_Key="k"), ann.get("/readyz"), browser.get("/cases")]

    assert [(answer.status_code, "Retry-After" in answer.headers) for answer in answers] == [(503, True)] * 4
    assert "Try again in a few seconds" in answers[-1].text
    assert alive.status_code == 200
    assert [answer.status_code for answer in later] == [200] * 4


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("POST", 409)])
def test_who_has_an_answer_gets_it_though_the_connection_breaks_at_the_end(
    app: Flask, ann: Program, between: Network, method: str, status: int
) -> None:
    def view() -> str:
        db.session.execute(sa.select(1))
        between.cut()
        time.sleep(0.1)  # for the cut to arrive
        if method == "POST":
            raise WrongState("It is closed.")
        return "read"

    app.add_url_rule("/api/v1/cut", "cut", public(view), methods=[method])

    assert ann.send(method, "/cut").status_code == status
    assert ann.get("/cases").status_code == 200


def test_a_connection_on_which_nothing_comes_back_is_given_up(ann: Program, between: Network) -> None:
    ann.get("/cases")
    between.swallow()

    answer = ann.get("/cases")
    later = [ann.get("/cases") for _ in range(3)]

    assert answer.status_code == 503
    assert [each.status_code for each in later] == [200] * 3


@pytest.fixture
def put(way: tuple[Network, str]) -> Iterator[Callable[[int], None]]:
    """A worker at the far end of the network; `put(9)` has nine jobs enqueued for it."""
    app, stop = ledger.application(way[1]), threading.Event()
    worker = threading.Thread(target=ledger.work, args=(app, "here", stop))

    def put(how_many: int) -> None:
        for number in range(how_many):
            jobs.enqueue("write", {"entry": f"{number}", "seconds": 0.02}, partition=f"case {number % 20}")
        db.session.commit()

    with app.app_context():
        ledger.create_tables()
        worker.start()
        yield put
        stop.set()
        worker.join()
        db.session.remove()
        db.engine.dispose()


def test_jobs_go_on_however_often_the_network_breaks(
    put: Callable[[int], None], between: Network, wait: Callable[..., object]
) -> None:
    put(60)
    for least in (5, 25):
        wait(lambda least=least: len(written()) >= least)
        between.cut_after = COMMIT
        wait(lambda: between.cut_after is None)
        between.close()
        time.sleep(0.2)
        between.open()

    wait(lambda: len(written()) >= 60)
    assert Counter(written()) == Counter(f"{number}" for number in range(60))


def written() -> list[str]:
    """What the jobs wrote, whenever the database can be asked."""
    while True:
        try:
            return ledger.entries()
        except sa.exc.DBAPIError:
            db.session.rollback()
