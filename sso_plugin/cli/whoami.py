"""``sso-plugin whoami``."""

from __future__ import annotations

from dataclasses import asdict

from sso_plugin.commands.whoami import whoami

from . import options, output

__all__ = ["command"]


@options.command("whoami --profile dev", "whoami --json | jq -r .account_id")
@options.profile_option
@options.json_option
def command(*, profile: str | None, as_json: bool) -> None:
    """Show whose credentials a profile has, by calling sts:GetCallerIdentity.

    Without --profile, show the credentials that a script without a profile uses.
    """
    identity = whoami(profile)
    if as_json:
        output.print_json(asdict(identity))
    else:
        output.print_fields(
            {"account": identity.account_id, "arn": identity.arn, "user id": identity.user_id}
        )
