"""A new case type from another one's files: the same drawing and forms under ids of their own.

Ids are shared by all that is deployed, so a copy that kept one would become a new version of what it was copied from.
The texts are changed in place, so that layout, comments and the order of attributes stay as they were drawn.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from service import forms
from service.engine.decisions import parse_decisions
from service.engine.definition import ProcessInfo
from service.engine.normalise import Normalised, normalise
from service.errors import BadRequest
from service.languages import _

KEY = re.compile(r"[a-z][a-z0-9-]{0,59}")
_OF_PROCESSES = ("candidateStarterGroups", "managerGroups", "readerGroups")


@dataclass(frozen=True)
class Copy:
    """The files of the new case type, and what it has that others know it by."""

    files: dict[str, bytes]
    prefix: str  #: of its cases' numbers
    groups: list[str]  #: that it names, in which its people have to be


def copied(files: Mapping[str, bytes], form_files: Mapping[str, bytes], *, source: str, key: str, prefix: str) -> Copy:
    """The processes and decisions in `files` with the forms that they name, as the case type `key`.

    `source` is the id of the process that `key` is made of; the others of its folder get names behind it. Raises
    `BadRequest` for a key that is none, and for files without `source`.
    """
    if not KEY.fullmatch(key):
        raise BadRequest(
            _("“%(key)s” is no key of a case type. Use small letters, digits and dashes, such as lab-order.", key=key)
        )
    models = [normalise(name, content) for name, content in files.items() if name.endswith(".bpmn")]
    infos = {found: info for model in models for found, info in model.infos.items()}
    if source not in infos:
        raise BadRequest(_("There is no case type “%(source)s”.", source=source))
    decisions = parse_decisions({name: content for name, content in files.items() if name.endswith(".dmn")})
    asked = sorted({form for info in infos.values() for form in info.forms if form in form_files})
    names = _Names(
        processes={other: key if other == source else f"{key}-{other}" for other in infos},
        decisions={decision: f"{key}-{decision}" for decision in decisions},
        forms=dict(zip(asked, (f"{key}-{name}" for name in _without_first(asked)), strict=True)),
        titles={infos[source].name: key.replace("-", " ").capitalize()},
        prefixes=_prefixes(infos, source, prefix),
    )
    made = {
        _file_name(name, source, key): names.in_text(content.decode("utf-8"), drawn=name.endswith(".bpmn")).encode()
        for name, content in files.items()
    }
    made |= {f"{new}.form": _form(form_files[old], new) for old, new in names.forms.items()}
    return Copy(made, prefix, sorted({group for model in models for group in _groups(model)}))


def _groups(model: Normalised) -> set[str]:
    """The groups that a diagram names, but for those that FEEL gives."""
    said = [info.attributes.get(name, "") for info in model.infos.values() for name in _OF_PROCESSES]
    said += [each.attributes.get("candidateGroups", "") for found in model.elements.values() for each in found.values()]
    said += [",".join(role.groups) for info in model.infos.values() for role in info.roles]
    names = (name.strip() for text in said if not text.startswith("=") for name in text.split(","))
    return {name for name in names if name}


def _prefixes(infos: Mapping[str, ProcessInfo], source: str, prefix: str) -> dict[str, str]:
    """Old prefix -> new: the case type's own, and with a number behind it those of what is opened from it."""
    others = [info.attributes.get("numberPrefix") for key, info in infos.items() if key != source]
    numbered = {old: f"{prefix[:10]}{number}" for number, old in enumerate(filter(None, others), 2)}
    return numbered | {infos[source].attributes.get("numberPrefix", ""): prefix}


def _without_first(names: list[str]) -> list[str]:
    """Names without the word that all of them begin with: `claim-intake`, `claim-payment` → `intake`, `payment`."""
    first = f"{names[0].partition('-')[0]}-" if names else ""
    return [name.removeprefix(first) for name in names] if all(name.startswith(first) for name in names) else names


def _file_name(name: str, source: str, key: str) -> str:
    path = PurePosixPath(name)
    return f"{key}{path.suffix}" if path.stem == source else f"{key}-{path.name}"


@dataclass(frozen=True)
class _Names:
    """Old names -> new ones, by what they are names of."""

    processes: Mapping[str, str]
    decisions: Mapping[str, str]
    forms: Mapping[str, str]
    titles: Mapping[str, str]
    prefixes: Mapping[str, str]

    def in_text(self, text: str, *, drawn: bool) -> str:
        """A BPMN (`drawn`) or DMN file with the new names; ids of what stays within the file are left as they are."""
        by_attribute = {
            **dict.fromkeys(("id", "processRef", "calledElement", "bpmnElement"), self.processes),
            "formKey": self.forms,
            "decisionRef": self.decisions,
            "numberPrefix": self.prefixes,
            "name": self.titles,
        }
        if not drawn:
            by_attribute = dict.fromkeys(("id", "href", "dmnElementRef"), self.decisions)

        def new(match: re.Match[str]) -> str:
            return f'{match[1]}="{match[2]}{by_attribute[match[1]].get(match[3], match[3])}"'

        return re.sub(rf'\b({"|".join(by_attribute)})="(#?)([^"<>#]*)"', new, text)


def _form(content: bytes, key: str) -> bytes:
    """A form that gives itself its new key as id."""
    old = forms.id_of(content)
    return re.sub(rf'("id"\s*:\s*)"{re.escape(old)}"', rf'\g<1>"{key}"', content.decode("utf-8"), count=1).encode()


def prefix_for(key: str, taken: set[str]) -> str:
    """A prefix for the numbers of a case type's cases that none of `taken` is: LAB of `lab-order`, else LABO, ..."""
    letters = key.replace("-", "").upper()
    longer = (letters[:length] for length in range(3, 13) if letters[:length] not in taken)
    return next(longer, f"{letters[:8]}{len(taken)}")


def prefixes_in(files: Mapping[str, bytes]) -> set[str]:
    """The number prefixes that diagrams give."""
    models = (normalise(name, content) for name, content in files.items() if name.endswith(".bpmn"))
    found = (info.attributes.get("numberPrefix", "") for model in models for info in model.infos.values())
    return {prefix for prefix in found if prefix}
