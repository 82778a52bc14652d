"""WHAT JOBS DO: each translates a job's arguments into one call of an operation. An entrypoint, like the API.

jobs/attempts.py runs each in one transaction of its own, which also records the job as finished.
"""

from __future__ import annotations

import logging
import time
import uuid
from datetime import datetime
from typing import Any

from flask import current_app

from service import connectors, jobs
from service.db import db, failures, utcnow
from service.maintenance import housekeeping
from service.models import SYSTEM
from service.operations import children as kin
from service.operations import (
    dates,
    deliveries,
    facts,
    incidents,
    levels,
    lifecycle,
    links,
    messages,
    migration,
    migrations,
    reminders,
    service_tasks,
    signing,
    start_events,
    timers,
    versions,
)
from service.worker import telling

log = logging.getLogger(__name__)


@jobs.register("fire_timer")
def fire_timer(timer: str, seq: int) -> None:
    """Wake a timer; see `timers.fire`."""
    timers.fire(uuid.UUID(timer), seq)


@jobs.register("look_at_level")
def look_at_level(clock: str, seq: int) -> None:
    """A service level is warned of, or breached; see `levels.look`."""
    levels.look(uuid.UUID(clock), seq)


@jobs.register("recount_calendar")
def recount_calendar(calendar: str, after: str | None = None) -> None:
    """A calendar says something else; see `levels.recount_calendar`."""
    levels.recount_calendar(calendar, uuid.UUID(after) if after else None)


@jobs.register("recount_levels")
def recount_levels(case: str) -> None:
    """A calendar by which a case's service levels count says something else; see `levels.recount`."""
    levels.recount(uuid.UUID(case))


@jobs.register("tell_reminder")
def tell_reminder(reminder: str) -> None:
    """The moment of a reminder has come; see `reminders.tell`."""
    reminders.tell(uuid.UUID(reminder))


@jobs.register("look_for_news")
def look_for_news() -> None:
    """Every minute: which dates come near, and which ways what is new goes."""
    dates.look()
    deliveries.sort_some()


jobs.schedule("look_for_news", "* * * * *")


@jobs.register("tell", queue="connectors", attempts=telling.TRIES, backoff=telling.BACKOFF, calls_out=True,
               foreseen=(connectors.CallFailed,))  # fmt: skip
def tell(delivery: str) -> None:
    """Tell somebody of one thing outside of the page."""
    telling.tell([uuid.UUID(delivery)])


@jobs.register("tell_of_the_day", queue="connectors", attempts=telling.TRIES, backoff=telling.BACKOFF, calls_out=True,
               foreseen=(connectors.CallFailed,))  # fmt: skip
def tell_of_the_day(person: str, channel: str, until: str) -> None:
    """Tell somebody of all that waits for their hour."""
    telling.tell(deliveries.of_the_day(person, channel, datetime.fromisoformat(until)))


@jobs.register("publish_message")
def publish_message(name: str, payload: dict[str, Any], correlation: dict[str, Any] | None = None) -> None:
    """A case threw a message: find who it is for, or keep it (BPMN 2.0.2 §10.5.1)."""
    messages.publish(name, payload, by=SYSTEM, correlation=correlation, keep_for=messages.KEPT_FROM_CASES)


@jobs.register("take_kept_messages")
def take_kept_messages(case: str) -> None:
    """A case began to wait for a message: see whether one is kept."""
    messages.take_kept(uuid.UUID(case))


@jobs.register("broadcast_signal")
def broadcast_signal(name: str, payload: dict[str, Any], from_case: str | None = None) -> None:
    """A case threw a signal: tell everybody who listens."""
    messages.broadcast(name, payload, by=SYSTEM, from_case=uuid.UUID(from_case) if from_case else None)


@jobs.register("hear_signal")
def hear_signal(case: str, name: str, payload: dict[str, Any]) -> None:
    """One case hears a signal."""
    messages.hear(uuid.UUID(case), name, payload)


@jobs.register("start_by_signal")
def start_by_signal(definition: str, element: str, payload: dict[str, Any], name: str | None = None) -> None:
    """A signal start event opens a case."""
    messages.start_by_signal(uuid.UUID(definition), element, name, payload)


@jobs.register("start_by_timer")
def start_by_timer(timer: str, seq: int) -> None:
    """A timer start event opens a case; see `start_events.fire`."""
    start_events.fire(uuid.UUID(timer), seq)


@jobs.register("version_takes_effect")
def version_takes_effect(definition: str) -> None:
    """The date of a staged version has come; see `versions.take_effect`."""
    versions.take_effect(uuid.UUID(definition))


CALLS = 5  #: attempts at a service task's call


@jobs.register("call_service", queue="connectors", attempts=CALLS, backoff=(5, 30, 120, 600), calls_out=True,
               foreseen=(connectors.CallFailed,))  # fmt: skip
