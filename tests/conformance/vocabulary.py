"""The steps that probes are written in, and what each expects. `probes.json` holds the probes, `models/` the diagrams.

A probe is {"id", "tier", "files", "process", "steps"}; a step does something ({"do": "complete", "task": "A"}) or
expects something ({"expect": "tasks", "value": ["B"]}); {"fails": step} must be refused and change nothing. An `Engine`
carries the steps out: engine.py drives service/engine alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

HERE = Path(__file__).parent
Step = Mapping[str, Any]
ABSENT = "__absent__"


class Rejected(Exception):
    """The engine refused the step, cleanly."""


class Mismatch(AssertionError):
    """Something is not as the probe expects."""


Files = Sequence[str] | Mapping[str, bytes]  #: names of files beside this one, or contents by name


def contents(files: Files) -> dict[str, bytes]:
    """The files of a probe."""
    if isinstance(files, Mapping):
        return dict(files)
    return {Path(name).name: (HERE / name).read_bytes() for name in files}


class Engine(Protocol):
    """Whatever carries the steps out. Instances are named by aliases; the probe's own is `i`."""

    def deploy(self, files: Files) -> None: ...
    def start(self, alias: str, process: str, data: Mapping[str, Any]) -> None: ...
    def complete(self, alias: str, task: str, data: Mapping[str, Any], index: int, where: Any) -> None: ...
    def message(self, name: str, payload: Mapping[str, Any], correlation: Any, alias: str | None) -> None: ...
    def signal(self, name: str, payload: Mapping[str, Any]) -> None: ...
    def advance(self, seconds: float) -> None: ...
    def cancel(self, alias: str) -> None: ...
    def set_data(self, alias: str, data: Mapping[str, Any]) -> None: ...
    def activate(self, alias: str, adhoc: str, activity: str) -> None: ...
    def finish_adhoc(self, alias: str, adhoc: str) -> None: ...
    def restart(self) -> None: ...
    def tasks(self, alias: str) -> list[dict[str, Any]]: ...
    def enabled(self, alias: str, adhoc: str) -> list[str]: ...
    def status(self, alias: str) -> str: ...
    def error(self, alias: str) -> str: ...
    def data(self, alias: str) -> Mapping[str, Any]: ...
    def visited(self, alias: str) -> Mapping[str, int]: ...
    def count(self, process: str, status: str | None) -> int: ...
    def fingerprint(self, alias: str) -> Any: ...


def run_probe(probe: Mapping[str, Any], engine: Engine) -> None:
    """Carry out a probe; raises Mismatch, or Rejected for a step that should have worked."""
    refusal_expected = any(step.get("expect") == "deploy_error" for step in probe["steps"])
    try:
        engine.deploy(probe["files"])
    except Rejected:
        if refusal_expected:
            return
        raise
    if refusal_expected:
        raise Mismatch("The deployment was accepted, and should have been refused.")
    for number, step in enumerate(probe["steps"]):
        try:
            take(step, engine, probe["process"])
        except (Mismatch, Rejected) as problem:
            raise type(problem)(f"step {number} {dict(step)}: {problem}") from problem


def take(step: Step, engine: Engine, process: str) -> None:
    """Carry out one step, or hold what there is against it; raises Mismatch or Rejected."""
    if "fails" in step:
        _must_fail(step, engine, process)
    elif "do" in step:
        DO[step["do"]](engine, step.get("on", "i"), step, process)
    else:
        EXPECT[step["expect"]](engine, step.get("on", "i"), step)


def _must_fail(step: Step, engine: Engine, process: str) -> None:
    alias, inner = step.get("on", "i"), step["fails"]
    before = engine.fingerprint(alias)
    try:
        take(inner, engine, process)
    except Rejected:
        if engine.fingerprint(alias) != before:
            raise Mismatch("A refused step changed the state.") from None
        return
    if inner.get("do") != "message" or engine.fingerprint(alias) != before:  # a message may be kept for later
        raise Mismatch("The step should have been refused.")


