"""Casewright started as people start it: a process of its own in a folder, waited for, and stopped in the end."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 120  #: seconds for a first start on a busy machine


def outside() -> dict[str, str]:
    """This environment without any setting of Casewright."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("CASEWRIGHT_", "PORT"))}


@contextmanager
def started(
    command: Sequence[str | Path], folder: Path, environment: Mapping[str, str], said: Path | None = None
) -> Iterator[int]:
    """The port at which `command`, run in `folder`, answers; it is told the port as `PORT`.

    What it prints goes into the file `said`, or `output` in the folder.
    """
    port = free_port()
    file = said or folder / "output"
    with file.open("w") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, "PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        try:
            assert wait_for(port, process), file.read_text()
            yield port
        finally:
            process.terminate()
            process.wait(60)


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(port: int, process: subprocess.Popen[bytes]) -> bool:
    """Wait until the server is ready; False when its process ends before, or nobody answers."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return True
        except OSError:
            time.sleep(0.1)
    return False
