"""`casewright serve` in an empty folder: a secret of its own, a first administrator, told once."""

from __future__ import annotations

import http.client
import os
import pty
import re
import select
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.conftest import ROOT
from tests.started import PATIENCE, free_port, outside, started, wait_for

PASSWORD = "a password of mine"


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[str]:
    """The address of `casewright serve` in `folder`; what it says goes into the file `said` there."""
    command = [sys.executable, "-m", "service", "serve"]
    with started(command, folder, {**outside(), "PYTHONPATH": str(ROOT), **settings}, folder / "said") as port:
        yield f"http://127.0.0.1:{port}"


def sign_in(address: str, name: str, password: str) -> str:
    """The address of the page that a browser stands on after signing in."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    page = browser.open(f"{address}/sign-in", timeout=30).read().decode()
    token = re.search(r'"X-CSRFToken": "([0-9a-f]{64})"', page)
    assert token is not None
    form = urlencode({"csrf_token": token.group(1), "name": name, "password": password}).encode()
    reached: str = browser.open(f"{address}/sign-in", form, timeout=30).geturl()
    return reached


def test_an_empty_folder_is_enough(tmp_path: Path) -> None:
    with serving(tmp_path) as address:
        told = re.search(r"Sign in as (\w+) with the password (\S+) ", (tmp_path / "said").read_text())
        assert told is not None
        reached = sign_in(address, told.group(1), told.group(2))
        with pytest.raises(urllib.error.HTTPError, match="401"):
            sign_in(address, told.group(1), "another password")
    first = (tmp_path / "said").read_text()
    secret = tmp_path / "var" / "secret-key"
    kept = secret.read_text()
    with serving(tmp_path):
        pass

    assert reached.endswith("/tasks")
    assert "CASEWRIGHT_DATABASE_URL=postgresql://" in first
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(secret.parent.stat().st_mode) == 0o700
    again = (tmp_path / "said").read_text()
    assert "Casewright is at http://127.0.0.1:" in again
    assert "password" not in again
    assert secret.read_text() == kept


def test_at_a_terminal_the_first_administrator_is_asked_for(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    begin = "from service.cli import first_run; first_run.settle('127.0.0.1'); first_run.begin()"
    process = subprocess.Popen(
        [sys.executable, "-c", begin],
        cwd=tmp_path,
        env={**outside(), "PYTHONPATH": str(ROOT)},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said = ""
    try:
        for question, answer in (("name", "grace"), ("password", PASSWORD), ("Repeat", PASSWORD)):
            said += _read_on(ours, question)
            os.write(ours, f"{answer}\n".encode())
        said += _read_on(ours, "doctor")
        ended = process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
        os.close(ours)

    assert ended == 0, said
    assert PASSWORD not in said
    with serving(tmp_path) as address:
        assert sign_in(address, "grace", PASSWORD).endswith("/tasks")


def _read_on(terminal: int, until: str) -> str:
    """What is shown on the terminal from here to the line that asks for `until`, the space behind it included."""
    said, end = "", time.monotonic() + PATIENCE
    while until not in said or not said.endswith((": ", ".\r\n")):
        ready, _, _ = select.select([terminal], [], [], max(0.0, end - time.monotonic()))
        assert ready, said
        said += os.read(terminal, 1000).decode()
    return said


def test_a_secret_that_is_set_is_used_and_none_is_made(tmp_path: Path) -> None:
    with serving(tmp_path, CASEWRIGHT_SECRET_KEY="s" * 40):
        pass

    assert not (tmp_path / "var" / "secret-key").exists()


def test_cookies_stay_secure_where_others_can_listen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from service.cli import first_run

    monkeypatch.chdir(tmp_path)
    secure = {}
    for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "192.0.2.1", "example.org"):
        own = outside()
        monkeypatch.setattr(os, "environ", own)
        first_run.settle(host)
        secure[host] = own.get("CASEWRIGHT_SECURE_COOKIES", "yes")

    assert secure == {
        "127.0.0.1": "no", "::1": "no", "localhost": "no", "0.0.0.0": "yes", "192.0.2.1": "yes", "example.org": "yes"
    }  # fmt: skip


def test_when_the_server_is_killed_its_children_end_and_the_next_one_starts(tmp_path: Path) -> None:
    command, port = [sys.executable, "-m", "service", "serve"], free_port()
    environment = {**outside(), "PYTHONPATH": str(ROOT), "PORT": str(port)}
    with (tmp_path / "said").open("w") as said:
        begin = partial(subprocess.Popen, command, cwd=tmp_path, env=environment, stdout=said, stderr=said)
        first = begin()
        assert wait_for(port, first)
        [child] = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()
        waiting = http.client.HTTPConnection("127.0.0.1", port)
        waiting.request("GET", "/healthz")
        waiting.getresponse().read()  # the connection stays, and would keep the port for its time

        first.kill()
        first.wait()
        killed = time.monotonic()
        while Path("/proc", child).exists() and time.monotonic() < killed + 20:
            time.sleep(0.05)
        lived_on = time.monotonic() - killed
        second = begin()
        try:
            assert wait_for(port, second)
        finally:
            second.terminate()
            second.wait(60)
            waiting.close()

    assert lived_on < 3


def test_where_the_kernel_does_not_tell_a_child_looks_after_its_parent(tmp_path: Path) -> None:
    """The parent begins a child that watches it, and ends."""
    child = "import os, sys; from service import server; server._watch(int(sys.argv[1]))"
    parent = (
        "import os, subprocess, sys;"
        f"child = subprocess.Popen([sys.executable, '-c', {child!r}, str(os.getpid())]);"
        "print(child.pid, flush=True)"
    )
    told = subprocess.run([sys.executable, "-c", parent], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)

    until = time.monotonic() + 20
    while (orphan := Path("/proc", told.stdout.strip())).exists() and time.monotonic() < until:
        time.sleep(0.05)

    assert not orphan.exists()
