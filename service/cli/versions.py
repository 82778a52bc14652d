"""For those who decide which version of a process new cases take."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from service.cli.application import application, on_the_demo
from service.db import db
from service.errors import InvalidForm
from service.models import SYSTEM, ProcessDefinition


def with_terms(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say which new cases a staged version takes; the command gets their texts as `terms`."""

    @click.option("--effective", help="Not before this date or time; alone: all new cases from then on.")
    @click.option("--share", help="For this percentage of new cases, 1 to 99.")
    @click.option("--when", help="For cases that match this FEEL condition over the variables that they start with.")
    @functools.wraps(command)
    def run(*, effective: str | None, share: str | None, when: str | None, **rest: Any) -> None:
        command(terms={"effective": effective, "share": share, "when": when}, **rest)

    return run


def read(terms: dict[str, str | None]) -> Any:
    """The terms that the options say, None without any; what is wrong with them ends the command."""
    from service.operations import choosing

    try:
        return choosing.read_terms(**terms)
    except InvalidForm as wrong:
        lines = [f"--{option}: {' '.join(messages)}" for option, messages in wrong.errors.items()]
        raise click.ClickException("\n".join(lines)) from None


@click.group()
def version() -> None:
    """Which version of a process new cases take."""


@version.command("list")
@click.argument("key", metavar="TYPE")
@on_the_demo
def list_versions(key: str) -> None:
    """The versions of TYPE, the newest first; new cases take the one with a star, unless one is staged for them."""
    from service.operations import choosing
    from service.queries import definitions

    with application():
        for each in definitions.versions(key):
            mark, said = "*" if each.active else " ", []
            if each.pinned:
                said.append("pinned")
            if each.staged:
                said.append(f"staged: {choosing.terms_of(each).in_words}")
            if each.retired_at:
                said.append(f"retired {each.retired_at:%Y-%m-%d}")
            told = f"  {', '.join(said)}" if said else ""
            click.echo(f"{mark} {each.version:>4}  {each.created_at:%Y-%m-%d %H:%M}{told}")


@version.command("unpin")
@click.argument("key", metavar="TYPE")
@on_the_demo
def unpin(key: str) -> None:
    """Let all new cases of TYPE take the newest version again."""
    from service.operations import versions

    with application():
        newest = versions.unpin(key, by=SYSTEM)
        db.session.commit()
        click.echo(f"New cases of {key} take version {newest.version}, the newest.")


@version.command("back")
@click.argument("key", metavar="TYPE")
@on_the_demo
def back(key: str) -> None:
    """Let new cases of TYPE take the version before the one that they take now."""
    from service.operations import versions

    with application():
        former = versions.go_back(key, by=SYSTEM)
        db.session.commit()
        click.echo(f"New cases of {key} take version {former.version}.")


@version.command("stage")
@click.argument("key", metavar="TYPE")
@click.argument("number", metavar="VERSION", type=int)
@with_terms
@on_the_demo
def stage(key: str, number: int, terms: dict[str, str | None]) -> None:
    """Let VERSION of TYPE take a share of new cases, those that match a condition, or all from a date on."""
    from service.operations import choosing, laying, versions
    from service.queries import definitions

    with application():
        said = read(terms)
        if said is None:
            raise click.ClickException("Say which new cases it takes: --effective, --share or --when.")
        found = definitions.version(key, number)
        unknown = choosing.unknown_names(said, laying.known_at_start(found))
        versions.stage(found, said, by=SYSTEM)
        db.session.commit()
        if unknown:
            click.echo(f"warning: No case of {key} begins with {', '.join(unknown)}.", err=True)
        click.echo(f"Version {number} of {key} takes {said.in_words}.")


def _doing(name: str, done: str, told: str) -> click.Command:
    @click.argument("key", metavar="TYPE")
    @click.argument("number", metavar="VERSION", type=int)
    @on_the_demo
    def run(key: str, number: int) -> None:
        from service.operations import versions
        from service.queries import definitions

        with application():
            found: ProcessDefinition = definitions.version(key, number)
            getattr(versions, name)(found, by=SYSTEM)
            db.session.commit()
            click.echo(done.format(key=key, number=number))

    return click.command(name, help=told)(run)


for _name, _done, _told in (
    (
        "pin",
        "New cases of {key} take version {number}.",
        "Let all new cases of TYPE take VERSION, also when newer ones are deployed.",
    ),
    (
        "unstage",
        "Version {number} of {key} takes no new cases.",
        "Let VERSION of TYPE take no new cases any more beside the active one.",
    ),
    (
        "retire",
        "Version {number} of {key} is retired; its open cases go on.",
        "Let VERSION of TYPE take no new cases, and let nobody choose it.",
    ),
    ("restore", "Version {number} of {key} may be chosen again.", "Let a retired VERSION of TYPE be chosen again."),
):
    version.add_command(_doing(_name, _done, _told))
