"""What changed inside a value: rows of a list, parts of a record, words of a text, instead of old and new in full."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from service.http import bounds
from service.languages import _
from service.web import facts, words

FEW = 3  #: rows that are told in one line
LONG = 80  #: a text of more characters is told by the words that differ
COMPARED = 400  #: words of a text that are compared; longer ones are shown as they were and as they are
AROUND = 4  #: words that are shown before and after those that differ
SHORT = 120  #: characters of a row in its line


@dataclass(frozen=True)
class Part:
    """One difference inside a value. `verb` is added, removed or changed, or nothing where a value is first told."""

    verb: str
    what: str
    old: str | None = None
    new: str = ""


@dataclass(frozen=True)
class Change:
    """One variable that got another value. `old` is None when it had none.

    Where `parts` or `pieces` tell the difference, `old` and `new` are the whole values, shown only on demand.
    """

    label: str
    old: str | None
    new: str
    sum: str = ""  #: the parts in a few words
    parts: tuple[Part, ...] = ()
    pieces: tuple[tuple[str, str], ...] = ()  #: of a text: same, del, ins or gap, and the words


def change(field: facts.Field, old: Any, new: Any) -> Change | None:
    """How a variable changed; None where nobody would see a difference. Empty values are as good as none."""
    was = None if _empty(old) else field.text(old)
    told = Change(field.label, was, field.text(new))
    if _canonical(old) == _canonical(new) or (was is None and told.new == words.NOTHING):
        return None
    if _empty(new):
        return told
    if was is None:
        return _first(told, field, new)
    if isinstance(old, list) and isinstance(new, list):
        return _listed(told, field, old, new)
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        parts = tuple(_record(field, old, new, ""))
        return replace(told, parts=parts[: bounds.ROWS], sum=f"{words.counted(len(parts), 'part')} changed")
    if isinstance(old, str) and isinstance(new, str) and min(len(was), len(told.new)) > LONG:
        return replace(told, pieces=_pieces(was, told.new))
    return told if was != told.new else None


def _empty(value: Any) -> bool:
    return value in (None, "", [], {})


def _first(told: Change, field: facts.Field, new: Any) -> Change:
    if not isinstance(new, list) or (len(new) <= FEW and len(told.new) <= LONG):
        return told
    parts = tuple(Part("", field.item(row)) for row in new[: bounds.ROWS])
    return replace(told, parts=parts, sum=", ".join([_rows(len(new), new), *words.left_out(len(new), bounds.ROWS)]))


def _rows(count: int, rows: Sequence[Any]) -> str:
    records = any(isinstance(row, Mapping) for row in rows)
    return words.counted(count, "row") if records else words.counted(count, "entry", "entries")


def _listed(told: Change, field: facts.Field, old: Sequence[Any], new: Sequence[Any]) -> Change:
    if max(len(old), len(new)) > bounds.ROWS:  # too many to be compared one by one
        return replace(told, sum=f"{_rows(len(new), new)} in place of {len(old):,}")
    pairs, gone, come = _matched(old, new)
    changed = [_row(field, before, after, place) for place, before, after in pairs]
    parts = [part for row in changed for part in row]
    parts += [Part("added", _short(field.item(row))) for row in come]
    if len(gone) == len(old) and come:
        return replace(told, parts=tuple(parts), sum=f"{_rows(len(new), new)} in place of {len(old)}")
    parts += [Part("removed", _short(field.item(row))) for row in gone]
    if not parts:
        return replace(told, sum="put in another order")
    said = [_("%(changed)s of %(new)s changed", changed=len(changed), new=_rows(len(new), new))] if changed else []
    said += [_("%(come)s added", come=len(come))] if come else []
    said += [_("%(gone)s removed", gone=len(gone))] if gone else []
    return replace(told, parts=tuple(parts), sum=", ".join(said))


def _matched(old: Sequence[Any], new: Sequence[Any]) -> tuple[list[tuple[int, Any, Any]], list[Any], list[Any]]:
    """Rows that changed (their place in the new list, before, after), those that are gone, those that came."""
    kept_old = Counter(map(_canonical, new))
    gone = [(place, row) for place, row in enumerate(old) if not _taken(kept_old, row)]
    kept_new = Counter(map(_canonical, old))
    come = [(place, row) for place, row in enumerate(new) if not _taken(kept_new, row)]
    pairs = []
    for alike in (_half_the_same, _same_place(len(old) == len(new))):
        for place, after in list(come):
            found = next((each for each in gone if alike(each, (place, after))), None)
            if found is not None:
                pairs.append((place, found[1], after))
                gone.remove(found)
                come.remove((place, after))
    return sorted(pairs, key=lambda pair: pair[0]), [row for _, row in gone], [row for _, row in come]


def _taken(left: Counter[str], row: Any) -> bool:
    """Whether a row is still among `left`, from which it is then taken."""
    key = _canonical(row)
    left[key] -= 1
    return left[key] >= 0


def _half_the_same(before: tuple[int, Any], after: tuple[int, Any]) -> bool:
    """Whether two rows are the same thing: at least half of what they hold is."""
    old, new = before[1], after[1]
    if not (isinstance(old, Mapping) and isinstance(new, Mapping)):
        return False
    names = old.keys() | new.keys()
    return 2 * sum(_canonical(old.get(name)) == _canonical(new.get(name)) for name in names) >= len(names)


def _same_place(as_many: bool) -> Callable[[tuple[int, Any], tuple[int, Any]], bool]:
    def alike(before: tuple[int, Any], after: tuple[int, Any]) -> bool:
        records = isinstance(before[1], Mapping) and isinstance(after[1], Mapping)
        return as_many and records and before[0] == after[0]

    return alike


def _row(field: facts.Field, before: Any, after: Any, place: int) -> list[Part]:
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return [Part("changed", "", field.item(before), field.item(after))]
    return list(_record(field, before, after, field.name_of(after) or _("row %(place)s", place=place + 1)))


def _record(field: facts.Field, old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> Iterator[Part]:
    """The cells of a record that differ, those of records in it too."""
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key), new.get(key)
        if _canonical(before) == _canonical(after):
            continue
        cell = field.column(str(key))
        called = " · ".join(filter(None, (name, cell.label)))
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _record(cell, before, after, called)
        elif isinstance(before, list) and isinstance(after, list):
            within = _listed(Change(called, None, ""), cell, before, after)
            yield from (replace(part, what=f"{called}: {part.what}") for part in within.parts)
        else:
            yield _cell(called, cell, before, after)


def _cell(called: str, cell: facts.Field, before: Any, after: Any) -> Part:
    """One value of a record that became another; nothing is quoted where the difference is further back."""
    old, new = _short(cell.text(before)), _short(cell.text(after))
    return Part("changed", called) if old == new else Part("changed", called, None if _empty(before) else old, new)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def _short(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[: SHORT - 1].rstrip()}…"


def _pieces(old: str, new: str) -> tuple[tuple[str, str], ...]:
    """The words that differ with a few around them; nothing where most of the text is another, or too much of it."""
    before, after = re.findall(r"\S+", old), re.findall(r"\S+", new)
    if max(len(before), len(after)) > COMPARED:
        return ()
    match = SequenceMatcher(None, before, after, autojunk=False)
    if match.ratio() < 0.4:
        return ()
    found: list[tuple[str, str]] = []
    steps = match.get_opcodes()
    for number, (kind, from_old, to_old, from_new, to_new) in enumerate(steps):
        if kind == "equal":
            found += _around(before[from_old:to_old], is_first=number == 0, is_last=number == len(steps) - 1)
            continue
        if to_old > from_old:
            found.append(("del", " ".join(before[from_old:to_old])))
        if to_new > from_new:
            found.append(("ins", " ".join(after[from_new:to_new])))
    return tuple(found)


def _around(same: Sequence[str], *, is_first: bool, is_last: bool) -> list[tuple[str, str]]:
    """Words that stayed, of many only those beside what changed."""
    head = [] if is_first else list(same[:AROUND])
    tail = [] if is_last else list(same[-AROUND:])
    if len(same) <= len(head) + len(tail) + 1:
        return [("same", " ".join(same))]
    parts = [("same", " ".join(head)), ("gap", "…"), ("same", " ".join(tail))]
    return [(kind, text) for kind, text in parts if text]
