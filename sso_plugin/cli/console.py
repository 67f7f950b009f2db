"""``sso-plugin console``."""

from __future__ import annotations

import re

import click

from sso_plugin.commands.console.federation import console_url
from sso_plugin.web.browser import start_browser
from sso_plugin.web.capabilities import Capabilities
from sso_plugin.web.one_time_redirect import open_by_redirect

from . import options, output

__all__ = ["command"]

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_SHORTEST, _LONGEST = 15 * 60, 12 * 3600
"""Seconds. The limits of SessionDuration in getSigninToken."""


def _seconds(_ctx: click.Context, _param: click.Parameter, text: str | None) -> int | None:
    """Return the seconds in a duration such as 12h, 90m or 3600."""
    if text is None:
        return None
    parts = re.fullmatch(r"(\d{1,6})([smh]?)", text)
    seconds = int(parts[1]) * _UNITS[parts[2]] if parts else 0
    if not _SHORTEST <= seconds <= _LONGEST:
        raise click.BadParameter(f'"{text}" is not a duration from 15m to 12h.')
    return seconds


@options.command(
    "console --profile dev",
    "console --profile dev --destination s3 --duration 8h",
    "console --profile dev --print",
)
@options.profile_option
@click.option(
    "--destination",
    metavar="PAGE",
    help="A URL in the console, or a service such as s3. Default: the home page of the console.",
)
@click.option(
    "--duration",
    metavar="TIME",
    callback=_seconds,
    help="How long the console session lasts: 15m to 12h, such as 90m or 8h. Default: set by AWS.",
)
@click.option("--print", "as_text", is_flag=True, help="Print the link, and do not open a browser.")
def command(
    *, profile: str | None, destination: str | None, duration: int | None, as_text: bool
) -> None:
    """Open the AWS console in a browser, signed in with the role of a profile.

    The link is printed with --print, or if no browser can be opened. For 15 minutes it signs in
    any browser: treat it like a password.
    """
    url = console_url(profile, destination, duration)
    if not as_text:
        problem = _open_in_browser(url)
        if problem is None:
            return
        output.say(f"{problem} Open this link; treat it like a password:", "yellow")
    output.print_text(url)


def _open_in_browser(url: str) -> str | None:
    """Open the link in a browser; return why if that is not possible."""
    reason = Capabilities.detect().no_browser
    if reason is not None:
        return f"No browser can be opened: {reason}."
    output.say("Opening the console in the browser ...")
    return None if open_by_redirect(url, start_browser) else "The browser did not open the link."
