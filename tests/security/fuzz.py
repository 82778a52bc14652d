"""Random snippets for both sandboxes: `python -m tests.security.fuzz [COUNT [SEED]]`; `make chaos` tries 10,000.

Half are Python, half FEEL; a third are noise of the pieces that attacks are made of, a third grow from a grammar, a
third are known attacks with something changed. Ends with one line of JSON: how many were tried, how many showed
something from outside, the slowest one in seconds of processor time (others may use this machine, too) and its text,
and by how many megabytes this process and the sandbox's grew.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import string
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from service.engine import expressions
from service.engine.expressions import ExpressionError, feel
from service.engine.expressions.feel import FeelError
from tests.security.attacks import ESCAPES, FEEL_BOMBS, FEEL_ESCAPES, PYTHON_BOMBS

SECRET = "canary-5f2c9e"  # in a file and in the environment
SIGNS = (
    "root:",
    "<class",
    "object at 0x",
    "<module",
    "[native code]",
    SECRET,
)  #: of something that is not ours to show
SECONDS = 1.5  #: that one may take
BOMBS = 0.02  #: share of snippets made from a bomb: each takes up to half a second
VARIABLES = {"x": 1, "v": {"a": [1, "b", None]}, "items": [3, 1, 2], "name": "Ann"}
_PIECES = [
    *("()[]{}.,:=+-*/\\'\"\n \t"),
    *("__class__", "__proto__", "constructor", "prototype", "import os", "open", "eval", "globalThis", "this", "exec"),
    *("for ", " in ", "x", "if ", "then ", " else ", "1", "range", "lambda ", "@", "…", "\ud83d", "\0", "return "),
    *("function(a) ", "while True:\n    ", "def f():\n    ", "try:\n    ", "class A:\n    ", "1..9", "satisfies "),
    *string.ascii_letters[:6],
]
#: What each rule may become; a word in braces is another rule.
_PYTHON = {
    "value": [
        *(
            "<atom>",
            "<value> <op> <value>",
            "(<value>)",
            "[<value> for y in <value>]",
            "<value>.<name>",
            "f'{<value>}'",
        ),
        *("<value>[<value>]", "<call>(<value>)", "(lambda y: <value>)(<value>)", "<value> if <value> else <value>"),
    ],
    "atom": ["x", "v", "items", "name", "1", "'a'", "None", "0.5", "[]", "{}", "y", "now()", "uuid4()"],
    "op": ["+", "-", "*", "**", "%", "and", "==", "<", "in", "is", "@", "<<"],
    "name": ["a", "__class__", "__init__", "__globals__", "upper()", "format(x)", "__mro__", "append(1)", "items()"],
    "call": ["len", "sorted", "getattr", "type", "open", "range", "str", "max", "dir", "vars", "__import__", "repr"],
    "text": [
        *("<value>", "y = <value>", "for y in <value>:\n    x = <value>", "import <module>\nx = <module>.<name>"),
        "def f(y):\n    return <value>\nx = f(<value>)",
        "try:\n    <value>\nexcept Exception as y:\n    x = <value>",
    ],
    "module": ["os", "sys", "json", "math", "subprocess", "builtins", "ctypes"],
}
_FEEL = {
    "value": [
        *("<atom>", "<value> <op> <value>", "(<value>)", "for y in <value> return <value>", "<value>.<name>"),
        *("<value>[<value>]", "<call>(<value>)", "(function(y) <value>)(<value>)", "[<value>, <value>]"),
        *("if <value> then <value> else <value>", "{k: <value>}", "some y in <value> satisfies <value>"),
        "<value> instance of <type>",
    ],
    "atom": ["x", "v", "items", "name", "1", '"a"', "null", "0.5", "[]", "{}", "y", "now()", '@"PT1H"', "[1..9]"],
    "op": ["+", "-", "*", "**", "/", "and", "=", "<", "in", "or", "!="],
    "name": ["a", "constructor", "__proto__", "prototype", "toString", "start", "length", "this"],
    "call": ["count", "sort", "string", "number", "sum", "flatten", "get entries", "matches", "constructor", "eval"],
    "type": ["number", "list<string>", "context<a: number>", "function<Any>->Any", "constructor"],
    "text": ["<value>"],
}
_RULE = re.compile("<(value|atom|op|name|call|text|module|type)>")


def snippets(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """(language, text), the same for the same seed."""
    chance = random.Random(seed)
    for number in range(count):
        language = ("python", "feel")[number % 2]
        yield language, _MADE[number // 2 % 3](chance, language)


def _noise(chance: random.Random, language: str) -> str:
    return "".join(chance.choices(_PIECES, k=chance.randint(1, 30)))


def _grown(chance: random.Random, language: str) -> str:
    grammar, left = (_PYTHON if language == "python" else _FEEL), chance.randint(3, 40)

    def grow(rule: str) -> str:
        nonlocal left
        left -= 1
        form = "<atom>" if rule == "value" and left <= 0 else chance.choice(grammar[rule])
        return _RULE.sub(lambda found: grow(found[1]), form)

    return grow("text")


def _changed(chance: random.Random, language: str) -> str:
    """A known attack, with one to three small changes."""
    attacks, bombs = (ESCAPES, PYTHON_BOMBS) if language == "python" else (FEEL_ESCAPES, FEEL_BOMBS)
    source = bombs if chance.random() < BOMBS * 3 else attacks
    text = list(chance.choice(sorted(source.values()))[:2000])
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        text[at : at + chance.choice([0, 0, 1, 4])] = chance.choice(_PIECES)
    return "".join(text)


_MADE: tuple[Callable[[random.Random, str], str], ...] = (_noise, _grown, _changed)


def run(count: int, *, seed: int, canary: Path) -> dict[str, Any]:
    """Try them; what was seen. `canary` is a file that none of them may read, change or get company for."""
    found: Counter[str] = Counter()
    escaped: list[str] = []
    slowest, slow = 0.0, ""
    _attempt("python", "x")
    _attempt("feel", "x")
    before = _megabytes()
    for language, text in snippets(count, seed):
        text = text.replace("CANARY", str(canary))
        said, took = _attempt(language, text)
        slowest, slow = max((slowest, slow), (took, text))
        found[language] += 1
        if any(sign in said.replace(text, "") and sign not in text for sign in SIGNS) or canary.read_text() != SECRET:
            escaped.append(text)
    escaped += [str(path) for path in canary.parent.iterdir() if path != canary]
    alive = expressions.run_script("x = 6 * 7", {}) == {"x": 42} and expressions.evaluate("= {}.polluted", {}) is None
    return {
        "snippets": found.total(),
        **found,
        "escapes": len(escaped),
        "escaped": escaped[:5],
        "alive": alive,
        "slowest_s": round(slowest, 2),
        "slow": slow[:500],
        "grown_mb": round(max(0.0, _megabytes() - before)),
    }


def _attempt(language: str, text: str) -> tuple[str, float]:
    """What evaluating it, running it and using it as a test gave or said; and how long the slowest of these took."""
    said, slowest = [], 0.0
    sign = "=" if language == "feel" else ""
    for action in (
        lambda: expressions.evaluate(sign + text, VARIABLES),
        lambda: expressions.run_script(text, VARIABLES, language=language),
        lambda: feel.unary_test(text, 1, VARIABLES) if language == "feel" else None,
    ):
        begun = _used()
        try:
            said.append(repr(action()))
        except (ExpressionError, FeelError) as problem:
            said.append(str(problem))
        slowest = max(slowest, _used() - begun)
    return "\n".join(said), slowest


def _used() -> float:
    """Seconds of processor time that this process and those that it started have used."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = time.process_time() + ended.ru_utime + ended.ru_stime
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            try:
                fields = Path("/proc", child, "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has just ended
            used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def crowding() -> float:
    """How much longer things take than they need, because others use the processor too."""
    wall, used = time.perf_counter(), time.process_time()
    while time.process_time() - used < 0.02:
        pass
    return (time.perf_counter() - wall) / 0.02


def _megabytes() -> float:
    """The memory of this process and of those that it started."""
    own, total = os.getpid(), 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if own in (int(status.parent.name), int(fields[1])):
            total += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    return total / 2**20


def main() -> int:
    """The exit code: 0 when nothing got out, and nothing took longer than it may."""
    count, seed = (int(given) for given in [*sys.argv[1:], *("10000", "2026")[len(sys.argv) - 1 :]])
    os.environ["CASEWRIGHT_CANARY"] = SECRET
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        canary = Path(scratch) / "secret.txt"
        canary.write_text(SECRET)
        found = run(count, seed=seed, canary=canary)
        os.chdir("/")
    print(json.dumps(found))
    return 0 if found["escapes"] == 0 and found["alive"] and found["slowest_s"] <= SECONDS else 1


if __name__ == "__main__":
    sys.exit(main())
