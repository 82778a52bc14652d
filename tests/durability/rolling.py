"""A rolling upgrade: the next release joins this one on the same tables while clerks work, and then takes over.

The next release is a copy of this one with a schema revision of its own. The old one's processes run on when the tables
are the new one's, start again on them, and do the new one's jobs as it does theirs; then they end as they are told to.
"""

from __future__ import annotations

import http.client
import random
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa

from service import audit
from service.db import db
from service.models import Case, Incident
from tests.durability import office
from tests.durability.accounts import FILES, applied_twice, lost
from tests.durability.client import Clerk, Write
from tests.durability.office import Office, count, wait
from tests.durability.server import ROOT, Server

REVISION = '''"""What the next release adds."""

import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "9001", {newest!r}, None, None
works_with = {newest!r}


def upgrade() -> None:
    op.create_table("next_release", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("case", sa.Column("next_note", sa.String(), nullable=True))
    op.add_column("human_task", sa.Column("next_flag", sa.Boolean(), nullable=False, server_default=sa.false()))
'''


WRONG = ("upgraded_lost", "upgraded_applied_twice", "upgraded_incidents", "upgraded_broken_audit_chains")


class Rover(Clerk):
    """A clerk behind a load balancer: each request goes to any of `addresses`."""

    def __init__(self, addresses: list[tuple[str, int]], token: str, told: Callable[[Write], object]) -> None:
        self.addresses = addresses
        super().__init__(addresses[0], token, told)

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Any:
        self.connection.close()
        self.connection = self._connect()
        return super()._send(method, path, body, headers)

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*random.choice(self.addresses), timeout=15)


def run(url: str, cases: int, *, with_tables: bool = True) -> dict[str, Any]:
    """Upgrade the PostgreSQL database `url` under the work of `cases` cases; the figures."""
    with TemporaryDirectory() as scratch, office.opened(url, FILES, with_tables=with_tables) as people:
        newcomer = Server(people.server.environment, on_sqlite=False, release=next_release(Path(scratch)))
        addresses = [people.server.address]

        def see_through(_clerk: Clerk, piece: int) -> None:
            with closing(Rover(addresses, people.token, people.acknowledged.append)) as rover:
                rover.see_through(piece)

        people.doing = see_through
        try:
            people.work(cases, 1, lambda _turn: _roll(people, newcomer, addresses, cases))
            wait(lambda: count(Case, Case.case_type == "chaos-heard") >= cases, 60)
            time.sleep(2)  # what happens twice has to be seen
        finally:
            newcomer.kill()
        return {
            "upgraded_acknowledged": len(people.acknowledged),
            "upgraded_lost": lost(people.acknowledged, cases),
            "upgraded_applied_twice": applied_twice(people.acknowledged, cases),
            "upgraded_incidents": count(Incident, Incident.about.is_(None)),
            "upgraded_broken_audit_chains": len(list(audit.verify())),
        }


def next_release(scratch: Path) -> Path:
    """A folder with this release's package and one more revision of the tables."""
    release = scratch / "next"
    shutil.copytree(ROOT / "service", release / "service", ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    versions = release / "service" / "alembic" / "versions"
    newest = max(file.name for file in versions.glob("*.py")).partition("_")[0]
    (versions / "9001_the_next_release.py").write_text(REVISION.format(newest=newest))
    return release


def _roll(people: Office, newcomer: Server, addresses: list[tuple[str, int]], cases: int) -> tuple[float, float]:
    """Bring the tables up, start the new beside the old, restart the old on the new tables, and end it."""
    wait(lambda: len(people.acknowledged) > cases, 60)
    upgrade = [*newcomer.program, "db", "upgrade"]
    subprocess.run(upgrade, cwd=newcomer.folder, env=newcomer.environment, check=True, stdout=subprocess.DEVNULL)
    assert db.session.scalar(sa.text("SELECT version_num FROM alembic_version")) == "9001"
    db.session.rollback()
    newcomer.start()
    newcomer.wait_until_ready()
    addresses.append(newcomer.address)
    people.server.kill()  # an old process that dies on the way starts again on the new tables
    resumed = people.resume(people.server.start)
    people.server.wait_until_ready()
    wait(lambda: len(people.acknowledged) > 3 * cases or not people.left, 60)
    addresses.remove(people.server.address)
    people.server.end()
    return resumed
