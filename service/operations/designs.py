"""Drafts of case types: begun from nothing, from a deployed version or from files, saved, exported and published.

Whoever saves says which revision of the file they began with; what somebody else saved meanwhile is never overwritten.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath
from uuid import UUID
from xml.sax.saxutils import quoteattr

import sqlalchemy as sa

from service.db import db, new_id, utcnow
from service.engine.definition import Problem
from service.errors import BadRequest, InvalidForm, NotFound, WrongState
from service.execution.definitions import read_files
from service.languages import _
from service.models import Actor, DesignDraft, DesignRevision, FormDefinition, ProcessDefinition
from service.operations import deployments, packing
from service.operations.deployments import Deployed
from service.operations.laying import digest
from service.operations.sources import KINDS
from service.policy.permissions import Action, require

MOST_FILES = 100  #: of one draft
MOST_OF_ONE = 5_000_000  #: bytes of one file, as deployment takes them
LONGEST_TITLE = 200
KEY = re.compile(r"[a-z][a-z0-9-]{0,59}")
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")


_BLANK = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
 xmlns:case="urn:casewright:bpmn:1.0" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
 xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
 id="Definitions" targetNamespace={address}>
  <process id={key} name={title} isExecutable="true" case:numberPrefix={prefix}>
    <startEvent id="Start" name="Opened" />
    <sequenceFlow id="Start-Do" sourceRef="Start" targetRef="Task_Do" />
    <userTask id="Task_Do" name="Do it" />
    <sequenceFlow id="Do-End" sourceRef="Task_Do" targetRef="End" />
    <endEvent id="End" name="Done" />
  </process>
  <bpmndi:BPMNDiagram id="Diagram">
    <bpmndi:BPMNPlane id="Plane" bpmnElement={key}>
      <bpmndi:BPMNShape id="Start_di" bpmnElement="Start"><dc:Bounds x="160" y="102" width="36" height="36" /></bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="Do_di" bpmnElement="Task_Do"><dc:Bounds x="250" y="80" width="100" height="80" /></bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="End_di" bpmnElement="End"><dc:Bounds x="412" y="102" width="36" height="36" /></bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="F1_di" bpmnElement="Start-Do"><di:waypoint x="196" y="120" /><di:waypoint x="250" y="120" /></bpmndi:BPMNEdge>
      <bpmndi:BPMNEdge id="F2_di" bpmnElement="Do-End"><di:waypoint x="350" y="120" /><di:waypoint x="412" y="120" /></bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</definitions>
"""  # noqa: E501  # XML


class Overtaken(WrongState):
    """Somebody else saved this file since you opened it; both are kept until you choose."""

    def __init__(self, newest: DesignRevision) -> None:
        super().__init__(f"{newest.saved_by} has saved “{newest.name}” since you opened it.")
        self.newest = newest


def begin(
    key: str, title: str, *, by: Actor, files: Mapping[str, bytes] | None = None, base: str | None = None
) -> DesignDraft:
    """A new draft with these files. Raises `InvalidForm` for a key, title or file that cannot be."""
    require(by, Action.DEPLOY)
    wrong: dict[str, list[str]] = {}
    if not KEY.fullmatch(key):
        wrong["key"] = ["Use small letters, digits and dashes, such as lab-order."]
    if not title.strip() or len(title) > LONGEST_TITLE or not title.isprintable():
        wrong["title"] = [f"Say in at most {LONGEST_TITLE} characters what it is."]
    if wrong:
        raise InvalidForm(wrong)
    draft = DesignDraft(id=new_id(), key=key, title=title.strip(), owner=by.name, base=base, revision=0)
    db.session.add(draft)
    db.session.flush()
    if files:
        _add(draft, {_named(name): content for name, content in files.items()}, by=by, said=base)
    return draft


def begin_from(version: ProcessDefinition, *, by: Actor) -> DesignDraft:
    """A draft of a deployed version: its files, and the forms that it is linked with, under plain names."""
    files = read_files(version.files)
    found = [db.session.get_one(FormDefinition, UUID(form_id)) for form_id in version.forms.values()]
    forms = read_files({form.file: form.hash for form in found if "#" not in form.file})
    named: dict[str, bytes] = {}
    for name, content in sorted({**files, **forms}.items()):
        plain = PurePosixPath(name).name
        named[plain if plain not in named else f"{digest(content)[:8]}-{plain}"] = content
    return begin(version.key, version.name, by=by, files=named, base=f"{version.key} version {version.version}")


def blank(key: str, title: str) -> bytes:
    """A diagram to begin with: one task between a start and an end."""
    prefix = "".join(c for c in key.upper() if c.isalpha())[:3] or "NEW"
    said = {"address": f"urn:{key}", "key": key, "title": title, "prefix": prefix}
    return _BLANK.format(**{name: quoteattr(value) for name, value in said.items()}).encode()


