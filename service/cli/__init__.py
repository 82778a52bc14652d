"""The command line: `casewright …`. An entrypoint: it parses, calls operations, commits once; says the outcome.

A command stands in the module of what it is for; here they are only gathered.
"""

from __future__ import annotations

import click

from service.cli import (
    bundles,
    changing,
    comparing,
    database,
    designing,
    inspecting,
    mail,
    modifying,
    preflights,
    replaying,
    serving,
    testing,
    users,
    versions,
)


@click.group()
@click.version_option(package_name="casewright")
def main() -> None:
    """Case management and process orchestration on BPMN 2.0."""


for command in (serving.demo, serving.serve, serving.web, serving.worker, database.db_commands, designing.check,
                designing.deploy, designing.list_deployments, bundles.export_bundle, bundles.import_bundle,
                comparing.diff, designing.new, preflights.plan, changing.migrate, changing.revert, changing.migration,
                modifying.modify, replaying.replay, testing.test, versions.version, users.user, users.group,
                users.token, mail.mail, inspecting.case, inspecting.audit, inspecting.doctor,
                inspecting.check_upgrade):  # fmt: skip
    main.add_command(command)
