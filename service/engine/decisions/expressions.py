"""Boxed expressions and decision tables, from XML to plain dictionaries (DMN 1.5 §7.3 and §8.3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lxml import etree

_NAME = re.compile(r"[^\W\d]\w*(?: \w+)*")
Report = Callable[[etree._Element, str, str], None]

HIT_POLICIES = frozenset({"UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER"})
AGGREGATIONS = frozenset({"SUM", "MIN", "MAX", "COUNT"})
_EXPRESSIONS = frozenset(
    {
        "literalExpression",
        "decisionTable",
        "context",
        "relation",
        "list",
        "functionDefinition",
        "invocation",
        "conditional",
        "filter",
        "for",
        "every",
        "some",
    }
)


def local(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return str(etree.QName(element).localname)


def subs(element: etree._Element, name: str) -> list[etree._Element]:
    """The children of that name."""
    return [child for child in element.iterchildren(tag=etree.Element) if local(child) == name]


def sub(element: etree._Element, name: str) -> etree._Element | None:
    """The first child of that name."""
    return next(iter(subs(element, name)), None)


def short_type(name: str | None) -> str | None:
    """A type's name without the prefix that DMN 1.1 writes (`feel:string`)."""
    return name.strip().rpartition(":")[2] if name else None


def _text(element: etree._Element | None) -> str:
    found = None if element is None else sub(element, "text")
    return "" if found is None else (found.text or "").strip()


@dataclass(frozen=True)
class Text:
    """FEEL as it stands in a file, for `checks`. `where` says its row and column, when it is a cell of a table."""

    element: etree._Element
    text: str
    unary: bool = False
    where: str = ""
    type: str | None = None  #: of the column


def _is_empty(expression: etree._Element) -> bool:
    """Whether it is a literal expression without a text, as modelers leave a decision that is not made yet."""
    return (
        local(expression) == "literalExpression" and not _text(expression) and sub(expression, "importedValues") is None
    )


