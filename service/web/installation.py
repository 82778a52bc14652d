"""What was done to the installation, in sentences: for those who manage people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request

from service.http.auth import current_actor
from service.http.protection import permission
from service.models import InstallationEntry
from service.policy.permissions import Action
from service.queries import installation
from service.web.rendering import page

blueprint = Blueprint("installation", __name__)

Details = Mapping[str, Any]
FEW = 6  #: names of what was deployed


@blueprint.get("/audit")
@permission(Action.MANAGE_USERS)
def index() -> Response:
    """The newest entries; `?about=` only those about somebody, or by them."""
    about = request.args.get("about", "").strip()
    found = installation.entries(current_actor(), subject=about or None, cursor=request.args.get("after"))
    return page("installation/index.html", rows=found.rows, next=found.next, about=about, sentence=sentence)


def sentence(entry: InstallationEntry) -> str:
    """What was done, to follow the name of who did it."""
    tell = SENTENCES.get(entry.action)
    return tell(entry.subject or "", entry.details or {}) if tell else entry.action.replace(":", " ")


def _changed(subject: str, details: Details) -> str:
    told = {
        ("admin", True): "made {} an administrator",
        ("admin", False): "took the administrator's rights from {}",
        ("active", False): "locked {} out",
        ("active", True): "let {} in again",
    }
    said = [words.format(subject) for (name, value), words in told.items() if details.get(name) is value]
    if "display_name" in details or "email" in details:
        said.append(f"changed the name or e-mail address of {subject}")
    return " and ".join(said) or f"changed {subject}"


def _capacity(who: str, number: int | None) -> str:
    if number is None:
        return f"said no longer how many tasks {who} is to have at most"
    return f"said that {who} is to have at most {number} task{'s' * (number != 1)}"


def _few(names: Sequence[str]) -> str:
    """The names, or the first of them and how many more."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more


SENTENCES: Mapping[str, Callable[[str, Details], str]] = {
    "user:added": lambda who, said: f"let {who} in" + (" as an administrator" if said.get("admin") else ""),
    "user:changed": _changed,
    "user:capacity-set": lambda who, said: _capacity(who, said.get("capacity")),
    "user:skills-set": lambda who, said: (
        f"said what {who} can do: {', '.join(said['skills']) or 'nothing in particular'}"
    ),
    "user:password-set": lambda who, _: f"gave {who} another password",
    "user:signed-out": lambda who, _: f"signed {who} out everywhere",
    "group:renamed": lambda group, said: f"called the group {group} “{said['title']}”",
    "group:removed": lambda group, _: f"removed the group {group}",
    "group:added": lambda group, _: f"made the group {group}",
    "group:next-task-set": lambda group, said: (
        f"let the next task of {group} be chosen by {said.get('order') or 'the usual order'}"
    ),
    "group:joined": lambda who, said: f"put {who} into the group {said['group']}",
    "group:left": lambda who, said: f"took {who} out of the group {said['group']}",
    "token:issued": lambda who, said: f"made {who}'s token “{said['token']}” for {', '.join(said['scopes'])}",
    "token:revoked": lambda who, said: f"revoked {who}'s token “{said['token']}”",
    "second-factor:set-up": lambda who, _: f"set up the second factor of {who}",
    "second-factor:removed": lambda who, _: f"removed the second factor of {who}",
    "second-factor:reset": lambda who, _: f"reset the second factor of {who}, and signed them out",
    "second-factor:recovery-used": lambda who, said: f"used a recovery code of {who}; {said['left']} are left",
    "second-factor:codes-renewed": lambda who, _: f"renewed the recovery codes of {who}",
    "identity:connected": lambda who, said: f"connected {who} to the sign-in of {said['provider']}",
    "identity:parted": lambda who, _: f"parted {who} from the provider of sign-ins",
    "group:second-factor-set": lambda group, said: (
        f"let members of {group} sign in {'with' if said['needed'] else 'without'} a second factor"
    ),
    "absence:said": lambda who, said: f"said that {who} is away from {said['from']} to {said['to']}",
    "absence:ended": lambda who, said: f"ended the absence of {who} from {said['from']} to {said['to']}",
    "calendar:made": lambda key, _: f"made the calendar {key}",
    "calendar:changed": lambda key, said: f"changed the calendar {key}: {', '.join(said['changed'])}",
    "calendar:removed": lambda key, _: f"removed the calendar {key}",
    "deployment:made": lambda _, said: (
        f"deployed {_few(said['added'])}" + (f": {said['reason']}" if said.get("reason") else "")
    ),
    "migration:ordered": lambda key, said: f"had {said['cases']} cases of {key} moved to version {said['to']}",
    "modification:ordered": lambda key, said: f"had {said['cases']} cases of {key} changed by hand",
    "migration:taken-back": lambda key, said: f"had {said['cases']} moved cases of {key} brought back",
    "migration:stopped": lambda key, _: f"stopped moving cases of {key}",
    "migration:done": lambda key, said: f"had moved {said['moved']} cases of {key}; {said['untouched']} stayed",
    "version:pinned": lambda key, said: f"let new cases of {key} take version {said['version']}",
    "version:unpinned": lambda key, said: f"let new cases of {key} take the newest version, {said['version']}",
    "version:staged": lambda key, said: f"staged version {said['version']} of {key}: {said['terms']}",
    "version:unstaged": lambda key, said: f"took version {said['version']} of {key} back from new cases",
    "version:effective": lambda key, said: f"version {said['version']} of {key} took effect for new cases",
    "version:retired": lambda key, said: f"retired version {said['version']} of {key}",
    "version:restored": lambda key, said: f"restored version {said['version']} of {key}",
    "audit:began": lambda _, said: f"began this trail, over {said['chains']} cases that were there",
    "audit:rekeyed": lambda _, said: f"made the audit trail of {said['chains']} cases anew with another key",
}
