"""``sso-plugin completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from . import options, output

__all__ = ["command"]


@options.command(
    "completion bash >> ~/.bashrc",
    "completion zsh >> ~/.zshrc",
    "completion fish > ~/.config/fish/completions/sso-plugin.fish",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a completion script for a shell."""
    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.", ctx)
    group = ctx.find_root().command
    output.print_text(kind(group, {}, "sso-plugin", "_SSO_PLUGIN_COMPLETE").source())
