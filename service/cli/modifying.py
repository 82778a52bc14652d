"""For those who mend cases: `casewright modify` changes by hand where they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from service.cli.application import application, on_the_demo
from service.cli.changing import tell
from service.cli.preflights import chosen_by, with_choice
from service.db import db, local, utcnow
from service.engine.change.plan import Verdict
from service.engine.change.steps import Kind, Step
from service.errors import ServiceError
from service.models import SYSTEM, Case, ModificationState

if TYPE_CHECKING:
    from service.operations.modification import Preview


@click.command()
@click.argument("numbers", metavar="[CASE]...", nargs=-1)
@click.option("--of", metavar="TYPE@VERSION", help="Instead of numbers: all cases of a version, by the worker.")
@with_choice
@click.option("--put", multiple=True, metavar="ELEMENT", help="Put a token on an element or a sequence flow.")
@click.option("--move", multiple=True, nargs=2, metavar="ELEMENT TO", help="Move what stands at an element.")
@click.option("--take", multiple=True, metavar="ELEMENT", help="Take away what stands at an element.")
@click.option("--again", multiple=True, metavar="ELEMENT", help="Do an element again; cancels what is behind it.")
@click.option("--skip", multiple=True, metavar="ELEMENT", help="Go on behind an element, though nobody did it.")
@click.option("--set", "facts", multiple=True, metavar="NAME=VALUE", help="Set a variable: JSON, or a text.")
@click.option("--fire", multiple=True, metavar="ELEMENT", help="Let the event happen for which an element waits.")
@click.option("--time", multiple=True, nargs=2, metavar="ELEMENT WHEN", help="When the timer of an element is due.")
@click.option("--deliver", multiple=True, metavar="MESSAGE", help="Deliver a message.")
@click.option("--reason", default="", help="Why, for the story of each case.")
@click.option("--look", is_flag=True, help="Only say what it would do.")
@click.option("--trial", type=click.IntRange(1), help="With --of: pause after so many cases.")
@on_the_demo
def modify(
    numbers: Sequence[str],
    of: str | None,
    only: Sequence[str],
    reason: str,
    look: bool,
    trial: int | None,
    **said: Any,
) -> None:
    """Change by hand where cases stand. All options are taken together, then the case runs on.

    Of several cases each is changed by itself, as far as that is possible. With --of the worker changes those that
    can go on without a question; the others stay.
    """
    if not look and not reason.strip():
        raise click.ClickException("Say why: --reason TEXT; or only look: --look.")
    if (of is None) is not bool(numbers) or (of is None and (only or trial)) or (of is not None and look):
        raise click.ClickException("Give the numbers of cases, or --of TYPE@VERSION with --only and --trial.")
    with application():
        if of is not None:
            _order(of, only, list(_steps(**said)), reason, trial)
            return
        steps, stayed = list(_steps(**said)), 0
        for number in numbers:
            stayed += not _one(number, steps, reason, look=look)
    if stayed:
        raise click.exceptions.Exit(1)


def _order(of: str, only: Sequence[str], steps: Sequence[Step], reason: str, trial: int | None) -> None:
    """Have the worker change the chosen cases of a version."""
    from service.operations import migrations
    from service.operations.migrations import Terms
    from service.queries import choosing, definitions

    key, _, number = of.rpartition("@")
    if not key or not number.isdecimal() or len(number) > 9:
        raise click.ClickException(f"“{of}” is no version; write one such as insurance-claim@1.")
    chosen, terms = chosen_by(only), Terms(trial, up_to=Verdict.SAFE)
    also: dict[str, Any] = {"chosen": chosen, "terms": terms, "among": choosing.found(chosen, by=SYSTEM)}
    version = definitions.version(key, int(number))
    made = migrations.order_modification(version, steps, by=SYSTEM, reason=reason, **also)
    db.session.commit()
    tell(made)
    click.echo(f"See how far it is with `casewright migration show {made.id}`.")


def _one(number: str, steps: Sequence[Step], reason: str, *, look: bool) -> bool:
    """Change one case, or look; whether it could be."""
    from service.operations import modification
    from service.queries import cases

    try:
        case = cases.by_number(number, by=SYSTEM)
        if look:
            _tell(case, modification.look(case, steps, by=SYSTEM))
            return True
        made = modification.modify(case, steps, by=SYSTEM, reason=reason)
        db.session.commit()
    except ServiceError as refusal:
        db.session.rollback()
        click.echo(f"stayed    {number}: {refusal}")
        return False
    proposed = made.state is ModificationState.PROPOSED
    click.echo(f"{'proposed' if proposed else 'changed':<9} {number}")
    return True


def _tell(case: Case, found: Preview) -> None:
    after = ", ".join(dict.fromkeys(found.after)) or "nowhere: it ends"
    click.echo(f"{case.number} would stand at {after} ({found.verdict}).")
    for effect in found.effects:
        at = f", {effect.at:%Y-%m-%d %H:%M} UTC" if effect.at else ""
        shown = f"{effect.name} ({effect.kind})" if effect.name else f"The {effect.kind}"
        click.echo(f"  {shown} {effect.what}{at}")
    for reason in found.reasons:
        click.echo(f"  ! {reason.message} {reason.way_out}".rstrip())


def _steps(
    *,
    put: Sequence[str],
    move: Sequence[tuple[str, str]],
    take: Sequence[str],
    again: Sequence[str],
    skip: Sequence[str],
    facts: Sequence[str],
    fire: Sequence[str],
    time: Sequence[tuple[str, str]],
    deliver: Sequence[str],
) -> Iterator[Step]:
    """The steps that the options say."""
    if facts:
        yield Step(Kind.SET, values=dict(map(_fact, facts)))
    for kind, elements in ((Kind.TAKE, take), (Kind.AGAIN, again), (Kind.SKIP, skip), (Kind.FIRE, fire)):
        yield from (Step(kind, element) for element in elements)
    yield from (Step(Kind.MOVE, element, to=to) for element, to in move)
    yield from (Step(Kind.TIME, element, at=_when(text)) for element, text in time)
    yield from (Step(Kind.DELIVER, name=name) for name in deliver)
    yield from (Step(Kind.PUT, element) for element in put)


def _fact(text: str) -> tuple[str, Any]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.ClickException(f"“{text}” is no fact; write NAME=VALUE.")
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value


def _when(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.ClickException(f"“{text}” is no time; write one such as 2026-12-24T18:00.") from None
    return found if found.tzinfo else found.replace(tzinfo=local(utcnow()).tzinfo)
