"""A chapter's Markdown on its page: headings to link to, tables and code that the keyboard reaches, nothing unsafe."""

from __future__ import annotations

import pytest

from service.handbook import linked
from service.handbook.rendering import Text, anchor
from service.http import markdown


def rendered(text: str) -> str:
    return Text.of(text, linked).html


def test_headings_keep_their_level_and_have_an_anchor() -> None:
    text = Text.of("## Hold a case\n\none\n\n### Überraschung & mehr\n\n## Hold a case\n", linked)

    assert '<h2 id="hold-a-case">Hold a case</h2>' in text.html
    assert '<h3 id="uberraschung-mehr">' in text.html
    assert [heading.anchor for heading in text.headings] == ["hold-a-case", "uberraschung-mehr", "hold-a-case-2"]


@pytest.mark.parametrize(
    ("title", "name"), [("1. The diagram", "1-the-diagram"), ("Why?", "why"), ("日本", "section"), ("A  b—c", "a-b-c")]
)
def test_an_anchor_is_made_of_the_words_of_its_heading(title: str, name: str) -> None:
    assert anchor(title) == name


def test_links_to_chapters_lead_to_their_pages() -> None:
    text = "[a](02-tasks.md) [b](../operations/05-incidents.md#try-again) [c](#here) [d](/cases)"

    html = rendered(text)

    for target in ("/help/tasks", "/help/incidents#try-again", "#here", "/cases"):
        assert f'href="{target}"' in html


def test_a_table_scrolls_in_a_box_that_can_be_reached_and_has_a_name() -> None:
    html = rendered("| on | means |\n|---|---|\n| a | b |\n")

    assert '<div class="table-wrap" tabindex="0" role="group" aria-label="Table: on">' in html
    assert html.count("<table") == html.count("</table></div>") == 1


def test_code_says_which_file_it_is() -> None:
    html = rendered('```xml file=a/"b".bpmn\n<process id="x"/>\n```\n')

    assert "&lt;process" in html
    assert "<process" not in html
    assert 'class="code-name"' in html and 'tabindex="0"' in html


def test_keys_are_drawn_as_keys() -> None:
    assert "<kbd>g</kbd>" in rendered("press <kbd>g</kbd>")


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        "[x](data:text/html,x)",
        '<a href="javascript:alert(1)">x</a>',
        '<div style="position:fixed">x</div>',
        '<kbd onclick="alert(1)">x</kbd>',
        "<iframe src=https://example.org></iframe>",
        '## <b onmouseover="alert(1)">x</b>',
        '```sh file="><script>alert(1)</script>\nx\n```',
    ],
)
def test_nothing_unsafe_comes_out_even_of_a_chapter(attack: str) -> None:
    html = rendered(attack)

    for bad in (
        "<script",
        "<img",
        "<iframe",
        'href="javascript',
        'href="data',
        "style=",
        "onclick=",
        "onmouseover=",
        "onerror=",
    ):
        assert bad not in html.replace("&lt;", "")


def test_notes_get_nothing_of_what_chapters_have() -> None:
    html = markdown.render("# A\n\n<kbd>x</kbd>\n\n| a | b |\n|---|---|\n| c | d |\n\n```sh run\nx\n```\n")

    for ours in ("<kbd", "<h1", "<h2", "id=", "class=", "tabindex", "<div"):
        assert ours not in html


def test_sections_are_the_text_below_each_heading_without_markup() -> None:
    text = Text.of(
        "Above **all**.\n\n## One\n\nSome `code`, a [link](#x)\nand <kbd>g</kbd>.\n\n```sh\nrun it\n```\n\n## Two\n",
        linked,
    )

    said = [(section.heading and section.heading.title, section.text) for section in text.sections]

    assert said == [(None, "Above all."), ("One", "Some code, a link and g. run it"), ("Two", "")]
