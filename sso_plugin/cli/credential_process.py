"""``sso-plugin credential-process`` with options that the fast path in `cli` does not support."""

from __future__ import annotations

from sso_plugin.commands.credential_process import document_of

from . import options, output
from .credentials_options import CredentialsChoice, credentials_options

__all__ = ["command"]


@options.command(
    "credential-process --profile dev",
    "credential-process --account 111111111111 --role ReadOnlyAccess",
)
@credentials_options
def command(choice: CredentialsChoice) -> None:
    """Print credentials as JSON for any AWS SDK.

    Add this to a profile in the AWS config file, for programs that do not support SSO:

    \b
      credential_process = sso-plugin credential-process --profile dev
    """  # noqa: D301 - \b keeps click from joining the lines
    output.print_json(document_of(choice), indent=None)
