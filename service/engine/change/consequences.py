"""What a modification would mean for a case, before it is made: the five questions, asked of where it would stand.

What was so before it is no matter of the modification: only what it brings is said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from service.engine.change import data, words
from service.engine.change.ahead import ahead
from service.engine.change.data import Contents, Missing
from service.engine.change.ending import Trouble, troubles
from service.engine.change.marking import marking
from service.engine.change.modify import Modified
from service.engine.change.plan import Plan, Reason, Verdict
from service.engine.change.standing import Standing
from service.engine.elements.activity import Activity
from service.engine.elements.node import Node
from service.engine.work import OpenActivity, OpenWork, What, WorkflowState
from service.engine.workflow import Workflow

NO_CONTENTS = Contents()


@dataclass(frozen=True)
class Effect:
    """One thing that would be otherwise. `what` as it is said: opens, ends, is skipped, waits, and so on."""

    what: str  #: opens, ends, is skipped, waits, waits no longer, moves, is sent, is done
    kind: str  #: task, timer, message, signal, service, child, ad hoc, case
    element_id: str
    name: str  #: of the element, or of the message or signal
    at: datetime | None = None  #: of a timer that will run
    activity_id: str | None = None


def effects(done: Modified) -> tuple[Effect, ...]:
    """What would open, end, wait, run and be sent."""
    found = [*_work(done), *_timers(done.before, done.after), *_waits(done.before, done.after)]
    for each in done.happened:
        if each.what in (What.MESSAGE_SENT, What.SIGNAL_SENT):
            kind = "message" if each.what is What.MESSAGE_SENT else "signal"
            found.append(Effect("is sent", kind, each.element_id, str(each.details.get("name") or each.name)))
        elif each.what is What.COMPLETED and _says_something(done.workflow, each.element_id):
            found.append(Effect("is done", "step", each.element_id, each.name or each.element_id))
    if done.workflow.state in (WorkflowState.COMPLETED, WorkflowState.TERMINATED):
        found.append(Effect("ends", "case", "", ""))
    return tuple(found)


def _says_something(workflow: Workflow, element_id: str) -> bool:
    node = workflow.definition.graph.task_specs.get(element_id)
    return isinstance(node, Node) and "Gateway" not in node.element.type


def _work(done: Modified) -> Iterator[Effect]:
    before, after = done.before, done.after
    pairs = (
        ("task", before.tasks, after.tasks),
        ("service", before.services, after.services),
        ("child", before.children, after.children),
        ("ad hoc", before.adhoc, after.adhoc),
    )
    for kind, old, new in pairs:
        known, wanted = {each.activity_id for each in old}, {each.activity_id for each in new}
        for each in old:
            if each.activity_id not in wanted:
                yield _effect("is skipped" if each.activity_id in done.skipped else "ends", kind, each)
        yield from (_effect("opens", kind, each) for each in new if each.activity_id not in known)


def _effect(what: str, kind: str, each: OpenActivity) -> Effect:
    return Effect(what, kind, each.element_id, each.name or each.element_id, activity_id=each.activity_id)


def _timers(before: OpenWork, after: OpenWork) -> Iterator[Effect]:
    old, new = ({timer.timer_id: timer for timer in work.timers} for work in (before, after))
    for name, timer in old.items():
        if name not in new:
            yield _effect("waits no longer", "timer", timer)
    for name, timer in new.items():
        if name not in old or old[name].due_at != timer.due_at:
            what = "moves" if name in old else "waits"
            shown = timer.name or timer.element_id
            yield Effect(what, "timer", timer.element_id, shown, timer.due_at, timer.activity_id)


def _waits(before: OpenWork, after: OpenWork) -> Iterator[Effect]:
    old, new = (
        {(each.activity_id, each.kind, each.event_name): each for each in work.subscriptions}
        for work in (before, after)
    )
    for what, known, other in (("waits no longer", old, new), ("waits", new, old)):
        for name, each in known.items():
            if name not in other:
                yield Effect(what, each.kind, each.element_id, each.event_name, activity_id=each.activity_id)


def consequences(
    former: Workflow,
    done: Modified,
    visits: Mapping[str, int],
    *,
    known: Collection[str] = (),
    contents: Contents = NO_CONTENTS,
) -> tuple[Reason, ...]:
    """What speaks against it, and what its history does not say: reasons with their verdicts, the gravest first.

    `visits`: `Case.visits`; `known`: variables that are set outside of the diagram.
    """
    workflow = done.workflow
    if workflow.state in (WorkflowState.COMPLETED, WorkflowState.TERMINATED):
        return tuple(_left_out(done, visits))
    definition = workflow.definition
    was, now = (Standing(definition, definition, marking(each), Plan()) for each in (former, workflow))
    found = [*_left_out(done, visits)]
    before = set(map(_trouble, troubles(was.scope, ahead(was.scope))))
    found += [each for each in map(_trouble, troubles(now.scope, ahead(now.scope))) if each not in before]
    lacked = {each.name for each in _missing(was, {*known, *former.variables}, contents)}
    lacking = _missing(now, {*known, *workflow.variables}, contents)
    found += [_lacks(each) for each in lacking if each.name not in lacked]
    if workflow.state is WorkflowState.FAILED and workflow.failure is not None:
        shown = workflow.failure.element_name or workflow.failure.element_id
        message = f"The case is still stuck at “{shown}”: {workflow.failure.message}"
        found.append(Reason(3, Verdict.SAFE, message, "Skip that step, or try it again.", workflow.failure.element_id))
    return tuple(sorted(dict.fromkeys(found), key=lambda reason: (-reason.verdict.rank, reason.question)))


def verdict(reasons: Collection[Reason]) -> Verdict:
    """The worst of them."""
    return max((reason.verdict for reason in reasons), key=lambda each: each.rank, default=Verdict.SAFE)


def _missing(standing: Standing, known: Collection[str], contents: Contents) -> list[Missing]:
    return data.missing(standing.scope, ahead(standing.scope), known, contents)


def _trouble(trouble: Trouble) -> Reason:
    shown, verdict_ = words.said(trouble.node), Verdict.STAY if trouble.always else Verdict.PERSON
    element = trouble.node.name
    if trouble.kind == "waits":
        ways = words.listed([words.said(node) for node in trouble.missing], "or")
        would = "would" if trouble.always else "could"
        message = f"At {shown} the case {would} wait for ever: nothing comes any more from {ways or 'elsewhere'}."
        return Reason(3, verdict_, message, "Put a token on the branch that is missing, or on what follows.", element)
    if trouble.kind == "uncaught":
        message = f"What {shown} throws would be caught by nothing: the case would fail there."
        return Reason(3, Verdict.PERSON, message, "Put the token where something catches it.", element)
    if trouble.kind == "undecided":
        message = f"Around {shown} so many ways are possible that nobody has looked at all of them."
        return Reason(3, Verdict.PERSON, message, "Look yourself whether the case can come to its end.", element)
    return Reason(3, verdict_, f"From {shown} no way leads to an end.", "Put the token elsewhere.", element)


def _lacks(lacking: Missing) -> Reason:
    message = f"The {lacking.what} of {words.said(lacking.node)} reads “{lacking.name}”, which the case may not have."
    return Reason(4, Verdict.PERSON, message, f"Set {lacking.name} as well.", lacking.node.name)


# 2: what the case has not done on its way there


def _left_out(done: Modified, visits: Mapping[str, int]) -> Iterator[Reason]:
    """Activities before a token that was put, which the case has never done and now goes past."""
    definition = done.workflow.definition
    been = {name for name, number in visits.items() if number} | set(done.before.marked)
    been |= {each.element_id for each in done.happened if each.what is What.COMPLETED}
    for node in dict.fromkeys(done.put):
        if node.graph is not definition.graph:
            continue
        missed = [each for each in _before(node) if each.name not in been]
        if missed:
            shown = words.listed([words.said(each) for each in missed])
            lie, was = ("lie", "were") if len(missed) > 1 else ("lies", "was")
            message = f"{shown} {lie} before {words.said(node)} and {was} not done in this case."
            yield Reason(2, Verdict.SAFE, message, element_id=node.name)


def _before(node: Node) -> list[Node]:
    """The activities that lie on every way to an element, in its own body."""
    body = node.graph.body(node.graph.owner(node.name))
    starts = body.starts or body.entries
    candidates = [each for each in body.nodes if isinstance(each, Activity) and each.drawn and each is not node]
    if not _reaches(starts, node, None):
        return []
    return [each for each in candidates if not _reaches(starts, node, each)]


def _reaches(starts: list[Node], goal: Node, avoided: Node | None) -> bool:
    ahead, seen = [start for start in starts if start is not avoided], set(starts)
    while ahead:
        current = ahead.pop()
        if current is goal:
            return True
        for flow in current.onward():
            if flow.target not in seen and flow.target is not avoided:
                seen.add(flow.target)
                ahead.append(flow.target)
    return False
