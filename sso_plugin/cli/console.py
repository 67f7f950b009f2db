"""``sso-plugin console``."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

import click

from sso_plugin.commands.console.firefox_container import container_link, default_container
from sso_plugin.web.browser import start_browser, start_firefox
from sso_plugin.web.capabilities import Capabilities
from sso_plugin.web.one_time_redirect import open_by_redirect

from . import completing, options, output
from .credentials_options import CredentialsChoice, credentials_options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Event

__all__ = ["command"]

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_SHORTEST, _LONGEST = 15 * 60, 12 * 3600
"""Seconds. The limits of SessionDuration in getSigninToken."""

_NAMED_BY_CHOICE = "\0"
"""The value of ``--firefox-container`` without a name."""


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
    "console --account staging --role ReadOnlyAccess --destination s3/buckets/my.bucket",
    "console --profile dev --firefox-container",
    "console --profile dev --portal-link",
)
@credentials_options
@click.option(
    "--destination",
    metavar="PAGE",
    shell_complete=completing.destinations,
    help="A service such as s3, a path such as s3/buckets/my.bucket, or a URL in the console. "
    "Default: the home page of the console.",
)
@click.option(
    "--duration",
    metavar="TIME",
    callback=_seconds,
    help="How long the console session lasts: 15m to 12h, such as 90m or 8h. Default: set by AWS.",
)
@click.option(
    "--logout-first",
    is_flag=True,
    help="First end the console session that the browser has now.",
)
@click.option(
    "--firefox-container",
    "container",
    metavar="[NAME]",
    is_flag=False,
    flag_value=_NAMED_BY_CHOICE,
    help="Open the console in a container of Firefox. Needs the extension Open URL in Container "
    "or Granted. The default name is that of the profile, or the account and the role.",
)
@click.option("--print", "as_text", is_flag=True, help="Print the link, and do not open a browser.")
@click.option(
    "--portal-link",
    "as_portal_link",
    is_flag=True,
    help="Print a link to the role in the access portal, and do not open a browser. It holds no "
    "secret, and needs no login here.",
)
def command(  # noqa: PLR0913 - each is one option
    *,
    choice: CredentialsChoice,
    destination: str | None,
    duration: int | None,
    logout_first: bool,
    container: str | None,
    as_text: bool,
    as_portal_link: bool,
) -> None:
    """Open the AWS console in a browser, signed in with the role of a profile, or with any role.

    The link is printed with --print, or if no browser can be opened. For 15 minutes it signs in
    any browser: treat it like a password.
    """
    # Not at the top: they import botocore, and completion imports this module.
    from sso_plugin.commands.console.federation import console_url
    from sso_plugin.commands.console.portal_link import portal_link

    if container is not None and not container.strip():
        raise options.usage_error("The value of --firefox-container is empty.")
    with _page_errors():
        if as_portal_link:
            _check_alone(duration=duration, logout_first=logout_first, container=container)
            output.print_text(portal_link(choice, destination))
            return
        url = console_url(choice, destination, duration, logout_first=logout_first)
    if container == _NAMED_BY_CHOICE:
        container = default_container(choice)
    if not as_text:
        problem = _open_in_browser(url, container)
        if problem is None:
            return
        output.say(f"{problem} Open this link; treat it like a password:", "warning")
    output.print_text(container_link(url, container) if container else url)


@contextlib.contextmanager
def _page_errors() -> Iterator[None]:
    """Report a destination that is not a page of the console as a usage error."""
    from sso_plugin.commands.console.pages import InvalidPageError

    try:
        yield
    except InvalidPageError as exc:
        raise options.usage_error(str(exc)) from exc


def _check_alone(**others: object) -> None:
    names = {"container": "--firefox-container"}
    for name, value in others.items():
        if value:
            option = names.get(name, f"--{name.replace('_', '-')}")
            raise options.usage_error(f"--portal-link cannot be combined with {option}.")


def _open_in_browser(url: str, container: str | None) -> str | None:
    """Open the link in a browser; return why if that is not possible."""
    reason = Capabilities.detect().no_browser
    if reason is not None:
        return f"No browser can be opened: {reason}."
    output.say("Opening the console in the browser ...")

    def start(address: str, requested: Event) -> bool:
        if container is None:
            return start_browser(address, requested)
        return start_firefox(container_link(address, container), requested)

    browser = "browser" if container is None else "Firefox with a container extension"
    return None if open_by_redirect(url, start) else f"The {browser} did not open the link."
