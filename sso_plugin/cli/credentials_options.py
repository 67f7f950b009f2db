"""The options that choose credentials: a profile, or any account and role."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from sso_plugin.commands.credentials_choice import CredentialsChoice

from . import completing, options

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CredentialsChoice", "credentials_options", "given_option"]

_OPTIONS = {
    "profile": "--profile",
    "account": "--account",
    "role": "--role",
    "sso_session": "--sso-session",
    "region": "--region",
}


_account_option = click.option(
    "--account",
    metavar="ID_OR_NAME",
    shell_complete=completing.accounts,
    help="An account, instead of the one of the profile. Needs --role if you have several roles "
    "in it.",
)
_role_option = click.option(
    "--role",
    metavar="NAME",
    shell_complete=completing.roles,
    help="A role in the account, instead of the one of the profile.",
)
_session_option = click.option(
    "--sso-session",
    metavar="NAME",
    shell_complete=completing.sso_sessions,
    help="The login for --account: an sso-session in the AWS config file. Default: the login of "
    "the profile, otherwise the only sso-session.",
)
_region_option = click.option(
    "--region",
    metavar="REGION",
    callback=options.check_region,
    shell_complete=completing.regions,
    help="The region to use, instead of the one of the profile.",
)


def credentials_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that choose credentials; the function gets them as ``choice``."""

    @functools.wraps(function)
    def with_choice(**values: Any) -> Any:
        choice = CredentialsChoice(**{name: values.pop(name) for name in _OPTIONS})
        _check(choice)
        return function(choice=choice, **values)

    found: Callable[..., Any] = with_choice
    for option in (_region_option, _session_option, _role_option, _account_option):
        found = option(found)
    return options.profile_option(found)


def given_option(choice: CredentialsChoice) -> str | None:
    """Return the first of these options that was given; None if there is none."""
    values = choice._asdict()
    return next((option for name, option in _OPTIONS.items() if values[name] is not None), None)


def _check(choice: CredentialsChoice) -> None:
    """Check that the options belong together.

    :raises click.UsageError: if they do not.
    """
    given = {name: value for name, value in choice._asdict().items() if value is not None}
    empty = next((_OPTIONS[name] for name, value in given.items() if not value.strip()), None)
    if empty:
        raise options.usage_error(f"The value of {empty} is empty.")
    if choice.sso_session and choice.profile:
        raise options.usage_error("--sso-session cannot be combined with --profile.")
    if choice.sso_session and not choice.account:
        raise options.usage_error("--sso-session needs --account.")
