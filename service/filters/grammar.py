"""The grammar of filters, and what one says once it is read: a tree of terms, each with its place in the text.

    assignee:me due:<2d (type:insurance-claim or priority:>=80) -stage:intake amount:1000..5000 "roof"

Terms beside each other all have to hold. What may stand in a term is said by fields.py, and checked by reading.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Union

from lark import Lark, Token, Transformer, UnexpectedInput, v_args
from lark.exceptions import VisitError

from service.errors import BadFilter
from service.languages import _, gettext

LONGEST = 1000  #: characters of a filter
TERMS = 30  #: of a filter
DEEPEST = 8  #: parentheses and negations inside each other
LISTED = 30  #: values in one list

GRAMMAR = r"""
    ?start: either
    ?either: both (_OR both)*
    ?both: one (_AND? one)*
    ?one: term | "(" either ")" | _NOT one -> negation
    term: FIELD value -> about
        | (STRING | WORD) -> text
    value: [OPERATOR] _atom -> compared
        | _atom _RANGE _atom -> span
        | _atom _RANGE -> span_from
        | _RANGE _atom -> span_up_to
        | "(" _atom (_COMMA _atom)* ")" -> listed
    _atom: STRING | VALUE

    FIELD.9: /[^\W\d_][\w.\-]*:/
    _OR.5: /or(?=[\s(]|$)/i
    _AND.5: /and(?=[\s(]|$)/i
    _NOT.5: /not(?=[\s(]|$)|-/i
    OPERATOR.5: "<=" | ">=" | "≤" | "≥" | "<" | ">" | "="
    _RANGE.5: ".."
    _COMMA.5: ","
    STRING.5: /"[^"]*"/
    VALUE: /(?:(?!\.\.)[^\s(),"<>=≤≥])+/
    WORD: /[^\s()"]+/
    %ignore /\s+/
"""


@dataclass(frozen=True)
class Word:
    """A part of the text, and where it stands."""

    text: str
    start: int
    end: int
    quoted: bool = False


@dataclass(frozen=True)
class Compared:
    operator: str  #: "" or one of < <= > >= =
    value: Word


@dataclass(frozen=True)
class Range:
    low: Word | None
    high: Word | None


@dataclass(frozen=True)
class Listed:
    values: tuple[Word, ...]


@dataclass(frozen=True)
class Term:
    """`name:value`; without a name a text that is searched."""

    name: Word | None
    value: Compared | Range | Listed


@dataclass(frozen=True)
class Not:
    part: Node


@dataclass(frozen=True)
class All:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Any_:
    parts: tuple[Node, ...]


Node = Union[Term, Not, All, Any_]  # noqa: UP007  # a class of it is named before it is there


def parse(text: str) -> Node | None:
    """What `text` says; None for an empty one. Raises `BadFilter`."""
    if len(text) > LONGEST:
        raise BadFilter(
            gettext("A filter may have %(LONGEST)s characters; this has %(text)s.", LONGEST=LONGEST, text=len(text)),
            LONGEST,
            len(text),
        )
    if not text.strip():
        return None
    _refuse_deep(text)
    try:
        tree: Node = _parser().parse(text)  # type: ignore[assignment]  # the transformer makes nodes of it
    except VisitError as error:
        raise error.orig_exc from error
    except UnexpectedInput as error:
        raise _told(text, error) from error
    if (many := sum(1 for _ in terms(tree))) > TERMS:
        raise BadFilter(
            gettext("A filter may ask for %(TERMS)s things; this asks for %(many)s.", TERMS=TERMS, many=many),
            0,
            len(text),
        )
    return tree


def terms(node: Node) -> Iterator[Term]:
    """The terms below `node`, from left to right."""
    match node:
        case Term():
            yield node
        case Not():
            yield from terms(node.part)
        case All() | Any_():
            for part in node.parts:
                yield from terms(part)


@v_args(inline=True)
class _Nodes(Transformer[Any, Node]):
    """Makes nodes while the text is read, so that nothing here calls itself."""

    def either(self, *parts: Node) -> Node:
        return Any_(parts)

    def both(self, *parts: Node) -> Node:
        return All(parts)

    def negation(self, part: Node) -> Node:
        return Not(part)

    def about(self, field: Token, value: Any) -> Term:
        start = field.start_pos or 0
        return Term(Word(field[:-1], start, start + len(field) - 1), value)

    def text(self, word: Token) -> Term:
        return Term(None, Compared("", _word(word)))

    def compared(self, operator: Token | None, value: Token) -> Compared:
        return Compared({"≤": "<=", "≥": ">="}.get(operator or "", operator or ""), _word(value))

    def span(self, low: Token, high: Token) -> Range:
        return Range(_word(low), _word(high))

    def span_from(self, low: Token) -> Range:
        return Range(_word(low), None)

    def span_up_to(self, high: Token) -> Range:
        return Range(None, _word(high))

    def listed(self, *values: Token) -> Listed:
        if len(values) > LISTED:
            first, last = _word(values[LISTED]), _word(values[-1])
            raise BadFilter(
                _("A list may have %(LISTED)s values; this has %(values)s.", LISTED=LISTED, values=len(values)),
                first.start,
                last.end,
            )
        return Listed(tuple(map(_word, values)))


def _word(token: Token) -> Word:
    start = token.start_pos or 0
    quoted = token.type == "STRING"
    return Word(token[1:-1] if quoted else str(token), start, start + len(token), quoted)


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", transformer=_Nodes(), maybe_placeholders=True)


_TOO_DEEP = re.compile(rf"(?:(?:\bnot\b|-|\()\s*){{{DEEPEST + 1},}}", re.IGNORECASE)
_STRING = re.compile(r'"[^"]*("|$)')


def _refuse_deep(text: str) -> None:
    """Raise for what is nested too deep, before anything is made of it."""
    plain = _STRING.sub(lambda found: "x" * len(found[0]), text)
    depth = 0
    for place, sign in enumerate(plain):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if depth > DEEPEST:
            raise BadFilter(_("Parentheses may stand %(DEEPEST)s deep.", DEEPEST=DEEPEST), place, place + 1)
    for found in _TOO_DEEP.finditer(plain):
        raise BadFilter(
            _("“not” and parentheses may stand %(DEEPEST)s deep.", DEEPEST=DEEPEST), found.start(), found.end()
        )


def _told(text: str, error: UnexpectedInput) -> BadFilter:
    """Why the text is no filter, and at which word."""
    token = getattr(error, "token", None)
    at_end = (error.pos_in_stream or 0) < 0 or (token is not None and token.type == "$END")
    place = len(text.rstrip()) if at_end else error.pos_in_stream or 0
    rest = text[place:]
    end = place + len(rest.split(maxsplit=1)[0]) if rest.strip() else place
    if rest.startswith('"') and rest.count('"') == 1:
        return BadFilter(_("This text has no end."), place, len(text), _('Put a second " after it.'))
    if before := re.search(r"([^\W\d_][\w.\-]*):\s*(<=|>=|[<>=≤≥])?\s*$", text[:place]):
        start = before.start()
        return BadFilter(
            _("What should %(before)s be?", before=before[1]),
            start,
            max(end, start + 1),
            _("Write it after %(before)s", before=before[0]),
        )
    if text[:place].count("(") > text[:place].count(")") and not rest.strip():
        return BadFilter(_("A parenthesis has no end."), text.rindex("(", 0, place), place, _("Put ) after it."))
    if rest.startswith(")") and text[:place].count("(") > text[:place].count(")"):
        return BadFilter(_("Something is missing before this parenthesis."), place, place + 1)
    if rest.startswith(")"):
        return BadFilter(
            _("This parenthesis was not begun."), place, place + 1, _("Put ( before what belongs together.")
        )
    if not rest.strip():
        return BadFilter(
            _("Something is missing at the end."), max(place - 1, 0), place, _("Write what else has to hold.")
        )
    advice = _("Put texts with such signs into quotation marks.")
    return BadFilter(_("“%(rest)s” cannot stand here.", rest=rest[: end - place][:40]), place, end, advice)
