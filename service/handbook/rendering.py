"""A chapter's Markdown as HTML with headings that can be linked, and cut into sections for the search.

Chapters are ours, unlike people's notes (http/markdown.py): they keep the levels of their headings, name them, and
have tables and code that scroll by keyboard. Their only HTML is `<kbd>`. What comes out is cleaned all the same, with a
list of tags of its own.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import nh3

from service.http.markdown import TAGS

if TYPE_CHECKING:  # slow to load, and few requests need it
    from markdown_it.token import Token

CHAPTER_TAGS = TAGS | {"div", "h2", "kbd"}
ATTRIBUTES = {
    "a": {"href", "title"},
    "div": {"class", "tabindex", "role", "aria-label"},
    "h2": {"id"},
    "h3": {"id"},
    "ol": {"start"},
    "pre": {"tabindex", "role", "aria-label"},
    "table": {"class"},
}


@dataclass(frozen=True)
class Heading:
    level: int  #: 2 or 3
    anchor: str
    title: str


@dataclass(frozen=True)
class Section:
    """What stands below one heading, as plain text; `heading` is None for what stands above the first one."""

    heading: Heading | None
    text: str


@dataclass(frozen=True)
class Text:
    """One chapter, read."""

    html: str
    headings: tuple[Heading, ...]
    sections: tuple[Section, ...]

    @classmethod
    def of(cls, markdown: str, link: Callable[[str], str]) -> Text:
        """`markdown` read; `link` says where each link leads."""
        from markdown_it import MarkdownIt

        parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
        for kind, rule in _rules().items():
            parser.add_render_rule(kind, rule)
        tokens = parser.parse(markdown)
        headings = tuple(_name(tokens))
        _point(tokens, link)
        html = nh3.clean(
            parser.renderer.render(tokens, parser.options, {}),
            tags=CHAPTER_TAGS,
            attributes=ATTRIBUTES,
            url_schemes={"https", "mailto"},
            link_rel=None,
        )
        return cls(html, headings, tuple(_sections(tokens, headings)))


def anchor(title: str, taken: Sequence[str] = ()) -> str:
    """The anchor of a heading: its words in small letters, joined; with a number where another has the same."""
    letters = unicodedata.normalize("NFKD", title.lower())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    name = "-".join(re.findall(r"[a-z0-9]+", plain)) or "section"
    return name if name not in taken else f"{name}-{sum(each.startswith(name) for each in taken) + 1}"


def _name(tokens: Sequence[Token]) -> Iterator[Heading]:
    """Give each heading its anchor."""
    taken: list[str] = []
    for token, inside in pairwise(tokens):
        if token.type == "heading_open":
            title = _plain(inside)
            taken.append(anchor(title, taken))
            token.attrSet("id", taken[-1])
            yield Heading(int(token.tag[1]), taken[-1], title)


def _point(tokens: Sequence[Token], link: Callable[[str], str]) -> None:
    """Let every link lead where it leads on the pages."""
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("href", link(str(child.attrGet("href") or "")))


def _sections(tokens: Sequence[Token], headings: Sequence[Heading]) -> Iterator[Section]:
    coming = iter(headings)
    heading: Heading | None = None
    said: list[str] = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "heading_open":
            yield Section(heading, " ".join(said))
            heading, said = next(coming), []
        elif token.type in ("inline", "fence", "code_block") and not (before and before.type == "heading_open"):
            said.append(re.sub(r"\s+", " ", _plain(token)).strip())
    yield Section(heading, " ".join(said))


def _plain(token: Token) -> str:
    """What a token says, without markup."""
    if token.children is None:
        return token.content
    said = (child for child in token.children if child.type != "html_inline")
    return "".join(" " if child.type == "softbreak" else child.content for child in said)


def _rules() -> dict[str, Callable[..., str]]:
    """How the renderer writes what it would write otherwise, were it for notes."""
    return {"table_open": _table, "table_close": lambda *_: "</table></div>\n", "fence": _fence}


def _table(_renderer: Any, tokens: Sequence[Token], at: int, *_: Any) -> str:
    """A wide table scrolls inside a box that the keyboard can reach; it is called by its first column."""
    first = next(token for token in tokens[at:] if token.type == "inline")
    name = _escaped(f"Table: {_plain(first)}")
    return f'<div class="table-wrap" tabindex="0" role="group" aria-label="{name}"><table class="table">'


def _fence(_renderer: Any, tokens: Sequence[Token], at: int, *_: Any) -> str:
    """Code, which may be wide; what it is was said before: ```` ```sh run ````, ```` ```xml file=loan.bpmn ````."""
    words = tokens[at].info.split()
    file = next((word.removeprefix("file=") for word in words if word.startswith("file=")), "")
    kind = f"File {file}" if file else "What it prints" if words[:1] == ["output"] else "Code"
    head = f'<div class="code-name">{_escaped(file)}</div>' if file else ""
    shape = " output" if words[:1] == ["output"] else ""
    code = f"<code>{_escaped(tokens[at].content)}</code>"
    box = f'<pre tabindex="0" role="group" aria-label="{_escaped(kind)}">{code}</pre>'
    return f'<div class="code{shape}">{head}{box}</div>\n'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
