"""The catalogues: a `messages.po` for each language in service/translations, read when it is first spoken."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.support import Translations

ENGLISH = "en"
#: code -> what the language calls itself; a new one is named here, and has its folder in service/translations
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}
SCRIPTS = "script"  #: the context of what scripts say
FOLDER = Path(__file__).parents[1] / "translations"


def path_of(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "messages.po"


@cache
def catalogue(language: str) -> Translations:
    """The messages of `language`. What its file does not translate stays English."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po
    from babel.support import Translations

    compiled = BytesIO()
    with path_of(language).open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


@cache
def of_scripts(language: str) -> Mapping[str, str]:
    """What the pages' scripts say in `language`, by their English; the page brings it along."""
    from babel.messages.pofile import read_po

    with path_of(language).open("rb") as file:
        found = [message for message in read_po(file, locale=language) if message.context == SCRIPTS]
    return {str(message.id): str(message.string) for message in found if message.string}
