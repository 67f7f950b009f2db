"""``sso-plugin whoami``."""

from __future__ import annotations

from dataclasses import asdict

from . import options, output
from .credentials_options import CredentialsChoice, credentials_options

__all__ = ["command"]


@options.command(
    "whoami --profile dev",
    "whoami --account staging --role ReadOnlyAccess",
    "whoami --json | jq -r .account_id",
)
@credentials_options
@options.json_option
def command(*, choice: CredentialsChoice, as_json: bool) -> None:
    """Show whose credentials a profile or a role has, by calling sts:GetCallerIdentity.

    Without --profile and --account, show the credentials that a script without a profile uses.
    """
    # Not at the top: it imports botocore, and completion has to be fast.
    from sso_plugin.commands.whoami import whoami

    identity = whoami(choice)
    if as_json:
        output.print_json(asdict(identity))
    else:
        output.print_fields(
            {"account": identity.account_id, "arn": identity.arn, "user id": identity.user_id}
        )
