"""``sso-plugin completion``."""

from __future__ import annotations

import click

from . import options, output
from .completion_scripts import BashCompletion, FishCompletion, ZshCompletion

__all__ = ["command"]

_SHELLS = {"bash": BashCompletion, "zsh": ZshCompletion, "fish": FishCompletion}


@options.command(
    "completion bash >> ~/.bashrc",
    "completion zsh >> ~/.zshrc",
    "completion fish > ~/.config/fish/completions/sso-plugin.fish",
)
@click.argument("shell", type=click.Choice(list(_SHELLS)))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a completion script for a shell.

    It completes commands, options, names of profiles, accounts, roles and regions, and the command
    of exec. It reads files of this machine only.
    """
    script = _SHELLS[shell](ctx.find_root().command, {}, "sso-plugin", "")
    output.print_text(script.source().rstrip())
