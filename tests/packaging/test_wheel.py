"""What `pip install casewright` brings: all that a running service needs and nothing else, and the demo starts from it.

The wheel is built as a packager would, from the source distribution, on a machine without Node.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

import pytest

from service.frontend import build
from tests.started import outside, started

ROOT = Path(__file__).resolve().parents[2]
SIDE = re.compile(r"__pycache__|\.(pyc|egg-info)\b")  #: what running and installing leave in a checkout


def hatch(folder: Path, kind: str, target: Path, **environment: str) -> Path:
    """Build the package in `folder`, and return the file that came of it."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", str(target)]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    [made] = target.iterdir()
    return made


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution of this checkout."""
    build.build()
    return hatch(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that is built from the source distribution, without Node and without kept builds."""
    unpacked, nothing = tmp_path_factory.mktemp("unpacked"), tmp_path_factory.mktemp("nothing")
    with tarfile.open(source) as archive:
        archive.extractall(unpacked, filter="data")
    [folder] = unpacked.iterdir()
    return hatch(folder, "wheel", tmp_path_factory.mktemp("wheel"), PATH=str(nothing), XDG_CACHE_HOME=str(nothing))


def below(folder: Path) -> set[str]:
    """The files below `folder`, by their names from there."""
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in files if not SIDE.search(name)}


def test_the_wheel_holds_the_whole_service_with_its_case_types_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if ".dist-info/" not in name}

    code = {f"service/{name}" for name in below(ROOT / "service") if not name.startswith("frontend/")}
    shipped = {f"service/demo/{top}/{name}" for top in ("processes", "forms") for name in below(ROOT / top)}
    assert inside == code | shipped
    assert inside >= {"service/py.typed", "service/static/dist/manifest.json", "service/templates/layout.html"}
    assert any(name.startswith("service/alembic/versions/") for name in inside)


def test_a_wheel_of_the_checkout_is_the_same(wheel: Path, tmp_path: Path) -> None:
    direct = hatch(ROOT, "wheel", tmp_path)

    with zipfile.ZipFile(direct) as ours, zipfile.ZipFile(wheel) as theirs:
        assert {each.filename: each.CRC for each in ours.infolist()} == {
            each.filename: each.CRC for each in theirs.infolist()
        }


def test_the_source_distribution_has_all_that_is_needed_to_build_and_test(source: Path) -> None:
    with tarfile.open(source) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}

    for folder in ("tests", "processes", "forms", "service/frontend/src"):
        assert {f"{folder}/{name}" for name in below(ROOT / folder)} <= inside
    assert not any("node_modules" in name for name in inside)


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Path:
    """The folder of programs of an environment with the wheel, and with the other packages of this one.

    It does not see the checkout: an editable install's .pth file is read in its own environment only.
    """
    environment = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    programs = environment / "bin"
    (programs / "monty").symlink_to(Path(sysconfig.get_path("scripts")) / "monty")  # the sandbox, a program of its own
    install = ["uv", "pip", "install", "--quiet", "--offline", "--no-deps", "--python", programs / "python", wheel]
    subprocess.run([sys.executable, "-m", *install], check=True)
    return programs


def get(url: str) -> tuple[str, str]:
    """The answer's media type and text."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.headers.get_content_type(), answer.read().decode()


def test_the_demo_starts_from_the_wheel_in_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()

    without_python = {name: value for name, value in outside().items() if not name.startswith("PYTHON")}
    with started([installed / "casewright", "demo"], empty, without_python, tmp_path / "said") as port:
        address = f"http://127.0.0.1:{port}"
        kind, page = get(f"{address}/sign-in")
        [sheet] = set(re.findall(r'<link rel="stylesheet" href="([^"]+)"', page))
        styles, rules = get(f"{address}{sheet}")

    assert (kind, styles) == ("text/html", "text/css")
    assert "<form" in page and "@layer" in rules
    assert (empty / "var" / "casewright.db").is_file()
