"""WHICH TOKENS THERE ARE AFTER A MOVE: each one's place, what encloses it there, and which go.

Nothing is changed here. What moved into an embedded sub-process is given one to stand in; a sub-process whose tokens
have all moved out is gone, and what its own element said of undoing and of data objects stays with what encloses it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from service.engine.change import words
from service.engine.change.places import Ground, Places, is_reaction, kind, repetition
from service.engine.elements.activity import HOST, Activity
from service.engine.elements.adhoc import AdHocSubProcess
from service.engine.elements.events import RACE
from service.engine.elements.node import Node
from service.engine.elements.repetition import INDEX, STATE
from service.engine.elements.subprocess import CallActivity, SubProcess
from service.engine.errors import Unmovable
from service.engine.scope import OWNER
from service.engine.state.run import Run
from service.engine.upstream import Task, TaskState


@dataclass(eq=False)
class Token:
    """One token of the version before, or (without `was`) a sub-process opened around such tokens."""

    was: Task | None
    node: Any  #: after; None where it goes
    ground: Ground  #: on which it stands
    inside: Ground  #: on which stand the tokens that it holds
    parent: Token | None = None  #: after
    around: Token | None = None  #: before
    cancelled: bool = False  #: the plan takes it away, with all that it holds
    lifted: bool = False  #: a sub-process that is gone, whose tokens move out of it
    begins_anew: bool = False  #: its step failed, and the element is of another kind now
    held: list[Token] = field(default_factory=list)  #: before
    holds: list[Token] = field(default_factory=list)  #: after

    @property
    def stays(self) -> bool:
        return self.node is not None


def tokens(run: Run, places: Places) -> list[Token]:
    """All tokens of before in their order, each with its place. Raises Unmovable."""
    return _Reading(run, places).read()


class _Reading:
    def __init__(self, run: Run, places: Places) -> None:
        self.run, self.places = run, places
        self.found: dict[str, Token] = {}

    def read(self) -> list[Token]:
        for task in self.run.tasks.values():
            around = self.found.get(task._parent or "")
            token = self._token(task, around)
            self.found[task.id] = token
            if around is not None:
                around.held.append(token)
        for token in self.found.values():
            self._enclose(token)
        self._drop_emptied()
        return list(self.found.values())

    # Each token's place

    def _token(self, task: Task, around: Token | None) -> Token:
        whole = self.places.whole
        if around is None:
            return Token(task, self.places.after.graph.start, whole, whole)
        ground = around.inside
        token = Token(task, None, ground, ground, around=around)
        if around.cancelled or self.places.takes_away(ground, task.task_spec.name):
            token.cancelled = True
            return token
        if HOST in task.internal_data:
            token.node = self._guard(task, ground)
        elif "listener" in task.internal_data:
            token.node = self._listener(task, ground)
        else:
            self._place(token, task)
        return token

    def _guard(self, task: Task, ground: Ground) -> Node | None:
        """A boundary event goes with its activity, as long as it hangs on that."""
        host = self.found[task.internal_data[HOST]]
        node = self.places.node_of(ground, task.task_spec.name)
        kept = host.stays and not host.begins_anew and node is not None and node in host.node.attached
        return node if kept else None

    def _listener(self, task: Task, ground: Ground) -> Node | None:
        reaction = self.places.node_of(ground, task.internal_data["listener"])
        start = self.places.node_of(ground, task.task_spec.name)
        if reaction is None or start is None or not is_reaction(reaction):
            return None
        return start if start in reaction.graph.body(reaction.name).starts else None

    def _place(self, token: Token, task: Task) -> None:
        before, node = task.task_spec, self.places.node_of(token.ground, task.task_spec.name)
        if node is None and _is_scope(task):
            token.lifted = True
            return
        why = _gone(before) if node is None else self._why_not(task, node)
        if why is None:
            token.node = node
        elif RACE in task.internal_data and self._has_rival(task):
            return
        elif node is not None and self._failed_here(task):
            token.node, token.begins_anew = node, True
        else:
            raise Unmovable(token.ground.named(before.name), why)
        if key := task.internal_data.get(OWNER):
            token.inside = self._called(task, node, key)

    def _why_not(self, task: Task, node: Node) -> str | None:
        """Why a token cannot go on at that element, as a sentence; None when it can."""
        before = task.task_spec
        if task.state == TaskState.FUTURE:
            return None
        name = before.element.name or before.name
        if kind(before) != kind(node):
            return f"“{name}” is a {_spoken(before)}, and would be a {_spoken(node)}."
        if isinstance(before, Activity) and repetition(before) != repetition(node) and _under_way(before, task):
            was, now = (f"is done {_times(each)}" for each in (before, node))
            return f"“{name}” {was}, and {now} in the other version."
        return None

    def _has_rival(self, task: Task) -> bool:
        """Whether another event of the same race has a place."""
        race, scope = task.internal_data[RACE], self.run.scope_of(task)
        ground = self.found[scope.id].inside
        others = [other for other in scope.children if other is not task and other.internal_data.get(RACE) == race]
        placed = ((other, self.places.node_of(ground, other.task_spec.name)) for other in others)
        return any(node is not None and self._why_not(other, node) is None for other, node in placed)

    def _failed_here(self, task: Task) -> bool:
        failure = self.run.failure
        alone = not task.children and INDEX not in task.internal_data
        return failure is not None and failure.activity_id == task.id and alone

    def _called(self, task: Task, node: Any, key: str) -> Ground:
        before = task.task_spec
        literal = isinstance(node, CallActivity) and node.called and not node.called.startswith("=")
        wanted = node.called if literal else key
        ground = self.places.inside(key, wanted)
        if ground is None:
            raise Unmovable(before.name, f"The process “{wanted}” that “{before.name}” calls is not deployed with it.")
        return ground

    # What encloses it

    def _enclose(self, token: Token) -> None:
        if not token.stays or token.around is None:
            return
        around = token.around
        if not around.lifted and (around.was is None or not _is_body(around.was)):
            token.parent = around  # an instance of a loop, or what undoes something
        elif token.was is not None and HOST in token.was.internal_data:
            token.parent = self.found[token.was.internal_data[HOST]].parent
        else:
            token.parent = self._scope(token, around)
        if token.parent is not None:
            token.parent.holds.append(token)

    def _scope(self, token: Token, around: Token) -> Token:
        """What encloses the token after: what did before, another that is open, or one that is opened for it."""
        chain = list(_chain(_home(token)))
        anchor = around
        while anchor.lifted or not anchor.stays or _name(anchor) not in chain:
            if anchor.around is None or anchor.was is None or INDEX in anchor.was.internal_data:
                raise self._outside(token, "moves out of a part of the case that is repeated")
            anchor = anchor.around
        for name in reversed(chain[: chain.index(_name(anchor))]):
            anchor = self._opened(token, anchor, name or "")
        return anchor

    def _opened(self, token: Token, anchor: Token, name: str) -> Token:
        """The sub-process of that name in a scope; raises Unmovable where none can be opened for a token alone."""
        there = [each for each in self._open_in(anchor) if each.node.name == name]
        if len(there) > 1:
            raise self._outside(token, f"belongs into “{name}”, which is open more than once")
        if there:
            return there[0]
        node = anchor.inside.after.task_specs[name]
        if repetition(node):
            raise self._outside(token, f"belongs into “{name}”, which is repeated")
        if is_reaction(node):
            raise self._outside(token, f"belongs into “{name}”, which no event has begun")
        opened = Token(None, node, anchor.inside, anchor.inside, parent=anchor)
        anchor.holds.append(opened)
        return opened

    def _open_in(self, anchor: Token) -> Iterator[Token]:
        """The sub-processes that are open in a scope after: those of before that stay there, and those opened."""
        yield from (each for each in anchor.holds if each.was is None)
        for each in self.found.values():
            if each.stays and each.was is not None and each.around is not None and _is_scope(each.was):
                same = each.inside is anchor.inside and each.node.graph.owner(each.node.name) == _name(anchor)
                if same and (each.around is anchor or each.parent is anchor):
                    yield each

    def _outside(self, token: Token, why: str) -> Unmovable:
        node = token.node
        return Unmovable(
            token.ground.named(node.name), f"“{node.element.name or node.name}” {why} in the other version."
        )

    # What is left without tokens

    def _drop_emptied(self) -> None:
        """A sub-process whose tokens have moved out is gone; one that is gone must have had tokens that moved."""
        for token in reversed(list(self.found.values())):
            was = token.was
            if was is None or token.cancelled or not _is_scope(was) or token.around is None:
                continue
            inside = [each for each in token.held if not _silent(each)]
            moved_out = [each for each in inside if each.lifted or (each.stays and each.parent is not token)]
            if token.lifted and not moved_out and not any(each.cancelled for each in inside):
                raise Unmovable(token.ground.named(was.task_spec.name), _gone(was.task_spec))
            left = any(not _silent(each) and each.stays for each in token.holds)
            if moved_out and not left and token.stays and not isinstance(token.node, AdHocSubProcess):
                self._lift(token)

    def _lift(self, token: Token) -> None:
        token.node, token.lifted = None, True
        if token.parent is not None:
            token.parent.holds.remove(token)
        for other in self.found.values():
            guards = (
                other.was is not None and token.was is not None and other.was.internal_data.get(HOST) == token.was.id
            )
            if other.stays and (other.parent is token or guards):
                if other.parent is not None:
                    other.parent.holds.remove(other)
                other.node, other.parent = None, None


def _gone(node: Any) -> str:
    return f"“{node.element.name or node.name}” is not in the other version."


def _spoken(node: Node) -> str:
    """What kind of element it is, in words."""
    found = kind(node)
    return words.kind(node) if found == node.element.type else found


def _times(node: Node) -> str:
    how = {"": "once", "loop": "in a loop", "parallel": "many times at once", "sequential": "many times in a row"}
    return how[repetition(node)]


def _under_way(node: Activity, task: Task) -> bool:
    """Whether the activity was begun, once or as an instance."""
    return STATE in task.internal_data or not node.container(task)


def _is_scope(task: Task) -> bool:
    """Whether it is an open sub-process, rather than the container of its instances, or a call."""
    return (
        isinstance(task.task_spec, SubProcess)
        and task.state == TaskState.STARTED
        and not task.task_spec.container(task)
    )


def _is_body(task: Task) -> bool:
    """Whether the tokens in it stand in the body of a process or sub-process."""
    return task.parent is None or OWNER in task.internal_data or _is_scope(task)


def _silent(token: Token) -> bool:
    return token.was is not None and token.was.workflow.is_silent(token.was)


def _home(token: Token) -> Node:
    """The element whose surroundings are the token's: a listener's is the event sub-process that it may begin."""
    if token.was is not None and "listener" in token.was.internal_data:
        start: Node = token.node
        found: Node = start.graph.task_specs[start.graph.owner(start.name) or ""]
        return found
    node: Node = token.node
    return node


def _chain(node: Node) -> Iterator[str | None]:
    """The bodies around an element, innermost first; None: the process."""
    name = node.graph.owner(node.name)
    while name is not None:
        yield name
        name = node.graph.owner(name)
    yield None


def _name(scope: Token) -> str | None:
    """The body that a scope holds."""
    if (scope.around is None and scope.was is not None) or (scope.was is not None and OWNER in scope.was.internal_data):
        return None
    return str(scope.node.name)


__all__ = ["Token", "tokens"]
