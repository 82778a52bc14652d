"""A clerk's program: works cases through over REST, and repeats each write with its key until it is answered."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PARTS = (1000, 2000, 3000, 4000, 5000)  #: what each child of a family is given; its clerk adds the family's number
PATIENCE = 60.0  #: seconds that one request may take, repetitions included


@dataclass(frozen=True)
class Write:
    """An acknowledged write: its key, and the audit entry that has to exist now."""

    key: str
    case: str
    action: str
    element: str | None


class Clerk:
    """Sends one request after the other."""

    def __init__(self, address: tuple[str, int], token: str, told: Callable[[Write], object]) -> None:
        self.address, self.token, self.told = address, token, told
        self.connection = self._connect()

    def close(self) -> None:
        self.connection.close()

    def see_through(self, number: int) -> None:
        """Open a case, check, wait, sign."""
        case = self.open("chaos", number, {})
        for element in ("Check", "Sign"):
            self.do(case, element, {})

    def see_family_through(self, number: int) -> None:
        """Open a parent whose parts are `PARTS`, and do the work of each of the children that are opened for it."""
        parent = self.open("family", number, {"items": list(PARTS)})
        for child in self._children(parent, len(PARTS)):
            self.do(child, "Work", {"made": number})

    def open(self, case_type: str, number: int, data: Any) -> str:
        """Open a case; its id."""
        key = f"open-{number}-{uuid.uuid4()}"
        case = str(self._write("/cases", {"case_type": case_type, "data": data}, key)["id"])
        self.told(Write(key, case, "case:opened", None))
        return case

    def do(self, case: str, element: str, data: Any) -> None:
        """Claim and complete the case's task, when it is open."""
        task = self._task(case, element)
        for verb, action, body in (("claim", "task:claimed", None), ("complete", "task:completed", {"data": data})):
            key = f"{verb}-{task}"
            self._write(f"/tasks/{task}/{verb}", body, key)
            self.told(Write(key, case, action, element))

    def _children(self, case: str, how_many: int) -> list[str]:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = self._send("GET", f"/cases/{case}/children", None, {})["items"]
            if len(found) >= how_many:
                return [str(child["id"]) for child in found]
            time.sleep(0.2)
        raise RuntimeError(f"Case {case} has no {how_many} children.")

    def _task(self, case: str, element: str) -> str:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for task in self._send("GET", f"/cases/{case}/tasks", None, {})["items"]:
                if task["element_id"] == element and task["closed_at"] is None:
                    return str(task["id"])
            time.sleep(0.2)
        raise RuntimeError(f"{element} of case {case} did not become open.")

    def _write(self, path: str, body: Any, key: str) -> Any:
        return self._send("POST", path, body, {"Idempotency-Key": key})

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        """The answer's JSON; asks again for as long as the server is away or asks to."""
        headers = {**headers, "Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.connection.request(method, f"/api/v1{path}", content, headers)
                answer = self.connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.1)
                self.connection.close()
                self.connection = self._connect()
                continue
            if answer.status < 300:
                return json.loads(text)
            if answer.status not in (409, 429, 503):
                raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]!r}")
            time.sleep(0.2)
        raise RuntimeError(f"{method} {path}: no answer")

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self.address, timeout=15)
