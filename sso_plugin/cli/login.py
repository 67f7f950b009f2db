"""``sso-plugin login``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

import sso_plugin
from sso_plugin.signin.display import StreamDisplay
from sso_plugin.signin.prompt import until_text
from sso_plugin.web.browser import open_in_browser

from . import options, output
from .exit_codes import FAILED

if TYPE_CHECKING:
    from sso_plugin.signin.configured_login import Status
    from sso_plugin.signin.prompt import LoginPrompt
    from sso_plugin.signin.sign_in import FlowName

__all__ = ["command"]


@options.command("login dev", "login --sso-session corp --flow device")
@options.name_argument
@options.login_options
@options.login_way_options
@click.option("--force", is_flag=True, help="Log in even if the login is valid.")
def command(  # noqa: PLR0913 - each is one option
    *,
    name: str | None,
    profile: str | None,
    sso_session: str | None,
    start_url: str | None,
    sso_region: str | None,
    flow: FlowName,
    force: bool,
    no_browser: bool,
    no_qr: bool,
) -> int:
    """Log in, if needed, for every program that uses the profile or its sso-session.

    A login that is valid or can be renewed is kept. To get newly assigned accounts or roles, log
    in again with --force.

    NAME is a profile in the AWS config file, or an sso-session if no profile has this name.
    """
    profile, sso_session = options.login_named(name, profile, sso_session, start_url, sso_region)
    prompts: list[LoginPrompt] = []

    def show(prompt: LoginPrompt) -> None:
        prompts.append(prompt)
        StreamDisplay(sys.stderr, has_qr_code=not no_qr).show(prompt)

    status = sso_plugin.login(
        profile,
        sso_session=sso_session,
        start_url=start_url,
        sso_region=sso_region,
        flow=flow,
        force=force,
        show=show,
        open_browser=None if no_browser else open_in_browser,
    )
    return _report(status, already=not prompts)


def _why_incomplete(status: Status) -> str:
    if status.store_fault is None:
        return "The login is lost: its token could not be saved for other programs."
    return (
        "Only this machine is logged in. When the store can be used, run on this machine: "
        f"{status.login_command}"
    )


def _report(status: Status, *, already: bool) -> int:
    if status.not_stored:
        output.say(_why_incomplete(status), "problem")
        return FAILED
    until = until_text(status.expires_at, status.renewable_until)
    if already:
        output.say(f"Already logged in {until}. Use --force to log in again.")
    else:
        output.say(f"Logged in {until}.", "ok")
    return 0
