"""What was done to the installation, in sentences: for those who manage people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, request

from service.http.auth import current_actor
from service.http.protection import permission
from service.languages import _, gettext, ngettext
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
        ("admin", True): _("made {} an administrator"),
        ("admin", False): _("took the administrator's rights from {}"),
        ("active", False): _("locked {} out"),
        ("active", True): _("let {} in again"),
    }
    said = [words.format(subject) for (name, value), words in told.items() if details.get(name) is value]
    if "display_name" in details or "email" in details:
        said.append(_("changed the name or e-mail address of %(subject)s", subject=subject))
    return _(" and ").join(said) or _("changed %(subject)s", subject=subject)


def _capacity(who: str, number: int | None) -> str:
    if number is None:
        return _("said no longer how many tasks %(who)s is to have at most", who=who)
    return ngettext(
        "said that %(who)s is to have at most %(num)s task",
        "said that %(who)s is to have at most %(num)s tasks",
        number,
        who=who,
    )


def _few(names: Sequence[str]) -> str:
    """The names, or the first of them and how many more."""
    more = _(" and %(names)s more", names=len(names) - FEW) if len(names) > FEW else ""
    return ", ".join(names[:FEW]) + more


SENTENCES: Mapping[str, Callable[[str, Details], str]] = {
    "user:added": lambda who, said: (
        _("let %(who)s in", who=who) + (_(" as an administrator") if said.get("admin") else "")
    ),
    "user:changed": _changed,
    "user:capacity-set": lambda who, said: _capacity(who, said.get("capacity")),
    "user:skills-set": lambda who, said: _(
        "said what %(who)s can do: %(said)s", who=who, said=", ".join(said["skills"]) or _("nothing in particular")
    ),
    "user:password-set": lambda who, _: gettext("gave %(who)s another password", who=who),
    "user:signed-out": lambda who, _: gettext("signed %(who)s out everywhere", who=who),
    "group:renamed": lambda group, said: _("called the group %(group)s “%(said)s”", group=group, said=said["title"]),
    "group:removed": lambda group, _: gettext("removed the group %(group)s", group=group),
    "group:added": lambda group, _: gettext("made the group %(group)s", group=group),
    "group:next-task-set": lambda group, said: _(
        "let the next task of %(group)s be chosen by %(get)s",
        group=group,
        get=said.get("order") or _("the usual order"),
    ),
    "group:joined": lambda who, said: _("put %(who)s into the group %(said)s", who=who, said=said["group"]),
    "group:left": lambda who, said: _("took %(who)s out of the group %(said)s", who=who, said=said["group"]),
    "token:issued": lambda who, said: _(
        "made %(who)s's token “%(said)s” for %(said2)s", who=who, said=said["token"], said2=", ".join(said["scopes"])
    ),
    "token:revoked": lambda who, said: _("revoked %(who)s's token “%(said)s”", who=who, said=said["token"]),
    "second-factor:set-up": lambda who, _: gettext("set up the second factor of %(who)s", who=who),
    "second-factor:removed": lambda who, _: gettext("removed the second factor of %(who)s", who=who),
    "second-factor:reset": lambda who, _: gettext("reset the second factor of %(who)s, and signed them out", who=who),
    "second-factor:recovery-used": lambda who, said: _(
        "used a recovery code of %(who)s; %(said)s are left", who=who, said=said["left"]
    ),
    "second-factor:codes-renewed": lambda who, _: gettext("renewed the recovery codes of %(who)s", who=who),
    "identity:connected": lambda who, said: _(
        "connected %(who)s to the sign-in of %(said)s", who=who, said=said["provider"]
    ),
    "identity:parted": lambda who, _: gettext("parted %(who)s from the provider of sign-ins", who=who),
    "group:second-factor-set": lambda group, said: (
        _("let members of %(group)s sign in with a second factor", group=group)
        if said["needed"]
        else _("let members of %(group)s sign in without a second factor", group=group)
    ),
    "absence:said": lambda who, said: _(
        "said that %(who)s is away from %(said)s to %(said2)s", who=who, said=said["from"], said2=said["to"]
    ),
    "absence:ended": lambda who, said: _(
        "ended the absence of %(who)s from %(said)s to %(said2)s", who=who, said=said["from"], said2=said["to"]
    ),
    "calendar:made": lambda key, _: gettext("made the calendar %(key)s", key=key),
    "calendar:changed": lambda key, said: _(
        "changed the calendar %(key)s: %(said)s", key=key, said=", ".join(said["changed"])
    ),
    "calendar:removed": lambda key, _: gettext("removed the calendar %(key)s", key=key),
    "deployment:made": lambda _, said: (
        gettext("deployed %(said)s", said=_few(said["added"])) + (f": {said['reason']}" if said.get("reason") else "")
    ),
    "migration:ordered": lambda key, said: _(
        "had %(said)s cases of %(key)s moved to version %(said2)s", said=said["cases"], key=key, said2=said["to"]
    ),
    "modification:ordered": lambda key, said: _(
        "had %(said)s cases of %(key)s changed by hand", said=said["cases"], key=key
    ),
    "migration:taken-back": lambda key, said: _(
        "had %(said)s moved cases of %(key)s brought back", said=said["cases"], key=key
    ),
    "migration:stopped": lambda key, _: gettext("stopped moving cases of %(key)s", key=key),
    "migration:done": lambda key, said: _(
        "had moved %(said)s cases of %(key)s; %(said2)s stayed", said=said["moved"], key=key, said2=said["untouched"]
    ),
    "version:pinned": lambda key, said: _(
        "let new cases of %(key)s take version %(said)s", key=key, said=said["version"]
    ),
    "version:unpinned": lambda key, said: _(
        "let new cases of %(key)s take the newest version, %(said)s", key=key, said=said["version"]
    ),
    "version:staged": lambda key, said: _(
        "staged version %(said)s of %(key)s: %(said2)s", said=said["version"], key=key, said2=said["terms"]
    ),
    "version:unstaged": lambda key, said: _(
        "took version %(said)s of %(key)s back from new cases", said=said["version"], key=key
    ),
    "version:effective": lambda key, said: _(
        "version %(said)s of %(key)s took effect for new cases", said=said["version"], key=key
    ),
    "version:retired": lambda key, said: _("retired version %(said)s of %(key)s", said=said["version"], key=key),
    "version:restored": lambda key, said: _("restored version %(said)s of %(key)s", said=said["version"], key=key),
    "audit:began": lambda _, said: gettext(
        "began this trail, over %(said)s cases that were there", said=said["chains"]
    ),
    "audit:rekeyed": lambda _, said: gettext(
        "made the audit trail of %(said)s cases anew with another key", said=said["chains"]
    ),
}
