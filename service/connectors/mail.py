"""A mail handed to the server of CASEWRIGHT_SMTP_URL: what went wrong before, and what may have arrived, is told apart.

A password is sent over TLS only. Between the mail's text and the server's answer lies the one moment of which nobody
can say what became of it: `hand_over` is called just before it.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import unquote, urlsplit

from service.connectors.errors import CallFailed

SECONDS = 20.0  #: for each step


class Unsure(CallFailed):
    """The mail was handed over, and the server never said what became of it."""


@dataclass(frozen=True)
class Server:
    """Where mail is handed over."""

    host: str
    port: int
    is_tls: bool  #: from the first byte; otherwise as soon as the server offers it
    user: str = ""
    password: str = ""


def read_server(text: str) -> Server | None:
    """`smtp://[USER:PASSWORD@]HOST[:PORT]` or `smtps://…`, or nothing. Raises ValueError."""
    if not text:
        return None
    url = urlsplit(text)
    if url.scheme not in ("smtp", "smtps") or not url.hostname or url.path not in ("", "/") or url.query:
        raise ValueError(text)
    is_tls = url.scheme == "smtps"
    port = url.port or (465 if is_tls else 587 if url.username else 25)
    return Server(url.hostname, port, is_tls, unquote(url.username or ""), unquote(url.password or ""))


def send(server: Server, message: EmailMessage, *, sender: str, to: str, hand_over: Callable[[], None]) -> None:
    """Hand `message` over. Raises `CallFailed`, with `again` where it may go better later, and `Unsure`."""
    try:
        with _connected(server) as smtp:
            _accepted(*smtp.mail(sender), what="the sender")
            _accepted(*smtp.rcpt(to), what="the address")
            hand_over()
            _data(smtp, message.as_bytes(policy=SMTP))
    except smtplib.SMTPResponseException as refused:
        raise _refused(refused.smtp_code, "us") from None
    except (smtplib.SMTPException, OSError) as error:
        raise CallFailed(f"The mail server failed: {type(error).__name__}.", code="MAIL_SERVER", again=True) from None


def _connected(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if server.is_tls:
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=context)
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=SECONDS)
    try:
        smtp.ehlo_or_helo_if_needed()
        if not server.is_tls and smtp.has_extn("starttls"):
            smtp.starttls(context=context)
            smtp.ehlo()
        elif not server.is_tls and server.user:
            raise CallFailed("The mail server offers no TLS; a password is not sent without.", code="MAIL_SERVER")
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _data(smtp: smtplib.SMTP, text: bytes) -> None:
    try:
        code, _said = smtp.data(text)
    except smtplib.SMTPResponseException as refused:  # before it was sent
        raise _refused(refused.smtp_code, "the mail") from None
    except (smtplib.SMTPException, OSError):
        with suppress(smtplib.SMTPException, OSError):
            smtp.close()
        raise Unsure("The mail server did not say what became of the mail.", code="MAIL_UNSURE") from None
    if code != 250:
        raise _refused(code, "the mail")


def _accepted(code: int, _said: bytes, *, what: str) -> None:
    if code not in (250, 251):
        raise _refused(code, what)


def _refused(code: int, what: str) -> CallFailed:
    return CallFailed(f"The mail server refused {what} ({code}).", code=f"MAIL_{code}", again=400 <= code < 500)
