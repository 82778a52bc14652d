"""Drafts of case types: saved by several people without loss, exported the same twice, published as files are."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask

from service.db import db
from service.errors import BadRequest, Forbidden, InvalidForm
from service.models import SYSTEM, Actor, DesignRevision
from service.operations import deployments, designs
from tests.operations import filtered_world

Person = Callable[..., Actor]
FORM = b'{"type": "default", "components": [], "schemaVersion": 19}'


@pytest.fixture
def ada(app: Flask, person: Person) -> Actor:
    return person("ada", "designers")


def test_two_people_at_one_file_lose_nothing(ada: Actor, person: Person) -> None:
    ben = person("ben", "designers")
    draft = designs.begin("loss", "Loss", by=ada, files={"loss.bpmn": b"one"})
    designs.save(draft, "loss.bpmn", b"two", on=1, by=ben, said="a second step")

    with pytest.raises(designs.Overtaken) as refused:
        designs.save(draft, "loss.bpmn", b"three", on=1, by=ada)
    assert refused.value.newest.number == 2 and refused.value.newest.saved_by == "ben"
    designs.save(draft, "loss.bpmn", b"three", on=2, by=ada)
    db.session.commit()

    assert designs.contents(draft) == {"loss.bpmn": b"three"}
    assert [(each.number, each.saved_by, each.said) for each in designs.revisions(draft)] == [
        (3, "ada", None), (2, "ben", "a second step"), (1, "ada", None)
    ]  # fmt: skip
    assert designs.revision(draft, "loss.bpmn", 2).content == b"two"


def test_what_is_saved_unchanged_makes_no_revision_and_a_removed_file_may_come_back(ada: Actor) -> None:
    draft = designs.begin("loss", "Loss", by=ada, files={"a.form": FORM, "b.form": FORM})

    assert designs.save(draft, "a.form", FORM, on=0, by=ada) is None
    designs.save(draft, "a.form", None, on=1, by=ada)
    assert list(designs.contents(draft)) == ["b.form"]
    designs.save(draft, "a.form", FORM, on=2, by=ada)
    assert list(designs.contents(draft)) == ["a.form", "b.form"]


def test_a_deployed_version_becomes_a_draft_that_is_exported_and_published_again(ada: Actor) -> None:
    deployments.deploy({"loss.bpmn": filtered_world.LOSS}, by=SYSTEM)
    version = deployments.latest_definition("loss")
    assert version is not None
    draft = designs.begin_from(version, by=ada)

    assert draft.base == "loss version 1"
    assert designs.publish(draft, by=ada, reason=None).deployment is None  # the same again makes no new version
    changed = filtered_world.LOSS.replace(b"<process ", b"<process name='Other' ", 1)
    designs.save(draft, "loss.bpmn", changed, on=1, by=ada)
    designs.save(draft, "x.form", FORM, on=0, by=ada)
    packed = designs.export(draft)

    assert packed == designs.export(draft)
    assert zipfile.ZipFile(io.BytesIO(packed)).namelist() == ["processes/loss/loss.bpmn", "forms/x.form"]


def test_only_designers_draw_and_names_are_plain(ada: Actor, person: Person) -> None:
    draft = designs.begin("loss", "Loss", by=ada)

    for name in ("../a.bpmn", "a.exe", "", ".bpmn", "a/b.bpmn", "x" * 200 + ".bpmn"):
        with pytest.raises(BadRequest):
            designs.save(draft, name, b"x", on=0, by=ada)
    with pytest.raises(InvalidForm) as wrong:
        designs.begin("No Key", "", by=ada)
    assert set(wrong.value.errors) == {"key", "title"}
    zoe = person("zoe", "clerks")
    for forbidden in (
        lambda: designs.begin("x", "X", by=zoe),
        lambda: designs.save(draft, "a.bpmn", b"x", on=0, by=zoe),
        lambda: designs.publish(draft, by=zoe, reason=None),
        lambda: designs.discard(draft, by=zoe),
    ):
        with pytest.raises(Forbidden):
            forbidden()
    designs.discard(draft, by=ada)
    db.session.commit()
    assert db.session.query(DesignRevision).count() == 0
