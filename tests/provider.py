"""A real provider of sign-ins for the tests: npm's `oidc-provider`, on the loopback, with people of our choice."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

from service.frontend import build

SECRET = "a secret of the provider and ours"


class Provider:
    """The running provider. `people` are its accounts, each with the claims that it tells of them."""

    def __init__(self, issuer: str, file: Path) -> None:
        self.issuer, self._file, self.people = issuer, file, {}
        self.knows()

    people: dict[str, dict[str, Any]]

    def knows(self, **people: dict[str, Any]) -> None:
        """Tell this of `people` from now on."""
        self.people |= people
        self._file.write_text(json.dumps(self.people))

    def settings(self, **more: str) -> dict[str, str]:
        """What an installation that uses it has set."""
        return {
            "CASEWRIGHT_OIDC_ISSUER": self.issuer,
            "CASEWRIGHT_OIDC_CLIENT_ID": "casewright",
            "CASEWRIGHT_OIDC_CLIENT_SECRET": SECRET,
            **more,
        }

    def sign_in(self, address: str, name: str) -> str:
        """Go to `address` as a browser of `name`, prove to be them, and return where that leads back to."""
        browser = requests.Session()
        answer = browser.get(address, allow_redirects=False)
        while answer.is_redirect:
            onward = urljoin(answer.url, answer.headers["Location"])
            if not onward.startswith(self.issuer):
                return onward
            if "/interaction/" in onward:
                answer = browser.post(onward, data={"name": name}, allow_redirects=False)
            else:
                answer = browser.get(onward, allow_redirects=False)
        raise AssertionError(f"{answer.status_code} at {answer.url}: {answer.text[:500]}")


@contextmanager
def running(folder: Path, backs: Sequence[str]) -> Iterator[Provider]:
    """A provider that sends people back to installations at `backs`."""
    build.install_for_tests()
    file = folder / "people.json"
    script = Path(__file__).with_name("provider.mjs").read_text()
    with build.node() as tools:
        arguments = [tools.node, "--input-type=module", "-e", script, "--", str(file), json.dumps(list(backs))]
        quiet = {**os.environ, "ARGUMENTS": "2", "NODE_ENV": "test", "NODE_NO_WARNINGS": "1"}
        process = subprocess.Popen(
            arguments, cwd=build.HERE, env=quiet, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            assert port.isdecimal(), port
            yield Provider(f"http://127.0.0.1:{port}", file)
        finally:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
