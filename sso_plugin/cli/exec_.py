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
    exit_codes="that of the command, 128+n if signal n ended it, 127 if there is none of its "
    "name, 126 if it cannot be run; before it starts: 1 failed, 2 not understood",
    context_settings={"allow_interspersed_args": False},
)
@options.profile_option
@click.argument("words", metavar="CMD...", nargs=-1, required=True, type=click.UNPROCESSED)
def command(profile: str | None, words: tuple[str, ...]) -> int:
    """Run a command with the credentials of a profile, which renew for as long as it runs.

    The command gets no keys, but the address of an endpoint on this machine that hands them out
    to it alone: every AWS SDK knows how to ask there. It sees the settings of the profile as
    those of its default profile. Signals are passed on.
    """
    try:
        return run_with_credentials(words, profile)
    except OSError as exc:
        from botocore.exceptions import BotoCoreError

        if isinstance(exc, BotoCoreError):
            # Those of TLS, proxies and time-outs are also an OSError.
            raise
        output.say(f"sso-plugin: {words[0]} cannot be run: {exc.strerror}", "red")
        return exit_code_of(exc)