class ExpressionReader:
    """Reads the expressions of one node; what is wrong goes to `report(element, message, advice)`.

    `texts` are its FEEL, `names` the names that its expressions bind themselves.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.texts: list[Text] = []
        self.names: set[str] = set()
        self.columns: set[str] = set()  #: what tables' inputs are, each a name: their cells may say them too

    def inside(self, holder: etree._Element, what: str, *, optional: bool = False) -> dict[str, Any] | None:
        """The one expression that is a child of `holder`."""
        found = [child for child in holder.iterchildren(tag=etree.Element) if local(child) in _EXPRESSIONS]
        if optional and (not found or (len(found) == 1 and _is_empty(found[0]))):
            return None
        if len(found) != 1:
            amount = "no expression" if not found else "more than one expression"
            self.report(holder, f"The {what} has {amount}.", "Give it one: a decision table or a literal expression.")
            return None
        return self.expression(found[0])

    def expression(self, element: etree._Element) -> dict[str, Any]:
        """`element` as the model has it."""
        read: dict[str, Callable[[etree._Element], dict[str, Any]]] = {
            "literalExpression": self.literal,
            "decisionTable": self.table,
            "context": self.context,
            "relation": self.relation,
            "list": self.list_of,
            "functionDefinition": self.function,
            "invocation": self.invocation,
            "conditional": self.conditional,
            "filter": self.filter,
            "for": self.iterator,
            "every": self.iterator,
            "some": self.iterator,
        }
        return read[local(element)](element)

    def encapsulated(self, bkm: etree._Element) -> dict[str, Any]:
        """A business knowledge model's parameters and body."""
        logic = sub(bkm, "encapsulatedLogic")
        if logic is None:
            return {"parameters": [], "body": None}
        found = self.function(logic, optional=True)
        return {"parameters": found["parameters"], "body": found["body"]}

    # --- FEEL

    def feel(
        self, element: etree._Element, text: str, *, unary: bool = False, where: str = "", type: str | None = None
    ) -> str:
        """`text`, kept to be checked once all names are known."""
        self.language(element)
        if text and text != "-":
            self.texts.append(Text(element, text, unary, where, type))
        return text

    def language(self, element: etree._Element) -> None:
        language = element.get("expressionLanguage", "")
        if language and "feel" not in language.lower():
            self.report(element, f"Expressions in {language} are not evaluated.", "Write FEEL.")

    def literal(self, element: etree._Element) -> dict[str, Any]:
        if sub(element, "importedValues") is not None:
            self.report(element, "Imported values are not read.", "Write the expression here.")
        text = _text(element)
        if not text:
            self.report(element, "The expression is empty.", "Write FEEL, or null.")
        return {"kind": "literal", "text": self.feel(element, text), "type": short_type(element.get("typeRef"))}

    # --- Tables

    def table(self, element: etree._Element) -> dict[str, Any]:
        policy, aggregation = element.get("hitPolicy", "UNIQUE"), element.get("aggregation")
        if policy not in HIT_POLICIES:
            self.report(
                element, f"The hit policy “{policy}” is unknown.", f"Use one of {', '.join(sorted(HIT_POLICIES))}."
            )
        if aggregation is not None and (aggregation not in AGGREGATIONS or policy != "COLLECT"):
            advice = "Use SUM, MIN, MAX or COUNT, with the hit policy COLLECT."
            self.report(element, f"The aggregation “{aggregation}” cannot be used here.", advice)
        inputs = [self.input(column) for column in subs(element, "input")]
        outputs = self.outputs(element)
        if policy in ("PRIORITY", "OUTPUT ORDER") and not any(output["allowed"] for output in outputs):
            self.report(element, f"{policy} needs an order of results.", "List the output values, the first one wins.")
        rules = [self.rule(rule, row, inputs, outputs) for row, rule in enumerate(subs(element, "rule"), 1)]
        return {
            "kind": "table",
            "policy": policy,
            "aggregation": aggregation,
            "inputs": inputs,
            "outputs": outputs,
            "rules": rules,
        }

    def input(self, element: etree._Element) -> dict[str, Any]:
        expression = sub(element, "inputExpression")
        text = _text(expression)
        if expression is None or not text:
            self.report(element, "The input has no expression.", "Write FEEL, such as the name of a variable.")
        else:
            self.feel(expression, text)
            if _NAME.fullmatch(text):
                self.columns.add(text)
        values = sub(element, "inputValues")
        return {
            "label": element.get("label") or text,
            "text": text,
            "type": short_type(expression.get("typeRef")) if expression is not None else None,
            "allowed": "" if values is None else self.feel(values, _text(values), unary=True),
        }

    def outputs(self, table: etree._Element) -> list[dict[str, Any]]:
        columns = subs(table, "output")
        if not columns:
            self.report(table, "The table has no output.", "Add one.")
        found = []
        for column in columns:
            if len(columns) > 1 and not column.get("name"):
                self.report(column, "One of several outputs has no name.", "Name it: the results are told apart by it.")
            values, standard = sub(column, "outputValues"), sub(column, "defaultOutputEntry")
            allowed = "" if values is None else self.feel(values, _text(values), unary=True)
            found.append(
                {
                    "name": column.get("name") or "",
                    "type": short_type(column.get("typeRef")),
                    "allowed": _parts(allowed),
                    "fallback": None if standard is None else self.feel(standard, _text(standard)),
                }
            )
        return found

    def rule(
        self, element: etree._Element, row: int, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]
    ) -> dict[str, Any]:
        given, told = subs(element, "inputEntry"), subs(element, "outputEntry")
        if (len(given), len(told)) != (len(inputs), len(outputs)):
            message = (
                f"The rule has {len(given)} conditions and {len(told)} results; "
                f"the table {len(inputs)} and {len(outputs)}."
            )
            self.report(element, message, "Give each column one entry.")
        return {
            "id": element.get("id") or "",
            "inputs": [
                self.feel(entry, _text(entry), unary=True, where=_cell(row, column.get("label")), type=column["type"])
                for entry, column in _columns(given, inputs)
            ],
            "outputs": [
                self.feel(entry, _text(entry), where=_cell(row, column.get("name")), type=column["type"])
                for entry, column in _columns(told, outputs)
            ],
        }

    # --- Other boxed expressions

    def context(self, element: etree._Element) -> dict[str, Any]:
        entries = []
        for entry in subs(element, "contextEntry"):
            variable = sub(entry, "variable")
            self.names.add("" if variable is None else variable.get("name", ""))
            entries.append(
                {
                    "name": None if variable is None else variable.get("name"),
                    "type": None if variable is None else short_type(variable.get("typeRef")),
                    "value": self.inside(entry, "context entry"),
                }
            )
        return {"kind": "context", "entries": entries}

    def relation(self, element: etree._Element) -> dict[str, Any]:
        columns = [column.get("name", "") for column in subs(element, "column")]
        self.names.update(columns)
        rows = []
        for row in subs(element, "row"):
            cells = [cell for cell in row.iterchildren(tag=etree.Element) if local(cell) in _EXPRESSIONS]
            if len(cells) != len(columns):
                self.report(row, f"The row has {len(cells)} cells for {len(columns)} columns.", "Fill each column.")
            rows.append([self.expression(cell) for cell in cells])
        return {"kind": "relation", "columns": columns, "rows": rows}

    def list_of(self, element: etree._Element) -> dict[str, Any]:
        items = [child for child in element.iterchildren(tag=etree.Element) if local(child) in _EXPRESSIONS]
        return {"kind": "list", "items": [self.expression(item) for item in items]}

    def function(self, element: etree._Element, *, optional: bool = False) -> dict[str, Any]:
        if element.get("kind", "FEEL").upper() not in ("FEEL", "F"):
            self.report(element, f"Functions in {element.get('kind')} are not called.", "Write FEEL.")
        parameters = [
            {"name": parameter.get("name", ""), "type": short_type(parameter.get("typeRef"))}
            for parameter in subs(element, "formalParameter")
        ]
        self.names.update(str(parameter["name"]) for parameter in parameters)
        return {
            "kind": "function",
            "parameters": parameters,
            "body": self.inside(element, "function", optional=optional),
        }

    def invocation(self, element: etree._Element) -> dict[str, Any]:
        bindings = []
        for binding in subs(element, "binding"):
            parameter = sub(binding, "parameter")
            name = "" if parameter is None else parameter.get("name", "")
            bindings.append({"name": name, "value": self.inside(binding, "binding")})
        return {"kind": "invocation", "called": self.inside(element, "invocation"), "bindings": bindings}

    def conditional(self, element: etree._Element) -> dict[str, Any]:
        parts = {"if": "condition", "then": "yes", "else": "no"}
        return {"kind": "conditional", **{name: self.part(element, word) for word, name in parts.items()}}

    def filter(self, element: etree._Element) -> dict[str, Any]:
        return {"kind": "filter", "source": self.part(element, "in"), "match": self.part(element, "match")}

    def iterator(self, element: etree._Element) -> dict[str, Any]:
        kind = local(element)
        body = self.part(element, "return" if kind == "for" else "satisfies")
        variable = element.get("iteratorVariable", "item")
        self.names.add(variable)
        return {"kind": kind, "variable": variable, "source": self.part(element, "in"), "body": body}

    def part(self, element: etree._Element, name: str) -> dict[str, Any] | None:
        holder = sub(element, name)
        if holder is None:
            self.report(element, f"The {local(element)} has no “{name}”.", "Add it.")
            return None
        return self.inside(holder, name)


def _columns(cells: list[etree._Element], columns: list[dict[str, Any]]) -> list[tuple[etree._Element, dict[str, Any]]]:
    """Each cell with its column; a cell too many has one without a name."""
    spare: dict[str, Any] = {"label": "", "name": "", "type": None}
    return list(zip(cells, [*columns, *[spare] * len(cells)], strict=False))


def _cell(row: int, column: str | None) -> str:
    return f"row {row}, column “{column}”" if column else f"row {row}"


def _parts(text: str) -> list[str]:
    """Unary tests at their commas, those in quotes, brackets and parentheses left alone."""
    parts, depth, quoted, current = [], 0, False, ""
    for place, character in enumerate(text):
        if character == '"' and text[place - 1 : place] != "\\":
            quoted = not quoted
        elif not quoted and character in "([{":
            depth += 1
        elif not quoted and character in ")]}":
            depth -= 1
        if character == "," and not quoted and depth <= 0:
            parts.append(current.strip())
            current = ""
        else:
            current += character
    return [part for part in (*parts, current.strip()) if part]
