"""Settings: read once from the environment, each documented, validated at start and refused by name when wrong.

`SETTINGS` is the one list; the README's table and compose.yaml are held against it by tests.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from limits import RateLimitItem, parse_many

from service.connectors.addresses import Allowed, read_allowed
from service.connectors.mail import Server, read_server
from service.languages.catalogues import LANGUAGES

FOLDER, SECRET_FILE = "var", "secret-key"  #: where an installation without settings keeps what is its own


class WrongSetting(ValueError):
    """A setting has a value that it may not have; the message names it, its value and what is allowed."""


@dataclass(frozen=True)
class Setting:
    """One environment variable: how it is read, what is allowed, and what it is for."""

    name: str
    default: str | None
    read: Callable[[str], Any]
    allowed: str
    meaning: str
    secret: bool = False


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError
        return number

    return read


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return read


def _limit(text: str) -> RateLimitItem:
    limit, *more = parse_many(text)
    if more or limit.amount < 1:
        raise ValueError
    return limit


def _yes_or_no(text: str) -> bool:
    return {"yes": True, "no": False}[text.lower()]


def _database(text: str) -> str:
    if text.startswith("postgresql://"):
        return "postgresql+psycopg://" + text.removeprefix("postgresql://")
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError
    return text


def _long_secret(text: str) -> str:
    if len(text) < 32:
        raise ValueError
    return text


def _long_secret_or_none(text: str) -> str:
    return _long_secret(text) if text else ""


def _long_secrets(text: str) -> tuple[str, ...]:
    return tuple(_long_secret(part.strip()) for part in text.split(",")) if text.strip() else ()


def _group(text: str) -> str:
    if not text.strip():
        raise ValueError
    return text


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, OSError) as error:
        raise ValueError from error


def _allowed_of_people(text: str) -> Allowed:
    return replace(read_allowed(text), setting="CASEWRIGHT_NOTIFY_ALLOWED")


def _mail_address(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+", text):
        raise ValueError
    return text


def _issuer(text: str) -> str:
    """An issuer as the provider itself writes it, with or without a slash at its end; without TLS only at home."""
    parts = urlsplit(text)
    at_home = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if text and ((parts.scheme != "https" and not (at_home and parts.scheme == "http")) or not parts.hostname):
        raise ValueError
    if parts.query or parts.fragment or parts.username is not None or not text.isprintable() or " " in text:
        raise ValueError
    return text


def _secret_of_file(text: str) -> str:
    return Path(text).read_text().strip() if text else ""


def _scopes(text: str) -> str:
    if "openid" not in text.split():
        raise ValueError
    return " ".join(text.split())


def _pairs(text: str) -> Mapping[str, str]:
    """`THEIRS=ours; …` by what is theirs; they may hold `=` and commas, as LDAP's names do."""
    if text.strip() == "*":
        return {"*": "*"}
    found = [part.strip().rpartition("=") for part in text.split(";") if part.strip()]
    if any(not theirs.strip() or not ours.strip() for theirs, _, ours in found):
        raise ValueError
    return {theirs.strip(): ours.strip() for theirs, _, ours in found}


def _words(text: str) -> frozenset[str]:
    return frozenset(part.strip() for part in text.split(",") if part.strip())


def _web_address(text: str) -> str:
    if text and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?", text):
        raise ValueError
    return text.rstrip("/")


#: endings of files that are taken; service/documents/kinds.py says what each has to contain
KINDS = (
    "pdf,png,jpg,jpeg,gif,webp,tif,tiff,heic,doc,xls,ppt,msg,docx,xlsx,pptx,odt,ods,odp,zip,rtf,mp3,m4a,wav,mp4,mov,"
    "txt,md,csv,json,xml,eml,ics"
)


def _store(text: str) -> str:
    if text != "database" and not re.fullmatch(r"file:///[^?#]+|s3://[a-z0-9][a-z0-9.-]{1,62}(/[^?#]*)?", text):
        raise ValueError
    return text


def _endings(text: str) -> frozenset[str]:
    found = frozenset(part.strip().lower().lstrip(".") for part in text.split(",") if part.strip())
    if not found or not found <= set(KINDS.split(",")):
        raise ValueError
    return found


