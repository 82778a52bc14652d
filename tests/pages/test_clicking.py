"""What can be clicked lies under the mouse: on every page, at the place of every control, nothing lies over it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from service.db import db
from service.models import Incident, IncidentState
from tests.pages.conftest import Office
from tests.pages.scenes import furnish
from tests.pages.test_in_a_browser import Browse, settle, visits

#: Every control that can be seen: what lies at its middle belongs to it, or it to that (a label around its box).
COVERED = """
() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')]
  .filter((each) => each.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .filter((each) => !each.closest('.djs-container, .fjs-container, .skip, .hidden-label') && !each.disabled)
  .flatMap((each) => {
    each.scrollIntoView({ block: 'center', inline: 'center' });
    const { left, top, width, height } = each.getClientRects()[0] ?? {};
    if (!(width > 2 && height > 2)) return [];
    const there = document.elementFromPoint(left + width / 2, top + height / 2);
    const fits = there && (each.contains(there) || there.contains(each) || each.labels?.[0]?.contains(there));
    return fits ? [] : [`${each.textContent.trim() || each.outerHTML} lies under ${there?.outerHTML.slice(0, 120)}`];
  })
"""


@pytest.mark.timeout(240)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("width", [1440, 400])
def test_nothing_lies_over_what_can_be_clicked(office: Office, browse: Browse, width: int) -> None:
    case = furnish(office)
    seen, covered = visits(office, case), {}
    browsers: dict[object, Page] = {}

    for name, actor, path in seen:
        if actor.id not in browsers:
            browsers[actor.id] = browse(actor, width=width, height=900)
        page = browsers[actor.id]
        page.goto(path)
        settle(page)
        if found := page.evaluate(COVERED):
            covered[name] = found

    assert covered == {}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("width", [1440, 400])
def test_an_incident_is_put_away_with_the_mouse(office: Office, browse: Browse, width: int) -> None:
    case = office.open_claim()
    db.session.add(Incident(case_id=case.id, message="It broke.", job={"name": "report", "arguments": {}}))
    db.session.commit()
    page = browse(office.ada, width=width)
    page.goto("/incidents")

    page.get_by_role("button", name="Put away").click(timeout=5_000)

    expect(page.get_by_text("Nothing is stuck")).to_be_visible()
    assert db.session.query(Incident).one().state is IncidentState.RESOLVED
