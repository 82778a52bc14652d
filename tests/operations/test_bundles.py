"""Bundles between installations: whole, signed, and attacked."""

from __future__ import annotations

import dataclasses
import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask, current_app

from service import config
from service.cli import bundles as commands
from service.db import db
from service.errors import BadRequest, Forbidden, InvalidDeployment, InvalidForm
from service.models import SYSTEM, Actor, Deployment, ProcessDefinition
from service.operations import bundles, deployments, packing
from service.operations.choosing import Terms
from service.operations.laying import digest
from service.queries import definitions
from service.queries import deployments as lists
from tests.api.conftest import LOAN, Program, program
from tests.operations.test_migration import EXAMINE
from tests.pages.conftest import claim_files

__all__ = ["program"]
ONE, OTHER = "a" * 32, "b" * 32
CLAIM = {name for name in claim_files() if not name.endswith(".tests.yaml")}  # what stands beside them stays there


@contextmanager
def keys(*secrets: str) -> Iterator[None]:
    """Another installation's keys."""
    before = current_app.config["CASEWRIGHT"]
    current_app.config["CASEWRIGHT"] = dataclasses.replace(before, bundle_keys=secrets)
    try:
        yield
    finally:
        current_app.config["CASEWRIGHT"] = before


def bundle(files: dict[str, bytes] | None = None, key: str = "insurance-claim") -> bytes:
    """A bundle of what was deployed somewhere else: nothing of it stays here."""
    deployments.deploy(files or claim_files(), by=SYSTEM, reason="The law of May.", commit="3f78685")
    db.session.flush()
    made = bundles.export([definitions.active(key)], by=SYSTEM).content
    db.session.rollback()
    return made


def test_a_version_goes_to_another_installation_with_all_that_it_is_linked_with(app: Flask) -> None:
    with keys(ONE):
        made = bundle()
        done = bundles.bring_in(made, by=SYSTEM)
        db.session.commit()

    assert {row.key for row in done.deployed.added} >= {"insurance-claim", "coverage", "claim-intake"}
    [row] = lists.listed().rows
    assert set(row.files) == CLAIM
    assert (row.reason, row.commit) == ("The law of May.", "3f78685")
    assert row.origin and row.origin["definitions"] == ["insurance-claim version 1"]
    assert row.origin["exported_by"] == "system" and len(row.origin["key"]) == 16
    assert bundles.told(row).startswith("from a bundle of insurance-claim version 1, exported by system, signed with")
    with keys(ONE):
        assert bundles.bring_in(made, by=SYSTEM).deployed.deployment is None


def test_it_is_the_same_version_again(app: Flask) -> None:
    made = bundle()
    bundles.bring_in(made, by=SYSTEM, reason="For the audit.")
    db.session.commit()

    there = definitions.active("insurance-claim")

    said = json.loads(zipfile.ZipFile(io.BytesIO(made)).read(packing.MANIFEST))
    assert said["definitions"] == [{"key": "insurance-claim", "version": 1, "hash": there.hash}]
    assert there.deployment.reason == "For the audit."


def test_it_comes_in_by_stages_too(app: Flask) -> None:
    deployments.deploy({"loan.bpmn": LOAN}, by=SYSTEM)
    db.session.commit()
    deployments.deploy({"loan.bpmn": EXAMINE}, by=SYSTEM)
    db.session.flush()
    made = bundles.export([definitions.active("loan")], by=SYSTEM).content
    db.session.rollback()

    bundles.bring_in(made, by=SYSTEM, terms=Terms(share=10))

    assert (definitions.active("loan").version, definitions.version("loan", 2).staged_share) == (1, 10)


def test_several_case_types_in_one_bundle(app: Flask) -> None:
    deployments.deploy(claim_files(), by=SYSTEM)
    deployments.deploy({"loan.bpmn": LOAN}, by=SYSTEM)
    db.session.flush()
    both = [definitions.active(key) for key in ("insurance-claim", "loan")]

    made = packing.unpack(bundles.export(both, by=SYSTEM).content)

    assert set(made.files) == {*CLAIM, "loan.bpmn"}
    deployments.deploy({"loan.bpmn": EXAMINE}, by=SYSTEM)
    db.session.flush()
    with pytest.raises(BadRequest, match=r"different files called “loan\.bpmn”"):
        bundles.export([definitions.version("loan", 1), definitions.version("loan", 2)], by=SYSTEM)


