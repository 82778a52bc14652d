"""The parts that pages are put together from: how they look, and what their scripts do, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import NewPage, serving
from tests.pages.gallery import create_gallery

Axe = Callable[[Page], list[str]]
NARROWEST = 320
TWICE_CONTROL_ENTER = """field => {
  const press = () => new KeyboardEvent("keydown", {key: "Enter", ctrlKey: true, bubbles: true, cancelable: true});
  field.dispatchEvent(press());
  field.dispatchEvent(press());
}"""


@pytest.fixture(scope="module")
def gallery() -> Iterator[str]:
    """The gallery's address."""
    with serving(create_gallery()) as address:
        yield address


@pytest.fixture
def page(gallery: str, new_page: NewPage) -> Page:
    """The gallery, with everything drawn."""
    return opened(new_page(gallery))


def opened(page: Page) -> Page:
    answer = page.goto("/")
    assert answer and answer.ok
    for host in page.locator("[data-form], [data-diagram]").all():
        expect(host).to_have_attribute("data-ready", "")
    return page


@pytest.mark.parametrize(("width", "dark"), [(1440, False), (900, True), (400, False)])
def test_the_parts_are_accessible_and_worth_looking_at(
    gallery: str, new_page: NewPage, axe: Axe, screenshot: Callable[[Page, str], Path], width: int, dark: bool
) -> None:
    page = opened(new_page(gallery, width=width, dark=dark))

    screenshot(page, f"parts-{width}{'-dark' if dark else ''}")

    assert axe(page) == []


@pytest.mark.parametrize("width", [1440, 900, 400, NARROWEST])
def test_nothing_reaches_beyond_the_window(gallery: str, new_page: NewPage, width: int) -> None:
    page = opened(new_page(gallery, width=width))
    page.evaluate("document.body.dataset.focus = 'main'")

    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_j_and_k_walk_the_rows_and_stop_while_typing(page: Page) -> None:
    rows = page.locator(".list [data-row]")

    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(2)).to_be_focused()
    page.keyboard.press("k")
    expect(rows.nth(1)).to_be_focused()

    page.keyboard.press("/")
    page.keyboard.type("jj")
    expect(page.get_by_role("searchbox")).to_have_value("jj")


def test_a_key_presses_its_button_and_a_sequence_goes_to_its_page(page: Page) -> None:
    page.keyboard.press("n")
    expect(page.get_by_role("dialog", name="Add a note")).to_be_visible()
    page.keyboard.press("Escape")

    page.evaluate("addEventListener('click', (event) => { window.went = event.target.textContent.trim() })")
    page.keyboard.press("g")
    page.keyboard.press("q")

    assert page.evaluate("window.went").startswith("Team queue")


def test_the_sheet_of_keys_names_what_the_page_offers(page: Page) -> None:
    page.keyboard.press("?")

    sheet = page.get_by_role("dialog", name="Keyboard")
    expect(sheet).to_contain_text("Assign")
    expect(sheet).to_contain_text("Go to team queue")
    page.keyboard.press("n")
    expect(page.get_by_role("dialog", name="Add a note")).to_be_hidden()


def test_a_chosen_theme_is_there_from_the_first_byte_of_the_next_page(page: Page) -> None:
    page.get_by_role("button", name="Ann Archer").click()
    page.get_by_text("Dark", exact=True).click()
    canvas = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.reload()

    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == canvas == "rgb(15, 17, 21)"


def test_times_are_said_in_the_readers_zone(page: Page) -> None:
    exact = page.locator("time[data-time=exact]").first

    expect(exact).to_have_text("18 Nov 2026, 15:00")


def test_what_the_server_refuses_is_shown_at_the_field_and_nothing_is_lost(page: Page) -> None:
    form = page.locator("[data-form]").first
    note = form.get_by_label("Reasons for the finding")
    fill(page)
    note.fill("too short")

    form.get_by_role("button", name="Complete").click()

    expect(form.get_by_role("alert").first).to_contain_text("another look: ")
    expect(form).to_contain_text("Say it in a sentence that the claimant understands.")
    expect(note).to_be_focused()
    expect(note).to_have_value("too short")


def test_what_is_typed_while_another_answer_redraws_the_form_is_kept(page: Page) -> None:
    form = page.locator("[data-form]").first

    form.get_by_role("textbox", name="Accepted").fill("700")
    form.get_by_label("Reasons for the finding").fill("typed at once")
    form.get_by_role("textbox", name="Item").fill("Floor")

    expect(form).to_contain_text("Settlement after the excess: € 550")
    expect(form.get_by_label("Reasons for the finding")).to_have_value("typed at once")


def test_a_form_with_missing_answers_is_not_sent(page: Page) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    form = page.locator("[data-form]").first

    form.get_by_role("button", name="Complete").click()

    expect(form.get_by_role("alert").first).to_contain_text("another look: ")
    expect(form).to_contain_text("Field is required.")
    assert "POST" not in sent


