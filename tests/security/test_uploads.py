"""Files from strangers: none brings the server down, reads its disk, or takes more than its time."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from flask import Flask

from service.db import db
from service.models import Deployment
from tests.api.conftest import LOAN, Office, Program, without_limits
from tests.api.test_deployments import deploy

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted((ROOT / "processes").rglob("*.bpmn")) + sorted((ROOT / "processes").rglob("*.dmn"))
HEAD = LOAN.partition(b"<bpmn:definitions")[0]
BODY = LOAN[len(HEAD) :]


def doctype(inside: bytes, use: bytes = b"&x;") -> bytes:
    return HEAD + b"<!DOCTYPE x [" + inside + b"]>" + BODY.replace(b'name="Assess loan"', b'name="' + use + b'"')


BOMB = b'<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)  # a billion laughs
XINCLUDE = b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'
BAD = {
    "empty": b"",
    "no XML": b"hello",
    "binary": bytes(range(256)) * 50,
    "cut off": LOAN[: len(LOAN) // 2],
    "NULs": LOAN.replace(b"loan", b"lo\0n"),
    "wrong root": b"<html/>",
    "another namespace": b'<definitions xmlns="urn:x"/>',
    "no process": LOAN.partition(b"<bpmn:process")[0] + b"</bpmn:definitions>",
    "file entity": doctype(b'<!ENTITY x SYSTEM "file:///etc/passwd">'),
    "network entity": doctype(b'<!ENTITY x SYSTEM "http://127.0.0.1:9/x">'),
    "parameter entity": doctype(b'<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;', b""),
    "outer DTD": HEAD + b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + BODY,
    "a billion laughs": doctype(BOMB, b"&j;"),
    "quadratic blow-up": doctype(b'<!ENTITY x "' + b"x" * 100_000 + b'">', b"&x;" * 1_000),
    "XInclude": LOAN.replace(b"<bpmn:startEvent", XINCLUDE + b"<bpmn:startEvent"),
    "100,000 levels": HEAD + b"<a>" * 100_000 + b"</a>" * 100_000,
    "100,000 attributes": b"<a " + b" ".join(b'a%d=""' % n for n in range(100_000)) + b"/>",
    "ids twice": LOAN.replace(b'id="Remind"', b'id="Assess"'),
    "flow to nowhere": LOAN.replace(b'targetRef="Remind"', b'targetRef="Nowhere"'),
    "a process twice": LOAN.replace(b"</bpmn:definitions>", b'<bpmn:process id="loan"/></bpmn:definitions>'),
}
NAMES = ["../../x.bpmn", "/etc/x.bpmn", "..\\..\\x.bpmn", "C:\\x.bpmn", "con.bpmn", "a" * 300 + ".bpmn", "x\u202e.bpmn"]


def test_no_bad_file_gets_in_or_brings_us_down(office: Office, program: Callable[..., Program], app: Flask) -> None:
    without_limits(app)
    ada = program(office.ada)

    for what, content in BAD.items():
        began = time.process_time()
        answer = deploy(ada, {"bad.bpmn": content})
        assert answer.status_code == 422, (what, answer.status_code, answer.text[:300])
        assert time.process_time() - began < 2, what
        assert "root:" not in answer.text and "/bin/" not in answer.text, what
        assert all(problem["message"] for problem in answer.json["problems"]), what
        for kind in ("bad.dmn", "bad.form"):
            assert deploy(ada, {kind: content}).status_code == 422, (what, kind)

    assert db.session.query(Deployment).count() == 1


def test_what_is_too_large_is_refused_unread(office: Office, program: Callable[..., Program]) -> None:
    began = time.process_time()

    answer = deploy(program(office.ada), {"large.bpmn": LOAN + b" " * 20_000_000})

    assert answer.status_code == 413
    assert time.process_time() - began < 2


def test_a_hundred_random_damages_to_the_shipped_files_do_no_harm(
    office: Office, program: Callable[..., Program], app: Flask
) -> None:
    without_limits(app)
    ada, chance = program(office.ada), random.Random(f"{office.ada.id}")

    for name, content in damaged(chance, 100):
        began = time.process_time()
        answer = deploy(ada, {name: content}, "/deployments/check")
        assert answer.status_code == 200, (name, answer.text[:300])
        assert time.process_time() - began < 2, name
        for problem in answer.json["problems"]:
            assert problem["file"] == name and problem["message"], problem


def damaged(chance: random.Random, number: int) -> Iterator[tuple[str, bytes]]:
    """Shipped files with some bytes flipped, lost, doubled or put elsewhere."""
    for _ in range(number):
        path = chance.choice(SHIPPED)
        content = bytearray(path.read_bytes())
        for _ in range(chance.randint(1, 4)):
            at, length = chance.randrange(len(content)), chance.randint(1, 40)
            match chance.randrange(4):
                case 0:
                    content[at] ^= 1 << chance.randrange(8)
                case 1:
                    del content[at : at + length]
                case 2:
                    content[at:at] = content[at : at + length]
                case _:
                    piece = content[at : at + length]
                    del content[at : at + length]
                    where = chance.randrange(len(content))
                    content[where:where] = piece
        yield path.name, bytes(content)


def test_file_names_stay_names(office: Office, program: Callable[..., Program], tmp_path: Path) -> None:
    ada = program(office.ada)
    before = {path.name for path in tmp_path.iterdir()}

    statuses = {name: deploy(ada, {name: LOAN}).status_code for name in NAMES}

    assert set(statuses.values()) <= {200, 201, 400, 422}
    assert statuses["x\u202e.bpmn"] == statuses["a" * 300 + ".bpmn"] == 400
    for deployment in ada.get("/deployments").json["items"]:
        assert all("/" not in name and "\\" not in name and ".." not in name for name in deployment["files"])
    assert {path.name.removesuffix("-wal").removesuffix("-shm") for path in tmp_path.iterdir()} <= before | {
        "casewright.db"
    }


def test_two_files_of_one_name_are_refused(office: Office, program: Callable[..., Program]) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.bpmn"\r\n\r\n' + LOAN + b"\r\n"

    answer = program(office.ada).send(
        "POST", "/deployments", part * 2 + b"--x--\r\n", Content_Type="multipart/form-data; boundary=x"
    )

    assert answer.status_code == 400


def test_broken_multipart_is_refused(office: Office, program: Callable[..., Program]) -> None:
    ada, start = program(office.ada), b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.bpmn"'
    bodies = [b"", b"--x--", start, start + b"\r\n\r\n" + LOAN, b"\0" * 1000, start * 2000, b"--x\r\n\r\n" * 2000]

    statuses = [
        ada.send("POST", "/deployments", body, Content_Type=f"multipart/form-data{boundary}").status_code
        for body in bodies
        for boundary in ("; boundary=x", "")
    ]

    assert set(statuses) <= {400, 413, 422}
