"""What eight clients at once get done on PostgreSQL with two web processes and a worker: beside one web process, and
beside bare transactions of the same writes by as many clients. Clients, servers and database share the processors.
"""

from __future__ import annotations

import http.client
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks import bare, model
from tests.benchmarks.databases import postgresql
from tests.benchmarks.http import Client, prepared, running, server
from tests.benchmarks.table import medians

CLIENTS, EACH, ROUNDS = 8, 25, 3
THREADS = 8


def measure(url: str, each: int = EACH, rounds: int = ROUNDS) -> dict[str, Any]:
    """All figures on the empty database at `url`: medians of rounds in which one and two web processes take turns.

    In a round each client completes `each` tasks.
    """
    with ExitStack() as open_ones:
        _app, environment, token = open_ones.enter_context(prepared(url))
        sides = []
        for workers in (1, 2):
            _pids, port = open_ones.enter_context(server(environment, workers, THREADS))
            sides.append([_client(port, token) for _ in range(CLIENTS)])
        open_ones.enter_context(worker(environment))
        for clients in (*sides, *sides):  # each process parses what is deployed when it meets it first
            _completions(clients, 2)
        return medians([_round(url, *sides, each) for _ in range(rounds)])


@contextmanager
def worker(environment: dict[str, str]) -> Iterator[int]:
    """A worker of jobs; its process id."""
    casewright = str(Path(sys.executable).parent / "casewright")
    with running([casewright, "worker"], {**environment, "CASEWRIGHT_WORKER_ID": "bench"}) as pid:
        yield pid


def _client(port: int, token: str) -> Client:
    return Client(http.client.HTTPConnection("127.0.0.1", port), token)


def _round(url: str, one: Sequence[Client], two: Sequence[Client], each: int) -> dict[str, float]:
    by_one, _ = _completions(one, each)
    by_two, wall = _completions(two, each)
    limit = bare.by_several_per_second(url, CLIENTS)
    return {
        "completes_per_s_8": by_two,
        "bare_transactions_per_s_8": limit,
        "limit_ratio_8": by_two / limit,
        "two_to_one": by_two / by_one,
        "complete_p50_ms_8": percentile(wall, 50),
        "p99_to_p50": percentile(wall, 99) / percentile(wall, 50),
    }


def percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def _completions(clients: Sequence[Client], each: int) -> tuple[float, list[float]]:
    """Completions in a second while all clients complete `each` tasks at once, and the milliseconds that each took."""
    taken = _at_once(clients, lambda client: [_taken(client) for _ in range(each)])
    by_client = dict(zip(map(id, clients), taken, strict=True))
    began = time.perf_counter()
    wall = _at_once(clients, lambda client: [_complete(client, task) for task in by_client[id(client)]])
    took = time.perf_counter() - began
    return each * len(clients) / took, [ms for several in wall for ms in several]


def _at_once(clients: Sequence[Client], do: Callable[[Client], list[Any]]) -> list[list[Any]]:
    with ThreadPoolExecutor(len(clients)) as pool:
        return list(pool.map(do, clients))


def _taken(client: Client) -> str:
    """The id of a task that was claimed, in a case of its own."""
    case = client.call("POST", "/cases", model.start(0))
    [task] = client.call("GET", f"/cases/{case['id']}/tasks")["items"]
    client.call("POST", f"/tasks/{task['id']}/claim", {})
    return str(task["id"])


def _complete(client: Client, task: str) -> float:
    began = time.perf_counter()
    client.call("POST", f"/tasks/{task}/complete", model.ASSESSED)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Measure alone; given may be how many tasks each client completes in a round, and how many rounds."""
    with postgresql() as new_database:
        print(json.dumps(measure(new_database("together"), *map(int, sys.argv[1:]))))


if __name__ == "__main__":
    main()
