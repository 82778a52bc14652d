"""Servers and workers, and the demo."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import click

from service import create_app
from service.audit.verification import require_right_key
from service.cli import first_run
from service.cli.application import application, say, settle_demo
from service.errors import InvalidDeployment

YOUNG = 50_000  #: objects made between looks for garbage in a server or worker, once it has loaded


def _pause(_context: click.Context, _option: click.Parameter, paused: bool) -> None:
    if paused:
        os.environ["CASEWRIGHT_PAUSED"] = "yes"


pausable = click.option("--paused", is_flag=True, callback=_pause, expose_value=False, is_eager=True,
                        help="Call nothing outside: for a restored copy.")  # fmt: skip


@click.command()
@click.option("--host", default="127.0.0.1", envvar="HOST", show_default=True)
@click.option("--port", default=8000, envvar="PORT", show_default=True, type=click.IntRange(1, 65535))
@click.option("--threads", default=8, show_default=True, type=click.IntRange(1, 64))
@pausable
def serve(host: str, port: int, threads: int) -> None:
    """Web and worker in one process: all that a SQLite installation needs.

    Without settings it keeps everything in the folder var/, makes its own secret and its first administrator.
    """
    first_run.settle(host)
    with application(create_app):  # all parts, once for the processes to come
        ready = first_run.is_over()
        if ready:
            require_right_key()
    if not ready:
        _apart(first_run.begin)
    click.echo(f"Casewright is at http://{host}:{port}")
    _serve(host=host, port=port, workers=1, threads=threads, with_jobs=True)


@click.command()
@click.option("--host", default="127.0.0.1", envvar="HOST", show_default=True)
@click.option("--port", default=8000, envvar="PORT", show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64))
def web(host: str, port: int, workers: int, threads: int) -> None:
    """The web server alone; run `casewright worker` beside it."""
    _load_parts()
    _serve(host=host, port=port, workers=workers, threads=threads, with_jobs=False)


def _load_parts() -> None:
    """Load what the server's processes need before they part, so that one that is replaced is ready at once."""
    with application(create_app):  # says what is wrong with the settings, too
        require_right_key()


def _serve(*, host: str, port: int, workers: int, threads: int, with_jobs: bool) -> None:
    from service import server

    _keep_what_is_loaded()
    server.run(host=host, port=port, workers=workers, threads=threads, with_jobs=with_jobs)


def _keep_what_is_loaded() -> None:
    """Let no process look for garbage in what there is now, nor copy its memory for that."""
    gc.freeze()
    gc.set_threshold(YOUNG)


@click.command()
@pausable
def worker() -> None:
    """The worker alone: timers, messages, service tasks. Start as many as there is work for."""
    import signal

    from service.worker import job_types, loop, places

    assert job_types  # registers the jobs
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with application() as app:
        require_right_key()
        config = app.config["CASEWRIGHT"]
    _keep_what_is_loaded()
    try:
        loop.run(app, executor_id=config.worker_id, concurrency=config.worker_concurrency, stop=stop)
    except places.Taken as taken:
        raise click.ClickException(str(taken)) from None


@click.command()
@click.option("--port", default=8000, envvar="PORT", show_default=True, type=click.IntRange(1, 65535))
@click.option("--folder", default="var", show_default=True, type=click.Path(path_type=Path))
def demo(port: int, folder: Path) -> None:
    """Set up and start the demo: SQLite, the case types of processes/ and forms/, a few people and cases."""
    from service.demo import people, setting_up

    settle_demo(folder)
    with application(create_app):  # all parts, once for the processes to come
        ready = setting_up.is_ready()
    if not ready:
        _apart(_prepare_demo)
    click.echo(f"Casewright is at http://127.0.0.1:{port} - sign in as {people.logins()}")
    _serve(host="127.0.0.1", port=port, workers=1, threads=8, with_jobs=True)


def _apart(prepare: Callable[[], None]) -> None:
    """Prepare in a process of its own: the web server forks, and that is possible only before scripts were run."""
    import multiprocessing

    preparing = multiprocessing.get_context("fork").Process(target=_or_exit, args=(prepare,))
    preparing.start()
    preparing.join()
    if preparing.exitcode:
        sys.exit(preparing.exitcode)


def _or_exit(prepare: Callable[[], None]) -> None:
    try:
        prepare()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)


def _prepare_demo() -> None:
    """What `demo` does before it serves."""
    from service.demo import setting_up

    with application() as app:
        try:
            setting_up.prepare(app)
        except InvalidDeployment as refused:
            say(refused.problems)
            sys.exit(1)
