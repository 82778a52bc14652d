"""The web server: gunicorn, with the worker of jobs beside it in the same process where that is asked for."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
import time
from typing import Any

from flask import Flask
from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from service import create_app

log = logging.getLogger(__name__)


class Logger(glogging.Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's own lines, written as all others are (logs.py)."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, configured by us instead of by its command line."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app()


def run(*, host: str, port: int, workers: int, threads: int, with_jobs: bool) -> None:
    """Serve until stopped. The application is made after the fork: sandbox pools and connections are not fork-safe."""
    options: dict[str, Any] = {
        "bind": f"{host}:{port}",
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "timeout": 60,
        "graceful_timeout": 20,
        "keepalive": 5,
        "max_requests": 0,
        "loglevel": "warning",
        "logger_class": Logger,
        "control_socket_disable": True,
    }
    options["post_fork"] = _end_with_parent
    if with_jobs:
        from service.worker import job_types, loop

        assert job_types and loop  # loaded before the fork
        options["post_worker_init"] = _start_jobs
        options["worker_exit"] = _stop_jobs
    Server(options).run()


PR_SET_PDEATHSIG = 1  #: prctl(2)
LOOKED_AFTER = 0.5  #: seconds between looks at the parent where the kernel does not tell


def _end_with_parent(_server: Any, server_worker: Any) -> None:
    """Let this child of gunicorn end at once when its parent is gone, killed say: it would keep the port, and a new
    start would fail on it. What it was doing is as safe as when it is killed itself."""
    parent = server_worker.ppid
    if not _told_by_kernel():
        threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()
    elif os.getppid() != parent:  # it was gone before we asked to be told
        os.kill(os.getpid(), signal.SIGKILL)


def _told_by_kernel() -> bool:
    """Have Linux kill this process when its parent ends; False where it cannot be asked to."""
    if sys.platform != "linux":
        return False
    asked: int = ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return asked == 0


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOKED_AFTER)
    os.kill(os.getpid(), signal.SIGKILL)


_stop = threading.Event()
_jobs: list[threading.Thread] = []


def _start_jobs(server_worker: Any) -> None:
    from service.worker import job_types

    assert job_types  # registers the jobs
    app: Flask = server_worker.app.callable or server_worker.app.wsgi()
    config = app.config["CASEWRIGHT"]
    settings = {"executor_id": config.worker_id, "concurrency": config.worker_concurrency, "stop": _stop}
    thread = threading.Thread(target=_work, args=(app,), kwargs=settings, name="jobs", daemon=True)
    thread.start()
    _jobs.append(thread)


def _work(app: Flask, **settings: Any) -> None:
    from service.worker import loop, places

    try:
        loop.run(app, **settings)
    except places.Taken as taken:
        log.error(str(taken))
        os._exit(Arbiter.WORKER_BOOT_ERROR)  # the one status at which gunicorn gives up instead of starting anew


def _stop_jobs(_server: Any, _server_worker: Any) -> None:
    _stop.set()
    for thread in _jobs:
        thread.join(timeout=15)
