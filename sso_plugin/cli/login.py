"""``sso-plugin login``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

import sso_plugin
from sso_plugin.web.browser import open_in_browser

from . import options, output
from .exit_codes import FAILED
from .times import clock_time

if TYPE_CHECKING:
    from sso_plugin.signin.prompt import LoginPrompt
    from sso_plugin.signin.sign_in import FlowName

__all__ = ["command"]


@options.command("login --profile dev", "login --sso-session corp --flow device")
@options.login_options
@click.option(
    "--flow",
    type=click.Choice(["auto", "browser", "device"]),
    default="auto",
    show_default=True,
    help="browser: one on this machine. device: one anywhere, with a code. auto: what fits here.",
)
@click.option("--force", is_flag=True, help="Log in although it is not needed.")
@click.option("--no-browser", is_flag=True, help="Open no browser; print the address only.")
def command(  # noqa: PLR0913 - each is one option
    *,
    profile: str | None,
    sso_session: str | None,
    start_url: str | None,
    sso_region: str | None,
    flow: FlowName,
    force: bool,
    no_browser: bool,
) -> int:
    """Log in, if that is needed, for every program that uses the profile or its sso-session.

    A login that is usable, or that can be renewed without you, is kept. New entitlements need a
    new one: --force.
    """
    prompts: list[LoginPrompt] = []

    def show(prompt: LoginPrompt) -> None:
        prompts.append(prompt)
        for text, stands_out in prompt.lines():
            output.say(text, "bold" if stands_out else "")

    status = sso_plugin.login(
        options.profile_of(profile, sso_session, start_url, sso_region),
        sso_session=sso_session,
        start_url=start_url,
        sso_region=sso_region,
        flow=flow,
        force=force,
        show=show,
        open_browser=None if no_browser else open_in_browser,
    )
    if status.not_stored:
        output.say("The login is lost: its token could not be stored for other programs.", "red")
        return FAILED
    until = f" until {clock_time(status.expires_at)}" if status.expires_at else ""
    done = f"Logged in{until}." if prompts else f"Already logged in{until}; --force logs in again."
    output.say(done, "green" if prompts else "")
    return 0
