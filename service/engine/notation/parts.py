"""The `case:` elements: what stands in `extensionElements`, with its attributes and what it holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """One element of ours."""

    name: str
    means: str  #: a sentence
    attributes: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()  #: names of the elements in it, in any order
    on: tuple[str, ...] = ()  #: BPMN elements whose `extensionElements` it stands in; empty where others hold it


_ESCALATION = ("notify", "assign", "priority", "activity")
_ANY_NODE = ("flowNode",)

PARTS: tuple[Part, ...] = (
    Part("ioMapping", "What goes into an activity and what comes out.", holds=("input", "output"), on=_ANY_NODE),
    Part("input", "What goes in, as a local variable.", ("source", "target")),
    Part("output", "What comes out.", ("source", "target")),
    Part("ignore", "A finding of the checks that is meant so.", ("rule", "reason"), on=("baseElement",)),
    Part(
        "serviceLevel",
        "How much time may pass.",
        ("kind", "target", "warning", "calendar"),
        ("onWarning", "onBreach"),
        ("process", "userTask"),
    ),
    Part("onWarning", "What happens by itself when it is warned of.", _ESCALATION),
    Part("onBreach", "What happens by itself when it is missed.", _ESCALATION),
    Part("stages", "The phases that a worker sees, in order.", holds=("stage",), on=("process",)),
    Part("stage", "One of them.", ("id", "name", "limit"), ("serviceLevel",)),
    Part("roles", "The roles of each case.", holds=("role",), on=("process",)),
    Part("role", "One of them.", ("id", "name", "groups", "access")),
    Part("outcomes", "How people may close a case by hand.", holds=("outcome",), on=("process",)),
    Part("outcome", "One of them.", ("id", "name")),
    Part("milestones", "Points that a case reaches.", holds=("milestone",), on=("process",)),
    Part("milestone", "One of them.", ("id", "name", "when")),
)
