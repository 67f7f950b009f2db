"""``sso-plugin`` without a command: what there is, and the next step."""

from __future__ import annotations

import configparser
import os
from typing import TYPE_CHECKING

from sso_plugin.commands.local_names import read_config
from sso_plugin.commands.overview import local_logins, next_step

from . import output
from .tables import LOGIN_STYLES, print_table
from .times import when

if TYPE_CHECKING:
    from sso_plugin.commands.overview import LocalLogin

__all__ = ["show_overview"]

_MOST_LOGINS = 10
_MOST_PROFILES = 3
"""How many are listed. Further ones are counted."""


def show_overview() -> None:
    """Print the logins of the config file, and the command that is needed next.

    :raises ConfigError: if botocore cannot read the file.
    """
    try:
        config = read_config()
    except (configparser.Error, UnicodeError, OSError):
        # Not at the top: this imports botocore, which describes the error.
        from sso_plugin.commands.config_file import ConfigFile

        ConfigFile.in_use().parsed()
        raise
    logins = list(local_logins(config))
    if not logins:
        output.print_text(f"There is no login in {output.clean(config.path)}.")
    elif output.is_terminal():
        output.print_text(f"Logins in {output.clean(config.path)}:\n")
        print_table([_row(login) for login in logins[:_MOST_LOGINS]], LOGIN_STYLES)
        if len(logins) > _MOST_LOGINS:
            output.print_text(f"and {len(logins) - _MOST_LOGINS} more: sso-plugin status --all")
        output.print_text("")
    else:
        for login in logins:
            output.print_row(*_row(login).values())
    output.say(f"Next step: {next_step(logins, os.environ)}")
    output.say("All commands: sso-plugin --help")


def _row(login: LocalLogin) -> dict[str, str]:
    names = login.profiles[:_MOST_PROFILES]
    more = len(login.profiles) - len(names)
    return {
        "login": login.name,
        "state": login.state,
        "until": when(login.until) if login.until else "",
        "profiles": ", ".join(names) + (f" and {more} more" if more else ""),
    }
