"""What jobs there are, which queues, and the state of this process."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from flask import Flask

APPLICATION = "casewright"
#: owns delayed jobs: DBOS leaves them alone, and worker/loop.py wakes them by the database's clock
LATER = "casewright: later"
RUNS = 4  #: a job that kills its worker is run this often, then reported
INTERNAL = "_dbos_internal_queue"  #: of DBOS itself, for what is scheduled
PARTITIONED = "cases"  #: one job at a time for each partition; the other queues run theirs side by side
SUSPECTS = "suspects"  #: jobs that were interrupted twice run alone: one that ends its worker takes no others with it
#: the queues; seconds between looks at each, while there is something in it
POLLING = {PARTITIONED: 0.1, "connectors": 0.1, "bulk": 0.5, SUSPECTS: 0.5}
CALLING = frozenset({"connectors", SUSPECTS})  #: queues in which there may be what calls outside
FAILED = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")

Function = TypeVar("Function", bound=Callable[..., None])
Arguments = Mapping[str, Any]


@dataclass(frozen=True)
class Job:
    """A registered kind of job."""

    function: Callable[..., None]
    queue: str
    attempts: int
    backoff: tuple[float, ...]
    calls_out: bool
    in_steps: bool = False
    foreseen: tuple[type[Exception], ...] = ()

    def delay(self, attempt: int) -> float:
        """Seconds to wait after failed `attempt`, give or take a tenth."""
        return self.backoff[min(attempt, len(self.backoff)) - 1] * random.uniform(0.9, 1.1)  # noqa: S311


@dataclass(frozen=True)
class Run:
    """The job that this thread is doing. `key` is the same on every attempt: the key for calls to the outside."""

    id: str
    key: str
    attempt: int


@dataclass(frozen=True)
class NextTry:
    """The attempt that follows a failed one."""

    job_id: str
    after: int  #: attempts that have failed
    at: datetime


@dataclass
class _State:
    """What belongs to the process, as DBOS does."""

    jobs: dict[str, Job] = field(default_factory=dict)
    schedules: dict[str, str] = field(default_factory=dict)
    exhausted: Callable[[str, dict[str, Any], str], None] | None = None
    repeated: Callable[[str, dict[str, Any], Exception, NextTry], None] | None = None
    app: Flask | None = None  #: the one that launched the worker here
    active: set[str] = field(default_factory=set)  #: ids of the jobs that run here
    waiting: frozenset[str] = frozenset()  #: the queues in which there was something at worker/loop.py's last look
    paused: bool = False  #: whether this worker leaves alone what calls outside
    stopping: threading.Event = field(default_factory=threading.Event)


class JobFailed(Exception):
    """The job is out of attempts. DBOS records it as failed by this."""


class AlreadyFinished(Exception):
    """Another run of this job has taken effect."""


state = _State()


# --- what jobs there are


def register(
    name: str,
    *,
    queue: str = PARTITIONED,
    attempts: int = 4,
    backoff: tuple[float, ...] = (1, 10, 60),
    calls_out: bool = False,
    in_steps: bool = False,
    foreseen: tuple[type[Exception], ...] = (),
) -> Callable[[Function], Function]:
    """Make the decorated function the job `name`. It takes JSON values, as keyword arguments.

    It runs in an application context and in one transaction, which is committed for it. With `calls_out` it begins
    without a transaction, so that it may use the network, and puts its effect into `with once():`. So does a job
    `in_steps`, which commits each of them by itself: each has to be known as done.
    `backoff`: seconds from each failed attempt to the next, the last figure repeated. Of errors that are `foreseen`
    the log has a line with their `code`, and no traceback, as long as there is another attempt.
    """
    if queue not in POLLING:
        raise ValueError(f"There is no queue {queue!r}; there are {', '.join(POLLING)}.")

    def decorate(function: Function) -> Function:
        state.jobs[name] = Job(function, queue, attempts, backoff, calls_out, in_steps, foreseen)
        return function

    return decorate


def schedule(name: str, cron: str) -> None:
    """Do the registered job `name`, without arguments, at the times of `cron` (five fields, UTC)."""
    state.schedules[name] = cron


def when_exhausted(report: Function) -> Function:
    """Have `report(name, arguments, error)` called, in a transaction, for each job that is out of attempts."""
    state.exhausted = report
    return report


def when_repeated(note: Function) -> Function:
    """Have `note(name, arguments, error, next_try)` called, in the transaction that enqueues it, for each next try."""
    state.repeated = note
    return note
