"""What a case is found by: the words of its number, title and facts, folded, so that accents and case do not matter.

Written with the case (projection.py), asked for word by word (queries/cases.py): the two fold alike, here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

LONGEST = 100  #: characters of a fact that is searched where the diagram names none: names and numbers, no stories
NAMED_LONGEST = 2_000  #: characters of a fact that the diagram names
MOST = 4_000  #: characters that are kept of one case
WORDS = 8  #: of what somebody asks for
#: Letters that Unicode does not take apart into a base and an accent.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"})
_SEPARATORS = re.compile(r"[\s()/.\-]+")


def folded(text: str) -> str:
    """`text` in lower case and without accents: “Dvořák” as “dvorak”."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold()).translate(_LETTERS)
    return "".join(each for each in apart if not unicodedata.combining(each))


def wanted(text: str) -> tuple[list[str], str]:
    """What `text` asks for: its first folded words; and the whole without separators, where it is some number."""
    whole = folded(text)
    return whole.split()[:WORDS], _joined(whole)


def text_of(number: str, title: str, variables: Mapping[str, Any], names: Iterable[str] = ()) -> str:
    """What a case is found by. `names`: the facts that its diagram says, as `person.phone`; none: all short ones."""
    named = list(names)
    facts = (_found(variables, name.split(".")) for name in named) if named else _own(variables)
    texts = [number, title, *_texts(facts, NAMED_LONGEST if named else LONGEST)]
    words = dict.fromkeys(word for text in map(folded, texts) for word in (text, _joined(text)) if word)
    return "\n".join(words)[:MOST]


def _own(variables: Mapping[str, Any]) -> Iterator[Any]:
    return (value for name, value in variables.items() if name != "initiator")


def _texts(facts: Iterable[Any], longest: int) -> Iterator[str]:
    for fact in facts:
        if isinstance(fact, str) and len(fact) <= longest:
            yield " ".join(fact.split())
        elif isinstance(fact, int) and not isinstance(fact, bool) and abs(fact) < 10**20:
            yield str(fact)


def _found(variables: Mapping[str, Any], path: list[str]) -> Any:
    found: Any = variables
    for part in path:
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _joined(whole: str) -> str:
    """A folded telephone or policy number without what people put between its digits; nothing for other texts."""
    joined = _SEPARATORS.sub("", whole).removeprefix("+")
    digits = sum(each.isdigit() for each in joined)
    return joined if digits >= 4 and digits * 2 >= len(joined) and len(joined) <= 40 else ""
