"""What the commands print: data on standard output, messages on standard error."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from sso_plugin.printable import clean

if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import Console

__all__ = [
    "clean",
    "console",
    "is_terminal",
    "print_fields",
    "print_json",
    "print_row",
    "print_table",
    "print_text",
    "say",
]


def console() -> Console:
    """Return a console for messages: on standard error, in color if the terminal allows it.

    The terminal wraps long lines, so that URLs and commands can be copied.
    """
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(text: str, style: str = "") -> None:
    """Print a message for the user; ``style`` is a style of rich, such as ``bold red``."""
    console().print(clean(text, keep="\n"), style=style or None)


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print data for programs; without ``indent``, on one line."""
    print_text(json.dumps(value, indent=indent))


def print_row(*values: object) -> None:
    """Print one record for `cut` and `awk`: values separated by tabs."""
    print_text("\t".join(clean(str(value)) for value in values))


def print_fields(fields: dict[str, str]) -> None:
    """Print one object for the user, one property per line."""
    width = max(map(len, fields))
    print_text("\n".join(f"{name:{width}}  {clean(text)}" for name, text in fields.items()))


def print_table(rows: list[dict[str, str]]) -> None:
    """Print a table for the user; the keys of the rows are the column headers."""
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
    """Print data, and flush it for a program that reads from a pipe."""
    print(text, flush=True)


def is_terminal(stream: TextIO | None = None) -> bool:
    """Return whether a stream is a terminal; without a stream, standard output."""
    stream = stream or sys.stdout
    return bool(stream and stream.isatty())