def call_service(case: str, activity: str) -> None:
    """A case waits for a service task: make its call outside of any transaction, then take what came of it, once."""
    case_id = uuid.UUID(case)
    call = service_tasks.wanted(case_id, activity)
    db.session.rollback()
    if call is None:  # the case went on without it, or stands still and will ask again
        return
    try:
        result = connectors.carry_out(call, current_app.config["CASEWRIGHT"].http_allowed)
        with jobs.once():
            service_tasks.finish(case_id, activity, result)
    except connectors.CallFailed as failed:
        if failed.again and jobs.current().attempt < CALLS:
            raise
        log.error("a call failed for good, try %d: %s", jobs.current().attempt, failed.code)
        with jobs.once():
            service_tasks.count(case_id, activity, jobs.current().attempt)
            if not service_tasks.fail(case_id, activity, failed):
                job = {"name": "call_service", "arguments": {"case": case, "activity": activity}}
                incidents.record(str(failed), case_id=case_id, job=job, activity_id=activity)


@jobs.register("open_children")
def open_children(case: str, children: list[dict[str, Any]]) -> None:
    """A case wants child cases opened; see `children.open_wanted`."""
    kin.open_wanted(uuid.UUID(case), children)


@jobs.register("cancel_child")
def cancel_child(case: str, reason: str) -> None:
    """A case ended, and this child of it ends with it."""
    kin.cancel(uuid.UUID(case), reason)


@jobs.register("take_owner")
def take_owner(case: str, frm: str, to: str | None, by: str) -> None:
    """The owner of a case above this one changed, and this one goes along."""
    kin.take_owner(uuid.UUID(case), uuid.UUID(frm), to, by)


@jobs.register("look_at_children")
def look_at_children(case: str) -> None:
    """Something that a case waits for has ended; see `children.take_reports`."""
    kin.take_reports(uuid.UUID(case))


@jobs.register("resume_case")
def resume_case(case: str, until: str) -> None:
    """A case was suspended until now."""
    lifecycle.resume_when_due(uuid.UUID(case), datetime.fromisoformat(until))


STEP = 5.0  #: seconds that one job moves cases; then the next one goes on, so that no timer waits for a whole fleet


@jobs.register("move_cases", queue="bulk", in_steps=True)
def move_cases(order: str) -> None:
    """Move cases to another version, or back, each in its own transaction; see `migrations.order`."""
    order_id, end = uuid.UUID(order), time.monotonic() + STEP
    while time.monotonic() < end and not jobs.state.stopping.is_set():
        way, cases = migrations.next_cases(order_id)
        db.session.rollback()
        if way is not None:
            for case in cases:
                _move(way, case)
        goes_on = migrations.look(order_id)
        db.session.commit()
        if not goes_on:
            return
    with jobs.once():
        migrations.go_on(order_id)


def _move(way: migration.Way, case: uuid.UUID) -> None:
    """One case of a migration. What nobody foresaw is told beside the case, and keeps none of the others."""
    try:
        migrations.do_next(way, case)
        db.session.commit()
    except Exception as error:
        db.session.rollback()
        if failures.is_conflict(error) or failures.is_lost(error):
            raise
        log.error("a case was not moved", exc_info=error)
        migrations.leave(way, case, f"Something unforeseen happened ({type(error).__name__}): {error}")
        db.session.commit()


@jobs.register("take_over")
def take_over(case: str, source: str, variables: dict[str, Any], by: str) -> None:
    """Another case was merged into this one."""
    links.take_over(uuid.UUID(case), source, variables, by)


@jobs.register("tell_case")
def tell_case(case: str, action: str, details: dict[str, Any], by: str) -> None:
    """Somebody did something elsewhere that belongs into this case's story."""
    kin.note_told(uuid.UUID(case), action, details, by)


@jobs.register("forget_expired")
def forget_expired() -> None:
    """Every night: delete what was kept only for a while; see `housekeeping.forget_expired`."""
    housekeeping.forget_expired(utcnow())


jobs.schedule("forget_expired", "17 3 * * *")


@jobs.register("fill_facts")
def fill_facts(case_type: str, after: str | None = None) -> None:
    """A newer version of a case type declares other facts searchable; see `facts.fill_some`."""
    facts.fill_some(case_type, uuid.UUID(after) if after else None)


@jobs.register("sign_cases")
def sign_cases() -> None:
    """Every ten minutes: note where running cases stand whose rows do not say it; see `signing.sign_some`."""
    signing.sign_some()


jobs.schedule("sign_cases", "*/10 * * * *")


@jobs.when_repeated
def show(name: str, arguments: dict[str, Any], error: Exception, following: jobs.NextTry) -> None:
    """A job failed and is tried again: of calls to the outside, everybody may see that."""
    if name == "call_service":
        service_tasks.put_off(uuid.UUID(arguments["case"]), arguments["activity"], error, following)


@jobs.when_exhausted
def report(name: str, arguments: dict[str, Any], message: str) -> None:
    """A job is out of attempts: operations have to see it."""
    job = {"name": name, "arguments": arguments}
    activity = arguments.get("activity")
    incidents.record(f"{name}: {message}", case_id=_case_of(arguments), job=job, activity_id=activity)


def _case_of(arguments: dict[str, Any]) -> uuid.UUID | None:
    """The case that a job is about, as far as its arguments say."""
    if case := arguments.get("case"):
        return uuid.UUID(case)
    if clock := arguments.get("clock"):
        return levels.case_of(uuid.UUID(clock))
    timer = arguments.get("timer")
    return timers.case_of(uuid.UUID(timer)) if timer else None
