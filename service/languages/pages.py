"""The environment of templates, which speaks the language that is spoken: one set of compiled templates for each."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import flask.templating
import jinja2
from jinja2 import nodes

from service.languages import ENGLISH, catalogue, gettext, spoken
from service.languages.catalogues import of_scripts
from service.languages.templates import signatures_of, walked

TEMPLATES = Path(__file__).parents[1] / "templates"


class _Answers:
    """What a language's catalogue says for each text of a template."""

    def __init__(self, language: str) -> None:
        self.catalogue = catalogue(language)

    def one(self, text: str, line: int) -> str | None:  # noqa: ARG002  # the extraction wants the line
        found = self.catalogue.gettext(text)
        return None if found == text else found

    def plural(self, one: str, many: str, line: int) -> None:
        """Said by `ngettext` as the page is made."""


@cache
def macros() -> Mapping[str, Sequence[str]]:
    """The macros of all templates, with their parameters."""
    return signatures_of([path.read_text("utf-8") for path in sorted(TEMPLATES.rglob("*.html"))])


class Spoken(jinja2.Environment):
    """Templates in the language that is spoken as they are asked for."""

    language = ENGLISH
    root: Spoken | None = None  #: of an environment of another language: the English one

    def get_template(
        self,
        name: str | jinja2.Template,
        parent: str | None = None,
        globals: MutableMapping[str, Any] | None = None,
    ) -> jinja2.Template:
        language = spoken()
        if language == self.language or isinstance(name, jinja2.Template):
            return super().get_template(name, parent, globals)
        return (self.root or self)._in(language).get_template(name, parent, globals)

    def _in(self, language: str) -> Spoken:
        if language == ENGLISH:
            return self
        found: dict[str, Spoken] = self.__dict__.setdefault("in_languages", {})
        if language not in found:
            other = self.overlay()
            other.language, other.root = language, self
            found[language] = other
        return found[language]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        return tree if self.language == ENGLISH else walked(tree, _Answers(self.language), macros())


class OfPages(Spoken, flask.templating.Environment):
    """The same for Flask's pages."""


def init_app(app: flask.Flask) -> None:
    """Let `app` render its templates in the language that is spoken. Before anything asks for its environment."""
    app.jinja_environment = OfPages
    app.jinja_env.globals.update(_=gettext, page_language=spoken, script_words=lambda: of_scripts(spoken()))
