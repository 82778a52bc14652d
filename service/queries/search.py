"""Find cases and tasks by a text: by an index of groups of three letters where the text has that many.

Where an index says that there are few, only these are looked at; else a list meets enough of them on its way.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from service.db import Identifier, db
from service.execution import search
from service.models import Case, HumanTask

MOST = 1000  #: cases that are named one by one
NAMES = 5000  #: different names of open tasks that are looked through
GRAM = 3

_SEARCH = sa.table(
    "case_search",
    sa.column("id", sa.Integer),
    sa.column("case_id", Identifier),
    sa.column("grams", postgresql.ARRAY(sa.Text)),
)
_GRAMS = sa.table("case_search_grams", sa.column("rowid", sa.Integer), sa.column("case_search_grams", sa.Text))


def cases(text: str) -> sa.ColumnElement[bool]:
    """The cases in whose number, title and facts all words of `text` stand, in any order, accents or not."""
    ids = _candidates(text)
    return _said(text) if ids is None else sa.and_(Case.id.in_(ids), _said(text))


def tasks(text: str) -> sa.ColumnElement[bool]:
    """The open tasks in whose names `text` stands, and those of the cases that it finds."""
    ids, names = _candidates(text), _names(text)
    in_name = HumanTask.name.icontains(text, autoescape=True) if names is None else HumanTask.name.in_(names)
    if ids is None:
        return sa.or_(in_name, HumanTask.case.has(_said(text)))
    found = db.session.scalars(sa.select(Case.id).where(Case.id.in_(ids), _said(text))).all() if ids else []
    return sa.or_(in_name, HumanTask.case_id.in_(found)) if found or names is None or names else sa.false()


def _said(text: str) -> sa.ColumnElement[bool]:
    """What `text` asks for stands in the case's own words."""
    words, joined = search.wanted(text)
    all_words = sa.and_(*(Case.search_text.contains(word, autoescape=True) for word in words))
    return sa.or_(all_words, Case.search_text.contains(joined, autoescape=True)) if joined else all_words


def _candidates(text: str) -> Sequence[uuid.UUID] | None:
    """The ids of all cases that may be found; None where they are many, or not to be known by an index."""
    words, joined = search.wanted(text)
    long_ones = [word for word in words if len(word) >= GRAM]
    either = [long_ones, [joined]] if joined else [long_ones]
    if not all(either):
        return None
    chosen = _by_arrays(either) if db.session.get_bind().dialect.name == "postgresql" else _by_full_text(either)
    ids = db.session.scalars(chosen.limit(MOST + 1)).all()
    return ids if len(ids) <= MOST else None


def _by_arrays(either: Sequence[Sequence[str]]) -> sa.Select[uuid.UUID]:
    grams = ([word[at : at + GRAM] for word in words for at in range(len(word) - GRAM + 1)] for words in either)
    return sa.select(_SEARCH.c.case_id).where(sa.or_(*(_SEARCH.c.grams.contains(each) for each in grams)))


def _by_full_text(either: Sequence[Sequence[str]]) -> sa.Select[uuid.UUID]:
    quoted = (" AND ".join('"{}"'.format(word.replace('"', '""')) for word in words) for words in either)
    asked = " OR ".join(f"({each})" for each in quoted)
    rows = sa.select(_GRAMS.c.rowid).where(_GRAMS.c.case_search_grams.op("MATCH")(asked))
    return sa.select(_SEARCH.c.case_id).where(_SEARCH.c.id.in_(rows))


def _names(text: str) -> Sequence[str] | None:
    """The names of open tasks in which `text` stands; None where there are too many names to look through."""
    rows = sa.select(sa.func.min(HumanTask.name).label("name")).where(HumanTask.closed_at.is_(None))
    names = rows.cte("names", recursive=True)
    following = rows.where(HumanTask.name > names.c.name).correlate(names).scalar_subquery()
    names = names.union_all(sa.select(following).where(names.c.name.is_not(None)))
    found = db.session.scalars(sa.select(names.c.name).where(names.c.name.is_not(None)).limit(NAMES + 1)).all()
    return [name for name in found if text.lower() in name.lower()] if len(found) <= NAMES else None


def in_task_name(text: str) -> sa.ColumnElement[bool]:
    """The open tasks in whose names `text` stands."""
    names = _names(text)
    return HumanTask.name.icontains(text, autoescape=True) if names is None else HumanTask.name.in_(names)
