"""Boxed expressions and decision tables, from XML to plain dictionaries (DMN 1.5 §7.3 and §8.3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from service.engine.expressions import feel

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


class ExpressionReader:
    """Reads the expressions of one file; what is wrong goes to `report(element, message, advice)`."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def inside(self, holder: etree._Element, what: str) -> dict[str, Any] | None:
        """The one expression that is a child of `holder`."""
        found = [child for child in holder.iterchildren(tag=etree.Element) if local(child) in _EXPRESSIONS]
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
            self.report(bkm, "The business knowledge model has no logic.", "Give it an encapsulatedLogic.")
            return {"parameters": [], "body": None}
        found = self.function(logic)
        return {"parameters": found["parameters"], "body": found["body"]}

    # --- FEEL

    def feel(self, element: etree._Element, text: str, *, unary: bool = False) -> str:
        """`text`, when it can be parsed; reported otherwise."""
        self.language(element)
        if text and text != "-" and (wrong := feel.check(text, unary=unary)):
            self.report(element, f"In “{text[:80]}”: {wrong}", "Correct the FEEL.")
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
        rules = [self.rule(rule, len(inputs), len(outputs)) for rule in subs(element, "rule")]
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

    def rule(self, element: etree._Element, inputs: int, outputs: int) -> dict[str, Any]:
        given, told = subs(element, "inputEntry"), subs(element, "outputEntry")
        if (len(given), len(told)) != (inputs, outputs):
            message = f"The rule has {len(given)} conditions and {len(told)} results; the table {inputs} and {outputs}."
            self.report(element, message, "Give each column one entry.")
        return {
            "id": element.get("id") or "",
            "inputs": [self.feel(entry, _text(entry), unary=True) for entry in given],
            "outputs": [self.feel(entry, _text(entry)) for entry in told],
        }

    # --- Other boxed expressions

    def context(self, element: etree._Element) -> dict[str, Any]:
        entries = []
        for entry in subs(element, "contextEntry"):
            variable = sub(entry, "variable")
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

    def function(self, element: etree._Element) -> dict[str, Any]:
        if element.get("kind", "FEEL").upper() not in ("FEEL", "F"):
            self.report(element, f"Functions in {element.get('kind')} are not called.", "Write FEEL.")
        parameters = [
            {"name": parameter.get("name", ""), "type": short_type(parameter.get("typeRef"))}
            for parameter in subs(element, "formalParameter")
        ]
        return {"kind": "function", "parameters": parameters, "body": self.inside(element, "function")}

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
        return {"kind": kind, "variable": variable, "source": self.part(element, "in"), "body": body}

    def part(self, element: etree._Element, name: str) -> dict[str, Any] | None:
        holder = sub(element, name)
        if holder is None:
            self.report(element, f"The {local(element)} has no “{name}”.", "Add it.")
            return None
        return self.inside(holder, name)


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
