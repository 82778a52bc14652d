"""The XML of one element, as its node reads it while a definition is built. No case ever holds one of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from service.engine import timing
from service.engine.definition import Element
from service.engine.elements.data import Association, Place
from service.engine.elements.events import EventDefinition
from service.engine.elements.repetition import Repetition

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CASE = "{urn:casewright:bpmn:1.0}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
_OWN = ("dataInput", "dataOutput", "property")  #: data that belongs to an activity or event


@dataclass(frozen=True)
class Source:
    """The XML of one element, and of the file it stands in, for a node's `read`."""

    xml: etree._Element
    element: Element
    references: Mapping[str, etree._Element] = field(default_factory=dict)  #: root elements of the file by id
    places: Mapping[str, Place] = field(default_factory=dict)  #: data objects and stores by the ids that mean them

    def get(self, attribute: str) -> str | None:
        """An attribute of BPMN."""
        value = self.xml.get(attribute)
        return None if value is None else str(value)

    def flag(self, attribute: str, *, default: bool = False) -> bool:
        """A boolean attribute of BPMN."""
        value = self.xml.get(attribute)
        return default if value is None else value.strip().lower() in ("true", "1")

    def number(self, attribute: str) -> int:
        """A number of tokens; 1 where none is written."""
        return int(self.xml.get(attribute) or "1")

    def text(self, child: str, parent: etree._Element | None = None) -> str:
        """The text of a child element, or ""."""
        found = (self.xml if parent is None else parent).find(BPMN + child)
        return "" if found is None else "".join(map(str, found.itertext())).strip()

    def mappings(self, direction: str) -> list[tuple[str, str]]:
        """The `case:ioMapping` (source expression, target name) pairs, `input` or `output`."""
        mappings = self.element.inputs if direction == "input" else self.element.outputs
        return [(mapping.source, mapping.target) for mapping in mappings]

    def extension(self, node: etree._Element, name: str) -> str | None:
        """A `case:` attribute of an event definition, or the same as SpiffWorkflow's extension element."""
        if value := node.get(CASE + name):
            return str(value)
        found = node.find(f"{BPMN}extensionElements/{SPIFF}{name}")
        return None if found is None else "".join(map(str, found.itertext())).strip() or None

    def associated(self) -> str | None:
        """The id of what an association leads to from here: a compensation event's handler."""
        for association in self.xml.getroottree().iter(BPMN + "association"):
            if association.get("sourceRef") == self.xml.get("id"):
                return str(association.get("targetRef"))
        return None

    def associations(self, tag: str) -> tuple[Association, ...]:
        """The data associations, `dataInputAssociation` or `dataOutputAssociation`, with data objects and stores."""
        own = {str(node.get("id")): name_of(node) for node in self.xml.iterfind(f"{BPMN}ioSpecification/*[@id]")}
        own |= {str(node.get("id")): name_of(node) for node in self.xml.iterfind("*[@id]") if local(node) in _OWN}
        inward = tag == "dataInputAssociation"
        found = []
        for node in self.xml.iterfind(BPMN + tag):
            far, near = ("sourceRef", "targetRef") if inward else ("targetRef", "sourceRef")
            place = self.places.get(self.text(far, node))
            if place is None:
                continue
            assigned = ((self.text("from", each), self.text("to", each)) for each in node.iterfind(BPMN + "assignment"))
            found.append(
                Association(
                    place,
                    own.get(self.text(near, node)),
                    self.text("transformation", node) or None,
                    tuple((text, own.get(name) or name) for text, name in assigned if text and name.isidentifier()),
                )
            )
        return tuple(found)

    def repetition(self) -> Repetition | None:
        """Loop or multi-instance, if the activity has one."""
        loop = self.xml.find(BPMN + "standardLoopCharacteristics")
        if loop is not None:
            maximum = loop.get("loopMaximum")
            return Repetition(
                "loop",
                condition=self.text("loopCondition", loop) or None,
                maximum=int(maximum) if maximum else None,
                test_before=loop.get("testBefore") in ("true", "1"),
            )
        multi = self.xml.find(BPMN + "multiInstanceLoopCharacteristics")
        return None if multi is None else self._multi_instance(multi)

    def _multi_instance(self, multi: etree._Element) -> Repetition:
        return Repetition(
            "sequential" if multi.get("isSequential") in ("true", "1") else "parallel",
            cardinality=self.text("loopCardinality", multi) or None,
            collection=self._named(self.text("loopDataInputRef", multi)),
            item=name_of(multi.find(BPMN + "inputDataItem")),
            results=self._named(self.text("loopDataOutputRef", multi)),
            result=name_of(multi.find(BPMN + "outputDataItem")),
            result_expression=multi.get(CASE + "outputElement"),
            until=self.text("completionCondition", multi) or None,
            thrown=self._thrown(multi),
            thrown_once=multi.get("behavior") == "One",
        )

    def _thrown(self, multi: etree._Element) -> tuple[tuple[str | None, EventDefinition], ...]:
        """What a multi-instance throws as instances complete, and on which condition (BPMN 2.0.2 §13.3.7).

        `behavior` None: by each, One: by the first, Complex: by those for which a condition holds, All: nothing.
        """
        behavior = multi.get("behavior") or "All"
        if behavior == "Complex":
            return tuple(
                (self.text("condition", said), event)
                for said in multi.iterfind(f"{BPMN}complexBehaviorDefinition")
                for node in said.iterfind(f"{BPMN}event/*")
                if local(node).endswith("EventDefinition") and (event := self._event(node)) is not None
            )
        reference = multi.get(f"{behavior.lower()}BehaviorEventRef") if behavior in ("None", "One") else None
        target = self.references.get((reference or "").rsplit(":", 1)[-1])
        found = None if target is None else self._event(target)
        return () if found is None else ((None, found),)

    def _named(self, text: str) -> str | None:
        """A loop's data: the variable of the data object that it refers to, else what is written."""
        place = self.places.get(text)
        return (place.name if place is not None and not place.store else text) or None

    def events(self) -> tuple[EventDefinition, ...]:
        """The event definitions, those of the file's root that are referred to included."""
        found = [node for node in self.xml if local(node).endswith("EventDefinition")]
        for reference in self.xml.findall(BPMN + "eventDefinitionRef"):
            target = self.references.get((reference.text or "").strip())
            if target is not None:
                found.append(target)
        return tuple(event for node in found if (event := self._event(node)) is not None)

    def own_message(self) -> tuple[EventDefinition, ...]:
        """A send or receive task's message."""
        message = self.references.get(self.xml.get("messageRef") or "")
        return () if message is None else (self._message(self.xml, message),)

    def _event(self, node: etree._Element) -> EventDefinition | None:
        kind = local(node).removesuffix("EventDefinition")
        if kind == "timer":
            return self._timer(node)
        if kind == "conditional":
            return EventDefinition("conditional", text=self.text("condition", node))
        if kind == "link":
            return EventDefinition("link", node.get("name"))
        if kind == "compensate":
            return EventDefinition("compensation", activity_ref=node.get("activityRef"))
        if kind in ("terminate", "cancel"):
            return EventDefinition(kind)
        target = self.references.get(node.get(f"{kind}Ref") or "")
        if kind == "message" and target is not None:
            return self._message(node, target)
        name = None if target is None else target.get("name") or target.get("id")
        if kind in ("error", "escalation") and target is not None:
            name = target.get(f"{kind}Code") or name
        return EventDefinition(
            kind,
            name,
            variable=self._said(node, target, "errorVariable", "messageVariable", "variableName"),
            payload=self._said(node, target, "messagePayload", "payloadExpression"),
            code_variable=self._said(node, target, "errorCodeVariable", "escalationCodeVariable"),
            message_variable=self._said(node, target, "errorMessageVariable"),
        )

    def _message(self, node: etree._Element, message: etree._Element) -> EventDefinition:
        return EventDefinition(
            "message",
            message.get("name") or message.get("id"),
            variable=self._said(node, message, "messageVariable", "variableName"),
            payload=self._said(node, message, "messagePayload", "payloadExpression"),
            correlation_key=self._said(node, message, "correlationKey"),
        )

    def _said(self, node: etree._Element, target: etree._Element | None, *names: str) -> str | None:
        """What is said at the definition, else at its element, else at the message or signal itself."""
        places = [place for place in (node, self.xml, target) if place is not None]
        return next((said for place in places for name in names if (said := self.extension(place, name))), None)

    def _timer(self, node: etree._Element) -> EventDefinition | None:
        for kind in ("Date", "Duration", "Cycle"):
            if text := self.text(f"time{kind}", node):
                bare = text.strip("\"'")
                return EventDefinition(kind.lower(), text=bare if timing.is_literal(bare) else text)
        return None


def name_of(node: etree._Element | None) -> str | None:
    return None if node is None else str(node.get("name") or node.get("id") or "") or None


def local(node: etree._Element) -> str:
    tag = node.tag
    return tag[len(BPMN) :] if isinstance(tag, str) and tag.startswith(BPMN) else ""
