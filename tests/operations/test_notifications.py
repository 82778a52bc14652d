"""What people are told outside of the page: once for each thing, only what they may see, as they chose; by a real mail
server, and real HTTP servers."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from aiosmtpd.controller import Controller
from click.testing import CliRunner
from flask import Flask
from standardwebhooks import Webhook

from service import jobs
from service.cli import mail as commands
from service.connectors import CallFailed, chat
from service.connectors.addresses import Allowed, read_allowed
from service.connectors.mail import Server
from service.db import db, utcnow
from service.errors import BadRequest, Forbidden, NotFound
from service.models import (
    SYSTEM,
    Actor,
    Case,
    DeliveryState,
    HumanTask,
    Incident,
    Membership,
    Note,
    Notification,
    NotificationDelivery,
    ProcessDefinition,
    Timing,
    User,
    Way,
)
from service.notifications import notify
from service.operations import (
    cases,
    choices,
    dates,
    deliveries,
    deployments,
    follows,
    notes,
    replies,
    roles,
    tasks,
    users,
)
from service.worker import job_types, letters
from tests.operations.conftest import LOAN

assert job_types  # registers the jobs
LOOPBACK = read_allowed("*, 127.0.0.0/8")


class Post:
    """What a mail server got, and what it answers next; `after`: called once a mail is in its hands."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.answers: list[str] = []
        self.after: Callable[[], None] | None = None

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answers and (answer := self.answers.pop(0)) != "250 OK":
            return answer
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.got.append(found)
        return "250 OK"


@pytest.fixture
def post(app: Flask) -> Iterator[Post]:
    """A mail server, which the application uses."""
    handler = Post()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    app.config["CASEWRIGHT"] = replace(
        app.config["CASEWRIGHT"],
        smtp_url=Server("127.0.0.1", port, False),
        mail_from="cases@example.com",
        mail_reply="reply@example.com",
        public_url="https://cases.example.com",
        notify_allowed=LOOPBACK,
    )
    yield handler
    controller.stop()


@pytest.fixture
def ann(app: Flask, person: Callable[..., Actor]) -> Actor:
    return person("ann", "clerks")


@pytest.fixture
def ben(person: Callable[..., Actor]) -> Actor:
    ben = person("ben", "clerks")
    db.session.get_one(User, ben.id).email = "ben@example.com"
    db.session.commit()
    return ben


@pytest.fixture
def task(loan: ProcessDefinition, ann: Actor, worklist: Callable[[Actor], list[HumanTask]]) -> HumanTask:
    """A task that Ann has."""
    cases.start(loan, by=ann, submitted={"customer": "Lovelace", "amount": 500})
    db.session.commit()
    [found] = worklist(ann)
    tasks.claim(found, by=ann)
    db.session.commit()
    return found


def user(actor: Actor) -> User:
    return db.session.get_one(User, actor.id)


def waiting(person: str = "ben") -> list[NotificationDelivery]:
    chosen = sa.select(NotificationDelivery).where(NotificationDelivery.person == person, deliveries.WAITING)
    return list(db.session.scalars(chosen.order_by(NotificationDelivery.id)))


def states() -> list[DeliveryState]:
    return [
        each.state for each in db.session.scalars(sa.select(NotificationDelivery).order_by(NotificationDelivery.id))
    ]


def delivered(*, attempt: int = 1) -> None:
    """Sort what is new and send what waits for no hour, as the worker's jobs do."""
    deliveries.sort_some()
    db.session.commit()
    for each in [str(d.id) for d in waiting() if d.timing is not Timing.DAILY]:
        one(each, attempt=attempt)


def one(delivery: str, *, attempt: int = 1, run: str = "") -> None:
    key = f"tell:{delivery}"
    with jobs.running_as(jobs.Run(run or f"{key}~{attempt}", key, attempt)):
        jobs.state.jobs["tell"].function(delivery=delivery)


