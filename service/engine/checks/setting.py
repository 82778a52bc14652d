"""What a node says of variables by itself: its parts, the names that it has for itself, the constants that it sets."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from lxml import etree

from service.engine import expressions
from service.engine.xml.document import CASE, FLOW_NODES, local

_KINDS = {bool: "truth", str: "text", int: "number", float: "number"}
_ENTRY = re.compile(r'[{,]\s*"?([^\W\d]\w*)"?\s*:\s*("[^"]*"|-?\d+(?:\.\d+)?|true|false)\s*(?=[,}])')


def own_parts(node: etree._Element) -> Iterator[etree._Element]:
    """A node's own parts: not those of the nodes in it."""
    yield node
    for part in node:
        if local(part) not in FLOW_NODES and local(part) != "sequenceFlow":
            yield from part.iter()


def local_names(node: etree._Element) -> set[str]:
    """Names that a node has for itself: what it takes in, and its items."""
    found: set[str] = set()
    for part in own_parts(node):
        if part.tag == f"{{{CASE}}}input":
            found.add((part.get("target") or "").strip())
        elif local(part) in {"inputDataItem", "outputDataItem", "dataInput", "dataOutput"}:
            found |= {said for attribute in ("id", "name") if (said := part.get(attribute))}
    return found


def constants(parts: list[etree._Element]) -> Iterator[tuple[str, str]]:
    """The kinds of the constants that scripts and mappings set."""
    for part in parts:
        if local(part) == "script":
            yield from _constants_of("".join(map(str, part.itertext())))
        elif part.tag == f"{{{CASE}}}output" and (name := (part.get("target") or "").strip()):
            yield from (
                (name, kind) for _, kind in _constants_of(f"= {{x: {(part.get('source') or '').lstrip('= ')} }}")
            )


def _constants_of(text: str) -> Iterator[tuple[str, str]]:
    if expressions.is_feel(text):
        for name, said in _ENTRY.findall(text):
            yield name, "text" if said[0] == '"' else "truth" if said in {"true", "false"} else "number"
        return
    try:
        body = ast.parse(text.strip()).body
    except (SyntaxError, ValueError, RecursionError):
        return
    for line in body:
        if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant) and type(line.value.value) in _KINDS:
            yield from ((to.id, _KINDS[type(line.value.value)]) for to in line.targets if isinstance(to, ast.Name))
