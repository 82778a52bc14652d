"""MODIFICATION: where a case stands, changed by hand. Steps are taken on a copy; then it runs on until it waits.

Pure: the workflow that is given stays as it was, and a new one comes of it, or `Unmovable` is raised. What a step
concerns is what is open before the first of them; nothing runs between two steps. A sub-process or called process of
which the last token was taken away is gone with it, rather than completed; ad hoc work stays open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from service.engine.change.events import deliver, happen, set_time
from service.engine.change.putting import Putting
from service.engine.change.skipping import skip
from service.engine.change.steps import Kind, Step
from service.engine.elements.activity import Activity
from service.engine.elements.adhoc import AdHocSubProcess
from service.engine.elements.compensation import UNDOING
from service.engine.elements.node import Node
from service.engine.elements.repetition import INDEX
from service.engine.errors import Fault, Unmovable
from service.engine.expressions import ExpressionError
from service.engine.scope import plain
from service.engine.state import going_back
from service.engine.state.run import Run
from service.engine.timing import BadTime
from service.engine.upstream import Task, TaskState
from service.engine.work import Happening, OpenWork, WorkflowState
from service.engine.workflow import Workflow

STEPS_AT_ONCE = 50  #: more than anybody would look through before they are applied


@dataclass(frozen=True)
class Modified:
    """The workflow afterwards, and what came of the steps."""

    workflow: Workflow
    before: OpenWork
    after: OpenWork
    put: tuple[Node, ...]  #: the elements on which tokens were put
    skipped: frozenset[str]  #: ids of activities that ended though nobody did them
    happened: tuple[Happening, ...]  #: which the workflow still tells, too


def modify(workflow: Workflow, steps: Sequence[Step]) -> Modified:
    """`workflow` after all `steps`. Raises Unmovable, which says what cannot be; nothing is changed then."""
    if workflow.state in (WorkflowState.COMPLETED, WorkflowState.TERMINATED):
        raise Unmovable(None, "The case has come to its end; nothing in its diagram can be changed any more.")
    if not steps:
        raise Unmovable(None, "Say at least one step.")
    if len(steps) > STEPS_AT_ONCE:
        raise Unmovable(None, f"{len(steps)} steps are more than the {STEPS_AT_ONCE} that are taken at once.")
    copy = Workflow.load(workflow.definition, workflow.dump(), workflow.variables, now=workflow.now)
    copy.stores, copy.calendars = workflow.stores, workflow.calendars
    changing = _Changing(copy.run)
    try:
        for step in steps:
            changing.take(step)
        changing.clear_up()
    except (Fault, ExpressionError, BadTime) as problem:
        raise Unmovable(None, str(problem)) from None
    _run_on(copy.run, changing)
    happened = tuple(copy.run.happenings)
    put = tuple(changing.putting.put_on)
    return Modified(copy, workflow.open_work(), copy.open_work(), put, frozenset(changing.skipped), happened)


_OF_TOKENS = (Kind.MOVE, Kind.TAKE, Kind.SKIP, Kind.FIRE, Kind.TIME)


def pinned(workflow: Workflow, steps: Sequence[Step]) -> list[Step]:
    """The same steps, about the very tokens that they are about now: later others may stand there. Raises Unmovable."""
    changing, found = _Changing(workflow.run), []
    for step in steps:
        if step.activity is not None or step.do not in _OF_TOKENS:
            found.append(step)
            continue
        tokens = changing.tokens(step, silent=step.do in (Kind.FIRE, Kind.TIME))
        found += [replace(step, activity=task.id) for task in tokens]
    return found


class _Changing:
    """Takes steps on a run that nobody else has."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.putting = Putting(run)
        self.there = list(run.tasks.values())  #: what is open as the first step begins
        self.left: list[Task] = []  #: scopes from which tokens were taken
        self.skipped: set[str] = set()

    def take(self, step: Step) -> None:
        """Take one step. Raises Unmovable."""
        steps: Mapping[Kind, Callable[[Step], None]] = {
            Kind.PUT: lambda step: self.putting.put(_named(step.element, "element"), step.activity),
            Kind.MOVE: self._move,
            Kind.TAKE: lambda step: self._take_away(self.tokens(step)),
            Kind.AGAIN: self._again,
            Kind.SKIP: self._skip,
            Kind.SET: self._set,
            Kind.FIRE: lambda step: self._each(step, lambda task: happen(self.run, task, plain(step.values))),
            Kind.TIME: lambda step: self._each(step, lambda task: set_time(self.run, task, step.at)),
            Kind.DELIVER: self._deliver,
        }
        steps[step.do](step)

    # Which tokens a step is about

    def tokens(self, step: Step, *, silent: bool = False) -> list[Task]:
        """What stands at the step's element, or the one that it names. Raises Unmovable where there is none.

        Instances of a repeated activity are held by one token; `silent`: armed boundary events and the like, too.
        """
        if step.activity is not None:
            return [self._one(step.activity, step.element)]
        node = self.putting.node(_named(step.element, "element"))
        found = [task for task in self._still() if task.task_spec is node and INDEX not in task.internal_data]
        found = [task for task in found if silent or not self.run.is_silent(task)]
        if not found:
            raise Unmovable(step.element, f"At {self.putting.said(node)} nothing is open.")
        return found

    def _one(self, activity_id: str, element: str | None) -> Task:
        task = self.run.tasks.get(activity_id)
        if task is None or task.parent is None or task not in self.there:
            where = f"What stood at “{element}”" if element else f"The activity {activity_id}"
            raise Unmovable(element, f"{where} is not open, or no longer.")
        if element is not None and self.putting.node(element) is not task.task_spec:
            raise Unmovable(
                element, f"The activity {activity_id} stands at “{task.task_spec.name}”, not at “{element}”."
            )
        return task

    def _still(self) -> list[Task]:
        return [task for task in self.there if task.id in self.run.tasks]

    def _each(self, step: Step, act: Callable[[Task], None]) -> None:
        for task in self.tokens(step, silent=True):
            if task.id in self.run.tasks:
                act(task)

    # The steps

    def _move(self, step: Step) -> None:
        target = _named(step.to, "to")
        self.putting.node(target)
        tokens = self.tokens(step)
        self._take_away(tokens)
        for _ in tokens:
            self.putting.put(target)

    def _take_away(self, tokens: Sequence[Task]) -> None:
        for task in tokens:
            if task.id in self.run.tasks and (left := self._drop(task)) is not None:
                self.left.append(left)

    def _drop(self, task: Task) -> Task | None:
        """Cancel a token; the scope that it leaves, which may be without tokens now. A round of a loop takes the loop
        along; the others of a multi-instance go on without the one that is given up."""
        around = self.run.scope_of(task)
        repeated = INDEX in task.internal_data
        if repeated and around.task_spec.repetition.kind != "loop":
            around.task_spec.repetition.give_up(self.run, task)
            return None
        token = around if repeated else task
        left = self.run.scope_of(token)
        self.run.cancel(token)
        return left

    def _again(self, step: Step) -> None:
        if step.activity is not None and INDEX in (task := self.tokens(step)[0]).internal_data:
            task.task_spec.repetition.anew(self.run, task)
            return
        element = step.element or self.tokens(step)[0].task_spec.name
        node = self.putting.node(element)
        for token in going_back.tokens_ahead(self.run, self.putting.scope_for(element, node), node):
            self.left.append(self.run.scope_of(token))
            self.run.cancel(token)
        self.putting.put(element)

    def _skip(self, step: Step) -> None:
        for task in self.tokens(step):
            if task.id in self.run.tasks:  # else a gateway was opened that took this token along
                skip(self.run, task, plain(step.values))
                self.skipped.add(task.id)

    def _set(self, step: Step) -> None:
        if not step.values:
            raise Unmovable(None, "Say which variables are set, and to what.")
        task = self._one(step.activity, step.element) if step.activity else self.run.task_tree
        self.run.write(task, plain(step.values))

    def _deliver(self, step: Step) -> None:
        named = step.element or step.activity
        tokens = self.tokens(step, silent=True) if named else []
        deliver(self.run, tokens, step.name, plain(step.values))

    # Afterwards

    def clear_up(self) -> None:
        """End the scopes that were left without tokens. Raises Unmovable where nothing would be open."""
        for each in self.left:
            scope: Task | None = each
            while scope is not None and scope.parent is not None and self._is_emptied(scope):
                scope = self._drop(scope)
        if not self.run.has_tokens(self.run.task_tree):
            raise Unmovable(None, "Nothing would be open any more: cancel the case, or put a token elsewhere as well.")

    def _is_emptied(self, scope: Task) -> bool:
        node = scope.task_spec
        stays = isinstance(node, AdHocSubProcess) or UNDOING in scope.internal_data
        container = isinstance(node, Activity) and node.container(scope)
        there = scope.id in self.run.tasks and scope.state == TaskState.STARTED
        return there and not stays and not container and not self.run.has_tokens(scope)


def _run_on(run: Run, changing: _Changing) -> None:
    """Let the case go on; one that has failed only where what failed is no more, or waited for others.

    Raises Unmovable when a step of that fails.
    """
    before = run.failure
    if run.status is WorkflowState.FAILED:
        failed = run.tasks.get((before and before.activity_id) or "")
        waits = failed is not None and failed.state == TaskState.WAITING
        if failed is not None and not waits and failed.id not in changing.skipped:
            return
        run.status, run.failure = WorkflowState.ACTIVE, None
    run.go()
    if run.status is WorkflowState.FAILED and run.failure is not None and run.failure != before:
        element = run.failure.element_name or run.failure.element_id
        where = f"At “{element}” it could not go on: " if element else ""
        raise Unmovable(run.failure.element_id, f"{where}{run.failure.message}")


def _named(said: str | None, field: str) -> str:
    if not said:
        raise Unmovable(None, f"The step does not say at which element: give its “{field}”.")
    return said


__all__ = ["STEPS_AT_ONCE", "Modified", "modify", "pinned"]
