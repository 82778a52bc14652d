"""Where cases of one marking stand: in words, and on the diagrams of both versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from service.engine.change import words
from service.engine.change.marking import FAILED, LISTENER, MORE, Marking, Token
from service.engine.change.plan import Plan
from service.engine.change.standing import Standing
from service.engine.elements.gateways import VIA
from service.engine.elements.node import Node
from service.engine.parser import Definition
from service.engine.scope import OWNER


@dataclass(frozen=True)
class Whereabouts:
    """One id for each token, sorted. Inside a called process an id is `process:id`, as in a plan."""

    words: str  #: “Assess the claim” and “Photos”
    before: tuple[str, ...]
    after: tuple[str, ...]  #: as far as their elements have a place there


def whereabouts(before: Definition, after: Definition, marking: Marking, plan: Plan | None = None) -> Whereabouts:
    """Where a marking of the version before stands, and where it would stand in the one after."""
    found = list(_leaves(marking.root, before, ""))
    standing = Standing(before, after, marking, plan or Plan())
    inner = {id(token) for _, _, token in found} | {
        id(member) for _, _, token in found if token.is_race for member in token.inside
    }
    there = sorted(
        pair.prefix + spot.node.name
        for pair, _, spot in standing.placed
        if id(spot.token) in inner and not spot.token.is_race
    )
    said = sorted(_said(definition, token) for definition, _, token in found)
    counted = [f"{name} ({said.count(name)} times)" if said.count(name) > 1 else name for name in dict.fromkeys(said)]
    here = sorted(
        prefix + each.element
        for _, prefix, token in found
        for each in (token.inside if token.is_race else (token,))
        if each.element
    )
    return Whereabouts(words.listed(counted), tuple(here), tuple(there))


def _leaves(token: Token, definition: Definition, prefix: str) -> Iterator[tuple[Definition, str, Token]]:
    """The tokens that hold no other, with the process they are in and the prefix of its ids."""
    for child in token.inside:
        if child.has(LISTENER):
            continue
        if child.is_race:
            yield definition, prefix, child
            continue
        inner, within = definition, prefix
        if child.has(OWNER):
            [key] = child.fact(OWNER)
            inner, within = definition.called(key) or definition, f"{key}:"
        holders = child.inside if child.has(MORE) else (child,)
        yield from [leaf for each in holders for leaf in _leaves(each, inner, within)] or [(definition, prefix, child)]


def _said(definition: Definition, token: Token) -> str:
    if token.is_race:
        return words.listed(sorted(_named(definition, each.element) for each in token.inside), "or")
    shown = _named(definition, token.element)
    if token.has(VIA) and (flow := definition.graph.flows.get(token.fact(VIA)[0])) is not None:
        return f"{shown} (come from {words.said(flow.source)})"
    return f"{shown} (failed)" if token.has(FAILED) else shown


def _named(definition: Definition, element: str) -> str:
    node = definition.graph.task_specs.get(element)
    return words.said(node) if isinstance(node, Node) else f"“{element}”"
