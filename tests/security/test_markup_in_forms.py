"""A form's markup is read, and gives no orders: to htmx, to our scripts, to the browser's own forms and dialogs.

Three things stand in the way, each tried alone: what is shown is made of an allow-list, htmx heeds no `data-hx-*`, and
it ignores what stands in hosts of other people's content.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, Request, Route

from service.db import db
from service.models import SYSTEM, Actor, ApiToken
from service.operations import deployments
from tests.pages.conftest import address, browse

__all__ = ["address", "browse"]

PROCESS = b"""<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:case="urn:casewright:bpmn:1.0"
  id="d" targetNamespace="urn:tests"><process id="shown" name="Shown" isExecutable="true" case:numberPrefix="SHW"
  case:candidateStarterGroups="all"><startEvent id="Begin" case:formKey="shown"/>
  <sequenceFlow id="f1" sourceRef="Begin" targetRef="Look"/><userTask id="Look" name="Look"/></process></definitions>"""

TOKEN = json.dumps({"name": "stolen", "scope": "admin"})
VERBS = ("get", "post", "put", "patch", "delete", "query", "action")
ATTACKS = [
    *(
        f"<b {prefix}-{verb}='/profile/tokens' {prefix}-trigger='load, click' {prefix}-vals='{TOKEN}'>x</b>"
        for prefix in ("hx", "data-hx", "DATA-HX")
        for verb in VERBS
    ),
    "<b data-hx-on:load='window.hacked=1' data-hx-on:click='window.hacked=1' hx-on:click='window.hacked=1'>x</b>",
    "<b data-hx-on='load -> window.hacked=1'>x</b>",
    "<a href='/profile' data-hx-boost='true'>x</a>",
    "<b data-hx-get='/about' data-hx-trigger='load' data-hx-headers='js:window.hacked=1'>x</b>",
    "<button data-send='/profile/tokens'>x</button>",
    "<b data-send='/profile/tokens'>x</b>",
    "<div data-form data-action='/profile/tokens' data-csrf='x'>x</div>",
    "<div data-diagram data-src='/about'><p data-canvas>x</p></div>",
    "<b data-copy data-dismiss data-row data-dialog='keys' data-close data-show-keys>x</b>",
    "<b data-key='x' data-key-focus data-key-label='Mine' data-place='x' data-suggest='/about' tabindex='0'>x</b>",
    "<b data-theme-choice data-zoom='in' data-all data-problem data-schema data-values data-time='ago'>x</b>",
    "<form action='/sign-out' method='post'><button>x</button><input type='submit' value='x'></form>",
    "<button form='leave' formaction='/sign-out' formmethod='post'>x</button>",
    "<button popovertarget='me-menu' command='show-modal' commandfor='keys'>x</button>",
    "<b id='task' class='toast bad' name='body' slot='x' is='x' part='x'>x</b>",
    "<math><mtext><table><mglyph><title><!--</title><img title='--&gt;&lt;b data-send=x&gt;'></table></mtext></math>x",
    "<svg><a href='/about' data-send='x'><text>x</text></a></svg>x",
    "<template><b data-send='x'>x</b></template>x",
    "<meta name='htmx-config' content='{\"prefix\": \"data-hx-\"}'>x",
    "<hx-partial hx-target='body'><b data-send='x'>x</b></hx-partial>x",
]
KEPT = (
    "<table><tr><th scope='col'>Kind</th><td colspan='2'>Water</td></tr></table><a href='/help' title='All'>Rules</a>"
)


def form() -> bytes:
    """The attacks in every way that a form has to show a text, and in a value."""
    shown: list[dict[str, Any]] = []
    for attack in [*ATTACKS, KEPT]:
        shown += [
            {"type": "html", "content": attack},
            {"type": "text", "text": attack},
            {"type": "html", "content": f"<p>{{{{ {json.dumps(attack)} }}}}</p>"},
            {"type": "text", "text": f"{{{{ {json.dumps(attack)} }}}}"},
            {"type": "html", "content": f"= {json.dumps(attack)}"},
            {"type": "textfield", "key": f"k{len(shown)}", "label": attack, "description": attack,
             "appearance": {"prefixAdorner": attack, "suffixAdorner": attack}, "defaultValue": attack},
            {"type": "group", "label": attack, "components": []},
            {"type": "select", "key": f"s{len(shown)}", "values": [{"label": attack, "value": attack}]},
            {"type": "radio", "key": f"r{len(shown)}", "values": [{"label": attack, "value": "a"}]},
            {"type": "checklist", "key": f"c{len(shown)}", "values": [{"label": attack, "value": "a"}]},
        ]  # fmt: skip
    numbered = [{"id": f"f{number}", **each} for number, each in enumerate(shown)]
    return json.dumps({"id": "shown", "type": "default", "components": numbered}).encode()


@pytest.fixture
def eve(app: Flask, person: Callable[..., Actor]) -> Actor:
    """An administrator, who opens a form that somebody else deployed."""
    found = person("eve", "all", admin=True)
    deployments.deploy({"shown.bpmn": PROCESS, "shown.form": form()}, by=SYSTEM)
    db.session.commit()
    return found


@pytest.fixture
def opened(eve: Actor, browse: Callable[..., Page]) -> Page:
    """The form in a browser."""
    page = browse(eve)
    page.goto("/cases/new/shown", wait_until="load")
    page.wait_for_selector("[data-form][data-ready]")
    return page


#: Attributes in what a form shows, by the element that has them.
FOUND = """() => [...new Set([...document.querySelectorAll('.fjs-form-field-html *, .fjs-form-field-text *')].flatMap(
    (e) => [e.localName, ...e.getAttributeNames().map((name) => `${e.localName} ${name}`)]))].sort()"""
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_nothing_of_a_form_s_markup_gives_an_order(eve: Actor, browse: Callable[..., Page]) -> None:
    page, calls = browse(eve), list[str]()
    page.on("request", lambda sent: calls.append(_order(sent)))
    page.on("dialog", lambda dialog: dialog.dismiss())

    page.goto("/cases/new/shown", wait_until="load")
    page.wait_for_selector("[data-form][data-ready]")
    page.wait_for_timeout(500)
    page.evaluate("""document.querySelectorAll('.fjs-form-field-html *, .fjs-form-field-text *').forEach((each) => {
        if (!each.closest('a')) each.dispatchEvent(new MouseEvent('click', { bubbles: true })); })""")
    page.wait_for_timeout(500)

    assert [call for call in calls if call] == []
    assert page.evaluate("window.hacked") is None
    assert page.locator("dialog[open], [popover]:popover-open").count() == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ApiToken)) == 0


def _order(sent: Request) -> str:
    """What a call asks for, if no page of ours would make it by itself."""
    by_htmx = "hx-request" in sent.headers
    return f"{sent.method} {sent.url}" if by_htmx or sent.method != "GET" else ""


def test_a_form_shows_structure_links_and_pictures_and_no_more(opened: Page) -> None:
    attributes = [each for each in opened.evaluate(FOUND) if " " in each]

    assert attributes == ["a href", "a title", "td colspan", "th scope"]


def test_what_a_value_says_is_no_template(
    app: Flask, person: Callable[..., Actor], browse: Callable[..., Page]
) -> None:
    said = [
        {"id": "a", "type": "html", "content": '<p>{{ "{" + "{ 6 * 7 }" + "}" }}</p>'},
        {"id": "b", "type": "html", "content": '{{ "= 6 * 7" }}'},
    ]
    shown = json.dumps({"id": "shown", "type": "default", "components": said}).encode()
    deployments.deploy({"shown.bpmn": PROCESS, "shown.form": shown}, by=SYSTEM)
    page = browse(person("ann", "all"))

    page.goto("/cases/new/shown", wait_until="load")
    page.wait_for_selector("[data-form][data-ready]")

    assert page.locator(".fjs-form-field-html").all_inner_texts() == ["{{ 6 * 7 }}", "= 6 * 7"]


@pytest.mark.parametrize(
    ("where", "planted"),
    [
        ("<main ", "<b data-hx-post='/sign-out' data-hx-trigger='load'>x</b><main "),
        ("data-canvas ", "data-canvas><b hx-post='/sign-out' hx-trigger='load'>x</b></div><div "),
    ],
    ids=["with a prefix", "in a form's place"],
)
def test_htmx_by_itself_leaves_what_is_not_ours(
    eve: Actor, browse: Callable[..., Page], where: str, planted: str
) -> None:
    page, calls = browse(eve), list[str]()
    page.on("request", lambda sent: calls.append(_order(sent)))

    def plant(route: Route) -> None:
        answer = route.fetch()
        assert where in answer.text()
        route.fulfill(response=answer, body=answer.text().replace(where, planted, 1))

    page.route("**/cases/new/shown", plant)
    page.goto("/cases/new/shown", wait_until="load")
    page.wait_for_timeout(500)

    assert [call for call in calls if call] == []
