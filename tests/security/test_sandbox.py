"""28 ways out of a sandbox and 24 ways to hold it up, tried on Python and FEEL: no way leads out, and work goes on.

The kinds are those that broke `exec`-based script engines: walks from a value to its class and on to `os`, imports,
format strings, frames, pickles, files, the environment; in FEEL constructors, prototypes and the host's globals.
"""

from __future__ import annotations

import os
import random
import string
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service import forms
from service.engine import decisions, expressions, feel
from service.engine.expressions import ExpressionError
from service.engine.feel import FeelError
from service.errors import InvalidForm

SECRET = "canary-5f2c9e"  # in a file, in the environment and in a variable of this module
SECONDS = 1.5
MEGABYTES = 128

ESCAPES = {
    "subclasses": "x = [c for c in ().__class__.__mro__[1].__subclasses__()]",
    "bases": "x = ''.__class__.__base__.__subclasses__()",
    "globals of a function": "def f():\n    pass\nx = f.__globals__",
    "code of a function": "def f():\n    return 1\nx = f.__code__.co_consts",
    "closure": "def f(a):\n    def g():\n        return a\n    return g\nx = f(1).__closure__[0].cell_contents",
    "generator frame": "x = (i for i in [1]).gi_frame.f_back.f_globals",
    "traceback frame": "try:\n    1 / 0\nexcept Exception as e:\n    x = e.__traceback__.tb_frame.f_back.f_globals",
    "getattr": "x = getattr(getattr((), '__cl' + 'ass__'), '__mro__')",
    "format string": "x = '{0.__class__.__mro__}'.format(())",
    "format of a host function": "x = '{0.__globals__}'.format(now)",
    "globals of a host function": "x = uuid4.__globals__['__builtins__']",
    "module of a host function": "x = now.__self__",
    "builtins": "x = __builtins__['__import__']('os').environ",
    "import": "x = __import__('subprocess').check_output('id')",
    "importlib": "import importlib\nx = importlib.import_module('os').environ",
    "system": "import os\nx = os.system('touch CANARY')",
    "popen": "import os\nx = os.popen('cat CANARY').read()",
    "environment": "import os\nx = str(os.environ) + str(os.getenv('CASEWRIGHT_CANARY'))",
    "open": "x = open('CANARY').read()",
    "write": "open('CANARY', 'w').write('gone')\nx = 1",
    "pathlib": "from pathlib import Path\nx = Path('CANARY').read_text()",
    "modules": "import sys\nx = sys.modules['os'].environ",
    "pickle": "import pickle\nx = pickle.loads(b\"cos\\nsystem\\n(S'touch CANARY'\\ntR.\")",
    "ctypes": "import ctypes\nx = ctypes.CDLL(None).system(b'touch CANARY')",
    "socket": "import socket\nx = socket.create_connection(('127.0.0.1', 22))",
    "eval": "x = eval(\"__import__('os').environ\")",
    "exec": "exec('import subprocess')\nx = subprocess",
    "reduce": "class A:\n    def __reduce__(self):\n        return (open, ('CANARY',))\nx = A()",
}

FEEL_ESCAPES = {
    "constructor": '"".constructor.constructor("return globalThis")()',
    "constructor by path": '{}.constructor.constructor("return 1")()',
    "constructor of a function": 'string.constructor("return globalThis")()',
    "constructor by key": 'get value(get value({}, "constructor"), "constructor")',
    "prototype": "{}.__proto__.polluted",
    "prototype by put": 'context put({}, "__proto__", {polluted: "yes"}).polluted',
    "deep prototype by put": 'context put({}, ["__proto__", "polluted"], "yes")',
    "deep constructor by put": 'context put({}, ["constructor", "prototype", "polluted"], "yes")',
    "prototype by merge": 'context merge([{}, {"__proto__": {polluted: "yes"}}])',
    "prototype by entries": 'context([{key: "__proto__", value: {polluted: "yes"}}])',
    "prototype in a literal": '{"__proto__": {polluted: "yes"}, a: polluted}',
    "global": "globalThis",
    "bundle": "casewright",
    "process": "process.env",
    "require": 'require("fs")',
    "eval": 'eval("1")',
    "Function": 'Function("return 1")()',
    "import": 'import("fs")',
    "template": '"${globalThis}"',
    "code in a replacement": 'replace("a", "(a)", "$&$`$\'${globalThis}")',
    "getter": "v.__defineGetter__",
    "iterator": 'list contains(v, "constructor")',
    "sort function": "sort([2, 1], function(a, b) a.constructor)",
    "names": "get entries(string)",
    "parameters": "(function(constructor, __proto__) constructor)(1, 2).constructor",
    "path on a number": "(1).constructor.constructor",
    "filter": "[1, 2][constructor]",
    "instance": "date.prototype",
}

