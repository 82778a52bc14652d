"""Templates in every language, without a word about languages in them.

They are written in plain English. Where another language is spoken, a template is compiled once more, from the same
source, with every text in it replaced by the catalogue's: what stands between tags, in the attributes that people are
told (`title`, `aria-label`, …), and in what macros are given to show (`SHOWN`). So English pages cost nothing, others
cost nothing either, and no text can be left out of the catalogue.

A sentence is one message, with its simple markup: `<b>%(name)s</b> can answer this by <a>a link</a>.` The tags stand in
it by their names alone, and get their attributes back. A block (`{% if %}`) ends a message; what has to be one sentence
around it is said by `{{ _('…') }}`, which works as everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Protocol

from jinja2 import nodes

from service.languages import markup
from service.languages.markup import Place
from service.languages.messages import Item, Tag, message_of, put_together, runs

#: attributes whose values people read or hear
READ = frozenset({"title", "aria-label", "placeholder", "alt", "data-key-label", "data-label", "aria-description"})
#: parameters of macros that are shown as they are
SHOWN = frozenset(
    {
        "about",
        "caption",
        "chip",
        "columns",
        "eyebrow",
        "hint",
        "label",
        "links",
        "more",
        "needs_script",
        "nobody",
        "options",
        "otherwise",
    }
    | {"pairs", "placeholder", "send", "text", "title", "what"}
)
#: of lists of tuples: which part of each is shown
PARTS = {"columns": (0,), "links": (0,), "more": (0,), "options": (1,), "pairs": (0, 1)}
BRAND = " · Casewright"  #: what titles of pages end with; no message's
_BARE = re.compile(r"%\(\w+\)s|<[^>]*>|&\w+;")
_ATTRIBUTES = re.compile(r'(^| )[a-z-]+="')  #: in a macro that puts them into another's tag
_MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\((.*?)\)\s*-?%\}")
LETTERS = re.compile(r"[A-Za-zÄÖÜäöüß]{2,}|\b[aAI]\b")


class Messages(Protocol):
    """What a template's texts are given to; None leaves one as it is."""

    def one(self, text: str, line: int) -> str | None: ...

    def plural(self, one: str, many: str, line: int) -> None: ...


