"""``sso-plugin exec``."""

from __future__ import annotations

import click

from sso_plugin.commands.exec_.child_process import exit_code_of
from sso_plugin.commands.exec_.execution import run_with_credentials

from . import options, output

__all__ = ["command"]


@options.command(
    "exec --profile dev -- terraform apply",
    "exec --profile dev -- python nightly.py --all",
    exit_codes="the one of the command, 128+n if signal n ended it, 127 if it does not exist, 126 "
    "if it cannot be run; before it starts: 1 failed, 2 usage error",
    context_settings={"allow_interspersed_args": False},
)
@options.profile_option
@click.argument("arguments", metavar="CMD...", nargs=-1, required=True, type=click.UNPROCESSED)
def command(profile: str | None, arguments: tuple[str, ...]) -> int:
    """Run a command with the credentials of a profile, which are renewed while it runs.

    The command gets its credentials from an endpoint on this machine, as AWS SDKs do in a
    container. Its default profile has the settings of the given profile. Signals are forwarded.
    """
    try:
        return run_with_credentials(arguments, profile)
    except OSError as exc:
        from botocore.exceptions import BotoCoreError

        if isinstance(exc, BotoCoreError):
            # Errors of TLS, proxies and timeouts are also an OSError.
            raise
        output.say(f"sso-plugin: {arguments[0]} cannot be run: {exc.strerror}", "red")
        return exit_code_of(exc)
