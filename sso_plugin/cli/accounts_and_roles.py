"""``sso-plugin accounts`` and ``sso-plugin roles``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

import sso_plugin

from . import options, output
from .progress import Bar

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
    """List the accounts that you have a role in: id, name, email.

    A table on a terminal; else one line each as soon as it is known, with tabs between the
    values, or with --json one JSON object.
    """
    with Bar("Accounts") as bar:
        found = sso_plugin.accounts(
            options.profile_of(profile, sso_session, start_url, sso_region),
            sso_session=sso_session,
            start_url=start_url,
            sso_region=sso_region,
            progress=bar.update,
        )
        _print(found, bar, as_json=as_json)


@options.command("roles --account Production", "roles | grep Admin", "roles --json")
@options.login_options
@click.option("--account", metavar="ID_OR_NAME", help="The roles in this account only.")
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
    """List the roles that you have: account id, account name, role.

    A table on a terminal; else one line each as soon as it is known, with tabs between the
    values, or with --json one JSON object.
    """
    with Bar("Accounts") as bar:
        found = sso_plugin.roles(
            account,
            options.profile_of(profile, sso_session, start_url, sso_region),
            sso_session=sso_session,
            start_url=start_url,
            sso_region=sso_region,
            progress=bar.update,
        )
        _print(found, bar, as_json=as_json)


def _print(found: Iterable[Any], bar: Bar, *, as_json: bool) -> None:
    if output.is_terminal():
        # All of them first: the bar and the list would write over each other.
        found = list(found)
        bar.finish()
    if as_json:
        for each in found:
            output.print_json(asdict(each), indent=None)
    elif output.is_terminal():
        output.print_table([asdict(each) for each in found])
    else:
        for each in found:
            output.print_row(*asdict(each).values())
