"""A run of text, expressions and simple tags as one message, and a translation put together again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jinja2 import nodes

#: tags that stand within a sentence
WITHIN = frozenset({"a", "b", "strong", "em", "i", "code", "small", "time", "q", "br"})
#: what is called in a sentence and is part of it; other calls put something beside the text
IN_SENTENCES = frozenset({"when", "person", "url_for", "_", "gettext", "ngettext"})
_PLACES = re.compile(r"(%\(\w+\)s|</?[a-z]+\d*>)")


@dataclass
class Item:
    """A piece of a template: text or an expression, and of what kind: text, value, tag, or what nobody reads."""

    text: str = ""
    expr: nodes.Expr | None = None
    kind: str = "text"
    tag: str = ""  #: of a tag its name, with `/` where it closes; of a value the attribute's
    line: int = 0
    parts: Sequence[Item] = field(default=())  #: of a whole tag


def runs(items: Sequence[Item]) -> Iterator[tuple[str, list[Item]]]:
    """(text, what may be a message) and (other, the rest), in order."""
    run: list[Item] = []
    for item in _whole_tags(items):
        if item.kind == "tag" or (item.kind == "text" and not _stands_beside(item)):
            run.append(item)
            continue
        yield from _balanced(run)
        run = []
        yield "other", [item]
    yield from _balanced(run)


def _stands_beside(item: Item) -> bool:
    """Whether an expression puts a picture, a button or the like beside the text."""
    expr = item.expr
    while isinstance(expr, nodes.Filter):
        expr = expr.node
    called = expr.node.name if isinstance(expr, nodes.Call) and isinstance(expr.node, nodes.Name) else ""
    return bool(called) and called not in IN_SENTENCES


def _whole_tags(items: Sequence[Item]) -> Iterator[Item]:
    """The items with each simple tag that begins and ends here as one."""
    at = 0
    while at < len(items):
        item = items[at]
        if item.kind == "open" and item.tag.lstrip("/") in WITHIN:
            end = next((place for place in range(at, len(items)) if items[place].kind == "close"), None)
            if end is not None:
                yield Item(kind="tag", tag=item.tag, parts=tuple(items[at : end + 1]))
                at = end + 1
                continue
        yield item
        at += 1


def _balanced(run: Sequence[Item]) -> Iterator[tuple[str, list[Item]]]:
    """The run, parted at tags that are not opened and closed within it."""
    paired: set[int] = set()
    opened: list[int] = []
    for place, item in enumerate(run):
        if item.kind != "tag":
            continue
        if item.tag == "br":
            paired.add(place)
        elif not item.tag.startswith("/"):
            opened.append(place)
        elif opened and run[opened[-1]].tag == item.tag[1:]:
            paired |= {opened.pop(), place}
    part: list[Item] = []
    for place, item in enumerate(run):
        if item.kind == "tag" and place not in paired:
            yield "text", part
            yield "other", [item]
            part = []
        else:
            part.append(item)
    if part:
        yield "text", part


class Tag(NamedTuple):
    """Where a run's message begins and ends."""

    first: int
    last: int

    @staticmethod
    def trimmed(run: Sequence[Item]) -> tuple[list[Item], list[Item], list[Item]]:
        """What stands before the message, the message, and what stands after it: outer space and tags are not its."""
        first, last = 0, len(run)
        while first < last:
            if _is_space(run[first]):
                first += 1
            elif _is_space(run[last - 1]):
                last -= 1
            elif run[first].tag == "br" and run[first].kind == "tag":
                first += 1
            elif run[last - 1].tag == "br" and run[last - 1].kind == "tag":
                last -= 1
            elif _encloses(run, first, last):
                first, last = first + 1, last - 1
            else:
                break
        core = list(run[first:last])
        before, after = list(run[:first]), list(run[last:])
        if core and core[0].expr is None and core[0].kind == "text":
            text = core[0].text
            kept = text.lstrip()
            before.append(Item(text=text[: len(text) - len(kept)]))
            core[0] = Item(text=kept, kind="text", line=core[0].line, tag=core[0].tag)
        if core and core[-1].expr is None and core[-1].kind == "text":
            text = core[-1].text
            kept = text.rstrip()
            after.insert(0, Item(text=text[len(kept) :]))
            core[-1] = Item(text=kept, kind="text", line=core[-1].line, tag=core[-1].tag)
        return before, core, after


