"""``sso-plugin logout``."""

from __future__ import annotations

import click

import sso_plugin

from . import options, output

__all__ = ["command"]


@options.command(
    "logout dev", "logout --start-url https://example.awsapps.com/start", "logout --all"
)
@options.name_argument
@options.login_options
@click.option(
    "--all",
    "all_sessions",
    is_flag=True,
    help="Log out of every login: those in the config file, and those used before on this machine.",
)
def command(
    *,
    name: str | None,
    profile: str | None,
    sso_session: str | None,
    start_url: str | None,
    sso_region: str | None,
    all_sessions: bool,
) -> None:
    """Log out: revoke the token at the portal, then delete the token and the role credentials.

    Local files are deleted even if the portal is unreachable. NAME is a profile in the AWS config
    file, or an sso-session if no profile has this name.
    """
    if all_sessions and (name or profile or sso_session or start_url or sso_region):
        raise click.UsageError(
            "--all cannot be combined with NAME or an option that names a login."
        )
    if not all_sessions:
        named = options.login_named(name, profile, sso_session, start_url, sso_region)
        profile, sso_session = named
    ended = sso_plugin.logout(
        profile,
        sso_session=sso_session,
        start_url=start_url,
        sso_region=sso_region,
        all_sessions=all_sessions,
        progress=_show,
    )
    if not ended:
        output.say(
            "Nothing to do: there is no login in the config file, or used before on this machine."
        )


def _show(name: str, revoked: bool) -> None:  # noqa: FBT001 - the signature of `progress`
    result = "the token was revoked" if revoked else "no token was revoked"
    output.say(f"Logged out of {name}: {result}.")
