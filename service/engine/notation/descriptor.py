"""The notation as bpmn.io's tools want it: a moddle descriptor, and the fields of a properties panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from service.engine.notation.attributes import ATTRIBUTES, Attribute
from service.engine.notation.parts import PARTS, Part
from service.engine.xml.document import CASE

PREFIX = "case"


def descriptor() -> dict[str, Any]:
    """The moddle descriptor (JSON): with it a tool reads, copies and writes what is ours by its name.

    Attributes with the same places stand in one type that extends these; an attribute twice on the way from a BPMN type
    to its ancestors would be refused by moddle. What holds others holds them by their common ancestor, so that their
    order stays as it was written.
    """
    by_places: dict[tuple[str, ...], list[Attribute]] = {}
    for each in ATTRIBUTES:
        by_places.setdefault(tuple(sorted(each.places)), []).append(each)
    return {
        "name": "Casewright",
        "uri": CASE,
        "prefix": PREFIX,
        "xml": {"tagAlias": "lowerCase"},
        "associations": [],
        "types": [*_extending(by_places), *(made for part in PARTS for made in _type(part))],
    }


def _extending(by_places: Mapping[tuple[str, ...], Iterable[Attribute]]) -> list[dict[str, Any]]:
    return [
        {
            "name": f"With{_big(attributes[0].name)}",
            "isAbstract": True,
            "extends": [f"bpmn:{_big(place)}" for place in places],
            "properties": [{"name": each.name, "isAttr": True, "type": "String"} for each in attributes],
        }
        for places, found in by_places.items()
        for attributes in [list(found)]
    ]


def _type(part: Part) -> list[dict[str, Any]]:
    """The part's type and, before it, the common ancestor of what it holds."""
    held = [each.name for each in PARTS if part.name in each.holds]
    properties: list[dict[str, Any]] = [{"name": name, "isAttr": True, "type": "String"} for name in part.attributes]
    before = []
    if part.holds:
        inside = f"In{_big(part.name)}"
        before = [{"name": inside, "isAbstract": True, "superClass": ["Element"]}]
        properties.append({"name": "parts", "isMany": True, "type": inside})
    return [
        *before,
        {
            "name": _big(part.name),
            "superClass": [f"In{_big(name)}" for name in held] or ["Element"],
            "properties": properties,
        },
    ]


def fields() -> list[dict[str, Any]]:
    """What a properties panel shows, in order: each attribute with its places, kind, values, meaning and example."""
    return [
        {
            "name": f"{PREFIX}:{each.name}",
            "places": [f"bpmn:{_big(place)}" for place in sorted(each.places)],
            "group": each.group,
            "label": each.label,
            "kind": each.kind,
            "means": each.means,
            "example": each.example,
            "values": list(each.values),
            "feel": each.feel,
            "inAdHoc": each.in_ad_hoc,
            "ofChild": each.of_child,
        }
        for each in ATTRIBUTES
    ]


def _big(name: str) -> str:
    return name[:1].upper() + name[1:]
