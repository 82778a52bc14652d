"""The ways of attacks.py, and random ones, tried on Python and FEEL: no way leads out, and work goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service import forms
from service.engine import decisions, expressions
from service.engine.expressions import ExpressionError, feel
from service.engine.expressions.feel import FeelError
from service.errors import InvalidForm
from tests.security import fuzz
from tests.security.attacks import ESCAPES, FEEL_BOMBS, FEEL_ESCAPES, PYTHON_BOMBS

SECRET = fuzz.SECRET  # in a file, in the environment and in a variable of this module
STOPPED = 5 * fuzz.SECONDS  #: on any machine; `make chaos` holds an idle one to `fuzz.SECONDS`
MEGABYTES = 128


@pytest.fixture(autouse=True)
def canary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A secret in a file and in the environment. Whoever got out could read, change or add files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CASEWRIGHT_CANARY", SECRET)
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    return path


def outcome(action: Callable[[], Any]) -> str:
    """What an attempt gave, or said."""
    try:
        return repr(action())
    except (ExpressionError, FeelError, decisions.DecisionError, InvalidForm) as error:
        return str(error)


def assert_alive() -> None:
    assert expressions.run_script("x = 6 * 7", {}) == {"x": 42}
    assert expressions.evaluate("= 6 * 7", {}) == 42
    assert expressions.evaluate("= polluted", {}) is None
    assert expressions.evaluate("= {}.polluted", {}) is None


def assert_inside(found: str, canary: Path) -> None:
    assert SECRET not in found
    assert not any(word in found for word in ("root:", "<class", "object at 0x", "<module", "[native code]"))
    assert canary.read_text() == SECRET
    assert list(canary.parent.iterdir()) == [canary]


def test_there_are_as_many_attacks_as_the_faults_list_asks_for():
    assert len(ESCAPES) >= 28 and len(FEEL_ESCAPES) >= 28
    assert len(PYTHON_BOMBS) >= 24 and len(FEEL_BOMBS) >= 24


@pytest.mark.parametrize("kind", ESCAPES)
def test_python_does_not_get_out(kind, canary):
    text = ESCAPES[kind].replace("CANARY", str(canary))

    found = outcome(lambda: expressions.run_script(text, {"v": {"a": 1}}))

    assert_inside(found, canary)
    assert_alive()


@pytest.mark.parametrize("kind", FEEL_ESCAPES)
def test_feel_does_not_get_out(kind, canary):
    text = FEEL_ESCAPES[kind]

    found = outcome(lambda: expressions.evaluate(f"= {text}", {"v": {"a": 1}}))
    as_test = outcome(lambda: feel.unary_test(text, "x", {"v": {"a": 1}}))

    assert_inside(found.replace(text, ""), canary)
    assert_inside(as_test.replace(text, ""), canary)
    assert_alive()


@pytest.mark.parametrize("kind", PYTHON_BOMBS)
def test_a_python_bomb_is_stopped(kind):
    assert_stopped(lambda: expressions.run_script(PYTHON_BOMBS[kind], {}))
    assert_stopped(lambda: expressions.check(PYTHON_BOMBS[kind], "python"))
    assert_alive()


@pytest.mark.parametrize("kind", FEEL_BOMBS)
def test_a_feel_bomb_is_stopped(kind):
    before = resident()

    assert_stopped(lambda: expressions.evaluate("=" + FEEL_BOMBS[kind], {}))
    assert_stopped(lambda: expressions.check("=" + FEEL_BOMBS[kind]))
    assert_stopped(lambda: expressions.names("=" + FEEL_BOMBS[kind]))
    assert resident() - before < MEGABYTES
    assert_alive()


def assert_stopped(action: Callable[[], Any]) -> None:
    start = time.perf_counter()
    outcome(action)
    passed = time.perf_counter() - start
    assert passed <= STOPPED * max(1, fuzz.crowding())


def resident() -> float:
    """Megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_a_context_whose_memory_is_full_gives_way_to_a_new_one():
    said = set()
    for kilobytes in range(2_000, 9_000, 200):  # at some of these not even an error fits in
        feel._bundle.forget()
        assert expressions.evaluate("= 6 * 7", {}) == 42
        full = feel._bundle._state()["context"]
        full.set_memory_limit(kilobytes * 1024)
        found = outcome(lambda: expressions.evaluate("= for x in 1..2000 return string(x)", {}))
        if not found.startswith("['1', '2'"):
            said.add(found)
            assert feel._bundle._state()["context"] is not full
            assert_alive()

    assert said == {"It needed too much memory and was stopped."}


@pytest.mark.parametrize("key", ["__proto__", "constructor", "toString", "hasOwnProperty", "then"])
def test_variables_with_javascript_s_own_names_are_only_variables(key):
    variables = {"v": {key: {"polluted": "yes"}}, key: {"polluted": "yes"}}

    assert expressions.evaluate("= v", variables) == {"v": variables["v"]}["v"] or key == "__proto__"
    assert_alive()


@pytest.mark.parametrize("key", ["__proto__.polluted", "constructor.prototype.polluted"])
def test_a_form_s_keys_do_not_reach_a_prototype(key):
    schema = {"components": [{"type": "textfield", "id": "a", "key": key}]}

    outcome(lambda: forms.validate(schema, {"__proto__": {"polluted": "yes"}, "constructor": {}}, context={}))

    assert_alive()


@pytest.mark.parametrize("size", [1_000, 20_000])
def test_a_form_of_many_rows_is_stopped(size):
    schema = {
        "components": [
            {
                "type": "dynamiclist",
                "id": "l",
                "path": "l",
                "isRepeating": True,
                "allowAddRemove": True,
                "components": [{"type": "textfield", "id": "a", "key": "a", "conditional": {"hide": "=count(l) < 3"}}],
            }
        ]
    }
    begun = time.process_time()

    outcome(lambda: forms.validate(schema, {"l": [{"a": "x"}] * size}, context={}))

    assert time.process_time() - begun < 10
    assert_alive()


def test_random_snippets_get_nowhere(canary):
    """A part of what `make chaos` tries; see fuzz.py."""
    found = fuzz.run(250, seed=28, canary=canary)

    assert found["snippets"] == 250
    assert (found["escapes"], found["alive"]) == (0, True)
    assert found["slowest_s"] <= STOPPED
    assert found["grown_mb"] <= MEGABYTES
    assert canary.read_text() == SECRET
