"""``sso-plugin credential-process``, where its lean way does not understand the words."""

from __future__ import annotations

from sso_plugin.commands.credential_process import process_document

from . import options, output

__all__ = ["command"]


@options.command("credential-process --profile dev")
@options.profile_option
def command(profile: str | None) -> None:
    """Print credentials for another program: a JSON document that every AWS SDK understands.

    Write into the config file, in a profile that programs without SSO support use:

    \b
      credential_process = sso-plugin credential-process --profile dev
    """  # noqa: D301 - click's mark for lines that are to stay as they are
    output.print_json(process_document(profile), indent=None)
