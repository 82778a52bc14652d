"""Viruses are looked for by ClamAV, where an installation has one (the setting CASEWRIGHT_SCANNER).

Its INSTREAM command (clamd(8)): pieces, each after its length in four bytes, then a length of nought; the answer is
`stream: OK`, or `stream: NAME FOUND`.
"""

from __future__ import annotations

import socket
import struct
from typing import IO

from service.errors import BadRequest, Unavailable
from service.languages import _

_PIECE, _SECONDS = 64 * 1024, 60.0


def check(file: IO[bytes], name: str, scanner: tuple[str, int] | None) -> None:
    """Look for viruses in `file`. Raises `BadRequest` where one is found, `Unavailable` where nobody answers."""
    if scanner is None:
        return
    try:
        answer = _ask(file, scanner)
    except OSError as error:
        raise Unavailable(_("The scanner of viruses cannot be reached; nothing was kept. Try again later.")) from error
    if answer.endswith("FOUND"):
        raise BadRequest(
            _(
                "“%(name)s” holds a virus (%(virus)s).",
                name=name,
                virus=answer.removeprefix("stream: ").removesuffix(" FOUND"),
            ),
            field="files",
        )
    if not answer.endswith("OK"):
        raise Unavailable(_("The scanner of viruses says “%(said)s”; nothing was kept.", said=answer[:200]))


def _ask(file: IO[bytes], scanner: tuple[str, int]) -> str:
    with socket.create_connection(scanner, timeout=_SECONDS) as line:
        line.sendall(b"zINSTREAM\0")
        try:
            while piece := file.read(_PIECE):
                line.sendall(struct.pack("!I", len(piece)) + piece)
            line.sendall(struct.pack("!I", 0))
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has heard enough, and says why
        return line.makefile("rb").read(4096).rstrip(b"\0\n").decode("utf-8", "replace")
