"""What a diagram may say beyond BPMN, once, as data: the checks, the modeler and its plug-in read it here.

Each `case:` attribute and element stands here with its place, the kind of its values and what it means. The descriptor
for bpmn.io's tools (`descriptor`), the fields of our modeler's panel (`web/designs.py`) and the check of deployments
(`checks/attributes.py`) are made of it; tests hold the handbook's table and the plug-in for Camunda Modeler against it.
"""

from __future__ import annotations

from service.engine.notation.attributes import ATTRIBUTES, LITERAL, PLACES, Attribute, Kind
from service.engine.notation.descriptor import descriptor, fields
from service.engine.notation.parts import PARTS, Part

__all__ = ["ATTRIBUTES", "LITERAL", "PARTS", "PLACES", "Attribute", "Kind", "Part", "descriptor", "fields"]
