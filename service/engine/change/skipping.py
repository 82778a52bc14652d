"""Going on behind an activity or event as if it were done, though nobody did it: no outputs are mapped, no script is
run, nothing is thrown, and nothing is remembered to be undone. What is open inside is cancelled."""

from __future__ import annotations

from typing import Any

from service.engine.change import words
from service.engine.elements.activity import Activity
from service.engine.elements.compensation import UNDOING
from service.engine.elements.events import Catching
from service.engine.elements.gateways import Joining
from service.engine.elements.node import DONE, RELEASED, SKIPPED
from service.engine.elements.repetition import INDEX, RESULT
from service.engine.errors import Unmovable
from service.engine.scope import OWNER, WRITTEN, View
from service.engine.state.run import Run
from service.engine.upstream import Task


def skip(run: Run, task: Task, values: dict[str, Any]) -> None:
    """Let the token leave its element; `values` are written as what is around it sees them. Raises Unmovable."""
    node = task.task_spec
    if run.is_silent(task):
        raise Unmovable(node.name, f"{words.said(node)} waits beside the case's way; take it away, or let it happen.")
    if isinstance(node, Joining) and (waiting := node.arrived(run.scope_of(task))):
        _write(run, task, values)
        node.open(run, waiting)
        return
    for child in task.children:
        run.cancel(child)
    if OWNER in task.internal_data:  # a called process: its variables end with it
        task.data = task.internal_data.pop("kept")
        del task.internal_data[OWNER], task.internal_data[WRITTEN]
    task.internal_data.pop(UNDOING, None)
    _write(run, task, values)
    if isinstance(node, Catching):
        run.win(task)
        run.watched.pop(task.id, None)
    if "entered" not in task.internal_data:
        task.internal_data["entered"] = 1
    task.internal_data |= {DONE: 1, RELEASED: 1, SKIPPED: 1}
    run.rerun(task)


def _write(run: Run, task: Task, values: dict[str, Any]) -> None:
    """An instance's own item and result stay with it, and what it is to add to the results is added."""
    node = task.task_spec
    if not (isinstance(node, Activity) and node.repetition and INDEX in task.internal_data):
        run.write(run.scope_of(task), values)
        return
    run.write(task, values)
    if node.repetition.results and node.repetition.result in values:
        task.internal_data[RESULT] = View(task)[node.repetition.result]
