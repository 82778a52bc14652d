"""Question 1: the place that each open thing of a case has in another version; what a case then looks like there.

Ids map to themselves, then as the plan says. What the comparison takes for renamed is proposed; nothing else is done
unasked, except to follow an element into a sub-process or out of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from service.engine.change import words
from service.engine.change.compare import Differences, compare, host_of
from service.engine.change.marking import FAILED, LISTENER, MORE, Marking, Token, rounds
from service.engine.change.places import is_reaction, kind, repetition
from service.engine.change.plan import Plan, Reason, Verdict
from service.engine.elements.activity import GATHERS
from service.engine.elements.adhoc import CLOSING, COUNT
from service.engine.elements.gateways import VIA
from service.engine.elements.graph import Flow, Graph
from service.engine.elements.node import Node
from service.engine.elements.start_end import Throwing
from service.engine.parser import Definition
from service.engine.scope import OWNER
from service.engine.upstream import TaskState

_ENTERABLE = ("subProcess", "transaction")


@dataclass(eq=False)
class Spot:
    """A token at an element of the target."""

    node: Node
    token: Token
    via: Flow | None = None  #: it waits at a join, where it came by this flow
    race: tuple[Node, ...] = ()  #: it stands for these events, of which the first ends the others
    gathers: bool = False  #: it waits for further tokens before the activity begins
    inside: list[Scope] = field(default_factory=list)  #: open scopes that it holds: one, or one for each instance
    more: bool = False  #: further instances may follow


@dataclass(eq=False)
class Scope:
    """An open process, sub-process or instance in the target."""

    definition: Definition
    owner: Node | None  #: None: the process itself
    spots: list[Spot] = field(default_factory=list)
    rounds: dict[str, set[str]] = field(default_factory=dict)
    done: frozenset[str] = frozenset()  #: of ad hoc work: elements that were completed
    closing: bool = False
    fresh: bool = False  #: it was not open before
    undo: list[tuple[Node, Node]] = field(default_factory=list)  #: (activity, what undoes it), as remembered

    @property
    def graph(self) -> Graph:
        """The process it is part of."""
        return self.definition.graph

    @property
    def name(self) -> str | None:
        """The id of the sub-process, None for a process."""
        return None if self.owner is None or self.owner.element.type == "callActivity" else self.owner.name

    def walk(self) -> Iterator[Scope]:
        """Itself and all open scopes in it."""
        ahead = [self]
        while ahead:
            scope = ahead.pop()
            yield scope
            ahead += [inner for spot in scope.spots for inner in spot.inside]


@dataclass(frozen=True)
class Lost:
    """A record of how to undo something, whose handler is gone."""

    activity: str
    handler: Node
    scope: Scope


@dataclass(eq=False)
class Pair:
    """A process before and after, and the prefix of its ids in a plan."""

    before: Definition
    after: Definition
    differences: Differences
    prefix: str = ""

    def node(self, name: str) -> Node | None:
        """An element of the version before."""
        found = self.before.graph.task_specs.get(name)
        return found if isinstance(found, Node) else None


class Standing:
    """Maps one marking; afterwards `scope` is where it stands, `reasons` says what was found, `proposed` what to add
    to the plan. A flow that a token waits on may be named in a plan like an element; ids inside a called process are
    named `process:id`.
    """

    def __init__(self, before: Definition, after: Definition, marking: Marking, plan: Plan) -> None:
        self.plan = plan
        self.reasons: list[Reason] = []
        self.proposed: dict[str, str | None] = {}
        self.lost: list[Lost] = []
        self.placed: list[tuple[Pair, Node, Spot]] = []  #: what stood at an element before, and stands at one now
        self.pairs: dict[str, Pair] = {}
        self.scope = Scope(after, None)
        pair = self._pair(before, after, "")
        self._fill(marking.root, pair, [self.scope])

    def _pair(self, before: Definition, after: Definition, prefix: str) -> Pair:
        return self.pairs.setdefault(prefix, Pair(before, after, compare(before, after), prefix))

    def _say(
        self, verdict: Verdict, message: str, way_out: str = "", element: str | None = None, question: int = 1
    ) -> None:
        reason = Reason(question, verdict, message, way_out, element)
        if reason not in self.reasons:
            self.reasons.append(reason)

    def _fill(self, token: Token, pair: Pair, chain: list[Scope]) -> None:
        """Place what a token holds into the last scope of a chain, or where its elements have gone."""
        scope = chain[-1]
        scope.closing |= token.has(CLOSING)
        scope.done |= frozenset(filter(None, (self._quiet(name, pair) for name in token.fact(COUNT))))
        self._rounds(token, pair, scope)
        self._records(token, pair, scope)
        for child in token.inside:
            if child.is_race:
                self._race(child, pair, chain)
            elif not child.has(LISTENER):
                self._place(child, pair, chain)

    def _quiet(self, name: str, pair: Pair) -> str | None:
        """The id after, without asking."""
        if (key := pair.prefix + name) in self.plan.elements:
            wanted = self.plan.elements[key]
            return wanted and wanted.rpartition(":")[2]
        return pair.differences.matched.get(name)

    # What a token's element has become

    def _target(self, token: Token, pair: Pair) -> Node | None:
        """The element after; None, with the reason said, where there is none or where the plan takes it away."""
        name, graph = token.element, pair.after.graph
        old, key = pair.node(name), pair.prefix + name
        if key in self.plan.elements:
            return self._planned(key, old, pair, token)
        if (same := pair.differences.same.get(name)) is not None:
            found: Node = graph.task_specs[same]
            return found
        there = graph.task_specs.get(name)
        if old is not None and isinstance(there, Node) and _begins_anew(token):
            message = f"{words.said(there)}, where the case failed, is a {words.kind(there)} now and begins anew."
            self._say(Verdict.SAFE, message, element=name)
            return there
        if old is None:
            self._say(Verdict.STAY, f"The case stands at “{name}”, which its own version does not have.", element=name)
            return None
        if (other := pair.differences.renamed.get(name)) is not None:
            found = graph.task_specs[other]
            self.proposed[key] = other
            self._say(
                Verdict.WITH_PLAN,
                f"The case stands at {words.said(old)}; in the new version that is {words.said(found)} "
                f"with the id “{other}”.",
                "The plan maps one to the other; look whether they are the same.",
                name,
            )
            return found
        self._question(old, pair)
        return None

    def _planned(self, key: str, old: Node | None, pair: Pair, token: Token) -> Node | None:
        wanted = self.plan.elements[key]
        if wanted is None:
            shown = words.said(old) if old else f"“{key}”"
            self._say(Verdict.WITH_PLAN, f"As the plan says, {shown} is taken away.", element=old.name if old else None)
            return None
        found = pair.after.graph.task_specs.get(wanted.rpartition(":")[2])
        if not isinstance(found, Node):
            self._say(
                Verdict.STAY, f"The plan maps “{key}” to “{wanted}”, which the new version does not have.", element=key
            )
            return None
        if old is not None and not _fits_kind(old, found, token):
            self._say(
                Verdict.STAY,
                f"The plan maps {words.said(old)}, a {words.kind(old)}, to {words.said(found)}, a {words.kind(found)}.",
                "Map it to an element of the same kind, or take it away.",
                old.name,
            )
            return None
        self._say(
            Verdict.WITH_PLAN,
            f"As the plan says, {words.said(old) if old else key} goes on at {words.said(found)}.",
            element=old.name if old else None,
        )
        return found

    def _question(self, old: Node, pair: Pair) -> None:
        """The element is gone, has become another, or may be one of several."""
        there = pair.after.graph.task_specs.get(old.name)
        key = pair.prefix + old.name
        if isinstance(there, Node):
            inner = "; or name a step inside it, where the case goes on" if there.element.type in _ENTERABLE else ""
            self._say(
                Verdict.STAY if not inner else Verdict.PERSON,
                f"The case stands at {words.said(old)}, a {words.kind(old)}; in the new version that is "
                f"a {words.kind(there)}.",
                f"Let the step be finished before{inner}.",
                old.name,
            )
        elif several := pair.differences.alike.get(old.name):
            shown = words.listed([words.said(pair.after.graph.task_specs[name]) for name in several], "or")
            self._say(
                Verdict.PERSON,
                f"The case stands at {words.said(old)}, which may be {shown} in the new version.",
                f"Say in the plan which: {key}: {several[0]}.",
                old.name,
            )
        else:
            self._say(
                Verdict.PERSON,
                f"The case stands at {words.said(old)}, which the new version does not have.",
                f"Say in the plan where it goes on instead ({key}: …), or that it is taken away ({key}: null).",
                old.name,
            )

    # Placing

    def _place(self, token: Token, pair: Pair, chain: list[Scope]) -> None:
        old = pair.node(token.element)
        if old is not None and self._vanishes(old, token, pair):
            self._fill(token, pair, chain)
            return
        target = self._target(token, pair)
        if target is None or not self._fits(old, target, token):
            return
        scope = self._home(target, chain)
        if scope is None:
            return
        spot = Spot(target, token, gathers=token.has(GATHERS))
        if token.has(VIA) and not self._arrived(spot, token, pair):
            return
        scope.spots.append(spot)
        if old is not None:
            self.placed.append((pair, old, spot))
        self._guards(token, target, pair)
        self._inside(token, spot, pair, [*chain[: chain.index(scope) + 1]] if scope in chain else [*chain, scope])

    def _vanishes(self, old: Node, token: Token, pair: Pair) -> bool:
        """Whether all that is open in a sub-process stands outside of it now: then it is left without being ended."""
        if old.element.type not in _ENTERABLE or pair.prefix + old.name in self.plan.elements or token.has(MORE):
            return False
        same = self._quiet(old.name, pair)
        if same is None and (old.name in pair.after.graph.task_specs or old.name in pair.differences.alike):
            return False
        kept = pair.after.graph.task_specs.get(same or "")
        if isinstance(kept, Node) and (kind(kept) != kind(old) or repetition(kept) != repetition(old)):
            return False
        held = [child for child in token.inside if not child.has(LISTENER) and not child.is_race]
        targets = [pair.after.graph.task_specs.get(self._quiet(child.element, pair) or "") for child in held]
        outside = (isinstance(node, Node) and (same is None or same not in _around(node)) for node in targets)
        return bool(held) and all(outside)

    def _fits(self, old: Node | None, target: Node, token: Token) -> bool:
        one = repetition(old) if old is not None else ""
        if token.is_instance or old is None or one == repetition(target) or _begins_anew(token):
            return True
        shown = {"": "done once", "loop": "a loop", "parallel": "done for each item at once"}
        now, was = (shown.get(how, "done for each item in turn") for how in (repetition(target), one))
        self._say(
            Verdict.STAY,
            f"{words.said(old)} is under way and {was}; in the new version it is {now}.",
            "Let it be finished before.",
            old.name,
        )
        return False

    def _home(self, target: Node, chain: list[Scope]) -> Scope | None:
        """The open scope that an element belongs to; opened where it is new around it."""
        here, parent = chain[-1], target.element.parent
        if here.owner is not None and isinstance(here.owner, Throwing):
            return here
        for depth, scope in enumerate(reversed(chain)):
            if scope.name == parent:
                return scope if self._may_lift(chain, depth, target) else None
            if _is_wall(scope):
                break
        path = list(_around(target))
        known = [scope for scope in chain if scope.name in path or scope.name is None]
        if not known:
            return None
        base = known[-1]
        if not self._may_lift(chain, len(chain) - 1 - chain.index(base), target):
            return None
        missing = path[: path.index(base.name)] if base.name in path else path
        return self._opened(base, list(reversed(missing)), target)

    def _may_lift(self, chain: list[Scope], depth: int, target: Node) -> bool:
        """Whether a token may leave so many scopes: not an instance, whose others stay, nor a called process."""
        if not any(_is_wall(scope) for scope in chain[len(chain) - depth :]):
            return True
        self._say(
            Verdict.STAY,
            f"{words.said(target)} stands outside of what is repeated or called there, and is under way inside it.",
            "Let it be finished before.",
            target.name,
        )
        return False

    def _opened(self, base: Scope, missing: list[str | None], target: Node) -> Scope | None:
        scope = base
        for name in missing:
            node = base.graph.task_specs.get(name or "")
            enterable = isinstance(node, Node) and node.element.type in _ENTERABLE and not is_reaction(node)
            if not isinstance(node, Node) or not enterable or repetition(node):
                self._say(
                    Verdict.STAY,
                    f"{words.said(target)} stands inside {words.said(node) if isinstance(node, Node) else name} now, "
                    "which cannot be begun in its middle.",
                    "Let the step be finished before.",
                    target.name,
                )
                return None
            spot = next((spot for spot in scope.spots if spot.node is node and len(spot.inside) == 1), None)
            if spot is None:
                spot = Spot(node, Token(node.name, 0), inside=[Scope(base.definition, node, fresh=True)])
                scope.spots.append(spot)
                self._say(
                    Verdict.SAFE,
                    f"{words.said(target)} stands in the sub-process {words.said(node)} now, which the case enters.",
                    element=target.name,
                )
            scope = spot.inside[0]
        return scope

    def _inside(self, token: Token, spot: Spot, pair: Pair, chain: list[Scope]) -> None:
        """Place what a sub-process, call, repetition or undoing event holds."""
        node = spot.node
        if token.has(MORE):
            spot.more = token.fact(MORE) == ("yes",)
            for instance in token.inside:
                self._guards(instance, node, pair)
                self._held(instance, spot, pair, chain)
        else:
            self._held(token, spot, pair, chain)

    def _held(self, token: Token, spot: Spot, pair: Pair, chain: list[Scope]) -> None:
        if token.has(OWNER):
            self._called(token, spot, pair)
        elif token.inside or spot.node.element.type in (*_ENTERABLE, "adHocSubProcess"):
            inner = Scope(chain[-1].definition, spot.node)
            spot.inside.append(inner)
            self._fill(token, pair, [*chain, inner])

    def _called(self, token: Token, spot: Spot, pair: Pair) -> None:
        [key] = token.fact(OWNER)
        called = getattr(spot.node, "called", "")
        wanted = key if not called or called.startswith("=") else called
        before, after = pair.before.called(key), pair.after.called(wanted)
        if before is None or after is None:
            self._say(
                Verdict.STAY,
                f"{words.said(spot.node)} is under way in the process “{key}”; the new version calls “{wanted}”, which "
                "is not deployed with it.",
                "Let it be finished before.",
                token.element,
            )
            return
        if wanted != key:
            message = f"{words.said(spot.node)} is under way in “{key}”, and goes on in “{wanted}”."
            self._say(Verdict.SAFE, message, element=token.element)
        inner = Scope(after, spot.node)
        spot.inside.append(inner)
        self._fill(token, self._pair(before, after, f"{key}:"), [inner])

    # Joins, races, boundary events, records

    def _arrived(self, spot: Spot, token: Token, pair: Pair) -> bool:
        """The flow by which a token at a join came. False, with the reason said, where there is none."""
        [name] = token.fact(VIA)
        node, key = spot.node, pair.prefix + name
        if not node.joins:
            message = (
                f"The case waits at {words.said(node)} for what joins there; in the new version nothing waits there."
            )
            self._say(Verdict.STAY, message, "Let it get past that before.", node.name)
            return False
        if key in self.plan.elements:
            spot.via = self._planned_flow(key, node)
        else:
            spot.via = self._came_by(name, node, pair)
        if spot.via is None:
            return False
        if spot.via.id != name and key not in self.plan.elements:
            self.proposed[key] = spot.via.id
            self._say(
                Verdict.WITH_PLAN,
                f"The case has come to {words.said(node)} and waits there; in the new version that branch ends with "
                f"{words.said(spot.via.source)}, which it has passed.",
                "The plan says by which flow it counts as arrived.",
                node.name,
            )
        if len(node.incoming) < 2:
            spot.via = None
            self._say(
                Verdict.SAFE, f"At {words.said(node)} nothing waits any more: the case goes on.", element=node.name
            )
        return True

    def _planned_flow(self, key: str, node: Node) -> Flow | None:
        wanted = self.plan.elements[key]
        found = next((flow for flow in node.incoming if flow.id == (wanted or "").rpartition(":")[2]), None)
        what = f"counts as come by “{wanted}”" if wanted else "is taken away, which cannot be"
        message = f"As the plan says, the token that came to {words.said(node)} by “{key}” {what}."
        self._say(Verdict.WITH_PLAN if found else Verdict.STAY, message, element=node.name)
        return found

    def _came_by(self, name: str, node: Node, pair: Pair) -> Flow | None:
        into = {flow.id: flow for flow in node.incoming}
        same = pair.differences.flows.get(name)
        if same in into:
            return into[same]
        if name in into and self._still_from(name, pair):
            return into[name]
        found = self._branch(name, node, pair)
        if len(found) == 1:
            return found[0]
        self._gone_branch(name, node, pair)
        return None

    def _still_from(self, name: str, pair: Pair) -> bool:
        """Whether a flow that keeps its id leads on from where it led from before, perhaps by new steps."""
        old, new = pair.before.graph.flows.get(name), pair.after.graph.flows[name]
        source = old and pair.differences.matched.get(old.source.name)
        return (
            source is None
            or source == new.source.name
            or not self._branch(name, new.target, pair)
            or new in (self._branch(name, new.target, pair))
        )

    def _branch(self, name: str, join: Node, pair: Pair) -> list[Flow]:
        """The flows into a join on which what came by a flow that is gone would come now."""
        old = pair.before.graph.flows.get(name)
        source = pair.differences.matched.get(old.source.name) if old else None
        if old is None or source is None:
            return []
        ways = pair.after.graph.reach(pair.after.graph.task_specs[source], join)
        taken = {pair.differences.flows.get(flow.id) for flow in old.target.incoming if flow is not old}
        return [flow for flow in join.incoming if flow.id in ways and flow.id not in taken]

    def _gone_branch(self, name: str, node: Node, pair: Pair) -> None:
        old = pair.before.graph.flows.get(name)
        came = f" from {words.said(old.source)}" if old else ""
        self._say(
            Verdict.PERSON,
            f"The case has come to {words.said(node)}{came} and waits there; the new version has no such branch.",
            f"Let it get past that, or say in the plan by which flow it counts as arrived ({pair.prefix}{name}: …).",
            node.name,
        )

    def _race(self, token: Token, pair: Pair, chain: list[Scope]) -> None:
        """Events of which the first ends the others: those of the same gateway, or the starts of the process."""
        members = [node for member in token.inside if (node := pair.node(member.element)) is not None]
        found = [
            pair.after.graph.task_specs[name] for node in members if (name := self._quiet(node.name, pair)) is not None
        ]
        gates = [flow.source for node in found for flow in node.incoming]
        if not found:
            shown = words.listed([words.said(node) for node in members], "or")
            self._say(
                Verdict.PERSON,
                f"The case waits for {shown}, which the new version does not have.",
                "Say in the plan for what it waits instead.",
                members[0].name if members else None,
            )
            return
        home = self._home(found[0], chain)
        if home is None:
            return
        waits = [flow.target for flow in gates[0].outgoing] if gates else home.graph.body(home.name).starts
        spot = Spot(found[0], token, race=tuple(waits))
        home.spots.append(spot)
        for member, node in zip(token.inside, members, strict=False):
            if (new := self._quiet(node.name, pair)) is not None:
                self.placed.append((pair, node, Spot(pair.after.graph.task_specs[new], member)))
            else:
                self._say(
                    Verdict.SAFE,
                    f"The case does not wait for {words.said(node)} any more.",
                    element=node.name,
                    question=5,
                )
        for node in set(waits) - set(found):
            self._say(Verdict.SAFE, f"The case waits for {words.said(node)}, too.", element=node.name, question=5)

    def _guards(self, token: Token, target: Node, pair: Pair) -> None:
        """The boundary events that are armed: those that are gone are dropped, one with another id keeps its clock."""
        for guard in token.guards:
            old, key = pair.node(guard.element), pair.prefix + guard.element
            if old is None or key in self.plan.elements:
                continue
            same = pair.differences.same.get(guard.element)
            other = pair.differences.renamed.get(guard.element)
            found = pair.after.graph.task_specs.get(same or other or "")
            if not isinstance(found, Node) or host_of(found) is not target:
                self._say(
                    Verdict.SAFE,
                    f"At {words.said(target)} {_watch(old)} {words.said(old)} is dropped.",
                    element=old.name,
                    question=5,
                )
                continue
            self.placed.append((pair, old, Spot(found, guard)))
            if same is None and other is not None:
                self.proposed[key] = other
                self._say(
                    Verdict.WITH_PLAN,
                    f"{_watch(old).capitalize()} {words.said(old)} has the id “{other}” in the new version.",
                    "The plan maps one to the other, so that it waits on as it was begun.",
                    old.name,
                )

    def _rounds(self, token: Token, pair: Pair, scope: Scope) -> None:
        for gate, flows in rounds(token).items():
            target = self._quiet(gate, pair)
            node = pair.after.graph.task_specs.get(target or "")
            if not isinstance(node, Node) or node.element.type != "complexGateway":
                continue  # its round ends with it
            into = {flow.id for flow in node.incoming}
            taken = {pair.differences.flows.get(flow, flow) for flow in flows} & into
            scope.rounds[node.name] = taken
            for flow in flows:
                if (same := pair.differences.flows.get(flow)) not in (None, flow):
                    self.proposed[pair.prefix + flow] = same

    def _records(self, token: Token, pair: Pair, scope: Scope) -> None:
        for activity, handler, _ in token.undone():
            old, done = pair.node(handler), pair.node(activity)
            if old is None or done is None:
                continue
            target = pair.after.graph.task_specs.get(self._quiet(handler, pair) or "")
            if isinstance(target, Node):
                scope.undo.append((done, target))
                if target.name != handler and handler in pair.differences.renamed:
                    self.proposed[pair.prefix + handler] = target.name
            elif pair.prefix + handler in self.plan.elements:
                message = f"As the plan says, nothing will undo {words.said(done)}."
                self._say(Verdict.WITH_PLAN, message, element=handler)
            else:
                self.lost.append(Lost(activity, old, scope))


def _begins_anew(token: Token) -> bool:
    """Whether a step failed, or has not begun: then it may be of any kind."""
    return (token.has(FAILED) or token.state == TaskState.FUTURE) and not token.inside and not token.is_instance


def _fits_kind(old: Node, new: Node, token: Token) -> bool:
    return kind(old) == kind(new) or _begins_anew(token)


def _watch(event: Node) -> str:
    return "the boundary event" if event.element.type == "boundaryEvent" else "the event"


def _is_wall(scope: Scope) -> bool:
    """Whether tokens cannot be lifted out of a scope."""
    owner = scope.owner
    return owner is not None and (owner.element.type in ("callActivity", "adHocSubProcess") or bool(repetition(owner)))


def _around(node: Node) -> Iterator[str | None]:
    """The ids of the sub-processes around an element, the nearest first; last None, the process."""
    parent = node.element.parent
    while parent is not None:
        yield parent
        owner = node.graph.task_specs.get(parent)
        parent = owner.element.parent if isinstance(owner, Node) else None
    yield None
