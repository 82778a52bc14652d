"""A BPMN file from a text editor: it runs, and the page says why there is nothing to see."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from service.db import db
from service.models import SYSTEM, Actor, ProcessDefinition
from service.operations import cases, deployments
from service.queries import definitions
from tests.api.conftest import LOAN


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_without_a_drawing_takes_no_empty_space(
    app: Flask, person: Callable[..., Actor], browse: Callable[..., Page]
) -> None:
    ann = person("ann", "clerks")
    deployments.deploy({"loan.bpmn": LOAN}, by=SYSTEM)
    case = cases.start(definitions.latest(ProcessDefinition, "loan"), by=ann, submitted={"customer": "A", "amount": 1})
    db.session.commit()
    number = case.number
    db.session.rollback()
    page = browse(ann, width=400)

    page.goto(f"/cases/{number}")

    canvas = page.locator(".diagram-canvas")
    expect(canvas).to_contain_text("it has no BPMN DI")
    box = canvas.bounding_box()
    assert box is not None and box["height"] < 200
    expect(page.get_by_text("The steps as a list")).to_be_visible()
