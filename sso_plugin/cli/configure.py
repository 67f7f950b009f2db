"""``sso-plugin configure``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from sso_plugin.commands.configure.profile_names import DEFAULT_TEMPLATE, NameTemplate
from sso_plugin.commands.configure.settings import parse_setting

from . import completing, configure_changes, options, output
from .exit_codes import FAILED
from .progress import Bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sso_plugin.commands.configure.plan import Plan
    from sso_plugin.commands.configure.run import ConfigureRun

    from .first_run import FirstRun

__all__ = ["command"]


def _checked(parse: Callable[[str], object]) -> Callable[..., Any]:
    """Return the callback of an option whose value is parsed.

    That of a repeated option returns None without it, and () for an empty value.
    """

    def check(ctx: click.Context, option: click.Option, value: Any) -> Any:
        texts = tuple(filter(None, value if option.multiple else (value,)))
        try:
            # Completion has to be fast: parsing may import botocore.
            for text in () if ctx.resilient_parsing else texts:
                parse(text)
        except ValueError as exc:
            raise click.BadParameter(str(exc)) from None
        return (texts if value else None) if option.multiple else value

    return check


# What imports botocore is not imported at the top, because completion imports this module.


def _parse_start_url(text: str) -> object:
    from sso_plugin.commands.configure.start_url import read_start_url

    return read_start_url(text)


def _parse_region_rule(text: str) -> object:
    from sso_plugin.commands.configure.region_choice import RegionRule

    return RegionRule.parse(text)


@options.command(
    "configure",
    "configure --account 'ml-*' --exclude '*/Billing*' --region eu-central-1",
    "configure --region eu-central-1 --region 'us-*=us-east-1' --set output=json",
    "configure --sso-session corp --start-url https://example.awsapps.com/start \\\n"
    "      --sso-region eu-central-1",
    "configure --template '{sso_session}.{account_name}.{role_name}' --prune --yes",
)
@click.option(
    "--sso-session",
    metavar="NAME",
    shell_complete=completing.sso_sessions,
    help="The sso-session of the profiles. Default: the only one in the AWS config file. If it "
    "has several, you are asked.",
)
@click.option(
    "--start-url",
    metavar="URL",
    callback=_checked(_parse_start_url),
    help="The start URL of a new sso-session.",
)
@click.option(
    "--sso-region",
    metavar="REGION",
    callback=options.check_region,
    shell_complete=completing.regions,
    help="The region of a new sso-session.",
)
@click.option(
    "--account",
    "accounts",
    metavar="PATTERN",
    multiple=True,
    callback=_checked(str),
    shell_complete=completing.accounts,
    help="Only roles in this account: a name, an id, or a pattern such as 'ml-*'. Can be repeated.",
)
@click.option(
    "--role",
    "roles",
    metavar="PATTERN",
    multiple=True,
    callback=_checked(str),
    shell_complete=completing.roles,
    help="Only this role: a name or a pattern. Can be repeated.",
)
@click.option(
    "--exclude",
    metavar="PATTERN",
    multiple=True,
    callback=_checked(str),
    shell_complete=completing.accounts,
    help="Not this account, or not this role: ACCOUNT or ACCOUNT/ROLE, with patterns. Can be "
    "repeated.",
)
@click.option("--pick", is_flag=True, help="Pick the roles from a list.")
@click.option(
    "--template",
    metavar="TEXT",
    callback=_checked(NameTemplate.of),
    help="The names of the profiles. Fields: {account_name}, {account_id}, {role_name}, "
    f"{{sso_session}}. Default: {DEFAULT_TEMPLATE}; existing names are kept.",
)
@click.option(
    "--lowercase/--no-lowercase", default=None, help="The names of the profiles in lower case."
)
@click.option(
    "--region",
    "regions",
    metavar="[ACCOUNT=]REGION",
    multiple=True,
    callback=_checked(_parse_region_rule),
    shell_complete=completing.region_rules,
    help="The region of the profiles, or of those in an account. Can be repeated: the name or id "
    "of an account counts more than a pattern, a longer pattern more than a shorter one, and each "
    "more than no account. Default: none; existing regions are kept.",
)
@click.option(
    "--set",
    "settings",
    metavar="KEY=VALUE",
    multiple=True,
    callback=_checked(parse_setting),
    help="Set a key in each profile, such as output=json or cli_pager=. Can be repeated.",
)
@click.option(
    "--credential-process/--no-credential-process",
    default=None,
    help="For each profile, also write NAME-process, which serves the AWS CLI and other SDKs "
    "through credential_process.",
)
@click.option(
    "--prune",
    is_flag=True,
    help="Remove profiles written by this command that are stale: the role is gone, was not "
    "picked, or has a profile with a new name.",
)
@click.option("--reset", is_flag=True, help="Forget the saved options.")
@click.option("--no-save", is_flag=True, help="Do not save the options of this run.")
@click.option("--diff", is_flag=True, help="Show the changes as a diff, too.")
@click.option("--dry-run", is_flag=True, help="Show the changes, and do not write them.")
@click.option("--yes", is_flag=True, help="Write the changes without asking.")
@options.login_way_options
def command(
    *, pick: bool, reset: bool, no_save: bool, dry_run: bool, yes: bool, **values: Any
) -> int:
    """Write a profile for each of your roles, after a login if needed.

    If the AWS config file has no sso-session yet, asks for your start URL, logs in, and lets you
    choose the roles. Nothing is written before you agree.

    Shows a summary of the changes, and asks. Profiles that this command writes have a comment that
    says so; this command updates them, and keeps the keys and comments that you add. The rest of
    the file stays as it is.

    The options are saved for the sso-session, so the next run is: sso-plugin configure. An option
    that you give replaces the saved one; an empty value ('') clears it.
    """
    from .first_run import LoginWay, first_run

    way = LoginWay(values.pop("flow"), values.pop("no_browser"), values.pop("no_qr"))
    diff, shown = values.pop("diff"), []

    def confirm(plan: Plan) -> bool:
        shown.append(plan)
        if diff:
            configure_changes.show_diff(plan)
        configure_changes.show_summary(plan)
        return not dry_run and (yes or first.confirm("Write these changes?"))

    # A script that only looks gives no answers.
    asks_nothing = yes or (dry_run and not output.is_terminal(sys.stdin))
    with first_run(values, way, yes=asks_nothing) as first:
        run = _run(first, pick=pick or first.picks, reset=reset)
        plan = run.write(confirm)
        if plan is None:
            output.say("Nothing was written.")
            if dry_run:
                return _report_missing(shown[-1])
            first.decline()
            return FAILED
    return _finish(first, run, plan, saves=not (no_save or dry_run))


def _finish(first: FirstRun, run: ConfigureRun, plan: Plan, *, saves: bool) -> int:
    """Report what was done, save the options, and name the next step. Return the exit code."""
    code = _report(plan)
    if saves and run.save():
        forget = "saved for the next run. To forget them, add --reset"
        output.say(f"The options are {forget if run.options.saved else 'forgotten'}.")
    first.say_next_step(plan.added)
    return code


def _run(first: FirstRun, *, pick: bool, reset: bool) -> ConfigureRun:
    """Return a run that has listed the roles and knows which of them are chosen."""
    from sso_plugin.commands.configure.configure_options import ConfigureOptions
    from sso_plugin.commands.configure.run import ConfigureRun

    run = ConfigureRun(ConfigureOptions(**first.values), pick=pick, reset=reset)
    _say_options(run, first.values["regions"] or ())
    with Bar("Accounts") as bar:
        run.list_roles(bar.update)
    if pick:
        run.pick(first.pick)
    return run


def _say_options(run: ConfigureRun, regions: Iterable[str]) -> None:
    from sso_plugin.commands.configure.region_choice import RegionRule
    from sso_plugin.commands.region_names import similar_regions

    if run.reused:
        output.say(f"Saved options: {run.reused}")
    for region in dict.fromkeys(RegionRule.parse(text).region for text in regions):
        if similar := similar_regions(region):
            output.say(
                f"botocore does not know the region {region}. Similar ones: {', '.join(similar)}.",
                "warning",
            )


def _report(plan: Plan) -> int:
    if plan.is_empty:
        configure_changes.show_notes(plan)
        output.say(f"{plan.file} is up to date.")
        for line in configure_changes.stale_lines(plan):
            output.say(f"{line}.")
    else:
        output.say(f"{plan.file} is written.", "ok")
    return _report_missing(plan)


def _report_missing(plan: Plan) -> int:
    if plan.without_profile:
        output.say(f"Roles without a profile: {len(plan.without_profile)}.", "warning")
        return FAILED
    return 0
