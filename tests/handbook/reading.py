"""What the handbook's chapters contain: blocks of code, pieces of code in a line, links, labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from service.handbook import Chapter, chapters

CHAPTERS = {each.slug: each for each in chapters()}


@dataclass(frozen=True)
class Block:
    """A fenced block of code: its language, the words behind it, and what is in it."""

    language: str
    words: tuple[str, ...]
    text: str

    @property
    def file(self) -> str:
        return next((word.removeprefix("file=") for word in self.words if word.startswith("file=")), "")


def tokens(chapter: Chapter) -> list[Token]:
    """The chapter as the parser sees it."""
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(chapter.text)


def blocks(chapter: Chapter) -> list[Block]:
    """The chapter's blocks of code, in their order."""
    found = [token for token in tokens(chapter) if token.type == "fence"]
    return [Block(*_named(token.info.split()), token.content) for token in found]


def _named(words: list[str]) -> tuple[str, tuple[str, ...]]:
    return (words[0] if words else "", tuple(words[1:]))


def _inside(chapter: Chapter, kind: str) -> Iterator[Token]:
    for token in tokens(chapter):
        yield from (child for child in token.children or () if child.type == kind)


def codes(chapter: Chapter) -> list[str]:
    """What stands between backticks."""
    return [token.content for token in _inside(chapter, "code_inline")]


def links(chapter: Chapter) -> list[str]:
    """Where the chapter's links lead, as they are written."""
    return [str(token.attrGet("href")) for token in _inside(chapter, "link_open")]


def html(chapter: Chapter) -> list[str]:
    """The pieces of HTML in the chapter."""
    found = [token.content.strip() for token in tokens(chapter) if token.type == "html_block"]
    return found + [token.content for token in _inside(chapter, "html_inline")]


def labels(chapter: Chapter) -> list[str]:
    """What is set in bold: the labels of pages."""
    found = []
    for token in tokens(chapter):
        children = token.children or []
        for place, child in enumerate(children):
            if child.type == "strong_open":
                found.append(children[place + 1].content)
    return found