def body(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def test_what_happens_is_told_once_and_not_to_who_did_it(task: HumanTask, ann: Actor, ben: Actor, post: Post) -> None:
    tasks.delegate(task, by=ann, to=user(ben))
    db.session.commit()
    for _ in range(2):
        delivered()
    tasks.hand_back(task, by=ben)
    db.session.commit()
    delivered()

    [mail] = post.got
    assert mail["Subject"].startswith("Ann gave you “Assess loan”")
    assert (mail["To"], mail["From"]) == ("Ben <ben@example.com>", "Casewright <cases@example.com>")
    assert f"https://cases.example.com/tasks/{task.id}" in body(mail)
    assert mail.get_body(("html",)) is not None
    told = db.session.execute(sa.select(Notification.person, Notification.kind).order_by(Notification.id)).all()
    assert [tuple(each) for each in told] == [("ben", "assigned"), ("ann", "sent-back")]


def test_who_follows_a_task_is_told_of_comments_on_it(task: HumanTask, ann: Actor, ben: Actor) -> None:
    follows.follow(task, by=ben)
    notes.write(task.case, "Not about the task.", by=ann)
    notes.write(task.case, "About it.", by=ann, about=notes.About(task=task))
    notes.write(task.case, "By whom it follows.", by=ben, about=notes.About(task=task))
    db.session.commit()

    told = db.session.execute(sa.select(Notification.person, Notification.kind).order_by(Notification.id)).all()
    assert [tuple(each) for each in told] == [("ben", "comment"), ("ann", "comment")]


def test_the_same_key_twice_is_one_row_on_one_person(task: HumanTask, ben: Actor, ann: Actor) -> None:
    for _ in range(2):
        notify(["ben", "ann", None, "ben"], "overdue", "the same", task=task)
    notify(["ann", "ben"], "overdue", "another", task=task, by=ann)
    db.session.commit()

    assert db.session.scalar(sa.select(sa.func.count()).select_from(Notification)) == 3


def test_a_mail_that_is_refused_for_now_is_sent_again_under_the_same_id(
    task: HumanTask, ann: Actor, ben: Actor, post: Post
) -> None:
    tasks.delegate(task, by=ann, to=user(ben))
    db.session.commit()
    post.answers = ["451 Later"]
    with pytest.raises(CallFailed):
        delivered()
    db.session.rollback()
    [delivery] = waiting()
    one(str(delivery.id), attempt=2)

    assert (len(post.got), states()) == (1, [DeliveryState.SENT])
    again = letters.mail(replace(letters.NOTHING, items=[_item()], address="a@example.com"), f"tell:{delivery.id}")
    assert again["Message-ID"] == post.got[0]["Message-ID"]


def _item() -> letters.Item:
    return letters.Item("1", "assigned", "Said", "", "", "", "", "", "", False)


def test_a_worker_that_dies_after_handing_a_mail_over_sends_no_second_one(
    task: HumanTask, ann: Actor, ben: Actor, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks.delegate(task, by=ann, to=user(ben))
    db.session.commit()
    with monkeypatch.context() as patch:
        patch.setattr(deliveries, "end", _die)
        with pytest.raises(SystemExit):
            delivered()
    db.session.rollback()
    [delivery] = waiting()
    for run in ("the next worker", "and one after it"):
        one(str(delivery.id), run=run)

    assert (len(post.got), states()) == (1, [DeliveryState.UNSURE])


def _die(*_: Any) -> None:
    raise SystemExit("kill -9")


def test_a_mail_that_is_refused_for_good_is_seen_by_operators(
    task: HumanTask, ann: Actor, ben: Actor, post: Post
) -> None:
    tasks.delegate(task, by=ann, to=user(ben))
    db.session.commit()
    post.answers = ["550 No such user"]
    delivered()

    assert (post.got, states()) == ([], [DeliveryState.FAILED])
    assert "could not be sent" in db.session.scalars(sa.select(Incident.message)).one()
    db.session.rollback()
    one(str(db.session.scalars(sa.select(NotificationDelivery.id)).one()), run="tried again")
    assert (len(post.got), states()) == (1, [DeliveryState.SENT])


def test_what_is_closed_to_somebody_as_it_is_sent_is_not_told(
    task: HumanTask, ann: Actor, ben: Actor, post: Post
) -> None:
    notes.write(task.case, "@ben look", by=ann)
    deliveries.sort_some()
    db.session.commit()
    roles.restrict(db.session.get_one(Case, task.case_id), True, by=ann, reason="Sensitive")
    db.session.commit()
    delivered()

    assert (post.got, states()) == ([], [DeliveryState.DROPPED])


def test_of_a_restricted_case_only_its_number_leaves_the_house(
    task: HumanTask, ann: Actor, ben: Actor, post: Post
) -> None:
    roles.restrict(db.session.get_one(Case, task.case_id), True, by=ann, reason="Sensitive")
    tasks.delegate(task, by=ann, to=user(ben))
    db.session.commit()
    delivered()

    [mail] = post.got
    assert task.case.number in body(mail)
    assert not any(word in mail.as_string() for word in ("Assess", "Lovelace", "Ann"))


def test_nothing_that_people_write_breaks_out_of_a_header_or_into_the_html(
    task: HumanTask, ann: Actor, ben: Actor, post: Post
) -> None:
    task.name = "x\r\nBcc: eve@example.com\n\n<script>alert(1)</script>"
    user(ben).display_name = "Ben\r\nX-Evil: yes"
    tasks.delegate(task, by=ann, to=user(ben))
    db.session.commit()
    delivered()

    [mail] = post.got
    assert (mail["Bcc"], mail["X-Evil"]) == (None, None)
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()


def test_each_chooses_what_comes_when(task: HumanTask, ann: Actor, ben: Actor, post: Post) -> None:
    chosen = {("assigned", Way.MAIL): Timing.PRESSING, ("comment", Way.MAIL): Timing.DAILY}
    choices.choose(chosen, hour=6, zone="Europe/Berlin", by=ben)
    task.due_at = utcnow() + timedelta(days=9)
    tasks.delegate(task, by=ann, to=user(ben))
    for text in ("One", "Two"):
        notes.write(task.case, text, by=ann, about=notes.About(task))
    db.session.commit()
    delivered()

    assert post.got == []
    first, second = waiting()
    assert (first.due_at, first.timing) == (second.due_at, Timing.DAILY)
    with time_machine.travel(first.due_at + timedelta(seconds=1)), jobs.running_as(jobs.Run("a", "daily", 1)):
        job = jobs.state.jobs["tell_of_the_day"].function
        job(person="ben", channel="mail", until=first.due_at.isoformat())
        job(person="ben", channel="mail", until=first.due_at.isoformat())
    [mail] = post.got
    assert mail["Subject"] == "2 things from Casewright"
    assert ("One" in body(mail), "Two" in body(mail)) == (True, True)
    with pytest.raises(BadRequest):
        choices.choose({}, hour=24, zone="UTC", by=ben)


def test_dates_that_come_near_and_pass_are_told_once(task: HumanTask, ann: Actor) -> None:
    task.due_at = utcnow() + timedelta(hours=20)
    db.session.commit()

    def told() -> list[str]:
        dates.look()
        db.session.commit()
        return list(db.session.scalars(sa.select(Notification.kind).order_by(Notification.id)))

    assert (told(), told()) == (["due-soon"], ["due-soon"])
    with time_machine.travel(utcnow() + timedelta(hours=21)):
        assert (told(), told()) == (["due-soon", "overdue"], ["due-soon", "overdue"])


def test_a_group_is_told_what_it_is_offered_only_where_somebody_wants_to_be(
    loan: ProcessDefinition, ann: Actor, ben: Actor
) -> None:
    choices.choose({("offered", Way.MAIL): Timing.NOW}, hour=7, zone="UTC", by=ben)
    cases.start(loan, by=ann, submitted={"customer": "Lovelace", "amount": 500})
    db.session.commit()
    for _ in range(2):
        dates.look()
        db.session.commit()

    told = db.session.execute(sa.select(Notification.person, Notification.kind))
    assert [tuple(each) for each in told] == [("ben", "offered")]


@contextmanager
def listening(status: int = 204, location: str = "") -> Iterator[tuple[str, list[tuple[Any, bytes]]]]:
    """An HTTP server: where it is, and what it got."""
    got: list[tuple[Any, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}", got
    server.shutdown()
    server.server_close()


def test_a_webhook_is_signed_and_a_chat_is_told(task: HumanTask, ann: Actor, ben: Actor, post: Post) -> None:
    with listening() as (hooked, got), listening(200) as (chatted, said):
        hook = choices.add_channel(Way.WEBHOOK, "Mine", f"http://{hooked}/x", by=ben)
        choices.add_channel(Way.CHAT, "Chat", f"json://{chatted}/y", by=ben)
        secret = choices.opened(hook).secret or ""
        tasks.delegate(task, by=ann, to=user(ben))
        db.session.commit()
        delivered()

    [(headers, text)] = got
    told = Webhook(secret).verify(text, dict(headers.items()))
    assert (told["type"], told["data"]["case"]) == ("casewright.assigned", task.case.number)
    [(_, message)] = said
    assert json.loads(message)["title"].startswith("Ann gave you")
    assert (len(post.got), set(states())) == (1, {DeliveryState.SENT})


@pytest.mark.parametrize("allowed", ["", "*", "127.0.0.1.nip.example"])
def test_nothing_of_peoples_addresses_reaches_the_inner_network(
    app: Flask, ben: Actor, task: HumanTask, ann: Actor, post: Post, allowed: str
) -> None:
    app.config["CASEWRIGHT"] = replace(app.config["CASEWRIGHT"], notify_allowed=read_allowed(allowed))
    with listening(200) as (inner, got):
        port = inner.partition(":")[2]
        for address in (f"json://127.0.0.1:{port}", f"json://localhost:{port}", f"json://[::ffff:127.0.0.1]:{port}"):
            with pytest.raises(CallFailed):
                chat.send(address, "a", "b", allowed=read_allowed(allowed))
        choices.add_channel(Way.WEBHOOK, "Inner", f"http://localhost:{port}/", by=ben)
        tasks.delegate(task, by=ann, to=user(ben))
        db.session.commit()
        delivered()
    assert got == []
    assert DeliveryState.FAILED in states()


def test_a_redirect_leads_a_chat_to_no_place_that_is_not_allowed(app: Flask) -> None:
    with (
        listening(200) as (inner, got),
        listening(307, f"http://localhost:{inner.partition(':')[2]}/") as (outer, there),
    ):
        only = Allowed((), read_allowed("127.0.0.1").networks)
        with pytest.raises(CallFailed):
            chat.send(f"json://{outer}", "a", "b", allowed=only)
    assert (len(there), got) == (1, [])


@pytest.mark.parametrize(
    "address",
    ["mailto://a:b@example.com", "file:///etc/passwd", "syslog://", "dbus://", "json://host/?template=/etc/passwd",
     "msteams://a/b/c?template=/etc/passwd", "https://hooks.slack.com/services/a/b/c", "exec://x", "json://a b", ""],
)  # fmt: skip
def test_only_services_that_speak_http_and_read_no_file_are_taken(ben: Actor, address: str) -> None:
    with pytest.raises(BadRequest):
        choices.add_channel(Way.CHAT, "Bad", address, by=ben)


def test_the_database_alone_does_not_tell_where_channels_lead(ben: Actor, app: Flask) -> None:
    made = choices.add_channel(Way.WEBHOOK, "Mine", "https://example.com/x", by=ben)
    told = choices.add_channel(Way.CHAT, "Chat", "json://example.com/token", by=ben)
    old = choices.add_channel(Way.CHAT, "Old", "json://example.com/old", by=ben)
    old.address = "json://example.com/old"  # as it was kept before

    kept = [made.address, made.secret or "", told.address]
    found = [choices.opened(each).address for each in (made, told, old)]
    app.config["CASEWRIGHT"] = replace(app.config["CASEWRIGHT"], secret_key="another secret key of enough length")

    assert all(each.startswith("sealed:") and "example" not in each and "whsec" not in each for each in kept)
    assert found == ["https://example.com/x", "json://example.com/token", "json://example.com/old"]
    assert choices.opened(made) == choices.Opened("", None)


def test_channels_of_others_are_not_there(ann: Actor, ben: Actor) -> None:
    made = choices.add_channel(Way.WEBHOOK, "Mine", "https://example.com/x", by=ben)
    db.session.commit()

    for act in (choices.remove_channel, choices.try_channel):
        with pytest.raises(NotFound):
            act(made, by=ann)
    with pytest.raises(NotFound):
        choices.channel(made.id, by=ann)


def answer(mail: EmailMessage, text: str, sender: str = "Ben <BEN@example.com>", **headers: str) -> EmailMessage:
    """An answer as a mail program writes it."""
    found = EmailMessage()
    found["To"], found["Message-ID"] = mail["Reply-To"], "<one@example.com>"
    for name, value in headers.items():
        del found[name]
        found[name] = value
    quoted = "\n".join(f"> {line}" for line in body(mail).splitlines())
    found.set_content(f"{text}\n\nOn Mon, 30 Nov 2026 at 10:00, Casewright <cases@example.com> wrote:\n\n{quoted}\n")
    read = message_from_bytes(f"From: {sender}\n".encode() + found.as_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


@pytest.fixture
def asked(task: HumanTask, ann: Actor, ben: Actor, post: Post) -> EmailMessage:
    """The mail of a question to Ben."""
    notes.write(task.case, "Is it dry?", by=ann, about=notes.About(asks=user(ben)))
    db.session.commit()
    delivered()
    [mail] = post.got
    return mail


def test_an_answer_to_a_mail_is_the_answer_once_without_what_is_quoted(asked: EmailMessage) -> None:
    for _ in range(2):
        replies.take(answer(asked, "Yes, since Monday.\nBen"))
        db.session.commit()

    found = db.session.scalars(sa.select(Note).where(Note.author == "ben")).one()
    assert (found.text, found.answers is not None) == ("Yes, since Monday.\nBen", True)


def test_a_mail_servers_pipe_hands_an_answer_over(
    app: Flask, asked: EmailMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "application", app.app_context)
    whole, foreign = answer(asked, "Yes."), answer(asked, "Yes.", "eve@example.com")
    db.session.rollback()

    done, again, refused = (
        CliRunner().invoke(commands.mail, ["receive"], input=each.as_bytes()) for each in (whole, whole, foreign)
    )

    assert (done.exit_code, "is written" in done.output) == (0, True)
    assert "taken before" in again.output
    assert (refused.exit_code, "does not come from" in refused.stderr) == (77, True)


@pytest.mark.parametrize(
    ("sender", "headers"),
    [
        ("eve@example.com", {}),
        ("ben@example.com <eve@example.com>", {}),
        ("Ben <ben@example.com>", {"To": "reply@example.com"}),
        ("Ben <ben@example.com>", {"To": f"reply+{'a' * 52}@example.com"}),
        ("Ben <ben@example.com>", {"Auto-Submitted": "auto-replied"}),
    ],
)
def test_a_mail_of_somebody_else_or_without_the_key_is_no_note(
    asked: EmailMessage, sender: str, headers: dict[str, str]
) -> None:
    with pytest.raises(replies.NotTaken):
        replies.take(answer(asked, "Yes", sender, **headers))


def test_who_may_no_longer_write_notes_writes_none_by_mail(
    asked: EmailMessage, task: HumanTask, ann: Actor, ben: Actor
) -> None:
    tasks.complete(task, by=ann, submitted={})
    db.session.execute(sa.delete(Membership).where(Membership.user_id == ben.id))
    db.session.commit()
    with pytest.raises((Forbidden, NotFound)):
        replies.take(answer(asked, "Yes"))
    db.session.rollback()

    users.change(user(ben), by=Actor(None, "system", is_admin=True), active=False)
    db.session.commit()
    with pytest.raises(replies.NotTaken):
        replies.take(answer(asked, "Yes"))


def test_the_key_of_one_mail_opens_no_other(task: HumanTask, ben: Actor, ann: Actor, asked: EmailMessage) -> None:
    other = Notification(person="ann", key="x", kind="mention", case_id=task.case_id)
    db.session.add(other)
    db.session.commit()
    key = str(asked["Reply-To"]).partition("+")[2].partition("@")[0]
    forged = base64.b32encode(other.id.bytes).decode().lower().rstrip("=") + key[26:]
    with pytest.raises(replies.NotTaken):
        replies.take(answer(asked, "Yes", To=f"reply+{forged}@example.com"))


def test_a_case_type_adds_its_sentence(
    loan: ProcessDefinition, ann: Actor, ben: Actor, post: Post, worklist: Callable[[Actor], list[HumanTask]]
) -> None:
    said = b'case:mailText="Answer {customer} within {nobodys} days." case:candidateStarterGroups='
    deployments.deploy({"loan.bpmn": LOAN.replace(b"case:candidateStarterGroups=", said, 1)}, by=SYSTEM)
    db.session.commit()
    latest = deployments.latest_definition("loan")
    assert latest is not None
    cases.start(latest, by=ann, submitted={"customer": "Lovelace", "amount": 500})
    db.session.commit()
    [task] = worklist(ann)
    tasks.claim(task, by=ann)
    tasks.delegate(task, by=ann, to=user(ben))
    db.session.commit()
    delivered()

    assert "Answer Lovelace within days." in body(post.got[0])
