"""Documents over REST: added, read whole and in part, replaced, held, shown to whom they are for, withdrawn, copied."""

from __future__ import annotations

import hashlib
import os
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import pytest
import sqlalchemy as sa
from flask import Flask
from moto.server import ThreadedMotoServer
from werkzeug.test import TestResponse

from service.config import WrongSetting
from service.db import db, new_id, utcnow
from service.documents import arriving, stores
from service.maintenance import housekeeping
from service.models import ContentPiece, StoredContent
from tests.api.conftest import Office, Program
from tests.conftest import config_for

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 20
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


def raw(
    caller: Program,
    method: str,
    path: str,
    data: bytes | None = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> TestResponse:
    """A request whose body is no JSON."""
    where = f"{path}?{urlencode(query)}" if query else path
    return caller.send(
        method, where, data, **{name.replace("-", "_"): value for name, value in (headers or {}).items()}
    )


def upload(caller: Program, case: str, data: bytes = PDF, name: str = "report.pdf", **said: str) -> TestResponse:
    return raw(caller, "POST", f"/cases/{case}/documents", data, {"name": name, **said})


def test_a_document_is_added_and_read_byte_for_byte(office: Office, program: Callable[..., Program]) -> None:
    ann, case = program(office.ann), office.open_case()
    data = PDF * 500  # in three pieces
    made = upload(
        ann, case, data, "C:\\x\\Schätzung  über Haus.pdf", tags="photo, from Bob,photo", description="Of Bob."
    )
    about = made.json
    got = raw(ann, "GET", f"/documents/{about['id']}/content")
    part = raw(ann, "GET", f"/documents/{about['id']}/content", headers={"Range": "bytes=1048570-1048600"})

    assert made.status_code == 201 and about["name"] == "Schätzung über Haus.pdf"
    assert (about["tags"], about["newest"]["size"]) == (["photo", "from Bob"], len(data))
    assert about["newest"]["sha256"] == hashlib.sha256(data).hexdigest()
    assert (got.data, got.headers["Content-Type"]) == (data, "application/pdf")
    assert (part.status_code, part.data) == (206, data[1048570:1048601])
    assert part.headers["Content-Range"] == f"bytes 1048570-1048600/{len(data)}"
    assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert got.headers["Content-Disposition"].startswith('attachment; filename="Sch_tzung _ber Haus.pdf"')
    assert (
        raw(ann, "GET", f"/documents/{about['id']}/content", headers={"If-None-Match": got.headers["ETag"]}).status_code
        == 304
    )


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"MZ" + b"\0" * 100, "report.pdf", "is a program"),
        (b"#!/bin/sh\nrm", "notes.txt", "is a program"),
        (PNG, "report.pdf", "does not contain what “.pdf” says"),
        (PDF, "picture.png", "does not contain"),
        (b"a\0b", "notes.txt", "does not contain"),
        (b"", "notes.txt", "is empty"),
        (b"<html>", "page.html", "“.html” is not taken here"),
        (b"<svg>", "page.svg", "is not taken"),
        (b"x", "noending", "a name without an ending"),
        (b"x", "a" * 199 + ".txt", "200 characters"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused_and_nothing_kept(
    office: Office, program: Callable[..., Program], data: bytes, name: str, said: str
) -> None:
    refused = upload(program(office.ann), office.open_case(), data, name)

    assert refused.status_code == 400 and said in refused.json["detail"]
    assert db.session.scalars(sa.select(StoredContent)).all() == []


def test_a_document_has_a_largest_size(office: Office, program: Callable[..., Program], app: Flask) -> None:
    app.config["CASEWRIGHT"] = config_for(app.config["CASEWRIGHT"].database_url, CASEWRIGHT_MAX_DOCUMENT_MB="1")
    refused = upload(program(office.ann), office.open_case(), b"%PDF-1.7" + b"\0" * 1024 * 1024)

    assert refused.status_code == 413
    assert db.session.scalars(sa.select(StoredContent)).all() == []


def test_the_team_sees_all_other_readers_what_is_for_everybody_strangers_nothing(
    office: Office, program: Callable[..., Program]
) -> None:
    ann, rex, zoe, case = program(office.ann), program(office.rex), program(office.zoe), office.open_case()
    hidden = upload(ann, case).json["id"]
    shown = upload(ann, case, PNG, "photo.png", visibility="everybody").json["id"]

    assert [each["id"] for each in rex.get(f"/cases/{case}/documents").json["items"]] == [shown]
    assert len(ann.get(f"/cases/{case}/documents").json["items"]) == 2
    assert zoe.get(f"/cases/{case}/documents").status_code == 404
    for caller, theirs in ((rex, [404, 200]), (zoe, [404, 404])):
        for path in ("", "/content", "/versions"):
            assert [raw(caller, "GET", f"/documents/{each}{path}").status_code for each in (hidden, shown)] == theirs
    assert upload(rex, case).status_code == 403
    assert raw(rex, "POST", f"/documents/{hidden}/versions", PDF, {"name": "a.pdf"}).status_code == 404
    assert [rex.post(f"/documents/{shown}/{act}").status_code for act in ("hold", "let-go")] == [403, 403]
    assert "report.pdf" not in rex.get(f"/cases/{case}/timeline").text  # the story names it by a digest
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StoredContent)) == 2  # nothing of who may not


