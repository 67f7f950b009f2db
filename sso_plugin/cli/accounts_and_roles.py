"""``sso-plugin accounts`` and ``sso-plugin roles``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

import sso_plugin

from . import completing, options, output
from .progress import Bar
from .tables import print_table

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["accounts", "roles"]


@options.command("accounts", "accounts --json | jq -r .account_id")
@options.login_options
@options.json_option
def accounts(
    *,
    profile: str | None,
    sso_session: str | None,
    start_url: str | None,
    sso_region: str | None,
    as_json: bool,
) -> None:
    """List the accounts in which you have a role: id, name, email.

    On a terminal, prints a table. In a pipe, prints one line for each as soon as it is known, with
    values separated by tabs. With --json, prints one JSON object per line.
    """
    profile, sso_session = options.login_named(None, profile, sso_session, start_url, sso_region)
    with Bar("Accounts") as bar:
        found = sso_plugin.accounts(
            profile,
            sso_session=sso_session,
            start_url=start_url,
            sso_region=sso_region,
            progress=bar.update,
        )
        _print(found, bar, as_json=as_json)


@options.command("roles --account Production", "roles | grep Admin", "roles --json")
@options.login_options
@click.option(
    "--account",
    metavar="ID_OR_NAME",
    shell_complete=completing.accounts,
    help="List the roles in this account only.",
)
@options.json_option
def roles(
    *,
    profile: str | None,
    sso_session: str | None,
    start_url: str | None,
    sso_region: str | None,
    account: str | None,
    as_json: bool,
) -> None:
    """List your roles: account id, account name, role.

    On a terminal, prints a table. In a pipe, prints one line for each as soon as it is known, with
    values separated by tabs. With --json, prints one JSON object per line.
    """
    profile, sso_session = options.login_named(None, profile, sso_session, start_url, sso_region)
    with Bar("Accounts") as bar:
        found = sso_plugin.roles(
            account,
            profile,
            sso_session=sso_session,
            start_url=start_url,
            sso_region=sso_region,
            progress=bar.update,
        )
        _print(found, bar, as_json=as_json)


def _print(found: Iterable[Any], bar: Bar, *, as_json: bool) -> None:
    if output.is_terminal():
        # Fetch all before printing: the bar and the list would overwrite each other.
        found = list(found)
        bar.finish()
    if as_json:
        for each in found:
            output.print_json(asdict(each), indent=None)
    elif output.is_terminal():
        print_table([asdict(each) for each in found], {})
    else:
        for each in found:
            output.print_row(*asdict(each).values())
