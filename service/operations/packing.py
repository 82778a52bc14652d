"""The form of a bundle: a ZIP with the files as they were deployed, a manifest with their SHA-256, and its signature.

    manifest.json    what it is, and `files`: name -> SHA-256
    signature.json   {"key": mark, "hmac": HMAC-SHA-256 over the manifest's bytes, hexadecimal}
    files/…          the files

A bundle that comes in is a stranger's until its signature is known: nothing is written to a disk, names are only names,
and every size is bounded before anything is unpacked, whatever the ZIP says of itself.
"""

from __future__ import annotations

import io
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from service.errors import InvalidForm
from service.languages import _
from service.operations.laying import digest
from service.operations.sources import KINDS

FORMAT = "casewright-bundle-1"
MANIFEST, SIGNATURE, FOLDER = "manifest.json", "signature.json", "files/"
MOST_BYTES = 64_000_000  #: of all files together, unpacked
MOST_OF_ONE = 8_000_000  #: of one file; deployment itself takes no diagram above 5 MB
MOST_OF_MANIFEST = 1_000_000
MOST_FILES = 500
LONGEST_NAME = 255
_WHEN = (1980, 1, 1, 0, 0, 0)  #: a ZIP's first day: the same content is the same bytes
_NAME = re.compile(r'[^<>:"|?*\\\x00-\x1f]+')
_PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Unpacked:
    """What was in a bundle; whose it is has still to be found out."""

    manifest: bytes
    about: Mapping[str, Any]
    files: Mapping[str, bytes]
    key: str | None  #: the mark of the key that it says it is signed with
    signature: str | None  #: hexadecimal


def pack(files: Mapping[str, bytes], about: Mapping[str, Any]) -> bytes:
    """The manifest's bytes, which are to be signed."""
    said = {"format": FORMAT, **about, "files": {name: digest(content) for name, content in sorted(files.items())}}
    return json.dumps(said, ensure_ascii=False, indent=2, sort_keys=True).encode()


def seal(manifest: bytes, files: Mapping[str, bytes], *, key: str, signature: str) -> bytes:
    """The bundle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        write(bundle, MANIFEST, manifest)
        write(bundle, SIGNATURE, json.dumps({"key": key, "hmac": signature}).encode())
        for name, content in sorted(files.items()):
            write(bundle, FOLDER + name, content)
    return buffer.getvalue()


def write(bundle: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Put a file into the ZIP, with nothing in it that differs from time to time."""
    entry = zipfile.ZipInfo(name, _WHEN)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, (stat.S_IFREG | 0o644) << 16
    bundle.writestr(entry, content)


def unpack(content: bytes) -> Unpacked:
    """What is in the bundle `content`. Raises `InvalidForm`, at `bundle`, for whatever is not as `pack` makes it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            entries = _entries(bundle)
            manifest = _read(bundle, entries[MANIFEST], MOST_OF_MANIFEST)
            about = _json(manifest, MANIFEST)
            wanted = _wanted(about, entries)
            key, signature = _signature(bundle, entries.get(SIGNATURE))
            files = _files(bundle, entries, wanted)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as broken:
        raise _wrong(_("This is no bundle: %(broken)s.", broken=broken)) from broken
    return Unpacked(manifest, about, files, key, signature)


def _entries(bundle: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The entries by name, each as a bundle may have it."""
    found: dict[str, zipfile.ZipInfo] = {}
    if len(bundle.infolist()) > MOST_FILES + 2:
        raise _wrong(_("It holds more than %(MOST_FILES)s files.", MOST_FILES=MOST_FILES))
    for entry in bundle.infolist():
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if entry.filename in found:
            raise _wrong(_("“%(filename)s” stands in it twice.", filename=_shown(entry.filename)))
        if kind not in (0, stat.S_IFREG) or entry.is_dir():
            raise _wrong(_("“%(filename)s” is no plain file.", filename=_shown(entry.filename)))
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _PLAIN:
            raise _wrong(
                _(
                    "“%(filename)s” is encrypted, or compressed in another way than usual.",
                    filename=_shown(entry.filename),
                )
            )
        found[entry.filename] = entry
    if MANIFEST not in found:
        raise _wrong(_("It holds no %(MANIFEST)s.", MANIFEST=MANIFEST))
    return found


def _read(bundle: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """The content of an entry, of which no more is unpacked than is allowed."""
    with bundle.open(entry) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise _wrong(
            _("“%(filename)s” is larger than %(most)s MB.", filename=_shown(entry.filename), most=most // 1_000_000)
        )
    return content


def _json(content: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(content, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as wrong:
        raise _wrong(_("Its %(name)s is no JSON that can be read.", name=name)) from wrong
    if not isinstance(found, dict):
        raise _wrong(_("Its %(name)s is no JSON object.", name=name))
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _refuse(word: str) -> None:
    raise ValueError(word)


def _wanted(about: Mapping[str, Any], entries: Mapping[str, zipfile.ZipInfo]) -> dict[str, str]:
    """The files that the manifest names, which are exactly those in the ZIP."""
    if about.get("format") != FORMAT:
        raise _wrong(_("It is of another format than %(FORMAT)s.", FORMAT=FORMAT))
    files = about.get("files")
    if not isinstance(files, dict) or not files or not all(isinstance(each, str) for each in files.values()):
        raise _wrong(_("Its manifest names no files."))
    for name in files:
        if not is_plain(name):
            raise _wrong(_("“%(name)s” is no name that a file in a bundle may have.", name=_shown(name)))
    extra = entries.keys() - {MANIFEST, SIGNATURE} - {FOLDER + name for name in files}
    missing = [name for name in files if FOLDER + name not in entries]
    if extra or missing:
        first = _shown(sorted([*extra, *missing])[0])
        raise _wrong(
            _("Its manifest does not fit what is in it: “%(first)s” stands in one of them alone.", first=first)
        )
    return files


def is_plain(name: str) -> bool:
    """Whether a file in a bundle may be called so: a path below where it stands, of a kind that is deployed."""
    parts = name.split("/")
    return (
        len(name) <= LONGEST_NAME
        and name.isprintable()
        and _NAME.fullmatch(name) is not None
        and not any(part in ("", ".", "..") for part in parts)
        and PurePosixPath(name).suffix.lower() in KINDS
    )


def _signature(bundle: zipfile.ZipFile, entry: zipfile.ZipInfo | None) -> tuple[str | None, str | None]:
    if entry is None:
        return None, None
    said = _json(_read(bundle, entry, MOST_OF_MANIFEST), SIGNATURE)
    key, signature = said.get("key"), said.get("hmac")
    if not isinstance(key, str) or not isinstance(signature, str):
        raise _wrong(_("Its %(SIGNATURE)s names no key and no signature.", SIGNATURE=SIGNATURE))
    return key, signature


def _files(
    bundle: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], wanted: Mapping[str, str]
) -> dict[str, bytes]:
    left, found = MOST_BYTES, {}
    for name, hashed in wanted.items():
        content = _read(bundle, entries[FOLDER + name], MOST_OF_ONE)
        left -= len(content)
        if left < 0:
            raise _wrong(_("Its files are larger than %(MOST_BYTES)s MB together.", MOST_BYTES=MOST_BYTES // 1_000_000))
        if digest(content) != hashed:
            raise _wrong(
                _("“%(name)s” is not what the manifest says: it was changed, or damaged on the way.", name=name)
            )
        found[name] = content
    return found


def _shown(name: str) -> str:
    return name[:100].encode("ascii", "backslashreplace").decode()


def _wrong(message: str) -> InvalidForm:
    return InvalidForm({"bundle": [message]})
