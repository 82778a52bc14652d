"""Models and their steps in few words, for what the probes leave out. Each is drawn by the functions of tests/engine.

The steps are parted by `;`, each in the vocabulary of vocabulary.py: `A {"x": 1}` completes the task A, `= A B` are the
open tasks, `? completed` is the state, `: {…}` are variables and `td A {…}` those that A sees; `!m {payload} {keys}` is
a message, `~sig {…}` a signal, `+2d 1h` passes time, `. {…}` changes variables; `> H A` activates A in the ad hoc H,
`< H` finishes it, `e H A B` may be activated; `start a p {…}` opens a case named a, `@a …` is done to it, and `x …`
has to be refused. `refused` alone: the deployment is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.engine.diagrams import flows, node, process, written
from tests.engine.with_events import ROOTS

CANCEL, TERMINATE, UNDO = "<cancelEventDefinition/>", "<terminateEventDefinition/>", "<compensateEventDefinition/>"

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


@dataclass(frozen=True)
class Model:
    """A file with the process p, and what it has to do."""

    name: str
    xml: bytes
    steps: str
    data: Mapping[str, Any] | None = field(default_factory=dict)  #: the first case's; None: a step opens one

    def probe(self) -> dict[str, Any]:
        """The same as the probes are written."""
        begun = [] if self.data is None else [{"do": "start", "data": self.data}]
        steps = begun + [_step(text.strip()) for text in self.steps.split(";")]
        return {"id": self.name, "files": {"model.bpmn": self.xml}, "process": "p", "steps": steps}


def _step(text: str) -> dict[str, Any]:
    if text.startswith("@"):
        alias, inner = text[1:].split(None, 1)
        return {**_step(inner), "on": alias}
    if text.startswith("x "):
        return {"fails": _step(text[2:])}
    words, found = _parts(text.lstrip("=?:!~+.><"))
    data = found[0] if found else {}
    if text[0] in "=?:!~+.><":
        return _signed(text[0], words, data, found[1:])
    kind, *rest = words
    if kind == "refused":
        return {"expect": "deploy_error"}
    if kind == "e":
        return {"expect": "enabled", "adhoc": rest[0], "value": rest[1:]}
    if kind == "td":
        return {"expect": "task_data", "task": rest[0], "value": data}
    if kind == "start":
        return {"do": "start", "as": rest[0], "process": rest[1], "data": data}
    return {"do": "complete", "task": kind, "data": data}


def _signed(sign: str, words: list[str], data: Any, more: Sequence[Any]) -> dict[str, Any]:
    made: dict[str, dict[str, Any]] = {
        "=": {"expect": "tasks", "value": words},
        "?": {"expect": "status", "value": "".join(words)},
        ":": {"expect": "data", "value": data},
        "~": {"do": "signal", "name": "".join(words), "payload": data},
        ".": {"do": "set_data", "data": data},
        "<": {"do": "finish_adhoc", "adhoc": "".join(words)},
    }
    if sign in made:
        return made[sign]
    if sign == "+":
        return {"do": "advance", "seconds": sum(int(word[:-1]) * _UNITS[word[-1]] for word in words)}
    if sign == ">":
        return {"do": "activate", "adhoc": words[0], "activity": words[1]}
    alias = {"as": words[1]} if len(words) > 1 else {}
    return {"do": "message", "name": words[0], "payload": data, "correlation": more[0] if more else None, **alias}


def _parts(text: str) -> tuple[list[str], list[Any]]:
    """The words before, and the JSON behind them."""
    words, brace, rest = text.partition("{")
    found, rest = [], (brace + rest).strip()
    while rest:
        value, end = json.JSONDecoder().raw_decode(rest)
        found.append(value)
        rest = rest[end:].strip()
    return words.split(), found


# Drawing


def drawn(elements: str, *paths: str, more: Sequence[str] = (), roots: str = ROOTS) -> bytes:
    """A file with the process p, and more processes."""
    return written(process(elements, *paths), *more, roots=roots)


def condition(text: str) -> str:
    return f"<conditionalEventDefinition><condition>{text}</condition></conditionalEventDefinition>"


def throw(name: str, definition: str = "") -> str:
    return node("intermediateThrowEvent", name, definition)


def catch(name: str, definition: str, **said: str) -> str:
    return node("intermediateCatchEvent", name, definition, **said)


def gate(kind: str, name: str, **said: str) -> str:
    """A gateway: `xor`, `par`, `inc`, `event`."""
    kinds = {"xor": "exclusive", "par": "parallel", "inc": "inclusive", "event": "eventBased"}
    return node(f"{kinds[kind]}Gateway", name, **said)


def some_of(name: str, when: str) -> str:
    """A complex gateway."""
    return node("complexGateway", name, f"<activationCondition>{when}</activationCondition>")


def times(inner: str = "<loopCardinality>3</loopCardinality>", *, sequential: bool = False) -> str:
    said = f'isSequential="{str(sequential).lower()}"'
    return f"<multiInstanceLoopCharacteristics {said}>{inner}</multiInstanceLoopCharacteristics>"


def loop(when: str, **said: str) -> str:
    attributes = "".join(f' {name}="{value}"' for name, value in said.items())
    return (
        f"<standardLoopCharacteristics{attributes}><loopCondition>{when}</loopCondition></standardLoopCharacteristics>"
    )


def notes(name: str, what: str) -> str:
    """A script that writes into the list `log`."""
    return node("scriptTask", name, f"<script>log = log + [{what}]</script>")


def undoable(activity: str, what: str = "") -> str:
    """A handler for an activity, that notes it."""
    handler = notes(f"u{activity}", what or f"'{activity}'").replace(" id=", ' isForCompensation="true" id=', 1)
    event = f'<boundaryEvent id="c{activity}" attachedToRef="{activity}">{UNDO}</boundaryEvent>'
    return f'{event}{handler}<association id="as{activity}" sourceRef="c{activity}" targetRef="u{activity}"/>'


def undo(activity: str) -> str:
    return f'<compensateEventDefinition activityRef="{activity}"/>'


def undoing(name: str, inner: str, *paths: str) -> str:
    """A compensation event sub-process, whose start event is `<name>s`."""
    start = node("startEvent", f"{name}s", UNDO)
    return node("subProcess", name, start + inner + flows(*paths), triggeredByEvent="true")


def data_object(name: str) -> str:
    return f'<dataObject id="{name}"/><dataObjectReference id="{name}R" dataObjectRef="{name}"/>'


def takes_gives(takes: Sequence[str] = (), gives: Sequence[str] = ()) -> str:
    """An ioSpecification with inputs `<name>_in` and outputs `<name>_out`."""
    ins = "".join(f'<dataInput id="{name}_in" name="{name}"/>' for name in takes)
    outs = "".join(f'<dataOutput id="{name}_out" name="{name}"/>' for name in gives)
    in_set = "".join(f"<dataInputRefs>{name}_in</dataInputRefs>" for name in takes)
    out_set = "".join(f"<dataOutputRefs>{name}_out</dataOutputRefs>" for name in gives)
    sets = f"<inputSet>{in_set}</inputSet><outputSet>{out_set}</outputSet>"
    return f"<ioSpecification>{ins}{outs}{sets}</ioSpecification>"


def brings(source: str, target: str, inner: str = "") -> str:
    ends = f"<sourceRef>{source}</sourceRef><targetRef>{target}</targetRef>"
    return f"<dataInputAssociation>{ends}{inner}</dataInputAssociation>"


def hands(source: str, target: str, inner: str = "") -> str:
    ends = f"<sourceRef>{source}</sourceRef><targetRef>{target}</targetRef>"
    return f"<dataOutputAssociation>{ends}{inner}</dataOutputAssociation>"


# Parts of single models


def until(when: str) -> str:
    return f"<completionCondition>{when}</completionCondition>"


def conversing(elements: str, *paths: str, bound: str | None = None, more: str = "") -> bytes:
    """A file whose messages m and n carry the correlation property P, their `oid`; the process's own is `orderId`."""
    read = "".join(
        f'<correlationPropertyRetrievalExpression messageRef="{name}"><messagePath>oid</messagePath>'
        "</correlationPropertyRetrievalExpression>"
        for name in "mn"
    )
    key = '<correlationKey id="K" name="K"><correlationPropertyRef>P</correlationPropertyRef></correlationKey>'
    shared = f'<collaboration id="co"><conversation id="talk">{key}</conversation></collaboration>'
    made = process(elements, *paths).replace("</process>", f"{BOUND if bound is None else bound}</process>")
    return written(
        made, more, roots=f'{ROOTS}{shared}<correlationProperty id="P" name="order">{read}</correlationProperty>'
    )


