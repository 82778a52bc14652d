"""What people write, as safe HTML: CommonMark with tables; no HTML of their own, no images, links marked.

A text that would become too much (bounds.py) is shown as it was typed. What was rendered is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any, Literal

import nh3

from service.http import bounds
from service.models.notes import MENTION

if TYPE_CHECKING:  # slow to load, and few requests need it
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.token import Token

DELIMITERS = re.compile(r"[\s|:-]*-[\s|:-]*")  #: the line below a table's head

TAGS = {
    "a", "blockquote", "br", "code", "em", "h3", "hr", "li", "ol", "p", "pre", "s", "span", "strong", "table", "tbody",
    "td", "th", "thead", "tr", "ul",
}  # fmt: skip


class _TooMuch(Exception):
    """The text goes beyond a bound."""


def render(text: str, mentioned: Mapping[str, str] | None = None) -> str:
    """`text` as HTML that may stand in a page; `mentioned` people (user name -> what they are called) are marked.

    All headings are of one level, below those of the page that the text stands in.
    """
    return _rendered(text, tuple(sorted((mentioned or {}).items())))


@lru_cache(maxsize=bounds.KEPT)
def _rendered(text: str, mentioned: tuple[tuple[str, str], ...]) -> str:
    try:
        return _formatted(text, dict(mentioned))
    except _TooMuch:
        return f"<pre>{escape(text, quote=False)}</pre>"


def _formatted(text: str, mentioned: Mapping[str, str]) -> str:
    parser = _parser()
    tokens = parser.parse(text, {})
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "h3"
        if token.children and mentioned:
            token.children = [part for child in token.children for part in _marked(child, mentioned)]
    _weigh(tokens)
    html = nh3.clean(
        parser.renderer.render(tokens, parser.options, {}),
        tags=TAGS,
        attributes={"a": {"href", "title"}},
        allowed_classes={"span": {"mention"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    if len(html) > bounds.OUTPUT:
        raise _TooMuch
    return html


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    options = {"html": False, "breaks": True, "maxNesting": bounds.DEPTH}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough"])
    parser.block.ruler.before("table", "cells", _count_cells, {"alt": ["paragraph", "reference"]})
    return parser


def _count_cells(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Count the cells of a table that begins here before they are made, all of its rows as wide as its head."""
    if start + 2 > end or not DELIMITERS.fullmatch(_line(state, start + 1)):
        return False
    width = _line(state, start).strip().removeprefix("|").removesuffix("|").count("|") + 1
    cells = state.env.get("cells", 0)
    for line in range(start, end):
        if state.isEmpty(line):
            break
        cells += width
        if cells > bounds.CELLS:
            raise _TooMuch
    if not silent:
        state.env["cells"] = cells
    return False


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _weigh(tokens: Sequence[Token]) -> None:
    """Raise for what would be written too long, before it is: what links refer to is still shared here."""
    parts = [part for token in tokens for part in (token, *(token.children or ()))]
    said = sum(len(part.content) + sum(len(str(each)) for each in part.attrs.values()) for part in parts)
    if said > bounds.OUTPUT or sum(part.type == "link_open" for part in parts) > bounds.LINKS:
        raise _TooMuch


def _marked(token: Token, mentioned: Mapping[str, str]) -> Iterator[Token]:
    """A piece of text, with the mentions in it in elements of their own."""
    if token.type != "text":
        yield token
        return
    done = 0
    for found in MENTION.finditer(token.content):
        name = found[1].rstrip(".-+")
        if name not in mentioned:
            continue
        yield _text(token.content[done : found.start()])
        yield _token("mention_open", "span", 1, attrs={"class": "mention"})
        yield _text(f"@{mentioned[name]}")
        yield _token("mention_close", "span", -1)
        done = found.start() + 1 + len(name)
    yield _text(token.content[done:])


def _text(content: str) -> Token:
    return _token("text", "", 0, content=content)


def _token(kind: str, tag: str, nesting: Literal[-1, 0, 1], **more: Any) -> Token:
    from markdown_it.token import Token

    return Token(kind, tag, nesting, **more)