def test_what_somebody_else_did_meanwhile_is_said_above_the_form(page: Page) -> None:
    form = page.locator("[data-form]").first
    fill(page)
    form.get_by_label("Reasons for the finding").fill("a conflict")

    form.get_by_role("button", name="Complete").click()

    expect(form.get_by_role("alert").first).to_have_text("Ben Baker has completed this task meanwhile.")
    expect(form.get_by_label("Reasons for the finding")).to_have_value("a conflict")


def test_a_server_out_of_reach_loses_nothing(page: Page) -> None:
    form = page.locator("[data-form]").first
    fill(page)
    form.get_by_label("Reasons for the finding").fill("The floor can be dried.")
    page.context.set_offline(True)

    form.get_by_role("button", name="Complete").click()

    expect(form.get_by_role("alert").first).to_contain_text("Nothing is lost")
    expect(form.get_by_label("Reasons for the finding")).to_have_value("The floor can be dried.")


def test_control_and_enter_send_the_form_once_and_go_on(page: Page) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or "") if request.method == "POST" else None)
    fill(page)
    note = page.locator("[data-form]").first.get_by_label("Reasons for the finding")
    note.fill("The floor can be dried.")

    note.evaluate(TWICE_CONTROL_ENTER)

    page.wait_for_url("**/about/licences")
    assert len(sent) == 1
    assert '"assessorNote":"The floor can be dried."' in sent[0]


def fill(page: Page) -> None:
    form = page.locator("[data-form]").first
    form.get_by_role("textbox", name="Item").fill("Floor")
    form.get_by_role("textbox", name="Accepted").fill("700")


def test_the_diagram_shows_where_the_case_stands(page: Page) -> None:
    diagram = page.locator("[data-diagram]").first

    expect(diagram.locator("[data-element-id=Task_Assess]")).to_have_class("djs-element djs-shape is-active")
    expect(diagram.locator(".diagram-badge.failed")).to_have_text("!")
    expect(diagram.get_by_role("link", name="Powered by bpmn.io")).to_be_visible()
    expect(diagram.get_by_role("img", name="Sample diagram")).to_have_attribute("aria-label", "Sample diagram, light")


def test_the_diagram_moves_with_the_keyboard_and_comes_back(page: Page) -> None:
    diagram = page.locator("[data-diagram]").first
    box = "document.querySelector('[data-diagram]').viewer.get('canvas').viewbox()"
    before = page.evaluate(box)
    diagram.get_by_role("img", name="Sample diagram").focus()

    page.keyboard.press("ArrowRight")
    page.keyboard.press("+")
    moved = page.evaluate(box)
    page.keyboard.press("0")

    assert moved["x"] != before["x"]
    assert moved["scale"] > before["scale"]
    assert page.evaluate(box)["scale"] == pytest.approx(before["scale"])


def test_htmx_brings_islands_to_a_page_that_had_none_and_draws_them_anew_each_time(
    gallery: str, new_page: NewPage
) -> None:
    page = new_page(gallery)
    page.goto("/design/bare")

    for _ in range(2):
        page.get_by_role("button", name="Show", exact=True).click()

        expect(page.locator("[data-form]")).to_have_attribute("data-ready", "")
        expect(page.locator("[data-diagram]")).to_have_attribute("data-ready", "")
        expect(page.get_by_label("Reasons for the finding")).to_be_visible()
        page.evaluate("document.querySelectorAll('[data-ready]').forEach((host) => { delete host.dataset.ready })")


def test_a_diagram_that_was_hidden_is_legible_when_it_is_shown_and_fills_the_screen_by_key(
    gallery: str, new_page: NewPage
) -> None:
    page = opened(new_page(gallery, width=400))
    diagram = page.locator("[data-diagram]").first
    expect(diagram).to_be_hidden()

    page.evaluate("document.body.dataset.focus = 'main'")

    area, here = diagram.locator("[data-canvas]"), diagram.locator("[data-element-id=Task_Assess] .djs-visual")
    expect(here).to_be_visible()
    page.wait_for_timeout(200)
    outer, inner = area.bounding_box(), here.bounding_box()
    assert outer and inner and inner["width"] >= 75  # legible, where the case stands
    assert outer["x"] <= inner["x"] and inner["x"] + inner["width"] <= outer["x"] + outer["width"]
    diagram.get_by_role("img", name="Sample diagram").focus()
    page.keyboard.press("0")  # all of it, as far as it is legible or not
    drawn = page.evaluate("document.querySelector('[data-diagram] .viewport').getBoundingClientRect().width")
    assert outer["width"] * 0.8 < drawn <= outer["width"]
    page.keyboard.press("f")
    expect(page.locator("[data-diagram]:fullscreen")).to_have_count(1)
    page.keyboard.press("f")
    expect(page.locator("[data-diagram]:fullscreen")).to_have_count(0)