def ad_hoc(inner: str, until: str = "", **said: str) -> str:
    """The ad hoc sub-process H."""
    done = f"<completionCondition>{until}</completionCondition>" if until else ""
    return node("adHocSubProcess", "H", inner + done, **said)


def link(name: str) -> str:
    return f'<linkEventDefinition name="{name}"/>'


THREE = "<loopCardinality>3</loopCardinality>"
OTHER_ERROR = '<errorEventDefinition errorRef="E2"/>'
BOUND = (
    '<correlationSubscription id="cs" correlationKeyRef="K"><correlationPropertyBinding correlationPropertyRef="P">'
    "<dataPath>orderId</dataPath></correlationPropertyBinding></correlationSubscription>"
)
COMPLEX = (
    '<multiInstanceLoopCharacteristics behavior="Complex"><loopCardinality>3</loopCardinality>'
    '<complexBehaviorDefinition><condition xsi:type="tFormalExpression">nrOfCompletedInstances == 2</condition>'
    '<event id="thrown"><signalEventDefinition signalRef="sig"/></event></complexBehaviorDefinition>'
    "</multiInstanceLoopCharacteristics>"
)
GIVES_ITEM = (
    '<extensionElements><case:ioMapping><case:input source="= item" target="x"/></case:ioMapping></extensionElements>'
)
STARTS_WITH_ORDER = (
    '<startEvent id="ms"><dataOutput id="mo" name="payload"/><dataOutputAssociation><sourceRef>mo</sourceRef>'
    '<targetRef>orderR</targetRef></dataOutputAssociation><messageEventDefinition messageRef="m"/></startEvent>'
)
