"""Bundles: what is deployed here goes as one signed file to another installation, and is deployed there.

A signature is an HMAC-SHA-256 under a secret that both installations have (`CASEWRIGHT_BUNDLE_KEYS`); without that
setting the key follows from the installation's own secret, so that it trusts itself alone.
"""

from __future__ import annotations

import hmac
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version as release_of
from typing import Any

import sqlalchemy as sa
from flask import current_app

from service.db import db, utcnow
from service.errors import BadRequest, Forbidden
from service.execution.definitions import read_files
from service.languages import _
from service.models import Actor, Deployment, FormDefinition, ProcessDefinition
from service.operations import deployments, packing
from service.operations.choosing import Terms
from service.operations.deployments import Deployed
from service.policy.permissions import Action, require

_PURPOSE = b"casewright bundle"
_LONGEST = 2_000  #: of each text in a manifest that is kept


@dataclass(frozen=True)
class Exported:
    """A bundle, and what to say of it."""

    content: bytes
    files: int
    key: str  #: the mark of the key that it is signed with


def export(definitions: Sequence[ProcessDefinition], *, by: Actor) -> Exported:
    """The versions, with everything that they are linked with, as one signed bundle.

    Raises `BadRequest` where two of them hold different files of one name.
    """
    require(by, Action.DEPLOY)
    names: dict[str, str] = {}
    for definition in definitions:
        for name, hashed in _files_of(definition):
            if names.setdefault(name, hashed) != hashed:
                raise BadRequest(_("These hold different files called “%(name)s”; export them one by one.", name=name))
            if not packing.is_plain(name):
                raise BadRequest(
                    _("“%(name)s” is no name for a file in a bundle; deploy it under another one.", name=name)
                )
    files = read_files(names)
    manifest = packing.pack(files, _about(definitions, by))
    mark, signature = _sign(manifest)
    return Exported(packing.seal(manifest, files, key=mark, signature=signature), len(files), mark)


def _files_of(definition: ProcessDefinition) -> Iterable[tuple[str, str]]:
    """File name -> hash of its diagrams, decisions and forms; forms that stand in a diagram come with it."""
    yield from definition.files.items()
    linked = [uuid.UUID(form) for form in definition.forms.values()]
    wanted = sa.select(FormDefinition.file, FormDefinition.hash).where(FormDefinition.id.in_(linked))
    for file, hashed in db.session.execute(wanted.order_by(FormDefinition.key)):
        if "#" not in file:
            yield file, hashed


def _about(definitions: Sequence[ProcessDefinition], by: Actor) -> dict[str, Any]:
    made = definitions[0].deployment
    return {
        "casewright": release_of("casewright"),
        "exported": {"at": utcnow().isoformat(), "by": by.name},
        "definitions": [{"key": each.key, "version": each.version, "hash": each.hash} for each in definitions],
        "deployment": {
            "at": made.created_at.isoformat(),
            "by": made.created_by,
            "reason": made.reason,
            "commit": made.commit,
        },
    }


@dataclass(frozen=True)
class Imported:
    """What became of a bundle; `origin` is what it says of itself."""

    deployed: Deployed
    origin: Mapping[str, Any]


def bring_in(
    content: bytes, *, by: Actor, unsigned: bool = False, reason: str | None = None, terms: Terms | None = None
) -> Imported:
    """Deploy what is in a bundle, as `deployments.deploy` does; the reason is the bundle's own unless one is given.

    Raises `InvalidForm` for what is no whole bundle, `Forbidden` for one that no trusted key has signed: `unsigned`
    says that it may come in nevertheless, which only administrators may say.
    """
    require(by, Action.DEPLOY)
    if unsigned:
        require(by, Action.IMPORT_UNSIGNED)
    found = packing.unpack(content)
    is_ours = _is_signed(found)
    if not is_ours and not unsigned:
        raise Forbidden(_refusal(found))
    origin = {**_origin(found.about), "key": found.key if is_ours else None}
    why = reason if reason and reason.strip() else origin["reason"]
    done = deployments.deploy(found.files, by=by, reason=why, commit=origin["commit"], terms=terms, origin=origin)
    return Imported(done, origin)


def _refusal(found: packing.Unpacked) -> str:
    if found.key is None:
        return "This bundle is not signed. An administrator may take it nevertheless (unsigned)."
    if found.key in _keys():
        return f"This bundle was changed after it was signed with the key {found.key}."
    shown = found.key if found.key.isalnum() and len(found.key) <= 64 else "…"
    return (
        f"This bundle is signed with the key {shown}, which is not trusted here: "
        "set the same CASEWRIGHT_BUNDLE_KEYS in both installations."
    )


def _origin(about: Mapping[str, Any]) -> dict[str, Any]:
    """What the manifest says that is kept, as texts of bounded length."""
    made, sent = about.get("deployment"), about.get("exported")
    made, sent = (each if isinstance(each, dict) else {} for each in (made, sent))
    named = about.get("definitions")
    listed = [each for each in named if isinstance(each, dict)] if isinstance(named, list) else []
    return {
        "definitions": [f"{_text(each.get('key'))} version {_text(each.get('version'))}" for each in listed[:20]],
        "exported_by": _text(sent.get("by")),
        "exported_at": _text(sent.get("at")),
        "deployed_by": _text(made.get("by")),
        "deployed_at": _text(made.get("at")),
        "reason": _text(made.get("reason")) or None,
        "commit": _text(made.get("commit"))[: deployments.LONGEST_COMMIT] or None,
    }


def _text(said: Any) -> str:
    text = str(said) if isinstance(said, str | int) and not isinstance(said, bool) else ""
    return "".join(each if each.isprintable() else " " for each in text[:_LONGEST])


def _keys() -> dict[str, bytes]:
    """The keys that are trusted, by their marks; the first one signs."""
    config = current_app.config["CASEWRIGHT"]
    secrets = config.bundle_keys or (config.secret_key,)
    keys = [hmac.digest(secret.encode(), _PURPOSE, "sha256") for secret in secrets]
    return {hmac.digest(key, b"mark", "sha256").hex()[:16]: key for key in keys}


def _sign(manifest: bytes) -> tuple[str, str]:
    mark, key = next(iter(_keys().items()))
    return mark, _signature(key, manifest)


def _signature(key: bytes, manifest: bytes) -> str:
    return hmac.digest(key, b"manifest\0" + manifest, "sha256").hex()


def _is_signed(found: packing.Unpacked) -> bool:
    key = _keys().get(found.key or "")
    if key is None or found.signature is None:
        return False
    return hmac.compare_digest(_signature(key, found.manifest).encode(), found.signature.encode("utf-8", "replace"))


def told(deployment: Deployment) -> str:
    """Where a deployment came from, in a line; empty for files that were deployed here."""
    origin = deployment.origin
    if not origin:
        return ""
    whose = f"signed with the key {origin['key']}" if origin.get("key") else "not signed by a trusted key"
    what = ", ".join(origin.get("definitions") or ()) or "unknown versions"
    return f"from a bundle of {what}, exported by {origin.get('exported_by') or 'somebody'}, {whose}"
