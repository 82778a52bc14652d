"""The stored form of a workflow: small, versioned, without the definition and without the case's variables.

Format 2 is JSON, compressed by zstd: {"v": 2, "p": key of the process, "s": state, "f": failure, "c": correlations,
"t": tasks}. A task is [id, position of its parent, element id, state, data, internal data], the last two left out when
empty; parents come before their children, and the order is that in which things began, which joins and messages rely
on. Finished tasks are not there: they leave the tree as they finish. The first task is the process itself, whose data
are the variables: whoever stores the snapshot stores them beside it, once, and gives them back to `load`. (Format 1
held them, too.)
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import zstandard

from service.engine.elements.graph import Graph
from service.engine.elements.process import NAME
from service.engine.errors import EngineError, Unfit
from service.engine.limits import SNAPSHOT_BYTES
from service.engine.scope import OWNER
from service.engine.state.run import Run
from service.engine.upstream import Task
from service.engine.work import Failure, WorkflowState

if TYPE_CHECKING:
    from service.engine.parser import Definition

VERSION = 2


def _without_variables(state: dict[str, Any]) -> dict[str, Any]:
    """Format 2 of format 1: the variables were stored twice."""
    [identity, parent, name, status, *rest], *others = state["t"]
    return {**state, "v": 2, "t": [[identity, parent, name, status, *([{}, rest[1]] if rest[1:] else [])], *others]}


#: version -> function that makes the next version's JSON of it
UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _without_variables}


class _Tools(threading.local):
    """Each thread's own: to make them anew takes several times as long as to pack a small snapshot."""

    def __init__(self) -> None:
        self.packer, self.unpacker = zstandard.ZstdCompressor(level=3), zstandard.ZstdDecompressor()


_TOOLS = _Tools()


def dump(run: Run) -> bytes:
    """The bytes to store beside the variables; raises EngineError for a workflow that has grown beyond its budget."""
    positions: dict[str, int] = {}
    tasks = []
    for task in run.tasks.values():
        positions[task.id] = len(positions)
        row: list[Any] = [task.id, positions.get(task._parent or "", -1), task.task_spec.name, task.state]
        data = {} if task is run.task_tree else task.data
        if data or task.internal_data:
            row.append(data)
        if task.internal_data:
            row.append(task.internal_data)
        tasks.append(row)
    state: dict[str, Any] = {"v": VERSION, "p": run.definition.key, "s": run.status, "t": tasks}
    if run.failure:
        failure = run.failure
        state["f"] = [
            failure.element_id,
            failure.element_name,
            failure.message,
            failure.error_code,
            failure.activity_id,
        ]
    if run.correlations:
        state["c"] = run.correlations
    text = json.dumps(state, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    if len(text) > SNAPSHOT_BYTES:
        raise EngineError(f"The case has {len(text):,} bytes; at most {SNAPSHOT_BYTES:,} are kept.")
    return _TOOLS.packer.compress(text)


def read(snapshot: bytes) -> dict[str, Any]:
    """The snapshot as JSON, upgraded to the present format; raises Unfit."""
    try:
        text = _TOOLS.unpacker.decompress(snapshot, max_output_size=SNAPSHOT_BYTES)
        state: dict[str, Any] = json.loads(text.decode("utf-8", "surrogatepass"))
        version = state["v"]
        while version != VERSION:
            if version not in UPGRADES:
                raise Unfit(f"The snapshot has the format {version}; this release reads formats up to {VERSION}.")
            state = UPGRADES[version](state)
            version = state["v"]
    except (zstandard.ZstdError, ValueError, KeyError, TypeError) as problem:
        raise Unfit(f"This is no snapshot of a workflow: {problem}.") from None
    return state


def load(definition: Definition, snapshot: bytes, variables: Mapping[str, Any], now: datetime) -> Run:
    """The workflow that was dumped, with its variables; raises Unfit where it does not fit the definition."""
    state = read(snapshot)
    run = Run(definition, now)
    try:
        if state["p"] != definition.key:
            raise Unfit(f"The snapshot is of the process “{state['p']}”, not of “{definition.key}”.")
        run.status = WorkflowState(state["s"])
        run.correlations = state.get("c", {})
        run.failure = Failure(*state["f"]) if "f" in state else None
        run.task_tree = _plant(run, definition, state["t"])
        run.task_tree.data = dict(variables)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as problem:
        raise Unfit(f"The snapshot is damaged: {problem}.") from None
    run.resume_after_load()
    return run


def _plant(run: Run, definition: Definition, rows: list[list[Any]]) -> Task:
    """Make the tasks again; returns the root."""
    graphs: list[Graph] = []
    tasks: list[Task] = []
    for identity, parent, name, state, *rest in rows:
        graph = graphs[parent] if parent >= 0 else definition.graph
        node = graph.start if name == NAME else graph.task_specs.get(name)
        if node is None:
            raise Unfit(f"The process “{graph.name}” has no element “{name}” any more, where a token stands.")
        task = Task(run, node, tasks[parent] if parent >= 0 else None, state, identity)
        task.data = rest[0] if rest else {}
        task.internal_data = rest[1] if len(rest) > 1 else {}
        if key := task.internal_data.get(OWNER):
            called = definition.called(key)
            if called is None:
                raise Unfit(f"The called process “{key}” is not deployed.")
            graph = called.graph
        graphs.append(graph)
        tasks.append(task)
    return tasks[0]
