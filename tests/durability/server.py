"""The installed service as processes of their own, to be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.started import wait_for

ROOT = Path(__file__).resolve().parents[2]
COMMAND = str(Path(sys.executable).parent / "casewright")


class Server:
    """`casewright serve`, or `casewright web` with two workers; the environment says on which database."""

    def __init__(self, environment: dict[str, str], *, on_sqlite: bool, release: Path | None = None) -> None:
        """Of the package in the folder `release`, where that is not this one."""
        self.environment = os.environ | environment
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what pip installs is compiled
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address: tuple[str, int] = free.getsockname()
        port = str(self.address[1])
        self.commands = (
            {"serve": ["serve", "--port", port]}
            if on_sqlite
            else {"web": ["web", "--workers", "2", "--port", port], "one": ["worker"], "two": ["worker"]}
        )
        self.folder, self.program, self.called = ROOT, [COMMAND], ""
        if release is not None:
            self.folder, self.program, self.called = release, [sys.executable, "-m", "service"], release.name
            self.environment["PYTHONPATH"] = str(release)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    @classmethod
    def of_workers(cls, environment: dict[str, str]) -> Server:
        """Two workers, and nobody who answers."""
        server = cls(environment, on_sqlite=True)
        server.commands = {"one": ["worker"], "two": ["worker"]}
        return server

    def start(self) -> None:
        """Start the processes that do not run; returns at once."""
        for name, arguments in self.commands.items():
            if name not in self.processes:
                environment = self.environment | {"CASEWRIGHT_WORKER_ID": self.called + name}
                command = [*self.program, *arguments]
                self.processes[name] = subprocess.Popen(
                    command, cwd=self.folder, env=environment, start_new_session=True
                )

    def wait_until_ready(self) -> None:
        """Wait until the web answers that it can work."""
        assert wait_for(self.address[1], next(iter(self.processes.values())))

    def end(self) -> None:
        """Tell the processes to end, as a service manager does, and wait for it."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(60)
        self.processes.clear()

    def kill(self, turn: int = 0) -> None:
        """End processes with their children, without a chance to say good-bye: all, only the web, only the workers.

        Where one process is everything, every second turn ends gunicorn's child only, which gunicorn replaces.
        """
        names = list(self.processes)
        if names == ["serve"] and turn % 2:
            pid = self.processes["serve"].pid
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
                os.kill(int(child), signal.SIGKILL)
            return
        for name in (names, names[:1], names[1:] or names)[turn % 3]:
            process = self.processes.pop(name)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
