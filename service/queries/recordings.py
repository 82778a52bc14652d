"""A finished case as a test by example, in made-up words."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from service.db import db
from service.errors import WrongState
from service.execution.definitions import deployed, read_files
from service.models import Actor, AuditEntry, Case, CaseState, FormDefinition, ProcessDefinition
from service.policy.permissions import Action, require
from service.queries.replays import record_of
from service.rehearsal import examples, recording, world


def as_test(case: Case, *, by: Actor) -> str:
    """A file with one test that does what was done in the case, on its own version. `case`: one that `by` may read.

    Child cases are answered as they ended. Raises `WrongState` while it runs, and where its story does not tell enough.
    """
    require(by, Action.DEPLOY)
    if not case.state.is_closed:
        raise WrongState("A case becomes a test when it has ended.")
    source = deployed(case.definition_id)
    columns = (AuditEntry.at, AuditEntry.action, AuditEntry.element_id, AuditEntry.details)
    story = db.session.execute(sa.select(*columns).where(AuditEntry.case_id == case.id).order_by(AuditEntry.seq)).all()
    record = record_of(story, source, is_completed=case.state is CaseState.COMPLETED)
    if isinstance(record, str):
        raise WrongState(f"It cannot become a test. {record}")
    row = db.session.get_one(ProcessDefinition, case.definition_id)
    wanted = sa.select(FormDefinition.key, FormDefinition.hash).where(
        FormDefinition.id.in_([uuid.UUID(form) for form in row.forms.values()])
    )
    forms = {f"{key}.form": digest for key, digest in db.session.execute(wanted)}
    files = world.read(read_files({**row.files, **forms}), deployed=True)
    example = recording.recorded(record, row.key, f"As in a case of {record.at:%B %Y}", files)
    return examples.written(row.key, [examples.as_data(example, row.key)], {})