def _is_space(item: Item) -> bool:
    return item.kind in ("text", "value") and item.expr is None and not item.text.strip()


def _encloses(run: Sequence[Item], first: int, last: int) -> bool:
    """Whether the first item is a tag that the last one closes."""
    if run[first].kind != "tag" or run[first].tag.startswith("/") or run[last - 1].tag != "/" + run[first].tag:
        return False
    depth = 0
    for place in range(first, last):
        if run[place].kind == "tag" and run[place].tag.lstrip("/") == run[first].tag:
            depth += -1 if run[place].tag.startswith("/") else 1
            if not depth:
                return place == last - 1
    return False


def message_of(core: Sequence[Item]) -> tuple[str, Mapping[str, Item]]:
    """The message, and what stands for each of its `%(name)s` and `<tags>`."""
    said: list[str] = []
    named: dict[str, Item] = {}
    opened: list[str] = []
    for item in core:
        if item.kind == "tag":
            mark = _mark(item, named, opened)
        elif item.expr is not None:
            mark = _numbered("%({})s", name_of(item.expr), named)
        else:
            said.append(item.text)
            continue
        named[mark] = item
        said.append(mark)
    return re.sub(r"\s+", " ", "".join(said)), named


def _mark(item: Item, named: Mapping[str, Item], opened: list[str]) -> str:
    if item.tag.startswith("/"):
        return f"</{opened.pop()}>"
    mark = _numbered("<{}>", item.tag, named)
    if item.tag != "br":
        opened.append(mark[1:-1])
    return mark


def _numbered(form: str, name: str, named: Mapping[str, Item]) -> str:
    mark, number = form.format(name), 1
    while mark in named:
        number += 1
        mark = form.format(f"{name}{number}")
    return mark


def name_of(expr: nodes.Node | None) -> str:
    """What an expression is called in a message."""
    if isinstance(expr, nodes.Name):
        return expr.name
    if isinstance(expr, nodes.Getattr):
        return name_of(expr.node) if expr.attr in ("name", "id", "number", "title", "text") else expr.attr
    if isinstance(expr, nodes.Filter):
        return name_of(expr.node)
    if isinstance(expr, nodes.Getitem):
        return str(expr.arg.as_const()) if _is_word(expr.arg) else name_of(expr.node)
    if isinstance(expr, nodes.Call):
        got = isinstance(expr.node, nodes.Getattr) and expr.node.attr == "get" and bool(expr.args)
        return name_of(expr.args[0]) if got else name_of(expr.node)
    if isinstance(expr, nodes.CondExpr):
        return name_of(expr.expr1)
    if isinstance(expr, nodes.Concat):
        return name_of(next((each for each in expr.nodes if not isinstance(each, nodes.Const)), expr.nodes[0]))
    words = re.findall("[a-z]+", str(expr.value).lower()) if isinstance(expr, nodes.Const) else []
    return "_".join(words[:2]) or "value"


def _is_word(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Const) and str(node.value).isidentifier()


def put_together(translation: str, named: Mapping[str, Item], core: Sequence[Item]) -> list[Item]:
    """The items of a translation, with those that its placeholders and tags stand for."""
    kind = next((item.kind for item in core if item.kind != "tag"), "text")
    tag = next((item.tag for item in core if item.kind == kind), "")
    parts = filter(None, _PLACES.split(translation))
    return [named[part] if part in named else Item(text=part, kind=kind, tag=tag) for part in parts]
