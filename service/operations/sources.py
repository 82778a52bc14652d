"""Which files a folder offers for deployment."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

#: by a file's ending, what it holds
KINDS = {
    **dict.fromkeys((".bpmn", ".bpmn2", ".xml"), "process"),
    ".dmn": "decision",
    **dict.fromkeys((".form", ".json"), "form"),
}
TESTS = ".tests.yaml"  #: the ending of tests by example, which may be uploaded beside them


def collect(paths: Iterable[Path]) -> dict[str, bytes]:
    """The deployable files at and below `paths`: name relative to the path given -> content."""
    files: dict[str, bytes] = {}
    for path in paths:
        if path.is_file():
            files[path.name] = path.read_bytes()
            continue
        for file in sorted(path.rglob("*")):
            if file.is_file() and file.suffix.lower() in KINDS:
                files[file.relative_to(path).as_posix()] = file.read_bytes()
    return files
