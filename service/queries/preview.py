"""One case under another version, before it moves: what would appear, go and change, and when timers would be due.

The engine's own move is tried on the case as it stands; nothing of it is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from service.engine.change.marking import marking
from service.engine.change.move import Moved, MovedSubscription, MovedTimer, move
from service.engine.change.plan import Judgement, Plan
from service.engine.errors import EngineError, Unmovable
from service.engine.work import OpenTask
from service.engine.workflow import Workflow
from service.errors import BadRequest, WrongState
from service.execution import judging, stores
from service.execution.judging import Version, version_of
from service.execution.running import load
from service.languages import _
from service.models import Actor, Case
from service.policy.permissions import Action, may, require


class Becomes(StrEnum):
    """What a task becomes with the move."""

    APPEARS = "appears"
    GOES = "goes"
    CHANGES = "changes"
    STAYS = "stays"


#: What is said of a task, by the attribute of `OpenTask`.
ASPECTS = {
    "name": "name",
    "form_key": "form",
    "stage": "stage",
    "candidate_users": "candidates",
    "candidate_groups": "candidates",
    "candidate_roles": "candidates",
    "not_done_by": "four-eyes rule",
}


@dataclass(frozen=True)
class TaskChange:
    """An open task before and after the move; None where there is none."""

    becomes: Becomes
    before: str | None  #: element id
    after: str | None
    name_before: str | None
    name_after: str | None
    other: tuple[str, ...] = ()  #: what is otherwise: name, form, stage, candidates, four-eyes rule


@dataclass(frozen=True)
class Preview:
    """One case before and after a move that has not been made."""

    case: Case
    source: Version
    target: Version
    judgement: Judgement  #: its `plan` has what is proposed beside
    plan: Plan  #: the one that was tried: the one given, or else what is proposed
    refused: str | None  #: why it cannot move at all; then nothing but `marked_before` is told
    tasks: tuple[TaskChange, ...]
    timers: tuple[MovedTimer, ...]  #: those that are due at another time, are new, or are no more
    waits: tuple[MovedSubscription, ...]  #: messages and signals otherwise; for who may read the case
    marked_before: Mapping[str, int]  #: element id -> tokens, as the live diagram has them
    marked_after: Mapping[str, int]


def of(case: Case, target: Version, plan: Plan | None = None, *, by: Actor) -> Preview:
    """What would become of `case` under `target`; without a plan under what is proposed.

    Who operates may move a case that they may not read, and is told where it stands; nothing of what it holds.

    Raises `Forbidden` for who may not move it, and `WrongState` for a case that is closed or of this version.
    """
    require(by, Action.MIGRATE, case)
    if case.state.is_closed:
        raise WrongState(_("This case is %(state)s.", state=_(case.state)))
    if case.case_type != target.key:
        raise BadRequest(_("A case moves between two versions of one process."), field="to")
    if case.definition_id == target.id:
        raise WrongState(_("The case is of this version already."))
    source, workflow = version_of(case.definition_id), _loaded(case)
    judgement = judging.judged(
        source, target, marking(workflow), case.visits or {}, plan or Plan(), frozenset(case.inline)
    )
    tried = judgement.plan if plan is None else plan
    marked = Counter(workflow.open_work().marked)
    try:
        moved = move(source.definition, target.definition, workflow, tried, now=workflow.now)
    except Unmovable as refusal:
        return Preview(case, source, target, judgement, tried, str(refusal), (), (), (), marked, {})
    changed = tuple(timer for timer in moved.timers if timer.before != timer.after)
    tasks, waits, after = tuple(_tasks(moved)), moved.subscriptions, Counter(moved.after.marked)
    if not may(by, Action.READ_CASE, case):  # an expression may have put into a name what the case holds
        tasks, waits = tuple(_as_drawn(each, source, target) for each in tasks), ()
    return Preview(case, source, target, judgement, tried, None, tasks, changed, waits, marked, after)


def _loaded(case: Case) -> Workflow:
    try:
        workflow = load(case, now=case.suspended_at)
    except EngineError as unfit:
        raise WrongState(_("The case cannot be read: %(unfit)s", unfit=unfit)) from None
    workflow.stores = stores.Stores()
    return workflow


def _as_drawn(task: TaskChange, source: Version, target: Version) -> TaskChange:
    """The same with the names that the diagrams have."""
    old, new = source.definition.elements.get(task.before or ""), target.definition.elements.get(task.after or "")
    before = None if task.before is None else (old and old.name) or task.before
    after = None if task.after is None else (new and new.name) or task.after
    return replace(task, name_before=before, name_after=after)


def _tasks(moved: Moved) -> Iterator[TaskChange]:
    old, new = ({task.activity_id: task for task in work.tasks} for work in (moved.before, moved.after))
    for activity in dict.fromkeys([*old, *new]):
        yield _task(old.get(activity), new.get(activity))


def _task(old: OpenTask | None, new: OpenTask | None) -> TaskChange:
    other: tuple[str, ...] = ()
    becomes = Becomes.APPEARS if old is None else Becomes.GOES
    if old is not None and new is not None:
        differing = (said for name, said in ASPECTS.items() if getattr(old, name) != getattr(new, name))
        other = tuple(dict.fromkeys(differing))
        becomes = Becomes.CHANGES if other or old.element_id != new.element_id else Becomes.STAYS
    return TaskChange(
        becomes,
        old.element_id if old else None,
        new.element_id if new else None,
        (old.name or old.element_id) if old else None,
        (new.name or new.element_id) if new else None,
        other,
    )
