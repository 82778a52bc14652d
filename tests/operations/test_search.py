"""Cases are found by the words of their number, title and facts, on both databases alike."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from service.db import db
from service.execution.search import folded, text_of
from service.models import SYSTEM, Actor, Case, ProcessDefinition, search_index
from service.operations import cases, deployments
from service.queries import cases as lists
from service.queries import definitions, search
from service.queries import tasks as task_lists
from tests.operations.family import diagram

Person = Callable[..., Actor]
ROOT = Path(__file__).parents[2]
PLACES = {
    "Dvorak": ["1"],
    "DVOŘÁK antonin": ["1"],
    "Solberg Ingrid": ["2"],
    "ingrid  solberg": ["2"],
    "konstanz fire": ["2"],
    "fire nowhere": [],
    "HH-204517": ["1"],
    "hh 204517": ["1"],
    "HH204517": ["1"],
    "+49 7531 882-0": ["2"],
    "(07531) 8820": ["2"],
    "4711": ["1"],
    "strasse": ["1"],
    "Soren Łodz": ["1"],
    "100%": [],
    "_": [],
    "": ["1", "2"],
}


def test_words_find_a_case_in_any_order_with_or_without_accents(register: Callable[..., Case], person: Person) -> None:
    ann = person("ann", "clerks")
    first = {"customer": "Antonín Dvořák", "policy": "HH-204517", "floor": 4711, "where": "Lange Straße, Søren, Łódź"}
    register(ann, **first)
    register(ann, customer="Ingrid Solberg", what="Fire in Konstanz", phone="07531 88 20", abroad="+49 (7531) 8820")

    found = {text: sorted(case.number[-1] for case in lists.visible(ann, text=text or None).rows) for text in PLACES}

    assert found == PLACES


def test_a_search_shows_nobody_what_they_may_not_read(register: Callable[..., Case], person: Person) -> None:
    case = register(person("ann", "clerks"), customer="Antonín Dvořák")
    zoe = person("zoe")

    assert lists.visible(zoe, text="Dvorak").rows == []
    assert lists.how_many(zoe, "Dvorak") == 0
    assert lists.exactly(case.number, by=zoe) is None


def test_the_exact_number_is_found_however_it_is_written(register: Callable[..., Case], person: Person) -> None:
    ann = person("ann", "clerks")
    case = register(ann, customer="Ada")
    cases.cancel(case, by=SYSTEM, reason="x")
    db.session.commit()

    assert lists.exactly(case.number.lower(), by=ann) == case
    assert lists.how_many(ann, "ada") == 1


def test_a_case_is_found_by_what_it_says_now(register: Callable[..., Case], person: Person) -> None:
    ann = person("ann", "clerks")
    case = register(ann, customer="Ada Lovelace")

    cases.change_variables(case, {"customer": "Ada King"}, by=SYSTEM)
    db.session.commit()

    assert [len(lists.visible(ann, text=text).rows) for text in ("lovelace", "king")] == [0, 1]


def test_a_diagram_names_what_its_cases_are_found_by() -> None:
    facts = {"person": {"phone": "07531 88 20"}, "story": "x" * 500 + " umbrella", "code": "4711"}

    named = text_of("C-1", "Title", facts, ["person.phone", "story"])

    assert "07531 88 20" in named and "umbrella" in named and "4711" not in named
    assert len(text_of("C-1", "Title", {f"v{n}": f"{n} " + "y" * 80 for n in range(1000)})) == 4000
    assert folded("Þórður ÆSIR Straße") == "thordur aesir strasse"


@pytest.fixture
def register(app: object) -> Callable[..., Case]:
    """`register(ann, customer=…)`: a case with these facts."""
    xml = diagram("register", "REG", '<userTask id="A" name="A"/>', "Begin A End")
    deployments.deploy({"register.bpmn": xml}, by=SYSTEM)
    db.session.commit()

    def opened(by: Actor, **facts: object) -> Case:
        case = cases.start(definitions.latest(ProcessDefinition, "register"), by=by, submitted=facts)
        db.session.commit()
        return case

    return opened


def test_cases_of_an_older_release_are_found_after_the_upgrade(register: Callable[..., Case], person: Person) -> None:
    register(person("ann", "clerks"), customer="Ada")
    db.session.execute(sa.update(Case).values(search_text=""))
    [revision] = (ROOT / "service" / "alembic" / "versions").glob("*_words_that_find_a_case.py")

    runpy.run_path(str(revision))["fill"](db.session.connection())

    words = db.session.scalars(sa.select(Case.search_text)).one().splitlines()
    assert words == ["reg-2026-00001", "reg202600001", "register", "ada"]


@pytest.mark.parametrize("most", [-1, search.MOST])
def test_parts_of_words_are_found_whichever_way_they_are_looked_for(
    register: Callable[..., Case], person: Person, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(search, "MOST", most)
    monkeypatch.setattr(search, "NAMES", most)
    ann = person("ann", "clerks")
    register(ann, customer="Antonín Dvořák", said='He "knows" 100% of C:\\it_all')
    register(ann, customer="Ingrid Solberg", phone="+49 (7531) 8820")
    looked_for = {
        "vora": ["1"], "or anto": ["1"], "ol": ["2"], "solb x": [], "\"know": ["1"], "% of": ["1"], "t_al": ["1"],
        "tXal": [], "c:\\it": ["1"], "753188": ["2"], "*": [], "dvor*": [], "NEAR(a b)": [], "x AND y": [],
        "ingrid OR": [], "REG": ["1", "2"],
    }  # fmt: skip

    found = {text: sorted(case.number[-1] for case in lists.visible(ann, text=text).rows) for text in looked_for}
    of_tasks = {
        text: sorted(task.case.number[-1] for task in task_lists.all_open(ann, text=text).rows) for text in looked_for
    }

    assert found == looked_for
    assert of_tasks == looked_for
    assert len(task_lists.all_open(ann, text="a").rows) == 2  # as both tasks are called


def test_the_index_of_words_takes_in_the_cases_that_were_there(register: Callable[..., Case], person: Person) -> None:
    ann = person("ann", "clerks")
    for name in ("Ada", "Bea", "Cleo"):
        register(ann, customer=name)
    db.session.execute(sa.text("DELETE FROM case_search"))
    assert [len(lists.visible(ann, text=text).rows) for text in ("ada", "bea", "cleo")] == [0, 0, 0]

    search_index.create(db.session.connection())
    search_index.fill(db.session.connection())

    assert [len(lists.visible(ann, text=text).rows) for text in ("ada", "bea", "cleo")] == [1, 1, 1]