def test_versions_are_added_one_after_the_other_and_kept(office: Office, program: Callable[..., Program]) -> None:
    ann, ben, case = program(office.ann), program(office.ben), office.open_case()
    document = upload(ann, case).json["id"]
    ann.post(f"/documents/{document}/hold")
    refused = raw(ben, "POST", f"/documents/{document}/versions", PNG, {"name": "new.png"})
    other = ben.post(f"/documents/{document}/let-go")
    replaced = raw(ann, "POST", f"/documents/{document}/versions", PNG, {"name": "new.png", "comment": "Readable."})
    again = raw(ben, "POST", f"/documents/{document}/versions", PDF, {"name": "last.pdf"})

    assert (refused.status_code, other.status_code) == (409, 403)
    assert "Ann works on this document" in refused.json["detail"]
    assert (replaced.json["name"], replaced.json["newest"]["number"], replaced.json["held_by"]) == ("new.png", 2, None)
    assert again.json["newest"]["number"] == 3
    assert [each["number"] for each in ann.get(f"/documents/{document}/versions").json["items"]] == [3, 2, 1]
    assert raw(ann, "GET", f"/documents/{document}/content?version=2").data == PNG
    assert raw(ann, "GET", f"/documents/{document}/content?version=9").status_code == 404


def test_a_withdrawn_document_is_opened_by_nobody_and_its_story_stays(
    office: Office, program: Callable[..., Program]
) -> None:
    ann, ben, case = program(office.ann), program(office.ben), office.open_case()
    document = upload(ann, case).json["id"]
    stranger = ben.post(f"/documents/{document}/withdraw", {"reason": "No."})
    told = ann.post(f"/documents/{document}/withdraw", {"reason": "Another case's."})

    assert (stranger.status_code, told.status_code) == (403, 200)
    assert ann.get(f"/cases/{case}/documents").json["items"][0]["withdrawn_at"]
    assert raw(ann, "GET", f"/documents/{document}/content").status_code == 404
    assert raw(ann, "POST", f"/documents/{document}/versions", PDF, {"name": "a.pdf"}).status_code == 409
    actions = [each["action"] for each in ann.get(f"/cases/{case}/timeline").json["items"]]
    assert {"document:added", "document:withdrawn"} <= set(actions)