def signatures_of(sources: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Macro -> the names of its parameters, in order, by the text of all templates."""
    found: dict[str, list[str]] = {}
    for source in sources:
        for name, given in _MACRO.findall(source):
            names = [part.partition("=")[0].strip() for part in _split(given)]
            others = found.get(name, [])  # two pages may each have a macro of this name
            found[name] = [
                other if other in SHOWN or not mine else mine
                for mine, other in zip_longest(names, others, fillvalue="")
            ]
    return found


def _split(given: str) -> list[str]:
    """Parameters, at the commas that stand in no bracket or quote."""
    return re.findall(r"""((?:[^,\[\]{}()"']|\[.*?\]|\{.*?\}|\(.*?\)|"[^"]*"|'[^']*')+)""", given)


class Walk:
    """One template's tree, gone through once; its texts are replaced in place by what `messages` answers."""

    def __init__(self, messages: Messages, macros: Mapping[str, Sequence[str]]) -> None:
        self.messages, self.macros = messages, dict(macros)
        self.line = 0

    def template(self, tree: nodes.Template) -> None:
        self._body(tree.body, Place())

    def _body(self, body: Sequence[nodes.Node], place: Place) -> Place:
        for node in body:
            self.line = node.lineno
            if isinstance(node, nodes.Output):
                node.nodes = self._output(node.nodes, place)
            else:
                place = self._statement(node, place)
        return place

    def _statement(self, node: nodes.Node, place: Place) -> Place:
        """Go through a block; where in the markup one is after it."""
        if isinstance(node, nodes.If):
            self._calls(node.test)
            before = place.copy()
            after = self._body(node.body, place)
            for each in node.elif_:
                self._calls(each.test)
                self._body(each.body, before.copy())
            self._body(node.else_, before.copy())
            return after
        if isinstance(node, nodes.For):
            self._calls(node.iter)
            before = place.copy()
            after = self._body(node.body, place)
            self._body(node.else_, before)
            return after
        if isinstance(node, nodes.Macro):
            for argument, default in zip(node.args[-len(node.defaults) :], node.defaults, strict=False):
                if argument.name in SHOWN:
                    node.defaults[node.defaults.index(default)] = self.shown(default)
        if isinstance(node, nodes.FromImport):
            for named in node.names:
                if isinstance(named, tuple) and named[0] in self.macros:
                    self.macros[named[1]] = self.macros[named[0]]
        for name, part in node.iter_fields():
            if isinstance(part, nodes.Expr):
                self._calls(part)
            elif name == "body":  # of a macro, a call, a block, a `set`: it begins in text
                self._body(part, Place())
        return place

    # -- expressions

    def shown(self, node: nodes.Expr) -> nodes.Expr:
        """An expression whose value is shown: its literal texts are messages."""
        if isinstance(node, nodes.Const):
            return self._literal(node)
        if isinstance(node, nodes.TemplateData):
            return node
        if isinstance(node, nodes.Concat):
            return self._concat(node)
        if isinstance(node, nodes.CondExpr):
            self._calls(node.test)
            node.expr1 = self.shown(node.expr1)
            node.expr2 = self.shown(node.expr2) if node.expr2 is not None else None
        elif isinstance(node, nodes.Or | nodes.And | nodes.Add):
            node.left, node.right = self.shown(node.left), self.shown(node.right)
        elif isinstance(node, nodes.List | nodes.Tuple):
            node.items = [self.shown(item) for item in node.items]
        elif isinstance(node, nodes.Getitem) and isinstance(node.node, nodes.Dict):
            for pair in node.node.items:
                pair.value = self.shown(pair.value)
        elif isinstance(node, nodes.Filter) and node.name not in ("counted", "running", "readable"):
            self._filtered(node)
        else:
            self._calls(node)
        return node

    def _filtered(self, node: nodes.Filter) -> None:
        node.node = self.shown(node.node) if node.node is not None else None
        if node.name in ("default", "d"):
            node.args = [self.shown(argument) for argument in node.args]
        else:
            for argument in node.args:
                self._calls(argument)

    def _literal(self, node: nodes.Const) -> nodes.Expr:
        if not isinstance(node.value, str) or not LETTERS.search(node.value):
            return node
        text = node.value.strip()
        found = self.messages.one(text, node.lineno)
        if found is None:
            return node
        return nodes.Const(node.value.replace(text, found), lineno=node.lineno)

    def _concat(self, node: nodes.Concat) -> nodes.Expr:
        items = [
            Item(text=each.value) if isinstance(each, nodes.Const) and isinstance(each.value, str) else Item(expr=each)
            for each in node.nodes
        ]
        if not any(LETTERS.search(item.text) for item in items):
            node.nodes = [self.shown(each) for each in node.nodes]
            return node
        said = [
            Item(text=item.text) if item.expr is None else Item(expr=self.shown(item.expr))
            for item in self._said(items, node.lineno)
        ]
        node.nodes = [nodes.Const(item.text, lineno=node.lineno) if item.expr is None else item.expr for item in said]
        return node

    def _calls(self, node: nodes.Node) -> None:
        """The macros that are called anywhere in `node`, with what they are given to show."""
        if isinstance(node, nodes.Filter) and node.name in ("counted", "running"):
            self._counted(node)
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "_":
            self._said_so(node)
        if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in self.macros:
            names = self.macros[node.node.name]
            node.args = [
                self._given(name, argument) for name, argument in zip(names, node.args, strict=False)
            ] + node.args[len(names) :]
            for keyword in node.kwargs:
                keyword.value = self._given(keyword.key, keyword.value)
            return
        for child in node.iter_child_nodes():
            self._calls(child)

    def _counted(self, node: nodes.Filter) -> None:
        words = [each.value for each in node.args if isinstance(each, nodes.Const) and isinstance(each.value, str)]
        if words and words[0]:
            many = words[1] if len(words) > 1 else words[0] + "s"
            self.messages.plural(f"%(num)s {words[0]}", f"%(num)s {many}", node.lineno)

    def _said_so(self, node: nodes.Call) -> None:
        """`_('…')` is translated as the page is made, and only told of here."""
        if node.args and isinstance(node.args[0], nodes.Const):
            self.messages.one(str(node.args[0].value), node.lineno)

    def _given(self, name: str, argument: nodes.Expr) -> nodes.Expr:
        if name not in SHOWN:
            self._calls(argument)
            return argument
        if name not in PARTS:
            return self.shown(argument)
        for each in argument.find_all(nodes.Tuple):
            each.items = [
                self.shown(item) if place in PARTS[name] else self._only_calls(item)
                for place, item in enumerate(each.items)
            ]
        for lists in [argument, *argument.find_all(nodes.List)] if isinstance(argument, nodes.List) else []:
            lists.items = [self.shown(item) if isinstance(item, nodes.Const) else item for item in lists.items]
        return argument

    def _only_calls(self, node: nodes.Expr) -> nodes.Expr:
        self._calls(node)
        return node

    # -- what stands between tags and in attributes

    def _output(self, parts: Sequence[nodes.Expr], place: Place) -> list[nodes.Expr]:
        items: list[Item] = []
        for node in parts:
            if isinstance(node, nodes.TemplateData):
                for said, tag, piece in _pieces(node.data, place):
                    items.append(Item(text=piece, kind=said, tag=tag, line=_line(node, piece)))
            else:
                kind = "text" if place.inside == "text" else "value" if place.inside == "value" else "markup"
                items.append(Item(expr=node, kind=kind, tag=place.attribute if kind == "value" else place.tag))
        return _as_nodes(self._translated(items), parts[0].lineno if parts else 0)

    def _translated(self, items: Sequence[Item]) -> list[Item]:
        found: list[Item] = []
        for kind, run in runs(self._with_values(items)):
            if kind == "text":
                found.extend(self._said(run, self.line))
            else:
                found.extend(run)
        return [self._inner(item) for item in found]

    def _inner(self, item: Item) -> Item:
        """An expression between tags or in a read attribute shows its texts; elsewhere only what it calls."""
        if item.expr is None:
            return item
        if item.kind == "text" or (item.kind == "value" and item.tag in READ):
            item.expr = self.shown(item.expr)
        else:
            self._calls(item.expr)
        return item

    def _with_values(self, items: Sequence[Item]) -> list[Item]:
        """The items, with the values of the attributes that are read already translated."""
        found: list[Item] = []
        run: list[Item] = []
        for item in [*items, Item(kind="end")]:
            if item.kind == "value" and item.tag in READ:
                run.append(item)
                continue
            if run:
                found.extend(self._said(run, self.line))
                run = []
            if item.kind != "end":
                found.append(item)
        return found

    def _said(self, run: Sequence[Item], line: int) -> list[Item]:
        """A run of text, expressions and simple tags, in the words of the catalogue."""
        before, core, after = Tag.trimmed(run)
        if not any(LETTERS.search(item.text) for item in core if item.kind != "tag"):
            return list(run)
        text, named = message_of(core)
        said = text.removesuffix(BRAND)
        if _ATTRIBUTES.search(said) or not LETTERS.search(_BARE.sub("", said)):
            return list(run)
        translation = self.messages.one(said, next((item.line for item in core if item.line), line))
        if translation is None:
            return list(run)
        return [*before, *put_together(translation + text[len(said) :], named, core), *after]


def _pieces(data: str, place: Place) -> list[tuple[str, str, str]]:
    """The kind of each piece, its tag or attribute, and the piece."""
    found = []
    for kind, piece in markup.pieces(data, place):
        found.append((kind, place.attribute if kind == "value" else place.tag, piece))
    return found


def _line(node: nodes.TemplateData, piece: str) -> int:
    return int(node.lineno + node.data[: max(0, node.data.find(piece))].count("\n"))


def _as_nodes(items: Sequence[Item], line: int) -> list[nodes.Expr]:
    found: list[nodes.Expr] = []
    for item in items:
        for part in item.parts or (item,):
            if part.expr is not None:
                found.append(part.expr)
            elif found and isinstance(found[-1], nodes.TemplateData):
                found[-1].data += part.text
            elif part.text:
                found.append(nodes.TemplateData(part.text, lineno=line))
    return found


def walked(tree: nodes.Template, messages: Messages, macros: Mapping[str, Sequence[str]]) -> nodes.Template:
    """`tree` with its texts as `messages` say them."""
    Walk(messages, macros).template(tree)
    return tree
