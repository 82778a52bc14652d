"""What is told of an unsound process: the element, the way to the fault in words, and as steps to be played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from service.engine.checks.soundness.net import Net, names
from service.engine.checks.soundness.search import Played
from service.engine.definition import Element, Step
from service.engine.normalise.structure import Scope
from service.engine.xml.document import Document, local

if TYPE_CHECKING:
    from service.engine.checks.soundness import Waiting

_SAID = 3  #: decisions on the way that are told
_STEPS = 400  #: that are given


class Telling:
    """Tells what was found of one scope."""

    def __init__(self, doc: Document, scope: Scope, net: Net, elements: Mapping[str, Element]) -> None:
        self.doc, self.scope, self.net, self.elements = doc, scope, net, elements
        self.nodes = {node.get("id") or "": node for node in scope.nodes}
        flows = [flow for some in scope.outgoing.values() for flow in some]
        self.flows = {flow.get("id") or "": flow for flow in flows}

    def waits(self, waiting: Waiting, *, certain: bool) -> None:
        """A join that waits for ever."""
        lacking = _listed(list(dict.fromkeys(self._before(flow) for flow in waiting.lacking))[:3])
        after = self._after(self._deciding(waiting) or waiting.way)
        if waiting.circle:
            message = f"{after}it waits for ever for {lacking}, which wait for it in turn."
        elif waiting.left_over:
            message = f"{after}it gets a token more than it can join, and waits for ever for {lacking}."
        elif waiting.never:
            message = f"{after}it waits for ever for {lacking}: it never opens."
        else:
            message = f"{after}it waits for ever for {lacking}."
        tell = self.doc.error if certain else self.doc.warn
        advice = "Join alternatives with an exclusive gateway, or split with a parallel or inclusive one."
        if waiting.left_over:
            advice = "Let each branch come to it once a round, or let the others end elsewhere."
        if waiting.circle:
            advice = "Lead no way from behind an inclusive gateway that joins to before it, or join by another gateway."
        tell(self.nodes[waiting.join], _capital(message), advice, rule="deadlock", way=self._steps(waiting.way))

    def twice(self, node: str, way: list[Played]) -> None:
        """Branches that run side by side meet without a join."""
        message = (
            f"{self._after(way)}two branches come here side by side, and each goes on: what follows is done twice."
        )
        advice = "Join them with a parallel or inclusive gateway, or let one of them end for itself."
        self.doc.warn(self.nodes[node], _capital(message), advice, rule="done-twice", way=self._steps(way))

    def _before(self, flow: str) -> str:
        source = self.flows[flow].get("sourceRef") or "" if flow in self.flows else ""
        return self._name(source)

    def _name(self, key: str) -> str:
        node = self.nodes.get(key)
        name = " ".join((node.get("name") or "").split()) if node is not None else ""
        return f"“{(name or self._shown(key) or key)[:60]}”"

    def _deciding(self, waiting: Waiting) -> list[Played]:
        """The steps after which what lacks could not come any more."""
        lacking = set(waiting.lacking)
        found: list[Played] = []
        for step in waiting.way:
            node = self.nodes.get(step.element)
            host = node.get("attachedToRef") if node is not None else None
            could = self.net.reach(host or step.element, waiting.join) & lacking
            can = [flow for flow in step.flows if flow in lacking or self._reach(flow, waiting.join) & lacking]
            if step.chosen and could and not can:
                found.append(step)
        return found

    def _reach(self, flow: str, join: str) -> frozenset[str]:
        target = self.flows[flow].get("targetRef") or ""
        return frozenset() if target == join else self.net.reach(target, join)

    def _after(self, way: Sequence[Played]) -> str:
        """The decisions on the way, in words: `after “g” goes to “A”, `."""
        said: list[str] = []
        for step in way:
            if step.chosen and (words := self._decision(step)) not in said:
                said.append(words)
        if not said:
            return ""
        told = said if len(said) <= _SAID else [*said[: _SAID - 1], said[-1]]
        return f"after {' and '.join(told)}, "

    def _decision(self, step: Played) -> str:
        node = self.nodes.get(step.element)
        kind = local(node) if node is not None else ""
        if kind in {"exclusiveGateway", "inclusiveGateway", "complexGateway", "eventBasedGateway"}:
            goals = [self._goal(flow) for flow in step.flows]
            only = "only " if len(goals) == 1 and kind in {"inclusiveGateway", "complexGateway"} else ""
            return f"{self._name(step.element)} goes {only}to {_listed(goals[:3])}"
        return f"{self._name(step.element)} {'begins' if kind == 'startEvent' else 'happens'}"

    def _goal(self, flow: str) -> str:
        drawn = self.flows[flow]
        name = " ".join((drawn.get("name") or "").split())
        goal = self._name(drawn.get("targetRef") or "")
        return f"{goal} ({name[:40]})" if name else goal

    def _shown(self, key: str) -> str:
        """The drawn element that an id stands for: of what normalisation made, that before it; else empty."""
        if key in self.elements:
            return key
        base = key.rsplit(".split", 1)[0].rsplit(".start", 1)[0].rsplit("-", 1)[0]
        return base if base in self.elements else ""

    def _steps(self, way: Sequence[Played]) -> tuple[Step, ...]:
        steps: list[Step] = []
        for played in way[:_STEPS]:
            marking: dict[str, int] = {}
            for key, many in names(self.net, played.marking).items():
                if shown := self._shown(key):
                    marking[shown] = marking.get(shown, 0) + many
            flows = tuple(flow for flow in played.flows if flow in self.elements)
            step = Step(self._shown(played.element), flows, tuple(sorted(marking.items())))
            if played.element not in self.elements and steps and steps[-1].element == step.element:
                last = steps.pop()
                step = Step(last.element, (*last.flows, *flows), step.marking)
            if step.element or step.flows:
                steps.append(step)
        return tuple(steps)


def _listed(texts: list[str]) -> str:
    return " and ".join(texts) if len(texts) < 3 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