def test_a_document_is_copied_to_a_case_that_takes_it(office: Office, program: Callable[..., Program]) -> None:
    ann, zoe, case, other = program(office.ann), program(office.zoe), office.open_case(), office.open_case()
    document = upload(ann, case).json["id"]
    number = {each: ann.get(f"/cases/{each}").json["number"] for each in (case, other)}
    made = ann.post(f"/documents/{document}/copy", {"case": number[other]})

    assert made.status_code == 201 and made.json["case_id"] == other
    assert raw(ann, "GET", f"/documents/{made.json['id']}/content").data == PDF
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StoredContent)) == 1
    db.session.rollback()
    assert ann.post(f"/documents/{document}/copy", {"case": number[case]}).status_code == 400
    assert zoe.post(f"/documents/{document}/copy", {"case": number[other]}).status_code == 404


def test_a_repeated_upload_takes_effect_once(office: Office, program: Callable[..., Program]) -> None:
    ann, case = program(office.ann), office.open_case()
    key = {"Idempotency-Key": "photo-1"}
    path, name = f"/cases/{case}/documents", {"name": "photo.png"}
    first = raw(ann, "POST", path, PNG, name, headers=key)
    second = raw(ann, "POST", path, PNG, name, headers=key)
    other = raw(ann, "POST", path, PNG + b"x", name, headers=key)

    assert (first.status_code, second.status_code, second.json) == (201, 201, first.json)
    assert other.status_code == 422
    assert len(ann.get(path).json["items"]) == 1


def test_what_nobody_took_is_removed_after_a_day(office: Office, program: Callable[..., Program], app: Flask) -> None:
    ann, case = program(office.ann), office.open_case()
    kept = upload(ann, case).json["id"]
    arrived = arriving.spool(BytesIO(PDF), 10_000_000)
    lost = arriving.receive(arrived, "application/pdf")
    arrived.file.close()
    db.session.rollback()

    housekeeping.forget_expired(utcnow() + timedelta(hours=23))
    db.session.commit()
    assert db.session.get(StoredContent, lost) is not None
    housekeeping.forget_expired(utcnow() + timedelta(hours=25))
    db.session.commit()

    assert db.session.get(StoredContent, lost) is None
    assert db.session.scalars(sa.select(ContentPiece).where(ContentPiece.content_id == lost)).all() == []
    assert raw(ann, "GET", f"/documents/{kept}/content").data == PDF


def test_contents_may_be_kept_in_a_folder(
    office: Office, program: Callable[..., Program], app: Flask, tmp_path: Path
) -> None:
    before = upload(program(office.ann), office.open_case()).json["id"]
    app.config["CASEWRIGHT"] = config_for(
        app.config["CASEWRIGHT"].database_url, CASEWRIGHT_DOCUMENTS=f"file://{tmp_path}/kept"
    )
    ann, case = program(office.ann), office.open_case()
    data = PDF * 500
    made = upload(ann, case, data).json["id"]

    assert raw(ann, "GET", f"/documents/{made}/content").data == data
    assert raw(ann, "GET", f"/documents/{made}/content", headers={"Range": "bytes=9-12"}).data == data[9:13]
    assert raw(ann, "GET", f"/documents/{before}/content").data == PDF  # where it was
    assert [path.stat().st_size for path in (tmp_path / "kept").iterdir()] == [len(data)]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty bucket of a server that speaks S3."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address, bucket = f"http://{host}:{port}", f"papers-{new_id()}"  # moto keeps buckets as long as its process lives
    for name, value in (("ENDPOINT_URL", address), ("ACCESS_KEY_ID", "a"), ("SECRET_ACCESS_KEY", "b"),
                        ("REGION", "us-east-1"), ("ALLOW_HTTP", "true")):  # fmt: skip
        monkeypatch.setenv(f"AWS_{name}", value)
    urlopen(UrlRequest(f"{address}/{bucket}", method="PUT")).close()  # our own server
    stores._opened.cache_clear()
    yield f"s3://{bucket}/kept"
    stores._opened.cache_clear()
    server.stop()


