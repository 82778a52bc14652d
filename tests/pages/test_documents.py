"""The folder on its pages: files are dropped, seen, replaced and taken along, and it looks well."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Page, expect

from service.db import db
from service.models import Document
from tests.pages.conftest import Office, Visitor
from tests.pages.test_in_a_browser import WIDER

MAIL = b"From: Bob <bob@example.org>\r\nTo: us@example.org\r\nSubject: The roof\r\n\r\nIt was the storm of Tuesday.\r\n"


def picture(width: int, height: int) -> bytes:
    """A picture in PNG, RGB of 8 bits (RFC 2083)."""
    lines = b"".join(b"\0" + bytes(v for x in range(width) for v in (60 + 2 * x, 90 + y, 160)) for y in range(height))

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(lines)) + part(b"IEND", b"")


DROP = """async ([name, text]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name));
  document.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def test_without_scripts_files_are_brought_and_what_is_wrong_is_said_at_the_field(office: Office, app: Flask) -> None:
    ann, number = Visitor(app, office.ann), number_of(office)
    where = f"/cases/{number}/documents"
    files = [(io.BytesIO(b"Roof gone."), "report.txt"), (io.BytesIO(MAIL), "mail.eml")]
    told = ann.post(where, {"files": files, "tags": "storm"})
    page = ann.get(where)
    wrong = ann.post(where, {"files": [(io.BytesIO(b"x"), "ok.txt"), (io.BytesIO(b"<b>"), "page.html")]})
    missing = ann.post(where)

    assert told.status_code == 303 and "2 documents are in the folder." in page.text
    assert wrong.status_code == missing.status_code == 400
    assert "“page.html”: “.html” is not taken here" in wrong.text and "Pick at least one file." in missing.text
    assert "report.txt" in page.text and "ok.txt" not in ann.get(where).text  # all or nothing
    document = db.session.scalar(sa.select(Document).where(Document.name == "mail.eml"))
    assert document is not None
    assert "It was the storm of Tuesday." in ann.get(f"/documents/{document.id}").text
    packed = zipfile.ZipFile(io.BytesIO(ann.get(f"{where}.zip").data))
    assert {name: packed.read(name) for name in packed.namelist()} == {"report.txt": b"Roof gone.", "mail.eml": MAIL}


def number_of(office: Office) -> str:
    number = office.open_claim().number
    db.session.rollback()
    return number


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("width", "dark"), [(1440, False), (400, True)])
def test_documents_are_dropped_replaced_and_withdrawn(
    office: Office,
    browse: Callable[..., Page],
    axe: Callable[[Page], list[str]],
    screenshot: Callable[[Page, str], Path],
    width: int,
    dark: bool,
) -> None:
    number = number_of(office)
    look = f"{width}{'-dark' if dark else ''}"
    page = browse(office.ann, width=width, dark=dark)
    page.goto(f"/cases/{number}/documents")
    page.evaluate(DROP, ["letter.txt", "Dear Ms Curie,\nyour roof is insured.\n"])
    page.evaluate(DROP, ["page.html", "<b>no</b>"])
    page.get_by_role("button", name="Put them into the folder").click()

    expect(page.get_by_text("“.html” is not taken here")).to_be_visible()
    expect(page.get_by_text("in the folder", exact=True)).to_be_visible()  # the other one is
    wrong = {"refused": found} if (found := axe(page)) else {}
    page.goto(f"/cases/{number}/documents")
    page.get_by_label("Bring documents").set_input_files(
        [
            {"name": "roof.png", "mimeType": "image/png", "buffer": picture(64, 48)},
            {"name": "storm.eml", "mimeType": "", "buffer": MAIL},
        ]
    )
    page.get_by_label("What they show").fill("After the storm")
    page.get_by_label("Tags").fill("photo, roof")
    page.get_by_role("button", name="Put them into the folder").click()
    page.wait_for_load_state()
    expect(page.get_by_text("2 documents are in the folder.")).to_be_visible()
    expect(page.get_by_role("link", name="storm.eml", exact=True)).to_be_visible()
    expect(page.get_by_text("What you typed before is back.")).to_have_count(0)
    expect(page.get_by_role("link", name="roof.png", exact=True)).to_be_visible()
    wrong |= {"folder": found} if (found := axe(page)) else {}
    assert not page.evaluate(WIDER)
    screenshot(page, f"documents-{look}")

    page.get_by_role("link", name="storm.eml", exact=True).click()
    expect(page.get_by_role("heading", name="storm.eml", level=1)).to_be_visible()
    page.get_by_role("button", name="Work on it").click()
    expect(page.get_by_text("You work on “storm.eml”")).to_be_visible()
    page.get_by_label("File").set_input_files([{"name": "storm-2.eml", "mimeType": "", "buffer": MAIL + b"Bob"}])
    page.get_by_label("What changed").fill("With his name")
    page.get_by_role("button", name="Add the version").click()
    expect(page.get_by_role("heading", name="storm-2.eml", level=1)).to_be_visible()
    page.wait_for_load_state()
    wrong |= {"document": found} if (found := axe(page)) else {}
    assert not page.evaluate(WIDER)
    screenshot(page, f"document-{look}")

    page.get_by_role("button", name="Withdraw").click()
    page.get_by_label("Why").fill("It belongs to another case.")
    page.get_by_role("button", name="Withdraw it").click()
    expect(page.get_by_text("“storm-2.eml” is withdrawn.")).to_be_visible()
    expect(page.get_by_text("It belongs to another case.")).to_be_visible()
    page.goto(f"/cases/{number}")
    expect(
        page.get_by_role("list", name="Documents, the newest first").get_by_role("link", name="letter.txt", exact=True)
    ).to_be_visible()
    wrong |= {"case": found} if (found := axe(page)) else {}
    screenshot(page, f"case-with-documents-{look}")
    assert wrong == {}
