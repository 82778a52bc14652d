"""Who can write to the database changes what happened: `casewright audit verify` says where."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from flask import Flask

from service import audit, cli
from service.audit import installation, keys, receipts, rekeying, verification
from service.audit.cases import content_of, entry_hash
from service.audit.rekeying import Unkeyed
from service.cli import inspecting
from service.db import Base, db
from service.errors import BadRequest, WrongState
from service.maintenance import comparison, verifying
from service.models import (
    SYSTEM,
    ApiToken,
    AuditEntry,
    Case,
    HumanTask,
    InstallationEntry,
    InstallationSeal,
    Note,
    NumberSequence,
    TaskCandidate,
    User,
)
from service.operations import cases, notes, users
from service.web.installation import SENTENCES
from service.worker import loop
from tests.api.conftest import Office, Program
from tests.pages.conftest import Visitor


@pytest.fixture
def verify(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command, on the test's database."""

    @contextmanager
    def here() -> Iterator[Flask]:
        yield app
        db.session.rollback()  # as the command's application does: it only reads

    monkeypatch.setattr(inspecting, "application", here)
    return lambda *more: CliRunner().invoke(cli.main, ["audit", "verify", *more])


@pytest.fixture
def told(office: Office) -> Case:
    """A case of six entries, beside another one that nobody touches."""
    office.open_case()
    case = db.session.get_one(Case, UUID(office.open_case()))
    for priority in (10, 20, 30, 40, 60):
        cases.change(case, by=office.ann, priority=priority)
    db.session.commit()
    return case


def at(case: Case, seq: int) -> sa.ColumnElement[bool]:
    return sa.and_(AuditEntry.case_id == case.id, AuditEntry.seq == seq)


def move(case: Case, seq: int, to: int) -> None:
    db.session.execute(sa.update(AuditEntry).where(at(case, seq)).values(seq=to))


def change(case: Case) -> int:
    db.session.execute(sa.update(AuditEntry).where(at(case, 3)).values(details={"priority": [20, 99]}))
    return 3


def change_who(case: Case) -> int:
    db.session.execute(sa.update(AuditEntry).where(at(case, 2)).values(actor="ben"))
    return 2


def change_when(case: Case) -> int:
    later = db.session.get_one(AuditEntry, (case.id, 6)).at
    db.session.execute(sa.update(AuditEntry).where(at(case, 4)).values(at=later))
    return 4


def delete(case: Case) -> int:
    db.session.execute(sa.delete(AuditEntry).where(at(case, 3)))
    return 3


def delete_and_close_the_gap(case: Case) -> int:
    delete(case)
    for seq in (4, 5, 6):
        move(case, seq, seq - 1)
    return 3


def insert(case: Case) -> int:
    for seq in (6, 5, 4):
        move(case, seq, seq + 1)
    copied = [getattr(AuditEntry, name) for name in ("case_id", "at", "actor", "action", "details", "hash")]
    chosen = sa.select(sa.literal(4), *copied).where(at(case, 3))
    db.session.execute(sa.insert(AuditEntry).from_select(["seq", *(column.key for column in copied)], chosen))
    return 4


def append(case: Case) -> int:
    insert_at_end = {"case_id": case.id, "seq": 7, "actor": "ann", "action": "case:closed", "hash": b"x" * 32}
    db.session.execute(sa.insert(AuditEntry).values(at=case.created_at, **insert_at_end))
    return 7


def reorder(case: Case) -> int:
    for seq, to in ((3, 103), (4, 3), (103, 4)):
        move(case, seq, to)
    return 3


def truncate(case: Case) -> int:
    db.session.execute(sa.delete(AuditEntry).where(AuditEntry.case_id == case.id, AuditEntry.seq > 4))
    return 5


def empty(case: Case) -> int:
    db.session.execute(sa.delete(AuditEntry).where(AuditEntry.case_id == case.id))
    return 1


def truncate_with_its_own_hash(case: Case) -> int:
    """The hash of the entry that is the last one now is all that the attacker finds in the database."""
    truncate(case)
    last = db.session.get_one(AuditEntry, (case.id, 4)).hash
    db.session.execute(sa.update(Case).where(Case.id == case.id).values(audit_seq=4, audit_hash=last))
    return 5


