"""A real browser for the tests: pages as people see them, checked with axe and kept as pictures.

The browser is an installed Chromium or Chrome, or the one that PLAYWRIGHT_CHROMIUM names; where there is none, the one
in the npm package @sparticuz/chromium is unpacked once into the user's cache folder, with the libraries and fonts that
a bare system lacks. The fixtures are `browser`, `new_page`, `axe` and `screenshot`; `serving(app)` gives an address.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wsgi import ClosingIterator

from service.frontend import build

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PICTURES = Path(__file__).parent.parent / "var" / "screenshots"
PATIENCE = 20_000  #: milliseconds that `expect` waits for what a busy machine may show late
INSTALLED = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--font-render-hinting=none",
]
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{0}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{0}/fonts-cache</cachedir></fontconfig>
"""
UNPACK = """
import { brotliDecompressSync } from 'node:zlib';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
const [from, to] = process.argv.slice(-2);
for (const name of readdirSync(from)) {
  writeFileSync(`${to}/${name.replace(/\\.br$/, '')}`, brotliDecompressSync(readFileSync(`${from}/${name}`)));
}
"""


class NewPage(Protocol):
    """Opens a page in a context of its own, so that two people can be signed in at once."""

    def __call__(self, base_url: str, *, width: int = 1440, height: int = 900, dark: bool = False) -> Page: ...


def _packaged_chromium() -> Path:
    """The folder of the unpacked @sparticuz/chromium, made at the first call of this version."""
    if platform.machine() not in ("x86_64", "AMD64"):
        raise RuntimeError("npm's Chromium is for x86-64: install Chromium, or name one in PLAYWRIGHT_CHROMIUM")
    build.install_for_tests()
    package = build.HERE / "node_modules" / "@sparticuz" / "chromium"
    version = json.loads((package / "package.json").read_text())["version"]
    target = build.cache().parent / f"chromium-{version}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        folder = Path(scratch) / "new"
        folder.mkdir()
        with build.node() as tools:
            arguments = ["--input-type=module", "-e", UNPACK, str(package / "bin"), str(folder)]
            subprocess.run([tools.node, *arguments], check=True)
        for archive in folder.glob("*.tar"):
            with tarfile.open(archive) as unpacking:
                unpacking.extractall(folder, filter="data")
            archive.unlink()
        (folder / "chromium").chmod(0o755)
        (folder / "fonts.conf").write_text(FONTS.format(target))
        try:
            folder.rename(target)
        except OSError:  # another process was quicker
            if not target.is_dir():
                raise
    return target


def _chromium() -> tuple[str, dict[str, str]]:
    """The browser's path, and what it needs in its environment."""
    named = os.environ.get("PLAYWRIGHT_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, INSTALLED)), None)
    if found:
        return found, {}
    folder = _packaged_chromium()
    libraries = os.pathsep.join(filter(None, [str(folder / "lib"), os.environ.get("LD_LIBRARY_PATH")]))
    return str(folder / "chromium"), {"LD_LIBRARY_PATH": libraries, "FONTCONFIG_FILE": str(folder / "fonts.conf")}


def prepare() -> None:
    """Fetch and unpack what the browser tests need. Once, before tests run side by side."""
    build.install_for_tests()
    build.build()
    _chromium()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run, and web parts that fit their sources."""
    build.build()
    path, environment = _chromium()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=path, headless=True, args=ARGUMENTS, env={**os.environ, **environment}
        )
        yield started
        started.close()


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve `app` to the browser, from threads of this process; the address, without a slash at its end."""
    asked = _Asked(app)
    server = make_server("127.0.0.1", 0, asked, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
    asked.wait()


class _Asked:
    """An application that knows when all that it was asked is answered: until then it may use its database."""

    def __init__(self, app: Flask) -> None:
        self.app, self.open, self.changed = app, 0, threading.Condition()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # The whole answer is fetched here: where a page leaves meanwhile, the server may not close what it sends.
        self._count(1)
        try:
            with closing(ClosingIterator(self.app(environ, start_response))) as answer:
                return list(answer)
        finally:
            self._count(-1)

    def _count(self, more: int) -> None:
        with self.changed:
            self.open += more
            self.changed.notify_all()

    def wait(self) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.open == 0, timeout=30), "a request is still being answered"


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: the tests' output is about the tests."""


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """`new_page(base_url, width=…, dark=…)`; when the test ends, every page must have loaded without a complaint.

    A complaint is an uncaught error of a script or a violation of the content security policy.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(base_url: str, *, width: int = 1440, height: int = 900, dark: bool = False) -> Page:
        context = browser.new_context(
            base_url=base_url,
            viewport=ViewportSize(width=width, height=height),
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/Berlin",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if _is_complaint(said.text) else None)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _is_complaint(text: str) -> bool:
    return "Content Security Policy" in text or "Uncaught" in text


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """`axe(page)`: what axe-core holds against the page, one line for each rule, and the elements that break it."""
    build.install_for_tests()
    script = (build.HERE / "node_modules" / "axe-core" / "axe.min.js").read_text()

    def check(page: Page) -> list[str]:
        page.evaluate(script)
        result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [f"{rule['id']}: {rule['help']}: {_targets(rule)}" for rule in result["violations"]]

    return check


def _targets(rule: dict[str, Any]) -> str:
    return "; ".join(" ".join(map(str, node["target"])) for node in rule["nodes"])


@pytest.fixture(scope="session")
def screenshot() -> Callable[[Page, str], Path]:
    """`screenshot(page, name)`: keep a picture of the whole page in var/screenshots.

    The window grows to the page's height first: what sticks to its edges belongs at the ends of the picture.
    """

    def keep(page: Page, name: str) -> Path:
        PICTURES.mkdir(parents=True, exist_ok=True)
        path = PICTURES / f"{name}.png"
        page.evaluate("document.fonts.ready")
        before, height = page.viewport_size, page.evaluate("document.documentElement.scrollHeight")
        assert before
        page.set_viewport_size({"width": before["width"], "height": max(height, before["height"])})
        page.screenshot(path=path)
        page.set_viewport_size(before)
        return path

    return keep


def until(page: Page, expression: str) -> None:
    """Wait until `expression` holds in the page.

    Playwright's `wait_for_function` asks for the second time by an eval, which our pages' policy forbids.
    """
    for _ in range(400):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"It never came to {expression}.")