def test_contents_may_be_kept_in_a_store_that_speaks_s3(
    office: Office, program: Callable[..., Program], app: Flask, bucket: str
) -> None:
    app.config["CASEWRIGHT"] = config_for(app.config["CASEWRIGHT"].database_url, CASEWRIGHT_DOCUMENTS=bucket)
    ann, case = program(office.ann), office.open_case()
    data = PDF * 1500  # 7.7 MB, in two parts
    made = upload(ann, case, data).json["id"]
    arrived = arriving.spool(BytesIO(PDF), 10_000_000)
    lost = arriving.receive(arrived, "application/pdf")
    arrived.file.close()
    db.session.rollback()
    housekeeping.forget_expired(utcnow() + timedelta(hours=25))
    db.session.commit()

    assert raw(ann, "GET", f"/documents/{made}/content").data == data
    part = raw(ann, "GET", f"/documents/{made}/content", headers={"Range": "bytes=5242870-5242890"})
    assert (part.status_code, part.data) == (206, data[5242870:5242891])
    assert db.session.get(StoredContent, lost) is None
    store = stores._opened(bucket, os.getpid())
    assert [each["size"] for batch in store.list() for each in batch] == [len(data)]


def test_an_installation_says_what_kinds_it_takes(office: Office, program: Callable[..., Program], app: Flask) -> None:
    app.config["CASEWRIGHT"] = config_for(app.config["CASEWRIGHT"].database_url, CASEWRIGHT_DOCUMENT_TYPES="txt, .PDF")
    ann, case = program(office.ann), office.open_case()

    assert [upload(ann, case, data, name).status_code for data, name in ((PDF, "a.pdf"), (b"x", "a.txt"))] == [201, 201]
    assert "send pdf, txt" in upload(ann, case, PNG, "a.png").json["detail"]
    with pytest.raises(WrongSetting, match="CASEWRIGHT_DOCUMENT_TYPES is 'exe'"):
        config_for("sqlite:///x.db", CASEWRIGHT_DOCUMENT_TYPES="exe")


def test_documents_of_one_person_have_a_limit(office: Office, program: Callable[..., Program], app: Flask) -> None:
    url = app.config["CASEWRIGHT"].database_url
    app.config["CASEWRIGHT"] = config_for(url, CASEWRIGHT_UPLOAD_LIMIT="2 per minute")
    ann, ben, case = program(office.ann), program(office.ben), office.open_case()
    sent = [upload(ann, case) for _ in range(3)]

    assert [each.status_code for each in sent] == [201, 201, 429]
    assert sent[-1].json["detail"].startswith("Too many documents; wait")
    assert upload(ben, case).status_code == 201
    stranger = program(office.zoe)  # it counts before anything is read, so also for who may not
    assert [upload(stranger, case).status_code for _ in range(3)] == [404, 404, 429]


class Daemon(socketserver.StreamRequestHandler):
    """As clamd(8) answers INSTREAM: whoever sends EICAR has a virus."""

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\0"
        data = b""
        while length := int.from_bytes(self.rfile.read(4), "big"):
            data += self.rfile.read(length)
        self.wfile.write(b"stream: Eicar FOUND\0" if b"EICAR" in data else b"stream: OK\0")


def test_a_virus_is_refused_before_anybody_can_open_it(
    office: Office, program: Callable[..., Program], app: Flask
) -> None:
    url, ann, case = app.config["CASEWRIGHT"].database_url, program(office.ann), office.open_case()
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Daemon) as daemon:
        threading.Thread(target=daemon.serve_forever, args=(0.05,), daemon=True).start()
        address = f"127.0.0.1:{daemon.server_address[1]}"
        app.config["CASEWRIGHT"] = config_for(url, CASEWRIGHT_SCANNER=address)
        clean = upload(ann, case, PDF * 50)
        sick = upload(ann, case, b"EICAR" * 20_000, "letter.txt")
        daemon.shutdown()
    away = upload(ann, case)

    assert (clean.status_code, sick.status_code, away.status_code) == (201, 400, 503)
    assert sick.json["detail"] == "“letter.txt” holds a virus (Eicar)."
    assert away.json["detail"].startswith("The scanner of viruses cannot be reached")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StoredContent)) == 1