def files_of(draft: DesignDraft) -> dict[str, DesignRevision]:
    """The files as they are now, by name."""
    newest = (
        sa.select(DesignRevision.name, sa.func.max(DesignRevision.number).label("number"))
        .where(DesignRevision.draft_id == draft.id)
        .group_by(DesignRevision.name)
        .subquery()
    )
    rows = db.session.scalars(
        sa.select(DesignRevision)
        .join(newest, sa.and_(DesignRevision.name == newest.c.name, DesignRevision.number == newest.c.number))
        .where(DesignRevision.draft_id == draft.id, DesignRevision.hash.is_not(None))
        .order_by(DesignRevision.name)
    )
    return {row.name: row for row in rows}


def contents(draft: DesignDraft) -> dict[str, bytes]:
    """File name -> bytes, as they are now."""
    return {name: row.content or b"" for name, row in files_of(draft).items()}


def save(
    draft: DesignDraft, name: str, content: bytes | None, *, on: int, by: Actor, said: str | None = None
) -> DesignRevision | None:
    """Save a file, or remove it (None), on the revision `on` of it that was opened; 0: there was none.

    None when nothing changes. Raises `Overtaken` when there is a newer one of another content.
    """
    require(by, Action.DEPLOY)
    plain = _named(name)
    _lock(draft)
    there = files_of(draft).get(plain)
    wanted = None if content is None else digest(content)
    if (there.hash if there else None) == wanted:
        return None
    newest = _newest(draft, plain)
    if newest is not None and newest.number > on:
        raise Overtaken(newest)
    return _add(draft, {plain: content}, by=by, said=said)[0]


def _lock(draft: DesignDraft) -> None:
    db.session.refresh(draft, with_for_update=True)


def _newest(draft: DesignDraft, name: str) -> DesignRevision | None:
    found = sa.select(DesignRevision).where(DesignRevision.draft_id == draft.id, DesignRevision.name == name)
    return db.session.scalars(found.order_by(DesignRevision.number.desc()).limit(1)).one_or_none()


def _named(name: str) -> str:
    if not NAME.fullmatch(name) or PurePosixPath(name).suffix.lower() not in KINDS:
        raise BadRequest(_("Give a file a plain name that ends in .bpmn, .dmn or .form."), field="name")
    return name


def _add(draft: DesignDraft, files: Mapping[str, bytes | None], *, by: Actor, said: str | None) -> list[DesignRevision]:
    for name, content in files.items():
        if content is not None and len(content) > MOST_OF_ONE:
            raise BadRequest(
                _("“%(name)s” is larger than %(MOST_OF_ONE)s MB.", name=name, MOST_OF_ONE=MOST_OF_ONE // 1_000_000),
                field="files",
            )
    if len({*files_of(draft), *files}) > MOST_FILES:
        raise BadRequest(_("A draft holds at most %(MOST_FILES)s files.", MOST_FILES=MOST_FILES), field="files")
    draft.revision += 1
    draft.changed_at = utcnow()
    rows = [
        DesignRevision(
            draft_id=draft.id,
            number=draft.revision,
            name=name,
            content=content,
            hash=None if content is None else digest(content),
            saved_by=by.name,
            saved_at=draft.changed_at,
            said=said,
        )
        for name, content in sorted(files.items())
    ]
    db.session.add_all(rows)
    db.session.flush()
    return rows


def revisions(draft: DesignDraft, *, limit: int = 100) -> list[DesignRevision]:
    """Who saved what, the newest first."""
    found = sa.select(DesignRevision).where(DesignRevision.draft_id == draft.id)
    return list(db.session.scalars(found.order_by(DesignRevision.number.desc(), DesignRevision.name).limit(limit)))


def revision(draft: DesignDraft, name: str, number: int) -> DesignRevision:
    """One revision of one file. Raises `NotFound`."""
    found = db.session.get(DesignRevision, (draft.id, number, name))
    if found is None:
        raise NotFound(_("There is no such revision."))
    return found


def check(draft: DesignDraft) -> list[Problem]:
    """What deployment would say of the files as they are now."""
    return deployments.check(contents(draft))


def export(draft: DesignDraft) -> bytes:
    """A ZIP in the layout of the repository, the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(contents(draft).items()):
            is_form = KINDS[PurePosixPath(name).suffix.lower()] == "form"
            packing.write(archive, f"forms/{name}" if is_form else f"processes/{draft.key}/{name}", content)
    return buffer.getvalue()


def publish(draft: DesignDraft, *, by: Actor, reason: str | None) -> Deployed:
    """Deploy the files as they are now. Raises as `deployments.deploy` does."""
    _lock(draft)
    return deployments.deploy(contents(draft), by=by, reason=reason)


def discard(draft: DesignDraft, *, by: Actor) -> None:
    """Throw the draft away, with its revisions; what was published stays."""
    require(by, Action.DEPLOY)
    db.session.delete(draft)
