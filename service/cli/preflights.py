"""The pre-flight on the command line: what a version means for running cases, as text and as plans to be kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from service.cli.application import application, on_the_demo, say
from service.engine.change.plan import Plan, Reason, Verdict
from service.errors import InvalidDeployment, InvalidForm
from service.execution.chosen import Chosen
from service.models import SYSTEM
from service.operations.sources import collect

if TYPE_CHECKING:  # they take half a second to import
    from service.queries.preflight import CaseClass, OfVersion, Preflight


with_choice = click.option(
    "--only",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Only such cases, as `cases` of a plan chooses: states, numbers, stage, owner, at, text, created_from, "
    "created_before, due_before, priority_from, priority_to.",
)


@click.command()
@click.argument("key", metavar="TYPE")
@click.argument("paths", metavar="[FILES]...", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--from", "source", type=int, help="The version of the cases; all others that have some unless given.")
@click.option("--to", "target", type=int, help="The version to move them to; the newest unless given.")
@with_choice
@on_the_demo
def plan(key: str, paths: tuple[Path, ...], source: int | None, target: int | None, only: tuple[str, ...]) -> None:
    """Print a plan to move cases of TYPE to another version, as YAML to be completed and kept.

    With FILES (or folders) to the version that these would make. What the version means for running cases is told in
    comments: how many stand where, and what has to be said about them.
    """
    with application():
        chosen = chosen_by(only)
        found = _asked(key, paths, source, target, chosen)
        for number, each in enumerate(found.versions):
            click.echo("---" if number else _summary(found))
            click.echo("\n".join(f"# {line}" for line in about(each)))
            click.echo(yaml.safe_dump(_draft(found, each, chosen), sort_keys=False, allow_unicode=True), nl=False)


def chosen_by(only: Iterable[str]) -> Chosen:
    """Which cases options such as `owner=ann` choose; what may be several has commas between."""
    from service.api.migrations import chosen_from

    said: dict[str, Any] = {}
    for text in only:
        name, sign, value = text.partition("=")
        if not sign:
            raise click.ClickException(f"“{text}” chooses nothing; write FIELD=VALUE, such as owner=ann.")
        said[name.strip()] = value.split(",") if name.strip() in ("states", "numbers") else value
        if name.strip().startswith("priority") and value.isdecimal():
            said[name.strip()] = int(value)
    try:
        return chosen_from(said)
    except InvalidForm as wrong:
        lines = [f"{place}: {', '.join(messages)}" for place, messages in wrong.errors.items()]
        raise click.ClickException("These cases cannot be chosen.\n" + "\n".join(lines)) from None


def _asked(key: str, paths: tuple[Path, ...], source: int | None, target: int | None, chosen: Chosen) -> Preflight:
    from service.execution.judging import version_of
    from service.operations import candidates
    from service.queries import definitions, preflight

    if paths and target is not None:
        raise click.ClickException("Give either files or --to: files make a version of their own.")
    if paths:
        try:
            made = candidates.of(collect(paths), by=SYSTEM).versions
        except InvalidDeployment as refused:
            say(refused.problems)
            raise click.ClickException("These files cannot be deployed.") from None
        after = next((each for each in made if each.key == key), None)
        if after is None:
            raise click.ClickException(f"These files make no new version of {key}.")
    else:
        newest = definitions.versions(key)[0]
        after = version_of((definitions.version(key, target) if target else newest).id)
    sources = [definitions.version(key, source)] if source is not None else None
    if source == after.number:
        raise click.ClickException("Give two versions.")
    found = preflight.of(after, by=SYSTEM, sources=sources, among=chosen)
    if not found.versions:
        where = f"version {source}" if source is not None else f"a version other than {after.number}"
        which = "case" if chosen.is_all else "such case"
        raise click.ClickException(f"No {which} of {key} runs under {where}.")
    return found


def _draft(found: Preflight, each: OfVersion, chosen: Chosen) -> dict[str, Any]:
    said = {"elements": {}, "values": {}, "clocks": {}, **each.plan.as_json()}
    return {
        "case_type": found.target.key,
        "from": each.source.number,
        "to": found.target.number,
        "cases": chosen.as_json(),
        "plan": said,
    }


def plans_in(file: Path) -> list[dict[str, Any]]:
    """The plans in a YAML file: one, or several with `---` between them."""
    try:
        said = list(yaml.safe_load_all(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as wrong:
        raise click.ClickException(f"{file} is no YAML: {wrong}") from None
    if not said or not all(isinstance(each, dict) for each in said):
        raise click.ClickException(f"{file} is no plan; `casewright plan TYPE` prints one.")
    return said


def said_wrong(wrong: InvalidForm) -> click.ClickException:
    """What a plan lacks, a line for each."""
    lines = [f"{place}: {', '.join(messages)}" for place, messages in wrong.errors.items()]
    return click.ClickException("The plan is not complete.\n" + "\n".join(lines))


def dry_run(paths: tuple[Path, ...], plans: Iterable[Mapping[str, Any]]) -> bool:
    """Tell what a deployment of `paths` would mean for running cases; whether all of them can move.

    Raises `InvalidDeployment` for files that cannot be deployed.
    """
    from service.operations import candidates
    from service.queries import preflight

    made = candidates.of(collect(paths), by=SYSTEM)
    say(list(made.warnings))
    clear = True
    for version in made.versions:
        decided = {int(each.get("from", 0)): _plan(each) for each in plans if each.get("case_type") == version.key}
        found = preflight.of(version, by=SYSTEM, plans=decided)
        click.echo(_summary(found).removeprefix("# "))
        for each in found.versions:
            click.echo("\n".join(about(each)))
        clear = clear and found.is_clear
    if not made.versions:
        click.echo("No process would have a new version.")
    return clear


def _plan(said: Mapping[str, Any]) -> Plan:
    try:
        return Plan.from_json(said.get("plan") or {})
    except (ValueError, TypeError, AttributeError) as wrong:
        raise click.ClickException(f"The plan from version {said.get('from')} is not complete: {wrong}") from None


def _summary(found: Preflight) -> str:
    target = found.target
    new = "" if target.id else ", which is not deployed yet"
    return f"# {target.key} version {target.number}{new}: {_cases(found.cases)} under other versions."


def about(each: OfVersion) -> Iterator[str]:
    """The classes of one version, the worst first, with their reasons."""
    yield f"{_cases(each.cases)} under version {each.source.number}:"
    for one in each.classes:
        yield f"  {one.verdict}: {_cases(one.cases)} at {one.words}{_examples(one)}"
        yield from (f"      {_said(reason)}" for reason in _telling(one))


def _telling(one: CaseClass) -> list[Reason]:
    """The worst reasons in full; where a case may move, all."""
    worst = [reason for reason in one.reasons if reason.verdict is one.verdict]
    return list(one.reasons) if one.verdict.rank <= Verdict.WITH_PLAN.rank else worst


def _said(reason: Reason) -> str:
    return f"{reason.message} {reason.way_out}".strip()


def _examples(one: CaseClass) -> str:
    numbers = [case.number for case in one.samples]
    more = ", …" if one.cases > len(numbers) else ""
    return f" ({', '.join(numbers)}{more})" if numbers else ""


def _cases(number: int) -> str:
    return f"{number} case" if number == 1 else f"{number} cases"