PYTHON_BOMBS = {
    "endless loop": "while True:\n    pass",
    "power": "x = 10 ** 10 ** 10",
    "power by multiplication": "x = 3\nwhile True:\n    x = x * x",
    "long text": "x = 'a' * 10 ** 10",
    "doubling text": "x = 'a'\nwhile True:\n    x += x",
    "long list": "x = [0] * 10 ** 10",
    "growing list": "x = []\nwhile True:\n    x.append(x)",
    "growing dictionary": "x = {i: str(i) * 100 for i in range(10 ** 9)}",
    "recursion": "def f():\n    return f()\nx = f()",
    "mutual recursion": "def f():\n    return g()\ndef g():\n    return f()\nx = f()",
    "sort": "x = sorted(range(10 ** 8), key=lambda n: -n)",
    "regular expression": "import re\nx = re.match('^(a|a?)+$', 'a' * 40 + 'b')",
    "padding": "x = '%1000000000d' % 1",
    "width": "x = f'{1:>1000000000}'",
    "sum": "x = sum(range(10 ** 12))",
    "replace": "a = 'b' * 10 ** 6\nx = a.replace('b', a)",
    "join": "x = ','.join('a' for i in range(10 ** 10))",
    "print": "while True:\n    print('x' * 10 ** 6)",
    "sleep": "import time\ntime.sleep(1000)\nx = 1",
    "json": "import json\nx = json.loads('[' * 10 ** 6)",
    "deep text": "x = " + "-" * 90_000 + "1",
    "deep list": "x = []\nfor i in range(10 ** 6):\n    x = [x]",
    "wide result": "x = list(range(3 * 10 ** 6))",
    "digits": "x = str(7 ** 10 ** 7)",
}

FEEL_BOMBS = {
    "long loop": "for i in 1..1000000000 return i",
    "nested loops": "for a in 1..5000, b in 1..5000 return a * b",
    "some": "some i in 1..1000000000 satisfies false",
    "every": "every i in 1..1000000000 satisfies true",
    "recursion": "{f: function(n) f(f, n), g: function(s, n) s(s, n), r: g(g, 1)}.r",
    "quiet recursion": "(function(f) f(f))(function(f) f(f))",
    "regular expression": f'matches("{"a" * 40}b", "^(a+)+$")',
    "replace": f'replace("{"a" * 40}b", "(a|a?)+$", "x")',
    "split": f'split("{"a" * 40}b", "(a+)+$")',
    "doubling text": "{a: string(1..1000), b: a + a, c: b + b, d: for i in 1..10000000 return string(d) + c}",
    "growing list": "{xs: for i in 1..3000 return [i], r: for x in xs, y in xs return concatenate(xs, xs)}",
    "flatten": "flatten(for i in 1..100000000 return [i])",
    "sort": "sort(for i in 1..3000000 return i, function(a, b) a > b)",
    "power": "10 ** 10 ** 10 ** 10",
    "partial": "for i in 0..100000000 return if i = 0 then 1 else i * partial[-1]",
    "parentheses": "(" * 40_000 + "1" + ")" * 40_000,
    "lists": "[" * 40_000 + "]" * 40_000,
    "signs": "-" * 90_000 + "1",
    "ifs": "if true then " * 6_000 + "1" + " else 2" * 6_000,
    "sums": "1" + "+1" * 45_000,
    "long name": "a" * 99_999,
    "open text": '"' + "x" * 99_000,
    "spaces": " " * 99_000,
    "functions": "function(a) " * 8_000 + "1",
}


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
    assert passed <= SECONDS * max(1, crowding())


def crowding() -> float:
    """How much longer things take than they need, because others use the processor too."""
    wall, used = time.perf_counter(), time.process_time()
    while time.process_time() - used < 0.02:
        pass
    return (time.perf_counter() - wall) / 0.02


def resident() -> float:
    """Megabytes of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


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


@pytest.mark.parametrize("size", [10_000])
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
    start = time.perf_counter()

    outcome(lambda: forms.validate(schema, {"l": [{"a": "x"}] * size}, context={}))

    assert time.perf_counter() - start < 10
    assert_alive()


def test_random_texts_get_nowhere(canary):
    """Snippets made of the pieces that attacks are made of, and of noise."""
    chance = random.Random(28)
    pieces = [
        *"()[]{}.,:=+-*/\\'\"\n \t",
        "__class__",
        "__proto__",
        "constructor",
        "import os",
        "open",
        "for ",
        " in ",
        "x",
    ]
    pieces += ["if ", "then ", " else ", "1", "range", "lambda ", "@", "…", "\ud83d", "\0", *string.ascii_letters[:6]]

    for _ in range(600):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 30)))
        found = outcome(lambda text=text: expressions.run_script(text, {"x": 1}))
        found += outcome(lambda text=text: expressions.evaluate("=" + text, {"x": 1}))
        expressions.check(text)
        expressions.check("=" + text)
        expressions.names(text)
        assert SECRET not in found

    assert canary.read_text() == SECRET
    assert_alive()
