"""The handbook is followed: its commands are typed in, its files written, and what comes out is what it says.

What goes on from one chapter to the next (a terminal, its folder, the demo) does so here, too; so a part is one test.
"""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.engine import expressions
from service.handbook import Chapter
from tests.handbook.reading import CHAPTERS, Block, blocks
from tests.started import started

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 240  #: seconds for a command, or a first start, on a busy machine
SQLITE3 = "import sqlite3, sys\nsqlite3.connect(sys.argv[1], isolation_level=None).execute(sys.argv[2])\n"
END = "handbook-block-ended"
WORK = """
call() {
    curl -sS -H "Authorization: Bearer $1" -H "Content-Type: application/json" "http://127.0.0.1:8000/api/v1$2" "${@:3}"
}
first() { python3 -c 'import json, sys; print(json.load(sys.stdin)["items"][0][sys.argv[1]])' "$1"; }
ANN="$(casewright token ann --demo)" FINN="$(casewright token finn --demo)"
REQUEST='{"case_type": "equipment-request", "data": {"person": "Ann", "device": "Screen", "price": 240}}'
call "$ANN" /cases -d "$REQUEST" -o opened.json
for DATA in '{"data": {"decision": "yes"}}' '{"data": {}}'; do
    TASK="$(call "$FINN" '/tasks?view=team&case_type=equipment-request' | first id)"
    call "$FINN" "/tasks/$TASK/claim" -X POST -o claimed.json
    call "$FINN" "/tasks/$TASK/complete" -d "$DATA" -o completed.json
done
call "$ANN" '/cases?text=EQP' | first state
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where somebody works: a folder with what a checkout has, and the commands that they have installed."""
    for name in ("processes", "forms"):
        (tmp_path / name).symlink_to(ROOT / name)
    commands = tmp_path / "bin"
    commands.mkdir()
    _command(commands / "casewright", f'PYTHONPATH="{ROOT}" exec "{sys.executable}" -m service "$@"')
    if shutil.which("sqlite3") is None:
        (commands / "sqlite3.py").write_text(SQLITE3)
        _command(commands / "sqlite3", f'exec "{sys.executable}" "{commands / "sqlite3.py"}" "$@"')
    return tmp_path


def _command(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def environment(folder: Path, **more: str) -> dict[str, str]:
    """The environment of somebody new, who finds the commands of `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CASEWRIGHT_")}
    return {**kept, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", **more}


class Terminal:
    """A shell that keeps its variables and functions from one block to the next."""

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self.folder = folder
        self._shell = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env=settings,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._shell.stdout
        for line in self._shell.stdout:
            self._lines.put(line)

    def type(self, text: str) -> tuple[int, str]:
        """The status of the last command in `text`, and all that was printed."""
        assert self._shell.stdin
        self._shell.stdin.write(f"{text.rstrip()}\nprintf '\\n%s %s\\n' {END} $?\n")
        self._shell.stdin.flush()
        printed: list[str] = []
        while not (printed and printed[-1].startswith(END)):
            printed.append(self._lines.get(timeout=PATIENCE))
        return int(printed.pop().split()[1]), "".join(printed)

    def close(self) -> None:
        self._shell.terminate()
        self._reader.join(10)
        with self._shell:
            """Close its pipes."""


@contextmanager
def terminal(folder: Path, settings: dict[str, str]) -> Iterator[Terminal]:
    """A terminal, closed in the end."""
    opened = Terminal(folder, settings)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def demo(folder: Path) -> Iterator[int]:
    """The port of the demo, started in `folder` as the handbook says."""
    with started(["casewright", "demo"], folder, environment(folder)) as port:
        yield port


def follow(chapter: Chapter, at: Terminal, port: int = 8000) -> int:
    """Do what the chapter says, in its order; the number of blocks that were run."""
    ran, printed = 0, ""
    for block in blocks(chapter):
        text = block.text.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        if block.file:
            path = at.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif block.language == "sh" and "run" in block.words:
            status, printed = at.type(text)
            assert (status != 0) is ("fails" in block.words), f"{chapter.slug}: {text}{printed}"
            ran += 1
        elif block.language == "output":
            assert fits(text, printed), f"{chapter.slug} says:\n{text}and this was printed:\n{printed}"
    return ran


def fits(said: str, printed: str) -> bool:
    """Whether the lines that the handbook shows were printed, in their order; `…` stands for anything."""
    shown = [re.sub("(?:…)+", ".*", re.sub(r"([^\w…])", r"\\\1", line)) for line in said.strip().splitlines()]
    lines = iter(printed.splitlines())
    return all(any(re.fullmatch(wanted, line.strip()) for line in lines) for wanted in shown)


def work_through(at: Terminal, port: int) -> str:
    """Do what “A case type in ten minutes” says under *Work*, over REST; how the case then stands."""
    _status, printed = at.type(WORK.replace("8000", str(port)))
    return printed.strip()


def of_part(part: str) -> list[Chapter]:
    return [each for each in CHAPTERS.values() if each.part.key == part]


@pytest.mark.timeout(900)
def test_what_designers_and_developers_are_told_works_on_the_demo(folder: Path) -> None:
    with demo(folder) as port:
        for part in ("designers", "developers"):
            with terminal(folder, environment(folder)) as opened:
                ran = sum(follow(chapter, opened, port) for chapter in of_part(part))
                assert ran >= 7, part
                if part == "designers":
                    assert work_through(opened, port) == "completed"


@pytest.mark.timeout(900)
def test_what_operations_are_told_works_on_a_database_of_their_own(folder: Path) -> None:
    secrets = {"CASEWRIGHT_SECRET_KEY": "s" * 40, "CASEWRIGHT_NEW_PASSWORD": "something longer"}

    with terminal(folder, environment(folder, **secrets)) as opened:
        ran = sum(follow(chapter, opened) for chapter in of_part("operations"))

    assert ran >= 10
    assert (folder / "backups" / "casewright.db").stat().st_size > 0


def examples() -> list[tuple[str, Any]]:
    """The lines `expression → value` of the chapter on expressions."""
    written = [block for block in blocks(CHAPTERS["expressions"]) if _is_evaluated(block)]
    lines = [line.rpartition("→") for block in written for line in block.text.splitlines()]
    return [(expression.strip(), json.loads(value)) for expression, _, value in lines]


def _is_evaluated(block: Block) -> bool:
    return block.language in ("feel", "python") and "run" in block.words


def test_every_expression_gives_what_the_handbook_says() -> None:
    variables = next(json.loads(block.text) for block in blocks(CHAPTERS["expressions"]) if "variables" in block.words)

    given = [(text, expressions.evaluate(text, variables)) for text, _ in examples()]

    assert len(given) > 12
    assert [(text, json.loads(json.dumps(value, default=str))) for text, value in given] == examples()


@pytest.mark.parametrize(
    ("said", "printed", "is_so"),
    [
        ("a\n", "x\na\n", True),
        ("a\nb", "b\na", False),
        ('…"state":"open"…', '{"id":1,"state":"open"}', True),
        ("cw_…", "error", False),
        ("a.c", "abc", False),
    ],
)
def test_what_was_printed_is_compared_line_by_line(said: str, printed: str, is_so: bool) -> None:
    assert fits(said, printed) is is_so
