"""``sso-plugin logout``."""

from __future__ import annotations

import click

import sso_plugin

from . import options, output

__all__ = ["command"]


@options.command(
    "logout --profile dev", "logout --start-url https://example.awsapps.com/start", "logout --all"
)
@options.login_options
@click.option(
    "--all",
    "all_sessions",
    is_flag=True,
    help="End every login: those in the config file, and those made here before.",
)
def command(
    *,
    profile: str | None,
    sso_session: str | None,
    start_url: str | None,
    sso_region: str | None,
    all_sessions: bool,
) -> None:
    """End a login: revoke it at the portal, then delete its token and its role credentials.

    Local files are deleted even if the portal is unreachable.
    """
    if all_sessions and (profile or sso_session or start_url or sso_region):
        raise click.UsageError("--all cannot be combined with an option that names a login.")
    if not all_sessions:
        profile = options.profile_of(profile, sso_session, start_url, sso_region)
    ended = sso_plugin.logout(
        profile,
        sso_session=sso_session,
        start_url=start_url,
        sso_region=sso_region,
        all_sessions=all_sessions,
        progress=_show,
    )
    if not ended:
        output.say("There is no login in the config file, and none was made here before.")


def _show(name: str, revoked: bool) -> None:  # noqa: FBT001 - as `logout` calls it
    end = "the portal has ended it" if revoked else "no token was revoked"
    output.say(f"Logged out of {name}: {end}.")
