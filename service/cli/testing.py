"""For process designers: tests by example, run, found and recorded."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.cli.application import application, on_the_demo, say
from service.errors import InvalidDeployment, ServiceError
from service.operations.sources import collect

if TYPE_CHECKING:
    from service.rehearsal import suites, world


class _WithDefault(click.Group):
    """`casewright test PATH` is `casewright test run PATH`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            args = ["run", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("test", cls=_WithDefault)
def test() -> None:
    """Run tests by example (FILE.tests.yaml beside the diagrams): `casewright test processes/`."""


@test.command("run")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@click.option("--missed", is_flag=True, help="Also list what no test came by.")
@click.option("--generate", is_flag=True, help="Write tests for what no test came by, beside the diagrams.")
@click.option("--seconds", default=20.0, show_default=True, type=click.FloatRange(1, 600), help="To look for them.")
def run(paths: tuple[Path, ...], form: str, missed: bool, generate: bool, seconds: float) -> None:
    """Run the tests in files and folders, in memory, and tell how much of the diagrams they came by.

    Needs nothing but the files. Forms are also looked for in a folder `forms` beside a folder that is given. The exit
    code is 1 when a test fails.
    """
    from service.rehearsal import suites, world

    try:
        read = world.read({**_forms_beside(paths), **collect(paths)})
        found = suites.run(read, _tests(paths))
    except InvalidDeployment as refused:
        say(refused.problems)
        sys.exit(1)
    if generate:
        _generate(read, found, paths, seconds)
        return
    if form == "text":
        _tell(found, missed)
    else:
        click.echo(
            json.dumps(suites.as_data(found), indent=2) if form == "json" else suites.as_junit(found), nl=form == "json"
        )
    if any(suite.failed for suite in found):
        sys.exit(1)


@test.command("record")
@click.argument("number", metavar="CASE")
@on_the_demo
def record(number: str) -> None:
    """Print a test that does what was done in a finished CASE. Its texts are replaced by made-up ones."""
    from service.models import SYSTEM
    from service.queries import cases, recordings

    with application():
        try:
            click.echo(recordings.as_test(cases.by_number(number, by=SYSTEM), by=SYSTEM), nl=False)
        except ServiceError as refused:
            raise click.ClickException(str(refused)) from refused


@test.command("schema")
def schema() -> None:
    """Print the JSON Schema of files of tests, for editors."""
    from service.rehearsal.schema import schema as made

    click.echo(json.dumps(made(), indent=2, ensure_ascii=False))


def _tell(found: Sequence[suites.Suite], missed: bool) -> None:
    from service.rehearsal import suites

    for suite in found:
        for result in suite.failed:
            say(list(result.problems))
        passed = len(suite.results) - len(suite.failed)
        click.echo(f"{suite.folder}: {passed} of {len(suite.results)} tests passed; {suites.in_words(suite)}")
        if missed:
            for way in suite.coverage.missed:
                click.echo(f"    no test takes {way}")


def _generate(read: world.World, found: Sequence[suites.Suite], paths: Sequence[Path], seconds: float) -> None:
    from service.rehearsal import suites

    for suite in found:
        if not suite.coverage.missed:
            click.echo(f"{suite.folder}: nothing is missed")
            continue
        name, text = suites.generated(read, suite, seconds=seconds)
        if not text:
            click.echo(f"{suite.folder}: no test was found for the {len(suite.coverage.missed)} ways that are missed")
            continue
        base = next((path for path in paths if path.is_dir()), paths[0].parent)
        (base / name).write_text(text, encoding="utf-8")
        click.echo(f"made      {base / name}")


def _tests(paths: Sequence[Path]) -> dict[str, str]:
    """The files of tests at and below the paths: name as the diagrams beside them have it -> text."""
    from service.rehearsal.examples import ENDING

    found = {}
    for path in paths:
        files = [path] if path.is_file() else sorted(path.rglob(f"*{ENDING}"))
        for file in files:
            if file.name.endswith(ENDING):
                name = file.name if path.is_file() else file.relative_to(path).as_posix()
                found[name] = file.read_text(encoding="utf-8")
    return found


def _forms_beside(paths: Sequence[Path]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in paths:
        for above in (path.absolute().parent, path.absolute().parent.parent):
            if (above / "forms").is_dir():
                found |= collect([above / "forms"])
                break
    return found
