"""THE MOVE: what is open in a case, under another version of its definition.

Pure: the workflow that is moved stays as it was, and a new one comes of it, or `Unmovable` is raised. Activities keep
their ids, since task rows, jobs and child cases refer to them. What is new around what is open begins now: boundary
events of open activities, listeners of open scopes, the further events of a race. All else that the version after has
and the one before had not begins when a token comes to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from service.engine.change import carrying
from service.engine.change.arming import arm
from service.engine.change.places import Places
from service.engine.change.plan import Plan
from service.engine.change.tokens import Token, tokens
from service.engine.elements.activity import MAPPED
from service.engine.elements.compensation import UNDO
from service.engine.elements.data import declare
from service.engine.elements.subprocess import CallActivity, begin_listeners
from service.engine.errors import Fault, Unmovable
from service.engine.expressions import ExpressionError
from service.engine.parser import Definition
from service.engine.scope import OWNER, View, plain
from service.engine.state.run import Run
from service.engine.timing import BadTime
from service.engine.upstream import Task, TaskState
from service.engine.work import Failure, Happening, OpenWork, What, WorkflowState
from service.engine.workflow import Workflow


@dataclass(frozen=True)
class Carried:
    """An activity or event that goes on. Ids of elements inside a called process are `KEY:id`."""

    activity_id: str
    before: str
    after: str


@dataclass(frozen=True)
class MovedTimer:
    """A timer that was armed before or is after; None: it was not, or is no more."""

    element_id: str
    before: datetime | None
    after: datetime | None


@dataclass(frozen=True)
class MovedSubscription:
    """What something waits for by another name than before; None: nothing."""

    element_id: str
    kind: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Moved:
    """The workflow after the move, and what the move did."""

    workflow: Workflow
    carried: tuple[Carried, ...] = ()
    taken_away: tuple[str, ...] = ()  #: elements before at which a token is no more; boundary events and listeners too
    added: tuple[str, ...] = ()  #: elements after at which something new waits
    timers: tuple[MovedTimer, ...] = ()  #: all of them
    subscriptions: tuple[MovedSubscription, ...] = ()  #: those that differ
    before: OpenWork = field(default_factory=OpenWork)
    after: OpenWork = field(default_factory=OpenWork)


def move(before: Definition, after: Definition, workflow: Workflow, plan: Plan, *, now: datetime) -> Moved:
    """`workflow` of the version `before` as one of the version `after`. Raises Unmovable; nothing is changed then."""
    if before.key != after.key:
        raise Unmovable(None, f"“{after.key}” is another process than “{before.key}”.")
    old = workflow.run
    open_before = workflow.open_work()
    places = Places(before, after, plan)
    found = tokens(old, places)
    new = _Planting(old, places, found, now).planted()
    moved = Workflow(new)
    _run_on(new, old)
    return _told(moved, found, open_before, moved.open_work())


class _Planting:
    """Makes the tasks of the new run."""

    def __init__(self, old: Run, places: Places, found: list[Token], now: datetime) -> None:
        self.old, self.places, self.found = old, places, found
        self.new = Run(places.after, now)
        self.new.stores, self.new.calendars, self.new.status = old.stores, old.calendars, old.status
        self.new.correlations = plain(old.correlations)
        self.made: dict[int, Task] = {}  #: by the token
        self.opened: list[Token] = []

    def planted(self) -> Run:
        new = self.new
        for token in self.found:
            if token.stays:
                self._make(token)
        new.task_tree = self.made[id(self.found[0])]
        new.failure = self._failure()
        self._give_up()
        self._hand_on()
        new.resume_after_load()
        try:
            self._set_values()
            self._begin()
        except (Fault, ExpressionError, BadTime) as problem:
            raise Unmovable(None, str(problem)) from None
        return new

    def _make(self, token: Token) -> Task:
        """The task of a token, made after the one of what encloses it."""
        if id(token) in self.made:
            return self.made[id(token)]
        parent = None if token.parent is None else self._make(token.parent)
        was = token.was
        if was is None:
            task = Task(self.new, token.node, parent, TaskState.STARTED, str(uuid4()))
            self.opened.append(token)
        elif token.begins_anew:
            task = Task(self.new, token.node, parent, TaskState.FUTURE, was.id)
        else:
            task = Task(self.new, token.node, parent, was.state, was.id)
            self._remember(token, was, task)
        self.made[id(token)] = task
        return task

    def _remember(self, token: Token, was: Task, task: Task) -> None:
        memory = carrying.Memory(self.places, token.ground, token.inside, was.task_spec, token.node)
        task.internal_data = memory.internal(was.internal_data)
        owner = was.parent is None or OWNER in was.internal_data
        task.data = dict(was.data) if owner else plain(was.data)  # values are never changed in place
        carrying.rename(was.task_spec, token.node, task.data, task.internal_data)
        carrying.redeclare(was.task_spec, token.node, task.data, task.internal_data)

    def _failure(self) -> Failure | None:
        failure = self.old.failure
        if failure is None:
            return None
        token = next((each for each in self.found if each.was is not None and each.was.id == failure.activity_id), None)
        if token is None or not token.stays:
            return failure
        element = token.node.element
        return Failure(element.id, element.name or None, failure.message, failure.error_code, failure.activity_id)

    def _give_up(self) -> None:
        """Tell what the plan takes away, and let what encloses it look whether it has ended."""
        for token in self.found:
            was = token.was
            if was is None or token.stays or token.lifted:
                continue
            if token.cancelled and "entered" in was.internal_data and not self.old.is_silent(was):
                element, process = was.task_spec.element, self.old.process_of(was.parent)
                said = Happening(What.CANCELLED, element.id, was.id, element.name, {}, process)
                self.new.happenings.append(said)
            around = token.around
            while around is not None and around.lifted:
                around = around.around
            if around is not None and around.stays and not self.old.is_silent(was):
                self._look(self.made[id(around)])

    def _look(self, task: Task) -> None:
        if task.state == TaskState.STARTED and task.task_spec.must_look(self.new, task):
            self.new.queue(task)

    def _hand_on(self) -> None:
        """What a sub-process that is gone knew of undoing and of its data objects belongs to what enclosed it."""
        for token in self.found:
            was, around = token.was, token.around
            if was is None or not token.lifted:
                continue
            while around is not None and not around.stays:
                around = around.around
            if around is None:
                continue
            heir = self.made[id(around)]
            if entries := carrying.undo(self.places, token.inside, was.internal_data.get(UNDO, ())):
                heir.internal_data.setdefault(UNDO, []).extend(entries)
            names = was.task_spec.graph.body(was.task_spec.name).data_objects
            self.new.write(heir, {name: was.data[name] for name in names if name in was.data})

    def _set_values(self) -> None:
        root = self.new.task_tree
        found: dict[str, Any] = {}
        for name, expression in self.places.plan.values.items():
            try:
                found[name] = self.new.evaluate(expression, root)
            except ExpressionError as problem:
                raise Unmovable(None, f"The plan's value of “{name}” cannot be worked out: {problem}") from None
        self.new.write(root, found)

    def _begin(self) -> None:
        """Enter the sub-processes that were opened, give inputs that are new, and arm what is new."""
        for token in self.opened:
            self._enter(token, self.made[id(token)])
        for token in self.found:
            if token.was is not None and token.stays and MAPPED in token.was.internal_data:
                task = self.made[id(token)]
                added = carrying.new_inputs(token.was.task_spec, token.node)
                if added and not isinstance(token.node, CallActivity):
                    declare(task, self.new.mapped(added, task))
        arm(self.new, self.places, [(token, self.made[id(token)]) for token in self.found if token.stays])

    def _enter(self, token: Token, task: Task) -> None:
        """A sub-process that tokens moved into has begun; it takes over what is said in it of undoing and data."""
        node, outer = token.node, task.parent
        known = dict(View(task))
        node.note_entry(self.new, task)
        node.enter(self.new, task)
        body = node.graph.body(node.name)
        declare(task, {name: known[name] for name in body.data_objects if name in known})
        begin_listeners(self.new, task, body)
        inside = {each.name for each in body.nodes}
        if outer is not None and (entries := outer.internal_data.get(UNDO)):
            moved = [entry for entry in entries if entry["of"] in inside]
            if moved:
                task.internal_data[UNDO] = moved
                outer.internal_data[UNDO] = [entry for entry in entries if entry["of"] not in inside]


def _run_on(new: Run, old: Run) -> None:
    """Let what was armed begin to wait. Raises Unmovable when a step of that fails."""
    new.go()
    if new.status is WorkflowState.FAILED and old.status is not WorkflowState.FAILED:
        failure = new.failure
        element = failure.element_id if failure else None
        raise Unmovable(element, failure.message if failure else "It cannot go on there.")


def _told(workflow: Workflow, found: list[Token], before: OpenWork, after: OpenWork) -> Moved:
    carried, gone = [], []
    for token in found[1:]:
        name = token.ground.named(token.was.task_spec.name) if token.was is not None else ""
        if token.was is not None and token.stays:
            carried.append(Carried(token.was.id, name, token.ground.named(token.node.name)))
        elif token.was is not None:
            gone.append(name)
    known = {token.was.id for token in found if token.was is not None}
    added = [_named(workflow.run, task) for task in workflow.run.tasks.values() if task.id not in known]
    return Moved(
        workflow,
        tuple(carried),
        tuple(gone),
        tuple(added),
        _timers(before, after),
        _subscriptions(before, after),
        before,
        after,
    )


def _named(run: Run, task: Task) -> str:
    process = run.process_of(task.parent)
    return f"{process}:{task.task_spec.name}" if process else task.task_spec.name


def _timers(before: OpenWork, after: OpenWork) -> tuple[MovedTimer, ...]:
    old, new = ({timer.timer_id: timer for timer in work.timers} for work in (before, after))
    found = [
        MovedTimer(timer.element_id, old[name].due_at if name in old else None, timer.due_at)
        for name, timer in new.items()
    ]
    return (
        *found,
        *(MovedTimer(timer.element_id, timer.due_at, None) for name, timer in old.items() if name not in new),
    )


def _subscriptions(before: OpenWork, after: OpenWork) -> tuple[MovedSubscription, ...]:
    old, new = ({(each.activity_id, each.kind): each for each in work.subscriptions} for work in (before, after))
    found = []
    for name in dict.fromkeys([*old, *new]):
        was = old[name].event_name if name in old else None
        now = new[name].event_name if name in new else None
        if was != now:
            found.append(MovedSubscription((new.get(name) or old[name]).element_id, name[1], was, now))
    return tuple(found)


__all__ = ["Carried", "Moved", "MovedSubscription", "MovedTimer", "move"]
