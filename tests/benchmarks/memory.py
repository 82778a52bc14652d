"""`python -m tests.benchmarks.memory [minutes]`: the memory of two web processes and a worker under load (10 minutes).

Four clients do whole cases without a pause, and look at lists and at pages of cases. Prints each process's memory every
half minute, and ends with a line of JSON: what it has at most, and how it grows after the first third.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import model
from tests.benchmarks.databases import postgresql
from tests.benchmarks.http import Client, prepared, server
from tests.benchmarks.together import THREADS, worker

CLIENTS, EVERY = 4, 5  #: EVERY: seconds between looks
MB = 1024 * 1024


def measure(url: str, minutes: float) -> dict[str, Any]:
    """MB of each process on the empty database at `url`: see `figures`."""
    with (
        prepared(url) as (_app, environment, token),
        server(environment, 2, THREADS) as (pids, port),
        worker(environment) as jobs,
    ):
        stop, done = threading.Event(), [0] * CLIENTS
        threads = [threading.Thread(target=_work, args=(port, token, stop, done, n)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            seen = _watched({pids[0]: "web_1", pids[1]: "web_2", jobs: "worker"}, minutes)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    return {"cases": sum(done), **figures(seen)}


def _work(port: int, token: str, stop: threading.Event, done: list[int], number: int) -> None:
    client = Client(http.client.HTTPConnection("127.0.0.1", port), token)
    while not stop.is_set():
        case = client.call("POST", "/cases", model.start(done[number]))
        for _ in range(2):
            tasks = client.call("GET", f"/cases/{case['id']}/tasks")["items"]
            [task] = [each for each in tasks if each["state"] in ("ready", "reserved")]
            client.call("POST", f"/tasks/{task['id']}/claim", {})
            client.call("GET", f"/tasks/{task['id']}/form")
            client.call("POST", f"/tasks/{task['id']}/complete", model.ASSESSED)
        client.call("GET", "/tasks?view=team&limit=50")
        client.call("GET", f"/cases/{case['id']}/timeline")
        done[number] += 1


def _watched(names: Mapping[int, str], minutes: float) -> dict[str, list[tuple[float, float]]]:
    """By process: seconds since the beginning, and MB then."""
    seen: dict[str, list[tuple[float, float]]] = {name: [] for name in names.values()}
    began = time.monotonic()
    for look in range(round(minutes * 60 / EVERY)):
        time.sleep(max(0, began + (look + 1) * EVERY - time.monotonic()))
        for pid, name in names.items():
            seen[name].append((time.monotonic() - began, resident(pid)))
        if look % (30 // EVERY) == 0:
            print({name: values[-1][1] for name, values in seen.items()}, flush=True)
    return seen


def resident(pid: int) -> float:
    """MB that the process has in memory, what it shares with others included."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return round(int(line.split()[1]) * 1024 / MB, 1)


def figures(seen: Mapping[str, Sequence[tuple[float, float]]]) -> dict[str, float]:
    """MB of each process at most, and by how many MB a minute it grows once the first third of the time is over."""
    found = {}
    for name, values in seen.items():
        later = values[len(values) // 3 :]
        slope = statistics.linear_regression(*zip(*later, strict=True)).slope if len(later) > 1 else 0.0
        found |= {f"{name}_mb": max(mb for _, mb in values), f"{name}_mb_per_minute": round(slope * 60, 2)}
    return found


def main() -> None:
    """Measure for as many minutes as are asked for."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    with postgresql() as new_database:
        print(json.dumps(measure(new_database("memory"), minutes)))


if __name__ == "__main__":
    main()
