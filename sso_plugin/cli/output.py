"""What the commands print: data on standard output, messages on standard error.

A message on a terminal is wrapped, and coloured by its meaning; see `STYLES`. The meaning is also
in its words. Each stream is judged by itself: it may be a terminal while the other one is not.
"""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, TextIO

from sso_plugin.printable import clean
from sso_plugin.web import terminal
from sso_plugin.web.wrapping import COMMAND, cells, columns_of, wrap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

__all__ = [
    "STYLES",
    "clean",
    "console",
    "is_terminal",
    "print_fields",
    "print_json",
    "print_line",
    "print_prose",
    "print_row",
    "print_text",
    "say",
]

STYLES = {
    "ok": "green",
    "warning": "magenta",
    "problem": "red",
    "secondary": "dim",
    "command": "bold",
    "name": "bold",
}
"""The styles of rich for each meaning. All are readable on light and on dark backgrounds."""


def console(stream: TextIO | None) -> Console:
    """Return a console for a stream, in color if the stream allows it.

    It wraps no lines: the caller does it, or the terminal, so that addresses can be copied.

    :param stream: None if it was closed before the start. Then nothing is shown: rich would use
        the other stream.
    """
    from rich.console import Console
    from rich.theme import Theme

    return Console(
        file=io.StringIO() if stream is None else stream,
        theme=Theme(STYLES),
        highlight=False,
        markup=False,
        emoji=False,
        soft_wrap=True,
    )


def say(text: str, style: str = "", *, prefix: str = "", indent: str = "  ") -> None:
    """Print a message for the user, with its commands in a style of their own.

    :param style: a key of `STYLES`.
    :param prefix: what is before the message on its first line.
    :param indent: what is before the lines after a break, on a terminal.
    """
    from rich.text import Text

    text = wrap(clean(text, keep="\n"), columns_of(sys.stderr), indent, first=prefix)
    shown = Text(text, style=style)
    for found in COMMAND.finditer(shown.plain):
        shown.stylize("command", *found.span())
    console(sys.stderr).print(shown)


def print_line(*parts: tuple[str, str]) -> None:
    """Print a line of data for the user: clean texts, each with its style."""
    from rich.text import Text

    line = Text()
    for style, text in parts:
        line.append(text, style=style or None)
    console(sys.stdout).print(line)


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print data for programs; without ``indent``, on one line."""
    print_text(json.dumps(value, indent=indent))


def print_row(*values: object) -> None:
    """Print one record for `cut` and `awk`: values separated by tabs."""
    print_text("\t".join(clean(str(value)) for value in values))


def print_fields(fields: Mapping[str, str], styles: Mapping[str, str] | None = None) -> None:
    """Print one object for the user, one property per line.

    :param styles: the styles of some values, by the names of the properties.
    """
    width = max(map(cells, fields)) + 2
    columns = columns_of(sys.stdout)
    for name, text in fields.items():
        value = wrap(clean(text), columns, " " * width, first=" " * width)[width:]
        print_line(("secondary", f"{name:{width}}"), ((styles or {}).get(name, ""), value))


def print_prose(text: str) -> None:
    """Print paragraphs for the user. Lines that are indented are to be copied, and not wrapped."""
    columns = columns_of(sys.stdout)
    lines = clean(text, keep="\n").split("\n")
    print_text("\n".join(each if each[:1] == " " else wrap(each, columns, "") for each in lines))


def print_text(text: str) -> None:
    """Print data, and flush it for a program that reads from a pipe."""
    print(text, flush=True)


def is_terminal(*streams: TextIO | None) -> bool:
    """Return whether all of some streams are terminals; without a stream, standard output."""
    return all(map(terminal.is_terminal, streams or (sys.stdout,)))
