"""The engine alone: CPU time of start, complete, load and dump, by the size of the model and of the variables.

`python -m tests.benchmarks.engine` prints a table and ends with one line of JSON. A step is what a web request does:
load, complete a task, run on, list the open work, take the happenings, dump.
"""

from __future__ import annotations

import gc
import json
import random
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from service.engine.parser import Definition
from service.engine.workflow import Workflow
from tests.engine.diagrams import NOW, flows, node, package, process, timer, user

ELEMENTS = (10, 100, 1000)
BYTES = (1_000, 100_000, 1_000_000)
ROUNDS = 10_000


def chain(elements: int) -> Definition:
    """Segments of ten elements: a task with a timer on it, an exclusive choice, a parallel pair of tasks."""
    drawn, paths, last = "", [], "s"
    for number in range(elements // 10):
        a, b, c, guard, ends = (f"{name}{number}" for name in ("A", "B", "C", "guard", "ends"))
        x, y, g, j, t = (f"{name}{number}" for name in ("x", "y", "g", "j", "t"))
        drawn += user(a, b, c) + node("task", t)
        drawn += "".join(node("exclusiveGateway", name) for name in (x, y))
        drawn += "".join(node("parallelGateway", name) for name in (g, j))
        drawn += (
            f'<boundaryEvent id="{guard}" attachedToRef="{a}" cancelActivity="false">{timer("P1D")}</boundaryEvent>'
        )
        drawn += f'<endEvent id="{ends}"/>'
        paths += [f"{last} {a} {x}", f"{x} {y}: amount &gt; 100".replace("&gt;", ">"), f"{x} {t}: amount <= 100"]
        paths += [f"{t} {y} {g} {b} {j}", f"{g} {c} {j}", f"{guard} {ends}"]
        last = j
    return package(process(drawn, *paths, f"{last} e")).definitions["p"]


def variables(size: int) -> dict[str, Any]:
    """A case file of about so many bytes as JSON."""
    words = random.Random(1)
    lines = [f"entry {words.random()} by {words.choice(['ann', 'bob', 'mia'])}" for _ in range(size // 32)]
    return {"amount": 50, "claimant": {"name": "Ann Archer", "since": 2019}, "notes": lines}


def cpu_ms(action: Callable[[], Any], seconds: float = 0.4) -> float:
    """The best of three runs, in milliseconds of CPU for one call."""
    action()
    best = float("inf")
    for _ in range(3):
        calls, began = 0, time.process_time()
        while time.process_time() - began < seconds / 3:
            action()
            calls += 1
        best = min(best, (time.process_time() - began) / calls * 1000)
    return round(best, 3)


def one(elements: int, size: int, seconds: float = 0.4) -> dict[str, float]:
    """The figures for one model and one size of case file, each measured for so long."""
    definition, given = chain(elements), variables(size)
    started = Workflow.start(definition, given, now=NOW)
    stored = started.dump()
    [task] = started.open_work().tasks

    def step() -> bytes:
        workflow = Workflow.load(definition, stored, given, now=NOW)
        workflow.complete(task.activity_id, {"amount": 70})
        workflow.open_work()
        workflow.take_happenings()
        return workflow.dump()

    return {
        "start_ms": cpu_ms(lambda: Workflow.start(definition, given, now=NOW), seconds),
        "load_ms": cpu_ms(lambda: Workflow.load(definition, stored, given, now=NOW), seconds),
        "dump_ms": cpu_ms(started.dump, seconds),
        "step_ms": cpu_ms(step, seconds),
        "snapshot_bytes": len(step()),
    }


def short_step_ms() -> float:
    """CPU of one step of a small case: what a request's time is held against."""
    return one(ELEMENTS[0], BYTES[0], seconds=0.1)["step_ms"]


def review_loop(rounds: int = ROUNDS) -> tuple[float, float]:
    """How much dearer and larger the last rounds of a loop are than the first: (ratio of CPU, ratio of bytes)."""
    guard = f'<boundaryEvent id="b" attachedToRef="A" cancelActivity="false">{timer("PT1H")}</boundaryEvent>'
    elements = user("A") + guard + node("exclusiveGateway", "g") + '<endEvent id="e2"/>'
    definition = package(process(elements, "s A g", "g A: again", "g e: not again", "b e2")).definitions["p"]
    started = Workflow.start(definition, variables(20_000), now=NOW)
    stored, known = started.dump(), started.variables
    times: list[float] = []
    sizes: list[int] = []
    for _ in range(rounds):
        began = time.process_time()
        workflow = Workflow.load(definition, stored, known, now=NOW)
        workflow.complete(workflow.open_work().tasks[0].activity_id, {"again": True})
        stored, known = workflow.dump(), workflow.variables
        times.append(time.process_time() - began)
        sizes.append(len(stored))
    few = max(1, rounds // 20)
    early, late = sorted(times[10 : 10 + few]), sorted(times[-few:])
    return round(late[few // 10] / early[few // 10], 2), round(sizes[-1] / sizes[9], 3)


def long_chain(tasks: int = 1_500) -> float:
    """How much dearer a task of a long chain is than one of a chain a tenth as long: 1 is linear."""
    return _per_item(lambda count: _finish(_line(count)), tasks)


def many_instances(sequential: bool, instances: int = 1_000) -> float:
    """The same for the instances of one multi-instance task."""
    flag = "true" if sequential else "false"
    loop = (
        f'<multiInstanceLoopCharacteristics isSequential="{flag}">'
        "<loopCardinality>count</loopCardinality></multiInstanceLoopCharacteristics>"
    )
    definition = package(process(node("userTask", "A", loop), "s A e")).definitions["p"]
    return _per_item(lambda count: _finish(definition, count=count), instances)


def _line(tasks: int) -> Definition:
    names = [f"T{number}" for number in range(tasks)]
    return package(process(user(*names), f"s {' '.join(names)} e")).definitions["p"]


def nested(sub_processes: int = 200) -> float:
    """The same for sub-processes one after the other, each done twice, with a sub-process done three times inside."""
    return _per_item(lambda count: _finish(_line_of_loops(count)), sub_processes)


def _line_of_loops(sub_processes: int) -> Definition:
    drawn = ""
    for number in range(sub_processes):
        s, t, n, a = (f"{part}{number}" for part in ("s", "t", "n", "a"))
        inner = f'<startEvent id="{t}"/>' + user(a) + flows(f"{t} {a}")
        inside = f'<startEvent id="{s}"/>' + node("subProcess", n, _rounds(3) + inner) + flows(f"{s} {n}")
        drawn += node("subProcess", f"S{number}", _rounds(2) + inside)
    names = " ".join(f"S{number}" for number in range(sub_processes))
    return package(process(drawn, f"s {names} e")).definitions["p"]


def _rounds(most: int) -> str:
    return f'<standardLoopCharacteristics loopMaximum="{most}"/>'


def _finish(definition: Definition, **given: Any) -> float:
    """Complete everything, in one process; the seconds of CPU."""
    began = time.process_time()
    workflow = Workflow.start(definition, given, now=NOW)
    while tasks := workflow.open_work().tasks:
        for task in tasks:
            workflow.complete(task.activity_id)
    return time.process_time() - began


def _per_item(run: Callable[[int], float], count: int, samples: int = 5) -> float:
    """The median cost of one of `count` items over that of one of a tenth as many.

    Both ends do as many items in a sample, by turns, and the garbage collector looks at both from outside only: it
    would run at another place in each sample.
    """
    few = count // 10
    small, large = [], []
    run(few)
    for _ in range(samples):
        small.append(_collected(lambda: sum(run(few) for _ in range(10))))
        large.append(_collected(lambda: run(count)))
    return round(median(large) / median(small), 2)


def _collected(run: Callable[[], float]) -> float:
    gc.collect()
    gc.disable()
    try:
        return run()
    finally:
        gc.enable()


def measure() -> dict[str, Any]:
    """All figures, printed as they come."""
    table = {}
    for elements in ELEMENTS:
        for size in BYTES:
            table[f"{elements}x{size}"] = figures = one(elements, size)
            print(f"{elements:5d} elements {size:8d} bytes: {figures}")
    cost, growth = review_loop()
    print(f"round {ROUNDS:,} of a loop beside round 10: cost x {cost}, snapshot x {growth}")
    ratios = {
        "chain_1500_ratio": long_chain(),
        "parallel_1000_ratio": many_instances(sequential=False),
        "sequential_1000_ratio": many_instances(sequential=True),
        "nested_200_ratio": nested(),
    }
    print(f"cost of one item beside a tenth as many (1: linear): {ratios}")
    small = table[f"{ELEMENTS[0]}x{BYTES[0]}"]
    return {"engine_step_ms": small["step_ms"], "loop_cost_ratio": cost, "loop_size_ratio": growth, **ratios, **table}


def main() -> None:
    """Measure, print, and end with one line of JSON."""
    print(json.dumps(measure()))


if __name__ == "__main__":
    main()
