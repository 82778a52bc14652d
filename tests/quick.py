"""`make quick`: the checks, and the tests near what changed, in a minute on two processors.

What changed is what differs from where this branch left `main`, committed or not; on `main` itself, what is not
committed, else the last commit. Near are, in this order: tests that changed; tests that import a changed module; tests
that import a module that imports a changed one. Pages answer for templates and styles, scenarios for case types and
forms. The nearest run first, on SQLite before PostgreSQL, until the time is up; how many were left out is said.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

from tests.conftest import is_long

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 50  #: after which no more test begins
MODULES = 40  #: test modules at most: to collect more takes the time that they need
CHECKS = (
    ("ruff check", ["ruff", "check", "--quiet", "."]),
    ("ruff format", ["ruff", "format", "--check", "--quiet", "."]),
    ("lint-imports", ["lint-imports"]),
    ("mypy", ["mypy"]),
)
#: What no import leads to: files that begin so, and the tests that answer for them.
ANSWERING = (
    ("service/templates/", "tests/pages/"),
    ("service/frontend/", "tests/pages/"),
    ("service/static/", "tests/pages/"),
    ("service/alembic/", "tests/packaging/test_schema.py"),
    ("processes/", "tests/scenarios/"),
    ("forms/", "tests/scenarios/"),
    ("", "tests/packaging/"),
)


def changed() -> set[str]:
    """The changed files, by their paths from the top."""
    base = _git("merge-base", "HEAD", "main") or _git("merge-base", "HEAD", "origin/main") or ["HEAD"]
    now = _git("ls-files", "--others", "--exclude-standard")
    differing = {*now, *_git("diff", "--name-only", *base)}
    return differing or set(_git("diff", "--name-only", "HEAD~1"))


def _git(*words: str) -> list[str]:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")[:-1]


def module_of(file: str) -> str:
    """The module's name that a Python file of ours has."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def imported_by(file: str) -> frozenset[str]:
    """The modules of ours that a test file imports, and those of the other test files that it imports."""
    named: set[str] = set()
    for node in ast.walk(ast.parse((ROOT / file).read_text())):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    ours = {name for name in named if name.startswith(("service", "tests"))}
    return frozenset(ours)


def near(files: set[str]) -> dict[str, int]:
    """The test modules for the changed `files`: how near each is, 0 the nearest."""
    graph = grimp.build_graph("service")
    tests = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py"))
    touched = {module_of(file) for file in files if file.endswith(".py")}
    names = {f"test_{module.rpartition('.')[2]}" for module in touched}
    around = {user for each in touched & graph.modules for user in graph.find_modules_that_directly_import(each)}
    found: dict[str, int] = {}
    for file in tests:
        imports = imported_by(file)
        if file in files or Path(file).stem in names:
            found[file] = 0
        elif imports & touched:
            found[file] = 1
        elif _answers(file, files):
            found[file] = 2
        elif imports & around:
            found[file] = 3
    return found


def _answers(test: str, files: set[str]) -> bool:
    """Whether `test` answers for one of `files` that no import leads to."""
    for file in files:
        if file.endswith("conftest.py"):
            answering = file.removesuffix("conftest.py")
        elif file.endswith(".py") and not file.startswith("service/alembic/"):
            continue
        else:
            answering = next(tests for start, tests in ANSWERING if file.startswith(start))
        if test.startswith(answering):
            return True
    return False


class NearestFirst:
    """The pytest plugin: puts the tests in order and ends the run in time."""

    def __init__(self, distances: dict[str, int], deadline: float) -> None:
        self.distances, self.deadline = distances, deadline
        self.left_out: set[str] = set()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Iterator[None]:
        """Order `items` after all others have had their say."""
        yield
        items.sort(key=self._place)

    def _place(self, item: pytest.Item) -> tuple[bool, int, bool]:
        distance = self.distances[item.path.relative_to(ROOT).as_posix()]
        return is_long(item) and distance > 0, distance, "postgresql" in item.name

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Pass over what the time does not suffice for."""
        if time.monotonic() < self.deadline:
            return None
        self.left_out.add(item.nodeid)
        return True


def start(words: list[str]) -> subprocess.Popen[str]:
    """Begin one of the checks."""
    program = str(Path(sys.executable).with_name(words[0]))
    return subprocess.Popen(
        [program, *words[1:]], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def passed(name: str, check: subprocess.Popen[str], deadline: float) -> bool:
    """Wait for a check, at most until `deadline`, and tell how it went."""
    try:
        said, _ = check.communicate(timeout=max(1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        check.kill()
        print(f"{name} did not finish in time: `make lint` takes its time, and is quicker the next time.")
        return True
    print(f"{name}: {'holds' if check.returncode == 0 else 'FAILS'}")
    if check.returncode:
        print(said)
    return check.returncode == 0


def main() -> int:
    """Check, test, tell; the exit code."""
    begun = time.monotonic()
    checks = [(name, start(words)) for name, words in CHECKS]
    files = changed()
    distances = near(files)
    nearest = sorted(distances, key=lambda file: (distances[file], file))[:MODULES]
    print(f"{len(files)} changed files; {len(distances)} test modules are near them, {len(nearest)} are tried.")
    plugin = NearestFirst(distances, begun + SECONDS)
    options = ["-q", "--no-header", "-p", "no:randomly", "--maxfail=5"]
    failed = bool(nearest) and pytest.main([*options, *nearest], plugins=[plugin]) not in (0, 5)
    for name, check in checks:
        failed = not passed(name, check, begun + SECONDS + 5) or failed
    left = f"{len(plugin.left_out)} tests were left out for want of time; " if plugin.left_out else ""
    print(f"{left}{'something is wrong' if failed else 'all is well'} after {time.monotonic() - begun:.0f} s.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
