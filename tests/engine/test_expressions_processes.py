"""Sandboxes across processes: each has its own, and a fork at the wrong time is told so instead of hanging."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FORK = """
import os, signal, sys
from service.engine import expressions

def evaluate(text):
    try:
        return expressions.evaluate(text, {"x": 41})
    except expressions.ExpressionError as error:
        return str(error)

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # at once, or two processes mix their lines

signal.alarm(60)
if "before" in sys.argv:
    say("parent", evaluate("x + 1"), evaluate("= x + 1"))
child = os.fork()
say("child" if child == 0 else "parent", evaluate("x + 1"), evaluate("= x + 1"))
if child == 0:
    sys.exit(0)
say("child ended with", os.waitpid(child, 0)[1])
say("parent", evaluate("x + 1"), evaluate("= x + 1"))
"""


def run(*arguments: str) -> list[str]:
    command = [sys.executable, "-W", "ignore", "-c", FORK, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    return sorted(done.stdout.splitlines())


def test_a_process_and_its_fork_evaluate_each_for_itself():
    assert run() == ["child 42 42", "child ended with 0", "parent 42 42", "parent 42 42"]


def test_a_process_that_was_forked_too_late_says_so_and_its_parent_goes_on():
    late = "This process was forked after its parent had evaluated Python; fork earlier."

    assert run("before") == [f"child {late} 42", "child ended with 0", *["parent 42 42"] * 3]
