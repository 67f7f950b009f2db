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

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


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
    help="The sso-session of the profiles. Default: the only one in the file.",
)
@click.option("--start-url", metavar="URL", help="For a new sso-session: its access portal.")
@click.option("--sso-region", metavar="REGION", help="For a new sso-session: its region.")
@click.option(
    "--account",
    "accounts",
    metavar="ID_OR_NAME",
    multiple=True,
    help="Roles in this account only; may be repeated.",
)
@click.option(
    "--role", "roles", metavar="NAME", multiple=True, help="This role only; may be repeated."
)
@click.option(
    "--template",
    metavar="TEXT",
    help="How profiles are named. Fields: {account_name}, {account_id}, {role_name}, "
    f"{{sso_session}}. Default: existing names stay, new ones are {DEFAULT_TEMPLATE}.",
)
@click.option(
    "--region",
    metavar="REGION",
    help="The region of the profiles. Default: existing ones keep theirs, new ones have none.",
)
@click.option(
    "--prune",
    is_flag=True,
    help="Remove profiles written earlier whose role is gone, or has a profile with a new name.",
)
@click.option("--dry-run", is_flag=True, help="Show the change only.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def command(*, dry_run: bool, yes: bool, **values: object) -> int:
    """Write a profile for every role that you have in every account, after a login if need be.

    What is to change is shown first, as a diff. A profile that was written by hand is never
    touched, nor is anything else in the file. Profiles written here carry a comment that says so,
    and stay up to date by this command. You can add keys and comments to them: these stay.
    """
    shown: list[Plan] = []

    def confirm(plan: Plan) -> bool:
        bar.finish()
        shown.append(plan)
        _show(plan)
        return not dry_run and (yes or _asked())

    with Bar("Accounts") as bar:
        plan = write_profiles(ConfigureOptions(**values), confirm, bar.update)  # type: ignore[arg-type]
    if plan is None:
        output.say("Nothing was written.")
        return 0 if dry_run and not shown[-1].without_profile else FAILED
    return _report(plan)


def _show(plan: Plan) -> None:
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for line in plan.diff():
        console.print(output.clean(line, keep="\n\t"), style=_COLOURS.get(line[:1]))
    _show_notes(plan)
    parts = {"to add": plan.added, "to change": plan.changed, "to remove": plan.removed}
    counts = [f"{len(names)} {act}" for act, names in parts.items() if names]
    output.say(f"Profiles: {', '.join(counts)}." if counts else "No profiles, only the session.")


def _show_notes(plan: Plan) -> None:
    for name, why in plan.skipped.items():
        output.say(f'The profile "{name}" stays as it is: {why}.', "yellow")
    for note in plan.notes:
        output.say(note, "yellow")


def _asked() -> bool:
    if not output.is_terminal(sys.stdin):
        raise click.UsageError(
            "Nothing was written, because this is not a terminal. Add --yes to write it."
        )
    return click.confirm("Write this?", default=False, err=True)


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
