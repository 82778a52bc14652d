"""What people write, as safe HTML: CommonMark with tables; no HTML of their own, no images, links marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import nh3

from service.models.notes import MENTION

if TYPE_CHECKING:  # slow to load, and few requests need it
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

TAGS = {
    "a", "blockquote", "br", "code", "em", "h3", "hr", "li", "ol", "p", "pre", "s", "span", "strong", "table", "tbody",
    "td", "th", "thead", "tr", "ul",
}  # fmt: skip


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"])


def render(text: str, mentioned: Mapping[str, str] | None = None) -> str:
    """`text` as HTML that may stand in a page; `mentioned` people (user name -> what they are called) are marked.

    All headings are of one level, below those of the page that the text stands in.
    """
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "h3"
        if token.children and mentioned:
            token.children = [part for child in token.children for part in _marked(child, mentioned)]
    return nh3.clean(
        parser.renderer.render(tokens, parser.options, {}),
        tags=TAGS,
        attributes={"a": {"href", "title"}},
        allowed_classes={"span": {"mention"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


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
