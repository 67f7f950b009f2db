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


def _seconds(_ctx: click.Context, _param: click.Parameter, text: str | None) -> int | None:
    """Read a duration such as 12h, 90m or 3600."""
    if text is None:
        return None
    parts = re.fullmatch(r"(\d{1,6})([smh]?)", text)
    seconds = int(parts[1]) * _UNITS[parts[2]] if parts else 0
    if not _SHORTEST <= seconds <= _LONGEST:
        raise click.BadParameter(f'"{text}" is not from 15m to 12h.')
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
    help="An address in the console, or a service such as s3. Default: the console's home.",
)
@click.option(
    "--duration",
    metavar="TIME",
    callback=_seconds,
    help="How long the session in the console lasts, such as 90m or 8h; 15m to 12h. Default: as "
    "long as AWS gives.",
)
@click.option("--print", "as_text", is_flag=True, help="Print the address, open no browser.")
def command(
    *, profile: str | None, destination: str | None, duration: int | None, as_text: bool
) -> None:
    """Open the AWS console as the role of a profile.

    The address signs a browser in, so it is as good as a password for 15 minutes. It is printed
    with --print, or if no browser can be opened here.
    """
    url = console_url(profile, destination, duration)
    why_not = "it was asked for" if as_text else Capabilities.detect().no_browser
    if why_not is None:
        output.say("Opening the console in the browser ...")
        if open_by_redirect(url, start_browser):
            return
        why_not = "no browser came for it"
    if not as_text:
        output.say(f"This is the address, since {why_not}; keep it to yourself:", "yellow")
    output.print_text(url)
