"""What the commands share: their options, data on stdout, talk on stderr.

A command reads words, calls one function of the package and hands what comes back to `print_json`,
`print_row` or `print_text`. What is for the person goes through `say`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from sso_plugin.commands.aws_variables import hidden_profile
from sso_plugin.printable import clean

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from rich.console import Console

    from .failures import Failures

__all__ = [
    "HELP_NAMES",
    "clean",
    "command",
    "console",
    "debug_option",
    "is_terminal",
    "json_option",
    "login_options",
    "print_fields",
    "print_json",
    "print_row",
    "print_table",
    "print_text",
    "profile_of",
    "profile_option",
    "say",
]

HELP_NAMES = ["-h", "--help"]

_EXIT_CODES = "0 done, 1 failed, 2 not understood, 130 stopped by Ctrl-C"


def _set_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    failures: Failures | None = ctx.find_root().obj
    if value and failures is not None:
        failures.show_all()


debug_option = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_set_debug,
    help="Say what is done and, if it fails, where. Shows no secret.",
)


def _names_of(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return what completes the names of a kind of section in the config file."""

    def complete(_ctx: click.Context, _param: click.Parameter, begun: str) -> list[str]:
        from botocore.exceptions import BotoCoreError

        from sso_plugin.models import open_session

        try:
            names = open_session().full_config[kind]
        except BotoCoreError:
            # Nobody wants to read of a broken file while typing.
            return []
        return [name for name in names if name.startswith(begun)]

    return complete


profile_option = click.option(
    "--profile",
    "-p",
    metavar="NAME",
    shell_complete=_names_of("profiles"),
    help="A profile of the AWS config file. Default: AWS_PROFILE, or else default.",
)

_session_option = click.option(
    "--sso-session",
    metavar="NAME",
    shell_complete=_names_of("sso_sessions"),
    help="An sso-session of that file, instead of a profile.",
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


_start_url_option = click.option("--start-url", metavar="URL", help="A start URL, instead of both.")

_sso_region_option = click.option(
    "--sso-region",
    metavar="REGION",
    help="The region of that start URL. Default: the one in its token file.",
)


def login_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the ways to name a login: the parameters of `ConfiguredLogin.find`."""
    return profile_option(_session_option(_start_url_option(_sso_region_option(function))))


def profile_of(
    profile: str | None, sso_session: str | None, start_url: str | None, sso_region: str | None
) -> str | None:
    """Return the profile that is named; if nothing is, the one that `env` has unset, or None."""
    named = profile or sso_session or start_url or sso_region
    return profile if named else hidden_profile(os.environ)


def command(
    *examples: str, exit_codes: str = _EXIT_CODES, **settings: Any
) -> Callable[[Callable[..., Any]], click.Command]:
    """Make a command of a function whose docstring is the help; its return value is the exit code.

    :param examples: the words of a call without ``sso-plugin``, shown at the end of the help.
    :param settings: further ones of `click.command`.
    """
    lines = "".join(f"\n  sso-plugin {example}" for example in examples)
    epilog = f"\b\nFor example:{lines}\n\nExit codes: {exit_codes}."

    def decorate(function: Callable[..., Any]) -> click.Command:
        make = click.command(None, click.Command, epilog=epilog, **settings)
        return make(debug_option(function))

    return decorate


def console() -> Console:
    """Return where talk goes: standard error, in colour only where colour is welcome.

    Lines are left to the terminal to wrap: an address or a command stays one that can be copied.
    """
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(text: str, style: str = "") -> None:
    """Tell the person something; ``style`` is one of rich, such as ``bold red``."""
    console().print(clean(text, keep="\n"), style=style or None)


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print data for programs: one object, or with no indent one line of many."""
    print_text(json.dumps(value, indent=indent))


def print_row(*values: object) -> None:
    """Print one record for `cut` and `awk`: values with tabs between them."""
    print_text("\t".join(clean(str(value)) for value in values))


def print_fields(fields: dict[str, str]) -> None:
    """Print one thing for a person: its properties, one on a line."""
    width = max(map(len, fields))
    print_text("\n".join(f"{name:{width}}  {clean(text)}" for name, text in fields.items()))


def print_table(rows: list[dict[str, str]]) -> None:
    """Print many things for a person; the keys of each are the heads of the columns."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in rows[0] if rows else ():
        table.add_column(name.replace("_", " "), overflow="fold", no_wrap=name.endswith("_id"))
    for row in rows:
        table.add_row(*(Text(clean(value)) for value in row.values()))
    if rows:
        Console(highlight=False, markup=False, emoji=False).print(table)


def print_text(text: str) -> None:
    """Print data, at once: somebody may be reading along."""
    print(text, flush=True)


def is_terminal(stream: TextIO | None = None) -> bool:
    """Tell whether a person reads the stream, standard output if none is given."""
    stream = stream or sys.stdout
    return bool(stream and stream.isatty())
