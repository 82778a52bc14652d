"""Versions of a process in few words, cases that come to a place in one, and the ways in which they may go on.

Flows are written without ids, as `source target`, so that they are named by their ends; `[id]` before a target names
one, as a modeller keeps it when a step is put into a flow.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from service.engine.parser import Definition
from service.engine.work import Happening, What
from service.engine.workflow import Workflow
from tests.engine.diagrams import NOW, node, package
from tests.engine.with_events import ROOTS

_TAGS = {
    "xor": "exclusiveGateway",
    "and_": "parallelGateway",
    "or_": "inclusiveGateway",
    "complex_": "complexGateway",
    "race": "eventBasedGateway",
    "user": "userTask",
    "task": "task",
    "service": "serviceTask",
    "end": "endEvent",
    "throw": "intermediateThrowEvent",
}


def body(*paths: str, more: str = "", **kinds: str) -> str:
    """Elements and flows. What stands in a path and is no start or end (`s…`, `e…`) is a user task unless a kind is
    said: `xor="g h"`; `more` is XML besides."""
    said = {name: tag for tag, names in kinds.items() for name in names.split()}
    drawn = set(said) | {part.split('"')[0] for part in more.split(' id="')[1:]}
    drawn |= {part.split("'")[0] for part in more.split(" id='")[1:]}
    found: dict[str, str] = {}
    for path in paths:
        for name in path.partition(": ")[0].split():
            if name.startswith("[") or name in drawn or name in found:
                continue
            kind = "startEvent" if name.startswith("s") else "endEvent" if name.startswith("e") else "userTask"
            found[name] = node(kind, name)
    elements = "".join(found.values()) + "".join(node(_TAGS[tag], name) for name, tag in said.items())
    return elements + more + _flows(paths)


def _flows(paths: Iterable[str]) -> str:
    made = []
    for path in paths:
        names, _, condition = path.partition(": ")
        inner = f"<conditionExpression><![CDATA[{condition}]]></conditionExpression>" if condition else ""
        source, identity = "", ""  # the condition is of the first flow
        for name in names.split():
            if name.startswith("["):
                identity = f' id="{name[1:-1]}"'
                continue
            if source:
                made.append(f'<sequenceFlow{identity} sourceRef="{source}" targetRef="{name}">{inner}</sequenceFlow>')
                inner = ""
            source, identity = name, ""
    return "".join(made)


def scope(name: str, *paths: str, tag: str = "subProcess", inner: str = "", more: str = "", **kinds: str) -> str:
    """A sub-process, whose start and end events are `s<name>` and `e<name>` where paths have them; `inner` is XML that
    comes first in it."""
    return node(tag, name, inner + body(*paths, more=more, **kinds))


def version(*paths: str, called: str = "", more: str = "", key: str = "p", **kinds: str) -> Definition:
    """One process, and perhaps others that it calls."""
    drawn = process(*paths, more=more, key=key, **kinds)
    return package(drawn, *([called] if called else []), roots=ROOTS).definitions[key]


def process(*paths: str, more: str = "", key: str = "p", **kinds: str) -> str:
    """The XML of one process."""
    return f'<process id="{key}" isExecutable="true">{body(*paths, more=more, **kinds)}</process>'


@dataclass
class Walk:
    """A case and what it has been at."""

    definition: Definition
    workflow: Workflow
    visits: Counter[str] = field(default_factory=Counter)

    @classmethod
    def begin(cls, definition: Definition, variables: Mapping[str, Any]) -> Walk:
        walk = cls(definition, Workflow.start(definition, dict(variables), now=NOW))
        walk.note()
        return walk

    def note(self) -> list[Happening]:
        """Count what happened, as `execution/projection.py` does."""
        happened = self.workflow.take_happenings()
        self.visits.update(each.element_id for each in happened if each.what in (What.COMPLETED, What.FLOWED))
        return happened

    def do(self, step: str) -> None:
        """`A` or `A x=1` completes a task; `+2h` lets time pass; `!m` delivers a message and `~sig` a signal; `H/A`
        activates in ad hoc work; `A!E1` throws an error from a service task."""
        name, *data = step.split()
        work = self.workflow.open_work()
        if name.startswith("+"):
            self.pass_time(int(name[1:-1]))
        elif name.startswith("!"):
            assert self.workflow.deliver(name[1:], _read(data))
        elif name.startswith("~"):
            assert self.workflow.broadcast(name[1:], _read(data))
        elif "/" in name:
            holder, _, element = name.partition("/")
            self.workflow.activate(next(each.activity_id for each in work.adhoc if each.element_id == holder), element)
        else:
            open_ = (*work.tasks, *work.services, *work.children, *work.subscriptions)
            element, _, code = name.partition("!")
            activity = next(each.activity_id for each in open_ if each.element_id == element)
            if code:
                self.workflow.throw_error(activity, code)
            else:
                self.workflow.complete(activity, _read(data))
        self.note()

    def pass_time(self, hours: int) -> None:
        """Fire what is due meanwhile, earliest first."""
        self.workflow.now += timedelta(hours=hours)
        while due := sorted(
            (timer.due_at, timer.timer_id)
            for timer in self.workflow.open_work().timers
            if timer.due_at and timer.due_at <= self.workflow.now
        ):
            assert self.workflow.fire(due[0][1])
            self.note()


def _read(data: list[str]) -> dict[str, Any]:
    return {name: eval(value) for name, _, value in (each.partition("=") for each in data)}


def run_out(workflow: Workflow, seed: int, answers: Mapping[str, list[Any]], most: int = 250) -> str:
    """Go on in a random order until nothing is left to do: the state, and what it then waits for.

    `answers`: what people may answer, by variable; after a while they give the last of each, so that loops end.
    """
    chance = random.Random(seed)
    if workflow.state == "failed":
        workflow.retry()
    for step in range(most):
        if workflow.state != "active":
            break
        work = workflow.open_work()
        data = {name: values[-1] if step > most / 3 else chance.choice(values) for name, values in answers.items()}
        options: list[Callable[[], Any]] = []
        for task in (*work.tasks, *work.services, *work.children):
            options += [partial(workflow.complete, task.activity_id, data)] * 3
        for wait in work.subscriptions:
            options.append(
                partial(workflow.deliver if wait.kind == "message" else workflow.broadcast, wait.event_name, data)
            )
        options += [partial(_fire, workflow, timer) for timer in work.timers]
        for adhoc in work.adhoc:
            options += [
                partial(workflow.activate, adhoc.activity_id, each.element_id)
                for each in adhoc.enabled
                if each.may_start and (not each.done or not step % 4)
            ]
            if adhoc.may_finish:
                options.append(partial(workflow.finish_adhoc, adhoc.activity_id))
        if not options:
            break
        chance.choice(options)()
    marked = ",".join(sorted(set(workflow.open_work().marked)))
    why = workflow.failure.message if workflow.failure else ""
    return f"{workflow.state}" + (f" at {marked} {why}".rstrip() if workflow.state != "completed" else "")


def _fire(workflow: Workflow, timer: Any) -> None:
    workflow.now = max(workflow.now, timer.due_at)
    workflow.fire(timer.timer_id)
