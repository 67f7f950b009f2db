"""Messages on a terminal: whole words, a hanging indent, and commands that can be copied.

Elsewhere, such as in a pipe, a message stays one line, so that `grep` finds it. A command, an
address or a path is never broken. A command that does not fit has a line of its own.
"""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING, TextIO

from .terminal import is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["COMMAND", "cells", "columns_of", "wrap"]

_LAST = (
    r"(?:(?<=: )|(?<=:\n    ))"
    r"(?:sso-plugin|aws|chmod|eval|export|pip|rm|sudo|unset) "
    r"(?:[^()\n]|\([^()\n]*\))*(?=\)|$)"
)
_IN_BACKTICKS = r"`[^`\n]+`"

COMMAND = re.compile(f"{_IN_BACKTICKS}|{_LAST}", re.MULTILINE)
"""A command in a message: in backticks, or after a colon up to the end or the end of a bracket."""

_PART = re.compile(rf"(?P<last>{_LAST}\S*)|(?:{_IN_BACKTICKS}|\S)+")
"""What is not broken: such a command with what is directly before or after it, or a word."""

_USUAL = 80


def columns_of(stream: TextIO | None, environ: Mapping[str, str] = os.environ) -> int | None:
    """Return the width of a terminal; None if the stream is not a terminal, and is not wrapped."""
    if stream is None or not is_terminal(stream):
        return None
    if environ.get("COLUMNS", "").isdecimal() and int(environ["COLUMNS"]) > 0:
        return int(environ["COLUMNS"])
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL
    except (AttributeError, OSError, ValueError):
        return _USUAL


def wrap(text: str, columns: int | None, indent: str = "  ", first: str = "") -> str:
    """Return the lines of a text, broken between words.

    :param columns: the width of the terminal; None to leave the text as it is.
    :param indent: the beginning of the lines after a break.
    :param first: what is before the text, on its first line.
    """
    if columns is None:
        return first + text
    lines = []
    for line in (first + text).split("\n"):
        if cells(line) <= columns or " " not in line.strip():
            lines.append(line)
        else:
            lines += _broken(line, columns, indent)
    return "\n".join(lines)


def cells(text: str) -> int:
    """Return how many columns a text takes: characters of East Asia take two."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in ("Me", "Mn", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def _broken(line: str, columns: int, indent: str) -> Iterator[str]:
    # A line that is itself indented keeps its indent.
    current = " " * (len(line) - len(line.lstrip(" ")))
    indent = max(indent, current)
    for number, found in enumerate(_PART.finditer(line)):
        if not number:
            current += found[0]
        elif cells(current) + 1 + cells(found[0]) <= columns:
            current += f" {found[0]}"
        else:
            yield current
            current = f"{indent}{'  ' if found['last'] else ''}{found[0]}"
    yield current