DO: dict[str, Callable[[Engine, str, Step, str], None]] = {
    "deploy": lambda engine, alias, step, process: None,
    "start": lambda engine, alias, step, process: engine.start(
        step.get("as", "i"), step.get("process") or process, step.get("data") or {}
    ),
    "complete": lambda engine, alias, step, process: engine.complete(
        alias, step["task"], step.get("data") or {}, step.get("index", 0), step.get("where")
    ),
    "message": lambda engine, alias, step, process: engine.message(
        step["name"], step.get("payload") or {}, step.get("correlation"), step.get("as")
    ),
    "signal": lambda engine, alias, step, process: engine.signal(step["name"], step.get("payload") or {}),
    "advance": lambda engine, alias, step, process: engine.advance(step["seconds"]),
    "cancel": lambda engine, alias, step, process: engine.cancel(alias),
    "set_data": lambda engine, alias, step, process: engine.set_data(alias, step["data"]),
    "activate": lambda engine, alias, step, process: engine.activate(alias, step["adhoc"], step["activity"]),
    "finish_adhoc": lambda engine, alias, step, process: engine.finish_adhoc(alias, step["adhoc"]),
    "restart": lambda engine, alias, step, process: engine.restart(),
}


def _open(engine: Engine, alias: str) -> list[str]:
    return sorted(task["element_id"] for task in engine.tasks(alias))


def _expect(good: bool, message: str) -> None:
    if not good:
        raise Mismatch(message)


def _tasks(engine: Engine, alias: str, step: Step) -> None:
    found = _open(engine, alias)
    _expect(found == sorted(step["value"]), f"open are {found}; {engine.status(alias)} {engine.error(alias)}")


def _has_tasks(engine: Engine, alias: str, step: Step) -> None:
    found = _open(engine, alias)
    _expect(not Counter(step["value"]) - Counter(found), f"open are {found}")


def _no_task(engine: Engine, alias: str, step: Step) -> None:
    found = _open(engine, alias)
    _expect(not set(step["value"]) & set(found), f"open are {found}")


def _task_count(engine: Engine, alias: str, step: Step) -> None:
    found = _open(engine, alias)
    _expect(found.count(step["task"]) == step["value"], f"open are {found}")


def _task(engine: Engine, alias: str, step: Step) -> None:
    found = [task for task in engine.tasks(alias) if task["element_id"] == step["task"]]
    _expect(bool(found), f"{step['task']} is not open, but {_open(engine, alias)}; {engine.error(alias)}")
    seen = found[0] if step["expect"] == "task" else found[0]["data"]
    _expect(contains(step["value"], seen), f"found {seen}")


def _status(engine: Engine, alias: str, step: Step) -> None:
    found = engine.status(alias)
    _expect(found == step["value"], f"is {found} {engine.error(alias)}, open are {_open(engine, alias)}")


def _data(engine: Engine, alias: str, step: Step) -> None:
    found = engine.data(alias)
    _expect(contains(step["value"], found), f"found {dict(found)}")


def _enabled(engine: Engine, alias: str, step: Step) -> None:
    found = sorted(engine.enabled(alias, step["adhoc"]))
    _expect(found == sorted(step["value"]), f"enabled are {found}")


def _visited(engine: Engine, alias: str, step: Step) -> None:
    found = engine.visited(alias)
    wrong = {name: found.get(name, 0) for name, times in step["value"].items() if found.get(name, 0) != times}
    _expect(not wrong, f"visited {wrong}")


def _instances(engine: Engine, alias: str, step: Step) -> None:
    found = engine.count(step["process"], step.get("status"))
    _expect(found == step["value"], f"there are {found}")


EXPECT: dict[str, Callable[[Engine, str, Step], None]] = {
    "tasks": _tasks,
    "has_tasks": _has_tasks,
    "no_task": _no_task,
    "task_count": _task_count,
    "task": _task,
    "task_data": _task,
    "status": _status,
    "data": _data,
    "enabled": _enabled,
    "visited": _visited,
    "instances": _instances,
}


def contains(expected: Any, found: Any) -> bool:
    """Whether all that is expected is there; numbers compare by value, but never with booleans."""
    if isinstance(expected, Mapping):
        return isinstance(found, Mapping) and all(
            name not in found if value == ABSENT else name in found and contains(value, found[name])
            for name, value in expected.items()
        )
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    return bool(expected == found)
