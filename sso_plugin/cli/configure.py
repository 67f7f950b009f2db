"""``sso-plugin configure``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.console import Console

from sso_plugin.commands.configure.configuring import ConfigureOptions, write_profiles
from sso_plugin.commands.configure.profile_names import DEFAULT_TEMPLATE

from . import options, output
from .exit_codes import FAILED
from .progress import Bar

if TYPE_CHECKING:
    from sso_plugin.commands.configure.plan import Plan

__all__ = ["command"]

_COLORS = {"+": "green", "-": "red", "@": "cyan"}


@options.command(
    "configure --region eu-central-1",
    "configure --sso-session corp --start-url https://example.awsapps.com/start \\\n"
    "      --sso-region eu-central-1",
    "configure --account Production --role ReadOnlyAccess --dry-run",
    "configure --template '{sso_session}.{account_name}.{role_name}' --prune --yes",
)
@click.option(
    "--sso-session",
    metavar="NAME",
    help="The sso-session of the profiles. Default: the only one in the AWS config file.",
)
@click.option("--start-url", metavar="URL", help="The start URL of a new sso-session.")
@click.option("--sso-region", metavar="REGION", help="The region of a new sso-session.")
@click.option(
    "--account",
    "accounts",
    metavar="ID_OR_NAME",
    multiple=True,
    help="Only roles in this account. Can be repeated.",
)
@click.option(
    "--role", "roles", metavar="NAME", multiple=True, help="Only this role. Can be repeated."
)
@click.option(
    "--template",
    metavar="TEXT",
    help="The names of the profiles. Fields: {account_name}, {account_id}, {role_name}, "
    f"{{sso_session}}. Default: {DEFAULT_TEMPLATE}; existing names are kept.",
)
@click.option(
    "--region",
    metavar="REGION",
    help="The region of the profiles. Default: none; existing regions are kept.",
)
@click.option(
    "--prune",
    is_flag=True,
    help="Remove profiles written by this command whose role is gone or has a profile with a new "
    "name.",
)
@click.option(
    "--credential-process",
    is_flag=True,
    help="For each profile, also write NAME-process, which serves the AWS CLI and other SDKs "
    "through credential_process.",
)
@click.option("--dry-run", is_flag=True, help="Show the changes, and do not write them.")
@click.option("--yes", is_flag=True, help="Write the changes without asking.")
def command(*, dry_run: bool, yes: bool, **values: object) -> int:
    """Write a profile for each of your roles, after a login if needed.

    Shows the changes as a diff first. Profiles that this command writes have a comment that says
    so; this command updates them, and keeps the keys and comments that you add. It does not change
    anything else in the file.
    """
    shown: list[Plan] = []

    def confirm(plan: Plan) -> bool:
        bar.finish()
        shown.append(plan)
        _show(plan)
        return not dry_run and (yes or _is_confirmed())

    with Bar("Accounts") as bar:
        plan = write_profiles(ConfigureOptions(**values), confirm, bar.update)  # type: ignore[arg-type]
    if plan is None:
        output.say("Nothing was written.")
        return 0 if dry_run and not shown[-1].without_profile else FAILED
    return _report(plan)


def _show(plan: Plan) -> None:
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in plan.diff():
        console.print(output.clean(line, keep="\n\t"), style=_COLORS.get(line[:1]))
    _show_notes(plan)
    parts = {"to add": plan.added, "to change": plan.changed, "to remove": plan.removed}
    counts = [f"{len(names)} {act}" for act, names in parts.items() if names]
    output.say(
        f"Profiles: {', '.join(counts)}." if counts else "No profiles change, only the sso-session."
    )


def _show_notes(plan: Plan) -> None:
    for name, why in plan.skipped.items():
        output.say(f'The profile "{name}" stays as it is: {why}.', "yellow")
    for note in plan.notes:
        output.say(note, "yellow")


def _is_confirmed() -> bool:
    if not output.is_terminal(sys.stdin):
        raise click.UsageError(
            "Nothing was written: this is not a terminal, so you cannot be asked. Add --yes."
        )
    return click.confirm("Write these changes?", default=False, err=True)


def _report(plan: Plan) -> int:
    if plan.before == plan.after:
        _show_notes(plan)
        output.say(f"{plan.file} is up to date.")
    else:
        output.say(f"{plan.file} is written.", "green")
    if plan.without_profile:
        output.say(f"Roles without a profile: {len(plan.without_profile)}.", "yellow")
        return FAILED
    return 0