@pytest.mark.parametrize(
    ("made_with", "taken_with", "is_trusted"),
    [
        ((ONE,), (ONE,), True),
        ((ONE,), (OTHER, ONE), True),  # another one signs here already
        ((OTHER, ONE), (ONE,), False),
        ((ONE,), (OTHER,), False),
        ((ONE,), (), False),
        ((), (ONE,), False),
        ((), (), True),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_a_key_that_both_have_is_trusted(
    app: Flask, made_with: tuple[str, ...], taken_with: tuple[str, ...], is_trusted: bool
) -> None:
    with keys(*made_with):
        made = bundle({"loan.bpmn": LOAN}, "loan")

    with keys(*taken_with):
        if is_trusted:
            assert bundles.bring_in(made, by=SYSTEM).origin["key"]
            return
        with pytest.raises(Forbidden, match="which is not trusted here"):
            bundles.bring_in(made, by=SYSTEM)
    assert lists.listed().rows == []


def test_keys_are_read_from_the_setting() -> None:
    def said(text: str) -> tuple[str, ...]:
        return config.read({"CASEWRIGHT_SECRET_KEY": "s" * 32, "CASEWRIGHT_BUNDLE_KEYS": text}).bundle_keys

    assert (said(f"{ONE} , {OTHER}"), said(ONE), said(" ")) == ((ONE, OTHER), (ONE,), ())
    for wrong in ("short", f"{ONE},", f"{ONE},short"):
        with pytest.raises(config.WrongSetting, match="CASEWRIGHT_BUNDLE_KEYS is …"):
            said(wrong)


def changed(made: bytes, **entries: bytes | None) -> bytes:
    """The bundle with some entries other, `None`: without them. Names are written with `__` for what no word has."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = entries.get(name.replace(".", "_").replace("/", "__"), old.read(name))
            if content is not None:
                new.writestr(name, content)
    return buffer.getvalue()


def about(made: bytes, **more: Any) -> bytes:
    """The manifest with something else in it."""
    with zipfile.ZipFile(io.BytesIO(made)) as bundle_:
        return json.dumps({**json.loads(bundle_.read(packing.MANIFEST)), **more}).encode()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_changed_after_it_was_signed_is_refused(app: Flask) -> None:
    made = bundle({"loan.bpmn": LOAN}, "loan")
    swapped = changed(made, manifest_json=about(made, files={"loan.bpmn": digest(EXAMINE)}), files__loan_bpmn=EXAMINE)

    with pytest.raises(Forbidden, match="was changed after it was signed"):
        bundles.bring_in(swapped, by=SYSTEM)
    with pytest.raises(InvalidForm) as refused:
        bundles.bring_in(changed(made, files__loan_bpmn=EXAMINE), by=SYSTEM)
    assert "is not what the manifest says" in refused.value.errors["bundle"][0]
    with pytest.raises(Forbidden, match="is not signed"):
        bundles.bring_in(changed(made, signature_json=None), by=SYSTEM)
    mark = json.loads(read(made, packing.SIGNATURE))["key"]
    forged = changed(made, signature_json=json.dumps({"key": mark, "hmac": "é"}).encode())
    with pytest.raises(Forbidden, match="was changed after"):
        bundles.bring_in(forged, by=SYSTEM)
    assert lists.listed().rows == []


def read(made: bytes, name: str) -> bytes:
    return zipfile.ZipFile(io.BytesIO(made)).read(name)


def test_who_may_take_what_is_not_signed(app: Flask, person: Callable[..., Actor]) -> None:
    made = changed(bundle({"loan.bpmn": LOAN}, "loan"), signature_json=None)
    dan, ann = person("dan", "designers"), person("ann", "clerks")

    for who, unsigned in ((dan, True), (dan, False), (ann, False), (ann, True)):
        with pytest.raises(Forbidden):
            bundles.bring_in(made, by=who, unsigned=unsigned)
        db.session.rollback()
    bundles.bring_in(made, by=person("ada", admin=True), unsigned=True)

    [row] = db.session.query(Deployment).all()
    assert row.origin["key"] is None
    assert "not signed by a trusted key" in bundles.told(row)
    with pytest.raises(Forbidden):
        bundles.export([definitions.active("loan")], by=ann)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_deployed_is_told_as_for_files(app: Flask) -> None:
    made = bundle({"loan.bpmn": LOAN}, "loan")
    broken = changed(made, manifest_json=about(made, files={"loan.bpmn": digest(b"<bpmn")}), files__loan_bpmn=b"<bpmn")

    with pytest.raises(InvalidDeployment):
        bundles.bring_in(broken, by=SYSTEM, unsigned=True)

    assert lists.listed().rows == []


def zipped(files: dict[str, bytes], *, listed: dict[str, str] | None = None, **more: Any) -> bytes:
    """A bundle that a stranger made."""
    manifest = {"format": packing.FORMAT, "files": listed or {n: digest(c) for n, c in files.items()}, **more}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(packing.MANIFEST, json.dumps(manifest))
        for name, content in files.items():
            made.writestr(packing.FOLDER + name, content)
    return buffer.getvalue()


def symlink() -> bytes:
    buffer = io.BytesIO(zipped({}, listed={"a.bpmn": digest(b"/etc/passwd")}))
    with zipfile.ZipFile(buffer, "a") as made:
        entry = zipfile.ZipInfo("files/a.bpmn")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(entry, "/etc/passwd")
    return buffer.getvalue()


def twice() -> bytes:
    buffer = io.BytesIO(zipped({"a.bpmn": LOAN}))
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(buffer, "a") as made:
        made.writestr("files/a.bpmn", EXAMINE)
    return buffer.getvalue()


def lying() -> bytes:
    """A ZIP whose directory says that a large file is small."""
    made = bytearray(zipped({"a.bpmn": b"0" * (packing.MOST_OF_ONE + 1)}))
    size = struct.pack("<L", packing.MOST_OF_ONE + 1)
    while (at := made.find(size)) >= 0:
        made[at : at + 4] = struct.pack("<L", 10)
    return bytes(made)


def encrypted() -> bytes:
    made = bytearray(zipped({"a.bpmn": LOAN}))
    at = made.find(b"PK\x01\x02")
    while at >= 0:
        made[at + 8] |= 1
        at = made.find(b"PK\x01\x02", at + 1)
    return bytes(made)


def with_method(method: int) -> bytes:
    buffer = io.BytesIO(zipped({}, listed={"a.bpmn": digest(LOAN)}))
    with zipfile.ZipFile(buffer, "a", method) as made:
        made.writestr("files/a.bpmn", LOAN)
    return buffer.getvalue()


ATTACKS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no zip": lambda: LOAN,
    "cut off": lambda: zipped({"a.bpmn": LOAN})[:-30],
    "damaged": lambda: zipped({"a.bpmn": LOAN}).replace(b"files/a", b"files/b", 1),
    "no manifest": lambda: changed(zipped({"a.bpmn": LOAN}), manifest_json=None),
    "no json": lambda: changed(zipped({"a.bpmn": LOAN}), manifest_json=b"{"),
    "a list": lambda: changed(zipped({"a.bpmn": LOAN}), manifest_json=b"[]"),
    "deep": lambda: changed(zipped({"a.bpmn": LOAN}), manifest_json=b"[" * 400_000),
    "a name twice": lambda: changed(zipped({"a.bpmn": LOAN}), manifest_json=b'{"format": 1, "format": 2}'),
    "no files": lambda: zipped({}),
    "other format": lambda: zipped({"a.bpmn": LOAN}, format="casewright-bundle-2"),
    "no hashes": lambda: zipped({"a.bpmn": LOAN}, listed={"a.bpmn": 1}),  # type: ignore[dict-item]
    "other content": lambda: zipped({"a.bpmn": LOAN}, listed={"a.bpmn": digest(EXAMINE)}),
    "one more": lambda: zipped({"a.bpmn": LOAN, "b.bpmn": EXAMINE}, listed={"a.bpmn": digest(LOAN)}),
    "one less": lambda: zipped({"a.bpmn": LOAN}, listed={"a.bpmn": digest(LOAN), "b.bpmn": digest(LOAN)}),
    "up": lambda: zipped({"../a.bpmn": LOAN}),
    "up inside": lambda: zipped({"x/../../a.bpmn": LOAN}),
    "from the root": lambda: zipped({"/etc/a.bpmn": LOAN}),
    "a drive": lambda: zipped({"C:a.bpmn": LOAN}),
    "backwards": lambda: zipped({"..\\a.bpmn": LOAN}),
    "unseen": lambda: zipped({"a\u202e.bpmn": LOAN}),
    "too long": lambda: zipped({"a" * 300 + ".bpmn": LOAN}),
    "a program": lambda: zipped({"a.sh": b"rm"}),
    "a link": symlink,
    "twice": twice,
    "too large": lambda: zipped({"a.bpmn": b"0" * (packing.MOST_OF_ONE + 1)}),
    "too large together": lambda: zipped({f"{n}.bpmn": bytes([n]) * packing.MOST_OF_ONE for n in range(9)}),
    "too many": lambda: zipped({f"{n}.bpmn": b"<a/>" for n in range(packing.MOST_FILES + 3)}),
    "a large manifest": lambda: zipped({"a.bpmn": LOAN}, more="x" * packing.MOST_OF_MANIFEST),
    "lies of its size": lying,
    "encrypted": encrypted,
    "bzip2": lambda: with_method(zipfile.ZIP_BZIP2),
    "lzma": lambda: with_method(zipfile.ZIP_LZMA),
    "no signature": lambda: changed(bundle_of_one(), signature_json=b'{"key": 1}'),
}


def bundle_of_one() -> bytes:
    return packing.seal(packing.pack({"a.bpmn": LOAN}, {}), {"a.bpmn": LOAN}, key="k", signature="s")


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_no_bundle_is_refused_before_anything_is_read_of_it(app: Flask, attack: str) -> None:
    content = ATTACKS[attack]()
    assert len(content) < 2_000_000

    with pytest.raises(InvalidForm) as refused:
        bundles.bring_in(content, by=SYSTEM, unsigned=True)

    assert list(refused.value.errors) == ["bundle"]
    assert lists.listed().rows == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_an_unsigned_bundle_says_of_itself_is_bounded_text(app: Flask) -> None:
    made = zipped(
        {"loan.bpmn": LOAN},
        exported={"by": "x" * 9_000, "at": ["?"]},
        deployment={"reason": "a\x00b", "commit": "c" * 999, "by": {"a": 1}},
        definitions=[{"key": "k" * 9_000, "version": True}, "no", *({"key": "k", "version": 1} for _ in range(99))],
    )

    bundles.bring_in(made, by=SYSTEM, unsigned=True)

    [row] = lists.listed().rows
    assert row.origin and len(row.origin["exported_by"]) == 2_000 and row.origin["exported_at"] == ""
    assert (row.reason, len(row.commit or ""), row.origin["deployed_by"]) == ("a b", 200, "")
    assert len(row.origin["definitions"]) == 20


def test_the_commands_export_and_import(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "application", app.app_context)
    deployments.deploy({"loan.bpmn": LOAN}, by=SYSTEM)
    deployments.deploy({"loan.bpmn": EXAMINE}, by=SYSTEM)
    db.session.commit()
    file, run = str(tmp_path / "loan.zip"), CliRunner().invoke

    told = run(commands.export_bundle, ["loan@1", "-o", file]).output
    assert told.startswith(f"exported  loan@1 to {file}: 1 files, signed with the key ")
    assert run(commands.export_bundle, ["loan@x", "-o", file]).exit_code == 1
    assert run(commands.import_bundle, [file, "--why", "Back"]).output == "deployed  loan version 3\n"
    assert run(commands.import_bundle, [file]).output == "Everything was there already.\n"
    with keys(OTHER):
        assert "not trusted here" in str(run(commands.import_bundle, [file]).exception)
        db.session.rollback()
        assert run(commands.import_bundle, [file, "--unsigned"]).exit_code == 0
    (tmp_path / "no.zip").write_bytes(b"?")
    assert "This is no bundle" in run(commands.import_bundle, [str(tmp_path / "no.zip")]).output


def test_programs_export_and_import(app: Flask, person: Callable[..., Actor], program: Callable[..., Program]) -> None:
    deployments.deploy({"loan.bpmn": LOAN}, by=SYSTEM)
    deployments.deploy({"loan.bpmn": EXAMINE}, by=SYSTEM)
    db.session.commit()
    first = definitions.version("loan", 1).id
    dan, ada = program(person("dan", "designers")), program(person("ada", admin=True))
    made = dan.get(f"/definitions/{first}/bundle")
    assert made.mimetype == "application/zip" and "attachment" in made.headers["Content-Disposition"]

    def send(caller: Program, content: bytes, **said: str) -> Any:
        form = {"files": (io.BytesIO(content), "loan.zip"), **said}
        headers = {"Authorization": f"Bearer {caller.token}"}
        return app.test_client(use_cookies=False).post("/api/v1/deployments/import", data=form, headers=headers)

    unsigned = changed(made.data, signature_json=None)
    assert send(dan, unsigned).status_code == 403
    assert send(dan, unsigned, unsigned="yes").status_code == 403
    assert send(dan, b"?").status_code == 422
    done = send(dan, made.data)
    assert done.status_code == 201 and done.json["added"][0]["version"] == 3
    kept = dan.get(f"/deployments/{done.json['deployment_id']}").json
    assert kept["origin"]["definitions"] == ["loan version 1"] and kept["origin"]["key"]
    assert send(ada, unsigned, unsigned="yes").status_code == 200


def test_a_name_that_no_bundle_may_have_is_told_at_the_export(app: Flask) -> None:
    deployments.deploy({"lo:an.bpmn": LOAN}, by=SYSTEM)
    db.session.flush()
    found: ProcessDefinition = definitions.active("loan")

    with pytest.raises(BadRequest, match="no name for a file in a bundle"):
        bundles.export([found], by=SYSTEM)