def make_anew_without_the_key(case: Case) -> int:
    """Every hash from the changed entry on, as anybody can compute it who has read this source."""
    change(case)
    guessed, previous = keys.key_from("a guess"), b""
    for entry in verification.entries_of(case.id).all():
        hashed = entry_hash(guessed, previous, entry)
        db.session.execute(sa.update(AuditEntry).where(at(case, entry.seq)).values(hash=hashed))
        previous = guessed.seal(hashed)
    db.session.execute(sa.update(Case).where(Case.id == case.id).values(audit_hash=previous))
    return 1


MANIPULATIONS = (
    change, change_who, change_when, delete, delete_and_close_the_gap, insert, append, reorder, truncate, empty,
    truncate_with_its_own_hash, make_anew_without_the_key,
)  # fmt: skip


@pytest.mark.parametrize("manipulate", MANIPULATIONS, ids=lambda each: each.__name__)
def test_each_manipulation_is_found_at_the_first_bad_entry(
    told: Case, verify: Callable[..., Result], manipulate: Callable[[Case], int]
) -> None:
    untouched = verify()

    seq = manipulate(told)
    db.session.flush()
    db.session.expire_all()
    found = verify()

    assert (untouched.exit_code, untouched.stdout) == (0, "Every chain holds, and what is kept is what they say.\n")
    assert found.exit_code == 1
    [line] = found.stderr.splitlines()
    assert line.startswith(f"{told.number}: ")
    assert str(seq) in line.removeprefix(told.number)


def lines(result: Result) -> list[str]:
    db.session.rollback()
    return result.stderr.splitlines()


def delete_case(case_id: UUID) -> None:
    tasks = sa.select(HumanTask.id).where(HumanTask.case_id == case_id)
    db.session.execute(sa.delete(TaskCandidate).where(TaskCandidate.task_id.in_(tasks)))
    for table in reversed(Base.metadata.sorted_tables):
        if "case_id" in table.c and table.c.case_id.references(Case.__table__.c.id):
            db.session.execute(sa.delete(table).where(table.c.case_id == case_id))
    db.session.execute(sa.delete(Case).where(Case.id == case_id))
    db.session.flush()


def test_a_case_that_is_deleted_whole_is_missed_by_its_number(told: Case, verify: Callable[..., Result]) -> None:
    number = told.number
    delete_case(told.id)

    found = verify()

    assert (found.exit_code, lines(found)) == (1, [f"{number}: the case is gone"])


def test_a_case_is_missed_even_when_the_count_of_its_kind_is_put_back(
    told: Case, verify: Callable[..., Result]
) -> None:
    number = told.number
    loop.clean(timedelta(hours=1))  # as the worker does each minute
    delete_case(told.id)
    db.session.execute(sa.update(NumberSequence).values(last=NumberSequence.last - 1))
    db.session.flush()

    found = verify()

    assert number in lines(found)[-1]
    assert "were put back from 2 to 1" in lines(found)[0]


def test_entries_without_a_case_are_said(told: Case) -> None:
    stray = AuditEntry.__table__.insert().values(
        case_id=uuid4(), seq=1, at=told.created_at, actor="ann", action="case:opened", hash=b"x" * 32
    )
    if db.engine.dialect.name == "sqlite":
        db.session.execute(sa.text("PRAGMA defer_foreign_keys = ON"))
        db.session.execute(stray)
        assert "there are audit entries of a case that is gone" in [each.what for each in audit.verify()]
        db.session.rollback()
    else:
        with pytest.raises(sa.exc.IntegrityError):
            db.session.execute(stray)
        db.session.rollback()


