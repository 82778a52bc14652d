"""The web parts: built from locked packages, found by name, kept under their stamp, and shipped with their licences."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from flask import Flask

from service.frontend import build
from service.web import assets, static

LIBRARIES = [
    "@bpmn-io/feelin",
    "@bpmn-io/form-js-viewer",
    "@fontsource-variable/inter",
    "bpmn-js",
    "htmx.org",
    "preact",
    "react-dom",
    "swagger-ui",
]


@pytest.fixture
def pages() -> Flask:
    """An application that only serves the web parts."""
    app = Flask("service", static_folder=None)
    app.register_blueprint(static.blueprint)
    assets.init_app(app)
    return app


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources and the build script's view of them in a folder of its own: no Node in reach, an empty cache."""
    here = tmp_path / "service" / "frontend"
    shutil.copytree(build.HERE, here, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
    monkeypatch.setattr(build, "HERE", here)
    monkeypatch.setattr(build, "DIST", tmp_path / "service" / "static" / "dist")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return here


def lock() -> dict[str, dict[str, object]]:
    """The npm packages of the lock file, without our own."""
    packages: dict[str, dict[str, object]] = json.loads((build.HERE / "package-lock.json").read_text())["packages"]
    return {name: entry for name, entry in packages.items() if name}


@pytest.mark.parametrize(
    "name", ["app.js", "ui.css", "form.js", "form.css", "diagram.js", "diagram.css", "reference.js"]
)
def test_a_name_leads_to_a_file_with_its_hash_that_browsers_keep_for_ever(pages: Flask, name: str) -> None:
    with pages.test_request_context():
        address = assets.asset(name)

    with pages.test_client().get(address) as answer:
        headers = answer.headers

    stem, suffix = name.split(".")
    assert re.fullmatch(rf"/static/{stem}-[A-Z0-9]{{8}}\.{suffix}", address)
    assert answer.status_code == 200
    assert "immutable" in headers["Cache-Control"]


def test_a_browser_gets_the_smallest_form_that_it_takes(pages: Flask) -> None:
    with pages.test_request_context():
        address = assets.asset("form.js")

    with pages.test_client().get(address, headers={"Accept-Encoding": "gzip, br"}) as packed:
        assert packed.headers["Content-Encoding"] == "br"
        assert packed.headers["Content-Type"].startswith("text/javascript")
        assert len(packed.data) < 160_000
    with pages.test_client().get(address, headers={"Accept-Encoding": "identity"}) as plain:
        assert "Content-Encoding" not in plain.headers
        assert len(plain.data) > 400_000


def test_the_chunks_of_a_module_can_be_fetched_beside_it(pages: Flask) -> None:
    with pages.test_request_context():
        chunks = assets.preloads("form.js")

    assert chunks
    for chunk in chunks:
        with pages.test_client().get(chunk) as answer:
            assert answer.status_code == 200


def test_an_unknown_name_is_an_error_and_not_an_empty_address(pages: Flask) -> None:
    with pages.test_request_context(), pytest.raises(KeyError):
        assets.asset("nothing.js")


def test_web_parts_that_were_never_built_are_said_to_be_missing(pages: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "DIST", Path("/nowhere/dist"))

    with pages.test_request_context(), pytest.raises(assets.NotBuilt, match=r"build\.py"):
        assets.asset("app.js")


def test_the_scripts_of_the_server_are_not_served(pages: Flask) -> None:
    assert (static.DIST / "server" / "feel.js").is_file()
    assert pages.test_client().get("/static/server/feel.js").status_code == 404


def test_any_change_of_a_source_makes_the_web_parts_stale(copy: Path) -> None:
    build.DIST.mkdir(parents=True)
    (build.DIST / build.STAMP).write_text(build.stamp())
    before = assets.stale()

    with (copy / "src" / "styles" / "tokens.css").open("a") as file:
        file.write("\n")

    assert before is None
    assert "older than their sources" in (assets.stale() or "")


def test_a_finished_build_of_the_same_sources_is_used_again_without_node(copy: Path) -> None:
    kept = build.cache() / build.stamp()
    kept.mkdir(parents=True)
    (kept / build.STAMP).write_text(build.stamp())
    (kept / "manifest.json").write_text("{}")

    assert not build.fresh()
    assert not build.needs_node()
    build.build()

    assert build.fresh()
    assert (build.DIST / "manifest.json").read_text() == "{}"


def test_without_node_and_without_a_kept_build_the_hook_asks_for_node(copy: Path) -> None:
    assert build.needs_node()


def test_the_lock_names_no_registry_and_has_a_hash_for_every_package() -> None:
    assert [name for name, entry in lock().items() if "resolved" in entry] == []
    assert [name for name, entry in lock().items() if "integrity" not in entry] == []


def test_the_lock_holds_the_bundler_of_every_platform() -> None:
    assert sum(name.startswith("node_modules/@esbuild/") for name in lock()) >= 20


def test_no_package_may_run_a_script_when_it_is_installed() -> None:
    assert "ignore-scripts=true" in (build.HERE / ".npmrc").read_text().split()


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_notice_of_a_library_ships_with_its_code(library: str) -> None:
    notices = (build.DIST / "LICENSES.txt").read_text()

    assert re.search(rf"^{re.escape(library)} \d+\.\d+\.\d+ \(.+\)$", notices, re.MULTILINE)
