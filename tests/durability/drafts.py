"""The web server dies at each named point while a draft is saved, and while its task is completed."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from service.models import FormDraft
from tests.durability import office
from tests.durability.client import Clerk
from tests.durability.dying import POINTS
from tests.durability.server import Server
from tests.operations.drafted_world import FILES


def run(url: str, *, with_tables: bool = True) -> dict[str, Any]:
    """Type twice into a form and complete it, dying at each point each time; the figures."""
    with (
        office.closed(url, FILES, with_tables=with_tables) as (environment, token),
        tempfile.TemporaryDirectory() as folder,
    ):
        server = Server(environment, on_sqlite=True)
        server.program = [sys.executable, "-m", "tests.durability.dying", folder]
        server.commands = {"web": ["web", "--workers", "1", "--port", str(server.address[1])]}
        server.start()
        lost = after = 0
        try:
            for point in POINTS:
                writer = Writer(server.address, token, Path(folder), point)
                lost += writer.type_twice()
                after += writer.complete()
        finally:
            server.kill()
        return {
            "drafts": 2 * len(POINTS),
            "drafts_not_met": len(list(Path(folder).iterdir())),
            "drafts_lost": lost,
            "drafts_after_completion": after + office.count(FormDraft),
        }


class Writer(Clerk):
    """Somebody who writes a report, on a server that dies at `point`."""

    def __init__(self, address: tuple[str, int], token: str, folder: Path, point: str) -> None:
        super().__init__(address, token, lambda write: None)
        self.folder, self.point, self.deaths = folder, point, 0
        self.case = self.open("visit", 0, {"place": "Oslo"})
        self.task = self._task(self.case, "Report")
        self._write(f"/tasks/{self.task}/claim", None, f"claim-{self.task}")

    def type_twice(self) -> int:
        """How much of what was acknowledged is not there."""
        version = lost = 0
        for text in ("Wet", "Wet floor"):
            self._arm()
            draft = {"values": {"found": text}, "version": version}
            version = self._send("PUT", f"/tasks/{self.task}/draft", draft, {})["version"]
            found = self._send("GET", f"/tasks/{self.task}/draft", None, {})
            lost += found["values"] != {"found": text}
        return lost

    def complete(self) -> int:
        """How many drafts are there after it was acknowledged."""
        self._arm()
        self._write(f"/tasks/{self.task}/complete", {"data": {"found": "Dry"}}, f"complete-{self.task}")
        found = self._send("GET", f"/tasks/{self.task}/draft", None, {})
        self.close()
        return int(found["version"] != 0)

    def _arm(self) -> None:
        self.deaths += 1
        (self.folder / f"{self.task}{self.deaths} {self.point}").touch()
