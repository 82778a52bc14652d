"""All that we take from SpiffWorkflow, and the proof that it is still what we read.

The engine builds on its core: `Task` (states, tree, life cycle), `TaskSpec` (the hooks), `WorkflowSpec` and `Workflow`
(the containers). Its BPMN layer is not used: what it copies, predicts and keeps is what loses work silently.
Nothing of the library is patched; but we override hooks and rely on the order in which its methods call them, so the
source of each such method is compared with the one we read, and the service refuses to run with another.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

VERSION = "3.2.0"

if TYPE_CHECKING:  # SpiffWorkflow has no annotations: these are the parts that we use

    class Task:
        """A token at an element of one workflow."""

        id: str
        workflow: Any
        task_spec: Any
        data: dict[str, Any]
        internal_data: dict[str, Any]
        _children: list[str]
        _parent: str | None

        def __init__(
            self, workflow: Any, task_spec: Any, parent: Task | None = None, state: int = 1, id: str | None = None
        ) -> None: ...
        @property
        def state(self) -> int: ...
        @property
        def parent(self) -> Task | None: ...
        @property
        def children(self) -> list[Task]: ...
        def has_state(self, state: int) -> bool: ...
        def run(self) -> bool | None: ...
        def cancel(self) -> None: ...
        def error(self) -> None: ...
        def _set_state(self, value: int) -> None: ...

    class TaskSpec:
        """The behaviour of an element, shared by all its tasks and so without state of its own."""

        name: str
        manual: bool

        def __init__(self, wf_spec: Any, name: str, **kwargs: Any) -> None: ...
        def connect(self, taskspec: Any) -> None: ...
        def _update(self, my_task: Task) -> None: ...
        def _on_cancel(self, my_task: Task) -> None: ...

    class WorkflowSpec:
        """The elements of a process, by name."""

        name: str
        task_specs: dict[str, Any]
        start: Any

        def __init__(self, name: str | None = None, filename: str | None = None) -> None: ...

    class BaseWorkflow:
        """A running process: its tasks by id, and the root of their tree."""

        spec: Any
        tasks: dict[str, Task]
        task_tree: Task

        def __init__(self, workflow_spec: Any, deserializing: bool = False) -> None: ...
        def _remove_task(self, task_id: str) -> None: ...

    class TaskState:
        """Bits, so that masks may be tested."""

        FUTURE = 4
        WAITING = 8
        READY = 16
        STARTED = 32
        COMPLETED = 64
        ERROR = 128
        CANCELLED = 256
        FINISHED_MASK = 448
else:
    from SpiffWorkflow.specs.base import TaskSpec
    from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec
    from SpiffWorkflow.task import Task
    from SpiffWorkflow.util.task import TaskState
    from SpiffWorkflow.workflow import Workflow as BaseWorkflow

__all__ = ["BaseWorkflow", "Moved", "Task", "TaskSpec", "TaskState", "WorkflowSpec", "check", "fingerprint"]

#: What we override or whose order of calls we rely on: "Class.member", and the first 12 digits of its source's SHA-256.
RELIED_ON = {
    "Task.__init__": "5d98d6df6c60",
    "Task._set_state": "86c4c1d22dc9",
    "Task._ready": "4c051bb2c2a3",
    "Task.run": "976c46e260fe",
    "Task.complete": "3ad34f7ae962",
    "Task.error": "2a089827d0ed",
    "Task.children": "ab66856eadb4",
    "Task.parent": "70a7622fce2f",
    "Task.has_state": "51bfc706797e",
    "Task._child_added_notify": "20404a6f18bf",
    "TaskSpec.__init__": "df987d5843e7",
    "TaskSpec.connect": "80f6471ca883",
    "TaskSpec._update": "6b138d31ca68",
    "TaskSpec._on_ready": "c0c43ec078d3",
    "TaskSpec._on_ready_hook": "e58b27eadbe7",
    "TaskSpec._run": "dac36fd70134",
    "TaskSpec._on_complete": "95d4b21bfa42",
    "TaskSpec._on_cancel": "c05a2f4bc3de",
    "TaskSpec._on_error": "2b895f26cae5",
    "Workflow.__init__": "a179a7573948",
    "Workflow._remove_task": "3be421d71828",
    "Workflow._task_removed_notify": "388a3f72b40c",
    "WorkflowSpec.__init__": "fdb80d81cf1d",
    "WorkflowSpec._add_notify": "2522e219845e",
}


class Moved(RuntimeError):
    """SpiffWorkflow is not the version that this engine was written against."""


def fingerprint(member: str) -> str:
    """The hash of the source of `Class.member`, or `gone`."""
    owner, _, name = member.partition(".")
    classes = {"Task": Task, "TaskSpec": TaskSpec, "Workflow": BaseWorkflow, "WorkflowSpec": WorkflowSpec}
    found = inspect.getattr_static(classes[owner], name, None)
    if found is None:
        return "gone"
    function: Callable[..., Any] = found.fget if isinstance(found, property) and found.fget else found
    source = inspect.getsource(function)
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def check(relied_on: Mapping[str, str] | None = None) -> None:
    """Refuse to run on another SpiffWorkflow than the one read; called when the engine is imported.

    Raises Moved, naming every function that changed, with the hash of what it is now: DECISIONS.md says how to go on.
    """
    installed = version("spiffworkflow")
    if installed != VERSION:
        raise Moved(f"SpiffWorkflow {installed} is installed, but the engine was written against {VERSION}.")
    found = {member: fingerprint(member) for member in relied_on or RELIED_ON}
    moved = [f"{member} is {now}" for member, now in found.items() if now != (relied_on or RELIED_ON)[member]]
    if moved:
        raise Moved("SpiffWorkflow's source is not the one that was read: " + ", ".join(moved))


def _quieten() -> None:
    """Let the library log warnings only: at its default level it lists all tasks at each change of state."""
    for name in ("spiff", "spiff.task", "spiff.workflow"):
        logging.getLogger(name).setLevel(logging.WARNING)


_quieten()
