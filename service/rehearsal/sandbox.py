"""THE SANDBOX: cases in memory, run by the engine that runs real ones; time, post and connectors are in one's hand.

Everything it raises is a `ServiceError` in words for who tries something out. What a workflow does is written to
`trace`, in order; keeping.py makes plain JSON values of all of it, and takes it up again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from service import forms
from service.engine.errors import EngineError
from service.engine.parser import Definition
from service.engine.work import OpenActivity, OpenAdHoc, OpenChild, OpenTask, OpenTimer, What, WorkflowState
from service.engine.workflow import Workflow
from service.errors import BadRequest, Forbidden, NotFound, WrongState
from service.rehearsal.rehearsed import Rehearsed, Trace
from service.rehearsal.world import World, weekdays

MOST_CASES = 60
MOST_TIMERS = 1_000  #: that fire while the clock is moved once
MOST_TRACE = 50_000  #: happenings


class Sandbox:
    """Cases by name, the present time, and what has happened. The case that was opened first is `main`."""

    def __init__(self, world: World, *, now: datetime, people: Mapping[str, Sequence[str]] | None = None) -> None:
        """`people`: the groups of those who act; who is not named there may do everything."""
        self.world, self.now = world, now
        self.people = people or {}
        self.cases: dict[str, Rehearsed] = {}
        self.trace: list[Trace] = []
        self.stores: dict[str, Any] = {}
        self.filled: list[tuple[str, Mapping[str, Any]]] = []  #: form keys, with what was seen and filled in there
        self._post: deque[tuple[str, What, Mapping[str, Any]]] = deque()

    @property
    def main(self) -> Rehearsed:
        """The case that was opened first. Raises `WrongState` before there is one."""
        if not self.cases:
            raise WrongState("No case is open: start one.")
        return next(iter(self.cases.values()))

    # --- What can be done

    def start(self, key: str, submitted: Mapping[str, Any], *, by: str = "", name: str = "") -> None:
        """Open a case of the process as somebody does by its start form. Raises `InvalidForm`, `NotFound`."""
        definition = self._definition(key)
        form = next((start.form_key for start in definition.info.starts if start.kind == "none"), None)
        accepted = self._accepted(form, submitted, {})
        variables = {**accepted, **({"initiator": by} if by else {})}
        self._open(name or self._free(key), key, variables)
        self._settle()

    def complete(
        self, element: str, submitted: Mapping[str, Any], *, by: str = "", case: str = "", index: int = 0
    ) -> None:
        """Complete an open task with its form; `index`: of several at that element, the oldest first."""
        found, task = self.task(element, case=case, index=index)
        self._require_allowed(found, task, by)
        context = found.workflow.visible(task.activity_id)
        accepted = self._accepted(task.form_key, submitted, context)
        with self._acting(found):
            found.workflow.complete(task.activity_id, accepted)
            if by:
                found.doers.setdefault(element, []).append(by)

    def answer(self, element: str, result: Mapping[str, Any], *, case: str = "", index: int = 0) -> None:
        """What a connector answers, or a child case whose process is not here comes to."""
        found, activity = self._waiting(element, case, index)
        with self._acting(found):
            found.workflow.complete(activity.activity_id, result)

    def refuse(self, element: str, code: str, message: str = "", *, case: str = "", index: int = 0) -> None:
        """A connector, or a child case whose process is not here, ends with a BPMN error."""
        found, activity = self._waiting(element, case, index)
        with self._acting(found):
            found.workflow.throw_error(activity.activity_id, code or None, message or code)

    def send(
        self, name: str, payload: Mapping[str, Any], correlation: Mapping[str, Any] | None = None, *, case: str = ""
    ) -> None:
        """A message arrives; one case takes it, or one begins with it. Raises `WrongState` when nobody waits for it."""
        if not self._message(name, payload, correlation, case):
            waited = sorted({wait for each in self.cases.values() for wait in _names(each, "message")})
            known = f" Waited for is {', '.join(waited)}." if waited else ""
            raise WrongState(f"Nobody waits for a message “{name}”.{known}")
        self._settle()

    def broadcast(self, name: str, payload: Mapping[str, Any]) -> None:
        """A signal is sent; whoever waits for it gets it, and processes begin that start with it."""
        self._signal(name, payload, None)
        self._settle()

    def activate(self, element: str, data: Mapping[str, Any], *, case: str = "") -> None:
        """Start an activity of an open ad hoc sub-process."""
        for found, adhoc in self._adhoc(case):
            offered = next((each for each in adhoc.enabled if each.element_id == element), None)
            if offered is not None:
                with self._acting(found):
                    found.workflow.activate(adhoc.activity_id, element, data)
                return
        raise WrongState(f"No open ad hoc sub-process has “{element}”.")

    def finish(self, element: str, *, case: str = "") -> None:
        """End an open ad hoc sub-process by hand."""
        for found, adhoc in self._adhoc(case):
            if adhoc.element_id == element:
                with self._acting(found):
                    found.workflow.finish_adhoc(adhoc.activity_id)
                return
        raise WrongState(f"“{element}” is no open ad hoc sub-process.")

    def change(self, data: Mapping[str, Any], *, case: str = "") -> None:
        """Change variables from outside."""
        found = self._case(case)
        with self._acting(found):
            found.workflow.set_variables(data)

    def cancel(self, *, case: str = "") -> None:
        """End a case from outside."""
        found = self._case(case)
        with self._acting(found):
            found.workflow.terminate()

    def until(self, moment: datetime) -> None:
        """Move the clock on; what becomes due until then fires, each at its time."""
        if moment < self.now:
            raise BadRequest("The clock goes forward only.")
        fired = 0
        while (due := self._next()) is not None and due[0] <= moment:
            fired += 1
            if fired > MOST_TIMERS:
                raise BadRequest(f"More than {MOST_TIMERS:,} timers fire until then: move the clock by less.")
            self._fire(*due)
        self.now = moment

    def fire(self, element: str, *, case: str = "") -> None:
        """Move the clock on until the timer of that element fires."""
        found = [(timer.due_at, each) for each in self._chosen(case) for timer in _timers(each, element)]
        when = min((due for due, _ in found if due is not None), default=None)
        if when is None:
            raise WrongState(f"No timer runs at “{element}”.")
        self.until(max(when, self.now))

    # --- How it stands

    def task(self, element: str, *, case: str = "", index: int = 0) -> tuple[Rehearsed, OpenTask]:
        """An open task and its case. Raises `WrongState` when there is none, with what is open."""
        found = [(each, task) for each, task in self.tasks(case) if task.element_id == element]
        if index >= len(found):
            there = ", ".join(sorted({task.element_id for _, task in self.tasks("")})) or "nothing"
            raise WrongState(f"“{element}” is not open; open is {there}.{self._why()}")
        return found[index]

    def tasks(self, case: str = "") -> list[tuple[Rehearsed, OpenTask]]:
        """All open tasks."""
        return [(each, task) for each in self._chosen(case) for task in each.workflow.open_work().tasks]

    def outside(self, case: str = "") -> list[tuple[Rehearsed, OpenActivity]]:
        """What waits for a connector, or for a child case whose process is not here."""
        found: list[tuple[Rehearsed, OpenActivity]] = []
        for each in self._chosen(case):
            work = each.workflow.open_work()
            found += [(each, service) for service in work.services]
            found += [(each, child) for child in work.children if child.process_key not in self.world.definitions]
        return found

    def timers(self) -> list[tuple[datetime, Rehearsed, OpenTimer]]:
        """What becomes due, the first first."""
        found = [(t.due_at, each, t) for each in self._chosen("") for t in each.workflow.open_work().timers if t.due_at]
        return sorted(found, key=lambda each: (each[0], each[2].timer_id))

    # --- Inside

    def _definition(self, key: str) -> Definition:
        found = self.world.definitions.get(key)
        if found is None:
            raise NotFound(f"There is no process “{key}”; there is {', '.join(sorted(self.world.definitions))}.")
        return found

    def _free(self, key: str) -> str:
        number = sum(each.key == key for each in self.cases.values()) + 1
        return key if number == 1 else f"{key} {number}"

    def _accepted(
        self, form: str | None, submitted: Mapping[str, Any], context: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        schema = self.world.forms.get(form or "")
        if schema is None:
            return submitted
        accepted = forms.validate(schema, submitted, context=context, now=self.now)
        self.filled.append((form or "", {**context, **accepted}))
        return accepted

    def _require_allowed(self, found: Rehearsed, task: OpenTask, by: str) -> None:
        if by and any(by in found.doers.get(element, ()) for element in task.not_done_by):
            raise Forbidden(f"{by} did {', '.join(task.not_done_by)}; “{task.name}” is for somebody else (four eyes).")
        groups = self.people.get(by)
        if groups is None or task.candidate_roles or task.assignee == by:
            return
        offered = by in task.candidate_users or set(groups) & set(task.candidate_groups)
        if (task.candidate_users or task.candidate_groups) and not offered:
            to = ", ".join((*task.candidate_users, *task.candidate_groups))
            raise Forbidden(f"“{task.name}” is offered to {to}, not to {by} ({', '.join(groups) or 'no group'}).")

    def _case(self, name: str) -> Rehearsed:
        return self._chosen(name)[0] if name else self.main

    def _chosen(self, name: str) -> list[Rehearsed]:
        """The case of that name and all of that process; without a name all."""
        if not name:
            return list(self.cases.values())
        found = [each for each in self.cases.values() if name in (each.name, each.key)]
        if not found:
            raise WrongState(f"There is no case “{name}”; there is {', '.join(self.cases) or 'none'}.")
        return found

    def _waiting(self, element: str, case: str, index: int) -> tuple[Rehearsed, OpenActivity]:
        found = [(each, activity) for each, activity in self.outside(case) if activity.element_id == element]
        if index >= len(found):
            raise WrongState(f"“{element}” waits for no connector and no case outside.{self._why()}")
        return found[index]

    def _adhoc(self, case: str) -> list[tuple[Rehearsed, OpenAdHoc]]:
        return [(each, adhoc) for each in self._chosen(case) for adhoc in each.workflow.open_adhoc()]

    def _why(self) -> str:
        failures = [each.workflow.failure for each in self.cases.values()]
        return "".join(f" {each.element_id} failed: {each.message}" for each in failures if each)

    @contextmanager
    def _acting(self, found: Rehearsed) -> Iterator[None]:
        found.workflow.now = self.now
        try:
            yield
        except EngineError as problem:
            raise WrongState(str(problem)) from None
        self._settle()

    def _open(self, name: str, key: str, variables: Mapping[str, Any], **begun: Any) -> None:
        """`begun`: as `Workflow.start` has it; `parent` and `activity` of a child."""
        if len(self.cases) >= MOST_CASES:
            raise BadRequest(f"More than {MOST_CASES} cases are not rehearsed at once.")
        parent, activity = begun.pop("parent", ""), begun.pop("activity", "")
        outside: dict[str, Any] = {"stores": self.stores, "calendars": weekdays}
        try:
            workflow = Workflow.start(self._definition(key), variables, now=self.now, **outside, **begun)
        except EngineError as problem:
            raise WrongState(str(problem)) from None
        self.cases[name] = Rehearsed(name, workflow, parent, activity)
        self._note(self.cases[name])

    def _next(self) -> tuple[datetime, Rehearsed, OpenTimer] | None:
        running = [t for t in self.timers() if t[1].workflow.state is WorkflowState.ACTIVE]
        return running[0] if running else None

    def _fire(self, when: datetime, found: Rehearsed, timer: OpenTimer) -> None:
        self.now = max(self.now, when)
        found.workflow.now = self.now
        if not found.workflow.fire(timer.timer_id):
            raise WrongState(f"The timer at “{timer.element_id}” did not fire.")
        self._settle()

    def _message(
        self, name: str, payload: Mapping[str, Any], correlation: Mapping[str, Any] | None, case: str = ""
    ) -> bool:
        for each in self._chosen(case if case in self.cases else ""):
            each.workflow.now = self.now
            if each.workflow.deliver(name, payload, correlation):
                return True
        return self._begin("message", name, payload, case)

    def _signal(self, name: str, payload: Mapping[str, Any], sender: str | None) -> None:
        for each in list(self.cases.values()):
            if each.name != sender:
                each.workflow.now = self.now
                each.workflow.broadcast(name, payload)
        self._begin("signal", name, payload)

    def _begin(self, kind: str, name: str, payload: Mapping[str, Any], case: str = "") -> bool:
        """Open a case of each process that begins with this event; the first is called `case`."""
        begun = False
        for key, definition in self.world.definitions.items():
            for start in definition.info.starts:
                if (start.kind, start.name) == (kind, name):
                    called = case if case and not begun else self._free(key)
                    self._open(called, key, {}, start_event=start.element_id, payload=payload)
                    begun = True
        return begun

    def _note(self, found: Rehearsed) -> None:
        for happening in found.workflow.take_happenings():
            process = happening.process or found.key
            details = happening.details if happening.what is not What.CHILD_WANTED else {}
            self.trace.append(Trace(found.name, process, happening.what, happening.element_id, happening.name, details))
            element = found.workflow.definition.elements.get(happening.element_id)
            if element and happening.what is What.ENTERED:
                found.stage = element.attributes.get("stage") or found.stage
            if element and happening.what is What.COMPLETED:
                found.outcome = element.attributes.get("outcome") or found.outcome
            if happening.what is What.STORED:
                self.stores[happening.details["store"]] = happening.details["value"]
            if happening.what in (What.MESSAGE_SENT, What.SIGNAL_SENT, What.CHILD_WANTED):
                self._post.append((found.name, happening.what, happening.details))
        if len(self.trace) > MOST_TRACE:
            raise BadRequest(f"More than {MOST_TRACE:,} things happened: try less at once.")

    def _settle(self) -> None:
        """Pass on what cases sent each other, open and end child cases, until nothing more is to be passed on."""
        moved = True
        while moved:
            for each in list(self.cases.values()):
                self._note(each)
            moved = self._deliver() | self._children()

    def _deliver(self) -> bool:
        if not self._post:
            return False
        name, what, sent = self._post.popleft()
        if what is What.MESSAGE_SENT:
            self._message(sent["name"], sent["payload"], sent["correlation"])
        elif what is What.SIGNAL_SENT:
            self._signal(sent["name"], sent["payload"], name)
        else:
            self._child(self.cases[name], sent["child"], waits=False)
        return True

    def _child(self, parent: Rehearsed, child: OpenChild, *, waits: bool) -> None:
        if child.process_key in self.world.definitions:
            whose = {"parent": parent.name, "activity": child.activity_id} if waits else {}
            known = {"initiator": parent.workflow.variables.get("initiator"), **child.inputs}
            self._open(self._free(child.process_key), child.process_key, known, **whose)

    def _children(self) -> bool:
        """Open the child cases that are waited for, end those that are not any more, and pass on what ended."""
        for each in list(self.cases.values()):
            waiting = {child.activity_id: child for child in each.workflow.open_work().children}
            opened = {child.activity: child for child in self.cases.values() if child.parent == each.name}
            for activity, child in waiting.items():
                if activity not in opened and child.process_key in self.world.definitions:
                    self._child(each, child, waits=True)
                    return True
            for activity, case in opened.items():
                state = case.workflow.state
                if activity not in waiting and state is WorkflowState.ACTIVE:
                    case.workflow.terminate()
                    return True
                ended = activity in waiting and state is not WorkflowState.ACTIVE
                if ended and self._pass_on(each, waiting[activity], case):
                    return True
        return False

    def _pass_on(self, parent: Rehearsed, waiting: OpenChild, child: Rehearsed) -> bool:
        """Let the call activity go on with what its child came to, as operations/children.py does."""
        if parent.workflow.state is not WorkflowState.ACTIVE:
            return False
        parent.workflow.now = self.now
        if child.workflow.state is WorkflowState.COMPLETED:
            given, known = waiting.inputs, child.workflow.variables
            changed = {n: v for n, v in known.items() if n != "initiator" and (n not in given or given[n] != v)}
            parent.workflow.complete(waiting.activity_id, changed)
        elif child.workflow.state is WorkflowState.FAILED and not waiting.on_failure:
            return False
        elif waiting.on_failure == "ignore":
            parent.workflow.pass_over(waiting.activity_id)
        else:
            code = waiting.on_failure.partition(":")[2] or None
            parent.workflow.throw_error(waiting.activity_id, code, f"{child.name} did not complete.")
        return True


def _names(found: Rehearsed, kind: str) -> list[str]:
    return [wait.event_name for wait in found.workflow.open_work().subscriptions if wait.kind == kind]


def _timers(found: Rehearsed, element: str) -> list[OpenTimer]:
    return [timer for timer in found.workflow.open_work().timers if timer.element_id == element]
