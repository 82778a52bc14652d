"""The product's own documentation: chapters in four parts, kept beside this module as Markdown and shown at /help.

A chapter is `<part>/<nn>-<slug>.md`. Its first line is its title, its first paragraph says what it is for. It is linked
by its slug, so a slug is never changed, and the part and the number only order the chapters. A link to another chapter
is written as on a disk (`../workers/02-tasks.md#take-a-task`), so that it also works where the files are read as files.
What the code knows is not written down twice: `<!-- settings -->` stands for the table of settings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources

from service.config import SETTINGS, Setting
from service.handbook.rendering import Heading, Section, Text

ADDRESS = "/help"  #: of the pages; a chapter is one level below
LINK = re.compile(r"(?:(?:\.\./\w+/)?\d\d-(?P<slug>[a-z-]+)\.md)?(?P<anchor>#.*)?")


@dataclass(frozen=True)
class Part:
    """Chapters for one kind of reader."""

    key: str
    title: str
    about: str


PARTS = (
    Part("workers", "Case workers", "Find and do tasks, open cases, and work on everything that belongs to a case."),
    Part("designers", "Process designers", "Draw a case type: its diagram, forms and decisions, and deploy it."),
    Part("operations", "Operations", "Install it, run it, look after people, incidents, backups and upgrades."),
    Part("developers", "Developers", "Do from a program what people do on the pages, and find your way in the code."),
)


@dataclass(frozen=True)
class Chapter:
    """One chapter; what it says is worked out when it is first asked for, and kept."""

    part: Part
    file: str  #: its path below this package
    slug: str
    title: str
    about: str  #: its first paragraph, without markup
    text: str  #: Markdown, without the title

    @property
    def address(self) -> str:
        return f"{ADDRESS}/{self.slug}"

    @cached_property
    def _read(self) -> Text:
        return Text.of(self.text, linked)

    @property
    def html(self) -> str:
        """The chapter as it stands in its page; headings begin at h2."""
        return self._read.html

    @property
    def headings(self) -> tuple[Heading, ...]:
        return self._read.headings

    @property
    def sections(self) -> tuple[Section, ...]:
        """The chapter cut at its headings, for the search; the first one is what stands above them."""
        return self._read.sections


@lru_cache(maxsize=1)
def chapters() -> tuple[Chapter, ...]:
    """All chapters in their order."""
    return tuple(chapter for part in PARTS for chapter in _chapters_of(part))


def chapter(slug: str) -> Chapter | None:
    """The chapter of that slug, if there is one."""
    return next((each for each in chapters() if each.slug == slug), None)


def linked(target: str) -> str:
    """Where a link in a chapter leads on the pages: to a chapter, or, as it is, to anything else."""
    found = LINK.fullmatch(target)
    if not found or not found["slug"]:
        return target
    return f"{ADDRESS}/{found['slug']}{found['anchor'] or ''}"


def _chapters_of(part: Part) -> list[Chapter]:
    files = (resources.files(__name__) / part.key).iterdir()
    return [_chapter(part, file.name, file.read_text("utf-8")) for file in sorted(files, key=lambda each: each.name)]


def _chapter(part: Part, name: str, text: str) -> Chapter:
    title, _, rest = text.partition("\n")
    rest = rest.replace("<!-- settings -->", _settings()).strip()
    about = re.sub(r"\[([^]]*)\]\([^)]*\)|[`*]", r"\1", rest.partition("\n\n")[0].replace("\n", " "))
    slug = name.removesuffix(".md").partition("-")[2]
    return Chapter(part, f"{part.key}/{name}", slug, title.removeprefix("# ").strip(), about, rest)


def _settings() -> str:
    """The table of settings, from the code that reads them."""
    head = "| setting | default | allowed | for |\n|---|---|---|---|"
    return "\n".join([head, *(f"| `{s.name}` | {_default(s)} | {s.allowed} | {s.meaning} |" for s in SETTINGS)])


def _default(setting: Setting) -> str:
    if setting.default is None:
        return "none: has to be set"
    return f"`{setting.default}`" if setting.default else "nothing"
