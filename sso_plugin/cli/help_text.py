"""The help of a command: whole words at any width, and examples that can be copied."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from .output import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Command", "Context", "Formatter", "Group"]

_WIDEST, _NARROWEST = 100, 30
_NARROW = 70
"""Columns below which the texts of long names start on lines of their own."""

_LONG_NAME = 20
_HANGING = 4

_LONGEST = 1000
"""More characters than the first sentence of a help text has."""

_GLUE = str.maketrans({"-": "\N{NON-BREAKING HYPHEN}", " ": "\N{NO-BREAK SPACE}"})
_LOOSE = str.maketrans({"\N{NON-BREAKING HYPHEN}": "-", "\N{NO-BREAK SPACE}": " "})

_WHOLE = re.compile(r"\bsso-plugin [a-z-]+|\S*-\S*")
"""Where click would break a line: in a command, and at hyphens."""


class Formatter(click.HelpFormatter):
    """Formats the help for the width of the terminal, without breaking names at hyphens."""

    def __init__(self, *_: object, **__: object) -> None:
        columns = min(shutil.get_terminal_size().columns, _WIDEST)
        super().__init__(width=max(columns - 2, _NARROWEST))

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(_glued(text))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write a list of names with their texts."""
        glued = [(name, _glued(text)) for name, text in rows]
        widest = max((len(name) for name, _ in glued), default=0)
        hangs = self.width < _NARROW and widest > _LONG_NAME
        super().write_dl(glued, _HANGING if hangs else col_max, col_spacing)

    def getvalue(self) -> str:
        """Return the help."""
        return super().getvalue().translate(_LOOSE)


def _glued(text: str) -> str:
    return _WHOLE.sub(lambda found: found[0].translate(_GLUE), text)


class Context(click.Context):
    """A context whose help is formatted by `Formatter`."""

    formatter_class = Formatter


class Command(click.Command):
    """A command with our help."""

    context_class = Context


class Group(click.Group):
    """A group of commands with our help. It suggests a command for a name that is not one."""

    context_class = Context

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments begin with.

        :raises click.UsageError: if there is no such command.
        """
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            # Not at the top: it imports botocore.
            from sso_plugin.errors import did_you_mean

            hint = did_you_mean(name, self.list_commands(ctx))
            raise click.UsageError(f"No such command '{clean(name)}'. {hint}".strip(), ctx)
        return super().resolve_command(ctx, args)

    def descriptions(self) -> dict[str, str]:
        """Return the first sentence of the help of each command, not cut."""
        return {
            name: command.get_short_help_str(_LONGEST) for name, command in self.commands.items()
        }

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete the names of the commands. click would import all of them."""
        found = [
            CompletionItem(name, help=text)
            for name, text in self.descriptions().items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.descriptions().items()))