def test_what_rows_say_is_held_against_the_entries(office: Office, told: Case, verify: Callable[..., Result]) -> None:
    notes.write(told, "The roof was sound.", by=office.mia)
    note = notes.write(told, "Ann called twice.", by=office.mia)
    notes.edit(note, "Ann called three times.", by=office.mia)
    db.session.commit()
    case_id, number, untouched = told.id, told.number, verify()
    manipulations: tuple[tuple[Any, str], ...] = (
        (sa.update(Case).where(Case.id == case_id).values(inline={"amount": 1}), "variables are not"),
        (sa.update(Note).where(Note.text.startswith("The roof")).values(text="It leaked."), "a note does not say"),
        (sa.delete(Note).where(Note.text.startswith("The roof")), "notes are gone"),
        (sa.update(HumanTask).where(HumanTask.case_id == case_id).values(assignee="ben"), "is ben's, and was nobody's"),
        (sa.update(HumanTask).where(HumanTask.case_id == case_id).values(closed_at=told.created_at), "tasks are gone"),
        (sa.update(User).where(User.name == "ben").values(is_admin=True), "ben is an administrator, and nobody"),
        (sa.insert(ApiToken).values(id=uuid4(), user_id=office.ben.id, name="spare", hash=b"y" * 32, scopes=["read"],
                                    created_at=told.created_at), "the token “spare” was issued by nobody"),
    )  # fmt: skip

    found = []
    for statement, _ in manipulations:
        db.session.rollback()
        db.session.execute(statement)
        found.append(verify())
    db.session.rollback()

    assert untouched.exit_code == 0, untouched.stderr
    for result, (_, what) in zip(found, manipulations, strict=True):
        assert result.exit_code == 1 and what in result.stderr, (what, result.output)
        assert len(result.stderr.splitlines()) == 1
    assert number in found[0].stderr


def test_the_installations_own_story_cannot_be_changed_either(office: Office, verify: Callable[..., Result]) -> None:
    ben = db.session.get_one(User, office.ben.id)
    users.change(ben, by=office.ada, is_admin=True)
    users.issue_token(ben, "nightly", ["read"], by=office.ada)
    users.change(ben, by=office.ada, is_admin=False)
    db.session.commit()
    untouched = verify()
    last = db.session.scalar(sa.select(sa.func.max(InstallationEntry.seq))) or 0
    manipulations = (
        sa.update(InstallationEntry).where(InstallationEntry.seq == last).values(actor="zoe"),
        sa.delete(InstallationEntry).where(InstallationEntry.seq == last),
        sa.delete(InstallationEntry).where(InstallationEntry.seq == last - 1),
        sa.update(InstallationSeal).values(numbers={"CLM-2026": 7}),
        sa.delete(InstallationSeal),
    )

    found = []
    for statement in manipulations:
        db.session.rollback()
        db.session.execute(statement)
        found.append(verify().stderr)
    db.session.rollback()

    assert untouched.exit_code == 0, untouched.stderr
    assert found == [
        f"installation: entry {last} was changed\n",
        f"installation: the last entries from {last} on are missing or were replaced\n",
        f"installation: entry {last - 1} is missing\n",
        "installation: what it says about the cases' numbers was changed\n",
        "installation: the row that closes the installation's audit trail is missing\n",
    ]


def test_who_was_let_in_and_given_what_is_told(office: Office) -> None:
    dan = users.create("dan", "Dan", password="something longer", groups=["clerks"], by=office.ada)
    users.change(dan, by=office.ada, is_admin=True, email="dan@example.org")
    users.set_password(dan, "something else now", by=office.ada)
    token = users.issue_token(dan, "nightly", ["deploy"], by=office.ada).token
    users.revoke_token(token, by=office.ada)
    users.leave(dan, users.ensure_group("clerks", by=office.ada), by=office.ada)
    users.change(dan, by=office.ada, active=False)

    told = db.session.execute(
        sa.select(InstallationEntry.action, InstallationEntry.actor, InstallationEntry.details)
        .where(InstallationEntry.subject == "dan")
        .order_by(InstallationEntry.seq)
    ).all()

    its = {"token": "nightly", "id": str(token.id)}
    assert [tuple(row) for row in told] == [
        ("user:added", "ada", None),
        ("group:joined", "ada", {"group": "clerks"}),
        ("user:changed", "ada", {"email": "changed", "admin": True}),
        ("user:password-set", "ada", None),
        ("token:issued", "ada", {**its, "scopes": ["deploy"]}),
        ("token:revoked", "ada", its),
        ("group:left", "ada", {"group": "clerks"}),
        ("user:changed", "ada", {"active": False}),
    ]


def test_a_database_put_back_to_an_earlier_copy_shows_beside_a_receipt(told: Case, office: Office) -> None:
    def stands() -> list[str]:
        return [each.what for each in receipts.broken(receipt)]

    cases.change(told, by=office.ann, priority=70)
    db.session.flush()
    receipt = receipts.make()
    assert stands() == []
    cases.change(told, by=office.ann, priority=80)
    assert stands() == []

    db.session.rollback()

    [what] = stands()
    assert what.startswith("1 audit entries are gone since the receipt of 20")
    for forged in (receipt.replace('"entries": ', '"entries": 1'), "[]", "", "{}"):
        with pytest.raises(BadRequest):
            list(receipts.broken(forged))