def _host_and_port(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    host, _, port = text.rpartition(":")
    if not host or not 0 < int(port) < 65536:
        raise ValueError
    return host.strip("[]"), int(port)


SETTINGS = (
    Setting("CASEWRIGHT_DATABASE_URL", "sqlite:///var/casewright.db", _database,
            "sqlite:///PATH or postgresql://USER@HOST/NAME", "where everything is kept"),
    Setting("CASEWRIGHT_SECRET_KEY", None, _long_secret, "at least 32 characters",
            "signs forms and sessions; the same on every web process", secret=True),
    Setting("CASEWRIGHT_AUDIT_KEY", "", _long_secret_or_none, "at least 32 characters, or nothing",
            "closes the audit trail; by default the secret key does; keep it: without it nothing can be verified",
            secret=True),
    Setting("CASEWRIGHT_BUNDLE_KEYS", "", _long_secrets,
            "secrets of at least 32 characters, commas between, or nothing",
            "bundles are signed with the first and taken with any of them; by default only this installation's own",
            secret=True),
    Setting("CASEWRIGHT_SECURE_COOKIES", "yes", _yes_or_no, "yes or no",
            "no only for trying it without HTTPS: cookies then lose `Secure` and the `__Host-` prefix"),
    Setting("CASEWRIGHT_TIME_ZONE", "UTC", _zone, "a name of the IANA time zone database, such as Europe/Vienna",
            "zone of dates without one, in diagrams and pages"),
    Setting("CASEWRIGHT_LANGUAGE", "en", _one_of(*LANGUAGES), " or ".join(LANGUAGES),
            "language of pages and mails, where neither the person nor their browser asks for another"),
    Setting("CASEWRIGHT_SESSION_IDLE_MINUTES", "30", _whole(1, 1440), "1 to 1440", "sign-in ends after so long unused"),
    Setting("CASEWRIGHT_SESSION_HOURS", "12", _whole(1, 168), "1 to 168", "sign-in ends after so long in any case"),
    Setting("CASEWRIGHT_LOGIN_LIMIT", "10 per 5 minutes", _limit, "a limit such as `10 per 5 minutes`",
            "wrong sign-ins per account and address before 429"),
    Setting("CASEWRIGHT_ACCOUNT_LIMIT", "100 per hour", _limit, "a limit such as `100 per hour`",
            "wrong sign-ins per account from everywhere; browsers that signed in before are not held up"),
    Setting("CASEWRIGHT_SEARCH_LIMIT", "240 per minute", _limit, "a limit such as `240 per minute`",
            "searches of one person before 429"),
    Setting("CASEWRIGHT_DEPLOYMENT_LIMIT", "30 per minute", _limit, "a limit such as `30 per minute`",
            "deployments, and checks of files, of one person before 429"),
    Setting("CASEWRIGHT_EVALUATION_LIMIT", "120 per minute", _limit, "a limit such as `120 per minute`",
            "decisions tried and previews asked for by one person before 429"),
    Setting("CASEWRIGHT_LARGE_LIMIT", "20 per 10 seconds", _limit, "a limit such as `20 per 10 seconds`",
            "requests of more than 100 kB, or of unknown length, by one person before 429"),
    Setting("CASEWRIGHT_ANSWER_LIMIT", "60 per 5 minutes", _limit, "a limit such as `60 per 5 minutes`",
            "tries to open or to send a form by a link, from one address and by one link, before 429"),
    Setting("CASEWRIGHT_OIDC_ISSUER", "", _issuer, "https://HOST/…, or nothing",
            "the OpenID Connect provider with which people may sign in, as it names itself"),
    Setting("CASEWRIGHT_OIDC_CLIENT_ID", "", str, "what the provider gave, or nothing",
            "by what the provider knows us"),
    Setting("CASEWRIGHT_OIDC_CLIENT_SECRET", "", str, "what the provider gave, or nothing",
            "proves to the provider that it is us", secret=True),
    Setting("CASEWRIGHT_OIDC_CLIENT_SECRET_FILE", "", _secret_of_file,
            "the path of a file that can be read, or nothing", "a file that holds that secret instead", secret=True),
    Setting("CASEWRIGHT_OIDC_LABEL", "single sign-on", str, "a few words", "what the button says after “Sign in with”"),
    Setting("CASEWRIGHT_OIDC_SCOPES", "openid profile email", _scopes, "scopes, blanks between, `openid` among them",
            "what the provider is asked to tell"),
    Setting("CASEWRIGHT_OIDC_NAME_CLAIM", "preferred_username", str, "the name of a claim",
            "what a new account is called"),
    Setting("CASEWRIGHT_OIDC_GROUPS_CLAIM", "", str,
            "the name of a claim, dots between the parts of a path, or nothing",
            "where the provider says in which groups somebody is; by default groups are given here alone"),
    Setting("CASEWRIGHT_OIDC_GROUPS", "", _pairs,
            "`THEIRS=ours; THEIRS=ours`, or `*` for groups of the same names here",
            "which of those groups count here, and as what"),
    Setting("CASEWRIGHT_OIDC_ADMINS", "", str, "one of the provider's groups, or nothing",
            "whose members administer; by default administrators are made here alone"),
    Setting("CASEWRIGHT_OIDC_ACCOUNTS", "no", _yes_or_no, "yes or no",
            "yes: who is unknown here is let in at their first sign-in with the provider"),
    Setting("CASEWRIGHT_OIDC_SECOND_FACTOR", "", _words, "values of `amr` or `acr`, commas between, or nothing",
            "by which the provider says that it asked for a second factor, so that it is not asked for again"),
    Setting("CASEWRIGHT_MAX_UPLOAD_MB", "16", _whole(1, 1024), "1 to 1024", "largest request body"),
    Setting("CASEWRIGHT_DOCUMENTS", "database", _store, "database, file:///FOLDER or s3://BUCKET[/PREFIX]",
            "where documents are kept; S3's address and keys are AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and so on"),
    Setting("CASEWRIGHT_MAX_DOCUMENT_MB", "100", _whole(1, 20_480), "1 to 20480", "largest document"),
    Setting("CASEWRIGHT_DOCUMENT_TYPES", KINDS, _endings, "endings of names, commas between",
            "which kinds of documents are taken; what a file contains has to be what its ending says"),
    Setting("CASEWRIGHT_SCANNER", "", _host_and_port, "HOST:PORT of a ClamAV daemon, or nothing",
            "looks for viruses in each document before anybody can open it"),
    Setting("CASEWRIGHT_UPLOAD_LIMIT", "120 per minute", _limit, "a limit such as `120 per minute`",
            "documents of one person before 429"),
    Setting("CASEWRIGHT_TRUSTED_PROXIES", "0", _whole(0, 10), "0 to 10", "proxies whose X-Forwarded-… is believed"),
    Setting("CASEWRIGHT_HTTP_ALLOWED", "", read_allowed,
            "host names (`*.example.com`; `*` for all) and, for addresses that are not public, networks (`10.0.0.0/8`)",
            "where service tasks may send requests, commas between; by default nowhere"),
    Setting("CASEWRIGHT_PUBLIC_URL", "", _web_address, "https://HOST, or nothing", "what links in mails begin with"),
    Setting("CASEWRIGHT_SMTP_URL", "", read_server, "smtp://[USER:PASSWORD@]HOST[:PORT] or smtps://…, or nothing",
            "where mail is handed over; without it, or without the two beside it, people are told in the page alone",
            secret=True),
    Setting("CASEWRIGHT_MAIL_FROM", "", _mail_address, "a mail address, or nothing", "whom mails come from"),
    Setting("CASEWRIGHT_MAIL_REPLY", "", _mail_address, "a mail address, or nothing",
            "where answers to mails go, as NAME+KEY@HOST; its mail is handed to `casewright mail receive`"),
    Setting("CASEWRIGHT_NOTIFY_ALLOWED", "", _allowed_of_people,
            "host names (`*.example.com`; `*` for all) and, for addresses that are not public, networks (`10.0.0.0/8`)",
            "to which webhooks and chats people may have themselves told, commas between; by default nowhere"),
    Setting("CASEWRIGHT_WORKER_ID", "", str, "any name, its own for each worker; by default made of the host's",
            "lets a restarted worker take up its own jobs at once"),
    Setting("CASEWRIGHT_WORKER_CONCURRENCY", "16", _whole(1, 256), "1 to 256", "jobs at once in one worker"),
    Setting("CASEWRIGHT_JOB_RETENTION_HOURS", "24", _whole(1, 8760), "1 to 8760", "how long finished jobs are kept"),
    Setting("CASEWRIGHT_LOG_FORMAT", "text", _one_of("text", "json"), "text or json", "how logs are written"),
    Setting("CASEWRIGHT_LOG_LEVEL", "INFO", _one_of("DEBUG", "INFO", "WARNING", "ERROR"),
            "DEBUG, INFO, WARNING or ERROR", "how much is logged"),
    Setting("CASEWRIGHT_PAUSED", "no", _yes_or_no, "yes or no",
            "yes: the worker here calls nothing outside, as `--paused` says; for restored copies"),
    Setting("CASEWRIGHT_OPERATORS", "operators", _group, "the name of a group",
            "whose members see incidents, try again what is stuck, and publish messages"),
    Setting("CASEWRIGHT_DESIGNERS", "designers", _group, "the name of a group", "whose members deploy case types"),
    Setting("CASEWRIGHT_DEMO", "no", _yes_or_no, "yes or no", "shows the demo's logins on the sign-in page"),
)  # fmt: skip

OF_COMMANDS = {
    "CASEWRIGHT_NEW_PASSWORD",  #: read by `casewright user add` alone
    "CASEWRIGHT_OLD_AUDIT_KEY",  #: read by `casewright audit rekey` alone
}


@dataclass(frozen=True)
class Config:
    """The settings' values, by the setting's name in lower case without `CASEWRIGHT_`."""

    database_url: str
    secret_key: str
    audit_key: str
    bundle_keys: tuple[str, ...]
    secure_cookies: bool
    time_zone: ZoneInfo
    language: str
    session_idle_minutes: int
    session_hours: int
    login_limit: RateLimitItem
    account_limit: RateLimitItem
    search_limit: RateLimitItem
    deployment_limit: RateLimitItem
    evaluation_limit: RateLimitItem
    large_limit: RateLimitItem
    answer_limit: RateLimitItem
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str
    oidc_client_secret_file: str
    oidc_label: str
    oidc_scopes: str
    oidc_name_claim: str
    oidc_groups_claim: str
    oidc_groups: Mapping[str, str]
    oidc_admins: str
    oidc_accounts: bool
    oidc_second_factor: frozenset[str]
    max_upload_mb: int
    documents: str
    max_document_mb: int
    document_types: frozenset[str]
    scanner: tuple[str, int] | None
    upload_limit: RateLimitItem
    trusted_proxies: int
    http_allowed: Allowed
    public_url: str
    smtp_url: Server | None
    mail_from: str
    mail_reply: str
    notify_allowed: Allowed
    worker_id: str
    worker_concurrency: int
    job_retention_hours: int
    log_format: str
    log_level: str
    paused: bool
    operators: str
    designers: str
    demo: bool

    @property
    def sends_mail(self) -> bool:
        return self.smtp_url is not None and bool(self.mail_from and self.public_url)

    @property
    def has_provider(self) -> bool:
        return bool(self.oidc_issuer)

    @property
    def oidc_secret(self) -> str:
        return self.oidc_client_secret or self.oidc_client_secret_file

    @property
    def on_sqlite(self) -> bool:
        return self.database_url.startswith("sqlite")


def read(environment: Mapping[str, str] | None = None) -> Config:
    """The configuration from `environment` (the process's own when None). Raises `WrongSetting`, naming all."""
    environment = {**_kept(), **os.environ} if environment is None else environment
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for setting in SETTINGS:
        text = environment.get(setting.name, setting.default)
        shown = "…" if setting.secret else repr(text)
        if text is None:
            wrong.append(f"{setting.name} is not set; it has to be {setting.allowed} ({setting.meaning}).")
            continue
        try:
            values[setting.name.removeprefix("CASEWRIGHT_").lower()] = setting.read(text)
        except (ValueError, KeyError, OSError):
            wrong.append(f"{setting.name} is {shown}; allowed is {setting.allowed} ({setting.meaning}).")
    known = {setting.name for setting in SETTINGS}
    for name in sorted(environment):
        if name.startswith("CASEWRIGHT_") and name not in known | OF_COMMANDS:
            wrong.append(f"{name} is not a setting; there are {', '.join(sorted(known))}.")
    if values.get("oidc_issuer") and not values.get("oidc_client_id"):
        wrong.append("CASEWRIGHT_OIDC_CLIENT_ID is not set; CASEWRIGHT_OIDC_ISSUER needs it beside it.")
    if wrong:
        raise WrongSetting("\n".join(wrong))
    return Config(**values)


def _kept() -> dict[str, str]:
    """What this installation keeps for itself where nothing else is set."""
    file = home() / FOLDER / SECRET_FILE
    return {"CASEWRIGHT_SECRET_KEY": file.read_text().strip()} if file.is_file() else {}


def make_secret(folder: Path) -> str:
    """The secret key kept in `folder`, made at the first call; only its owner may read the file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / SECRET_FILE
    if not file.exists():
        with NamedTemporaryFile("w", dir=folder) as made:  # of mode 600, and under its name only once it is whole
            made.write(secrets.token_urlsafe(48))
            made.flush()
            with suppress(FileExistsError):
                os.link(made.name, file)
    return file.read_text().strip()


def home() -> Path:
    """Where relative paths (the SQLite file) start: the working directory."""
    return Path.cwd()
