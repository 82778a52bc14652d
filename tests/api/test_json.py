"""The quick way to read JSON takes and refuses what the thorough one does, and means the same by it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from service.api import requests
from service.errors import BadRequest

VALUES = (
    b'"a" "a\\":" "\\\\" "\\/" "\xc3\xa9" "\xff" "\t" "\x7f" "d: \\" :" "\\u0000" "\\ud800" "\\u00e9" "[" "}" '
    b"1 -0 -0.0 1.5 1e5 1E400 1e-400 1e99 -1E+07 01 1. .5 +1 2.2250738585072014e-308 123456789012345 "
    b"12345678901234567 9007199254740991 -9007199254740993 null true false NaN Infinity"
).split(b" ")
NAMES = [b'"a"', b'"b"', b'"c\\":"', b'"\\/"', b'""', b'"e\\u0041"']
SIGNS = [b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\xef\xbb\xbf", *VALUES]


def random_json(chance: random.Random, depth: int) -> bytes:
    """Often JSON, sometimes with a name twice, and sometimes not JSON."""
    if depth == 0 or chance.random() < 0.4:
        return chance.choice(VALUES)
    parts = [random_json(chance, depth - 1) for _ in range(chance.randint(0, 3))]
    if chance.random() < 0.5:
        return b"[" + b", ".join(parts) + b"]"
    return b"{" + b",".join(chance.choice(NAMES) + chance.choice([b":", b" : "]) + part for part in parts) + b"}"


def outcome(read: Any, body: bytes) -> str:
    try:
        return repr(read(body))
    except BadRequest:
        return "refused"


@pytest.mark.parametrize("seed", range(4))
def test_both_ways_to_read_json_agree(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    bodies = [random_json(chance, chance.randint(0, 4)) for _ in range(4_000)]
    bodies += [b"".join(chance.choices(SIGNS, k=chance.randint(1, 8))) for _ in range(2_000)]
    quick = [outcome(requests.parse, body) for body in bodies]
    monkeypatch.setattr(requests, "_quickly", lambda _: None)

    assert quick == [outcome(requests.parse, body) for body in bodies]
    assert 1_000 < quick.count("refused") < 5_000


@pytest.mark.parametrize(
    ("opens", "closes"), [(b"[", b"]"), (b'{"a]":', b"}"), (b'{"\\"}":[', b"]}"), (b'[["}]",', b"],1]")]
)
def test_depth_is_counted_outside_of_texts(opens: bytes, closes: bytes) -> None:
    levels = opens.replace(b'"a]"', b"").replace(b'"\\"}"', b"").replace(b'"}]"', b"")
    times = requests.DEEPEST // (levels.count(b"[") + levels.count(b"{"))

    assert requests.parse(opens * times + b'"]}]}"' + closes * times)
    with pytest.raises(BadRequest, match="nested deeper than 50 levels"):
        requests.parse(opens * (times + 1) + b'"]}]}"' + closes * (times + 1))