def test_chains_of_before_there_was_a_key_are_taken_over_and_broken_ones_stay_broken(
    told: Case, office: Office
) -> None:
    other = db.session.get_one(Case, UUID(office.open_case()))
    as_before(told)
    as_before(other)
    db.session.execute(sa.update(AuditEntry).where(at(other, 1)).values(actor="zoe"))
    db.session.execute(sa.delete(InstallationEntry))
    db.session.execute(sa.delete(InstallationSeal))

    rekeying.adopt()
    db.session.commit()

    [broken] = [each for each in audit.verify() if each.number != "installation"]
    assert (broken.number, broken.what) == (other.number, "entry 1 was changed")


def as_before(case: Case) -> None:
    """Hashes as they were made before there was a key."""
    previous, way = b"", Unkeyed()
    for entry in verification.entries_of(case.id).all():
        previous = way.hash(previous, keys.canonical(content_of(entry)))
        db.session.execute(sa.update(AuditEntry).where(at(case, entry.seq)).values(hash=previous))
    db.session.execute(sa.update(Case).where(Case.id == case.id).values(audit_hash=previous))


def test_another_key_is_told_from_a_broken_chain_and_taken_on_purpose(told: Case, app: Flask) -> None:
    old = keys.key()
    app.extensions[keys._KEY] = keys.key_from("a new key, as long as one has to be")

    [wrong] = audit.verify()
    with pytest.raises(WrongState, match="CASEWRIGHT_AUDIT_KEY"):
        verification.require_right_key()
    with pytest.raises(BadRequest):
        rekeying.rekey(keys.key_from("not the old one"), by=SYSTEM)
    made, broken = rekeying.rekey(old, by=SYSTEM)

    assert "rekey" in wrong.what
    assert (made, broken, list(audit.verify())) == (2, 0, [])
    verification.require_right_key()
    assert installation.sequences() == {told.number[:-6]: 2}


def test_the_key_is_the_setting_or_follows_from_the_secret_key(app: Flask) -> None:
    config = app.config["CASEWRIGHT"]
    own = replace(config, audit_key="of the audit trail alone, and long")

    assert keys.key_of(config) == keys.key() == keys.key_of(replace(own, audit_key=""))
    assert keys.key_of(own) == keys.key_of(replace(own, secret_key="another one, which is long enough"))
    assert keys.key_of(own) != keys.key()


def test_administrators_read_who_was_let_in_and_given_what(
    office: Office, program: Callable[..., Program], app: Flask
) -> None:
    dan = users.create("dan", "Dan", groups=["clerks"], is_admin=True, by=office.ada)
    users.change(dan, by=office.ada, is_admin=False, active=False)
    issued = users.issue_token(db.session.get_one(User, office.ben.id), "nightly", ["deploy"], by=office.ada)
    users.revoke_token(issued.token, by=office.ada)
    db.session.commit()

    page = Visitor(app, office.ada).get("/audit?about=dan").text
    whole = Visitor(app, office.ada).get("/audit").text
    told = program(office.ada).get("/audit?about=ben").json
    refused = Visitor(app, office.mia).get("/audit").status_code, program(office.mia).get("/audit").status_code

    assert told is not None and [each["action"] for each in told["items"]] == ["token:revoked", "token:issued"]
    assert "took the administrator&#39;s rights from dan and locked dan out" in page
    assert "let dan in as an administrator" in page and "put dan into the group clerks" in page
    assert "nightly" not in page and "revoked ben&#39;s token “nightly”" in whole and "deployed loan" in whole
    assert refused == (403, 403)
    assert {entry.action for entry in db.session.scalars(sa.select(InstallationEntry))} <= set(SENTENCES)


@pytest.fixture
def in_small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """One case in a statement, and one row in memory."""
    monkeypatch.setattr(verification, "CASES", 1)


def test_an_interrupted_verification_goes_on_where_it_was(
    told: Case, verify: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_small_steps: None
) -> None:
    first, looked_at = db.session.scalars(sa.select(Case).order_by(Case.id)).first(), []
    assert first is not None and first.id != told.id
    number, course = told.number, str(tmp_path / "course.json")
    db.session.execute(sa.update(AuditEntry).where(at(first, 1)).values(actor="mia"))
    db.session.execute(sa.update(AuditEntry).where(at(told, 3)).values(actor="mia"))
    db.session.commit()
    whole = verification._broken

    def dying(begin: UUID, *rest: Any) -> Iterator[verification.Break]:
        looked_at.append(begin)
        if begin == told.id and looked_at.count(told.id) == 1:
            raise KeyboardInterrupt
        yield from whole(begin, *rest)

    monkeypatch.setattr(verification, "_broken", dying)
    interrupted = verify("--resume", course)

    resumed = verify("--resume", course)

    assert interrupted.exit_code != 0 and first.number in interrupted.stderr
    assert looked_at == [first.id, told.id, told.id]
    assert resumed.exit_code == 1
    assert [line.partition(":")[0] for line in resumed.stderr.splitlines()[1:]] == [first.number, number]
    assert not (tmp_path / "course.json").exists()


def test_nobody_else_says_how_far_a_verification_has_come(
    told: Case, verify: Callable[..., Result], tmp_path: Path, app: Flask
) -> None:
    course = tmp_path / "course.json"
    verifying.Course(course).reached(told.id)
    ours = verify("--resume", str(course))
    verifying.Course(course).reached(told.id)
    course.write_text(course.read_text().replace(str(told.id), str(uuid4())))

    with pytest.raises(BadRequest, match="or was changed"):
        verifying.course_of(course)
    course.write_text("{}")
    with pytest.raises(BadRequest, match="no file of an interrupted"):
        verifying.course_of(course)
    assert ours.exit_code == 0, ours.output


def test_a_huge_case_is_verified_in_little_memory(told: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    with_key, rows = keys.key(), []
    previous = told.audit_hash
    for seq in range(7, 12_007):
        row = {"case_id": told.id, "seq": seq, "at": told.created_at, "actor": "ann", "action": "case:printed"}
        row |= {"element_id": None, "details": {"text": "x" * 500}}
        row["hash"] = with_key.hash(previous, keys.canonical(content_of(AuditEntry(**row))))
        previous = with_key.seal(row["hash"])
        rows.append(row)
    db.session.execute(sa.insert(AuditEntry.__table__), rows)
    db.session.execute(sa.update(Case).where(Case.id == told.id).values(audit_seq=12_006, audit_hash=previous))
    db.session.commit()
    del rows
    list(audit.verify())

    tracemalloc.start()
    found = [*audit.verify(), *comparison.differences()]
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found == []
    assert most < 8_000_000


#: Values that JSON's writers do not agree on, and what stands for each in a text that says another one.
ODD = [
    (1e16, 1.0000000000000002e16),
    (1e-7, 2e-7),
    (2**64 - 1, 2**64),
    (2**70, float(2**70)),
    (float(2**70), 2**70 + 1),
    (-0.0, 0.0),
    (1.0, 1),
    ("\u2028\x7f\x1f\U0001f600\\", "\u2028\x7f\x1f\U0001f600/"),
    ({"b": 1, "a": [], "é": {}, "😀": None, "\ufb01": False}, {"a": [], "b": 1, "é": {}, "😀": None, "\ufb01": 0}),
]


@pytest.mark.parametrize(("said", "other"), ODD, ids=lambda each: ascii(each)[:20])
def test_odd_values_hold_as_they_were_written_and_no_others_do(office: Office, said: Any, other: Any) -> None:
    case = db.session.get_one(Case, UUID(office.open_case()))
    audit.record(case, "case:changed", by=office.ann, details={"odd": said})
    db.session.commit()
    assert list(audit.verify(case.id)) == []

    db.session.execute(sa.update(AuditEntry).where(at(case, case.audit_seq)).values(details={"odd": other}))

    [found] = audit.verify(case.id)
    assert found.what == f"entry {case.audit_seq} was changed"


def test_a_case_that_goes_on_while_it_is_compared_is_looked_at_again(
    told: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, case_id = comparison._open_tasks, told.id
    changed = []

    def meanwhile(*cases: Any) -> Any:
        if changed:
            return whole(*cases)
        changed.append(cases)
        db.session.execute(sa.update(Case).where(Case.id == case_id).values(version=Case.version + 1))
        found = whole(*cases)
        found[case_id] = []
        return found

    monkeypatch.setattr(comparison, "_open_tasks", meanwhile)

    assert list(comparison.differences()) == []
    assert changed
