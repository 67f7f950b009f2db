"""Tables on standard output, at any width: rows of cells, and the findings of ``doctor``."""

from __future__ import annotations

import sys
from itertools import accumulate
from typing import TYPE_CHECKING

from sso_plugin.printable import clean
from sso_plugin.web.wrapping import cells, columns_of, wrap

from .output import console, print_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.text import Text

    from sso_plugin.commands.doctor import Finding

__all__ = ["LOGIN_STYLES", "FindingsTable", "print_table"]

LOGIN_STYLES = {"usable": "ok", "renewable": "warning", "login needed": "problem"}
"""The styles of the states of a login."""

_GAP = 2
"""Spaces between two columns, and before what does not fit in its line."""

_NARROW = 80
"""Columns of a terminal on which a finding starts below its heading."""

_STATUS_WIDTH, _CHECK_WIDTH = 9, 10


def print_table(rows: Sequence[Mapping[str, str]], styles: Mapping[str, str]) -> None:
    """Print a table for the user; the keys of the rows are the titles of the columns.

    No word is broken, so addresses can be copied. A cell that does not fit is on lines of its own.

    :param styles: the styles of some cells, by their texts.
    """
    if not rows:
        return
    from rich.text import Text

    columns = columns_of(sys.stdout)
    titles = [name.replace("_", " ") for name in rows[0]]
    texts = [[clean(text) for text in row.values()] for row in rows]
    begins = _begins([titles, *texts], columns)
    lines = [_placed(titles, begins, columns, dict.fromkeys(titles, "name"))]
    lines += [_placed(row, begins, columns, styles) for row in texts]
    console(sys.stdout).print(Text("\n").join(lines))


def _begins(rows: Iterable[Sequence[str]], columns: int | None) -> list[int]:
    """Return where each column begins. If not all cells fit, those that are wide do not count."""
    widths = [[*map(cells, column)] for column in zip(*rows, strict=True)]
    widest = columns
    if columns and sum(max(each) + _GAP for each in widths) - _GAP > columns:
        widest = columns // 3
    counted = [[each for each in column if not widest or each <= widest] for column in widths]
    return list(accumulate((max(each, default=0) + _GAP for each in counted[:-1]), initial=0))


def _placed(
    row: Sequence[str], begins: Sequence[int], columns: int | None, styles: Mapping[str, str]
) -> Text:
    """Return a row. A cell that does not fit, and one after a cell that is too wide, go below."""
    from rich.text import Text

    line, end = Text(), 0
    for text, column in zip(row, begins, strict=True):
        if not text:
            continue
        is_too_wide = columns is not None and column + cells(text) > columns
        begin = min(column, _GAP) if is_too_wide else column
        if end and begin < end + _GAP:
            line.append("\n")
            end = 0
        shown = wrap(text, columns, " " * begin, first=" " * begin)[begin:]
        line.append(" " * (begin - end))
        line.append(shown, style=styles.get(text))
        end = begin + cells(text)
    return line


class FindingsTable:
    """The findings of ``doctor``, printed one by one: status, subject, message, and fix."""

    def __init__(self) -> None:
        self._columns = columns_of(sys.stdout)
        self._fixes: set[str] = set()
        narrow = self._columns is not None and self._columns < _NARROW
        self._indent = " " * (2 if narrow else _STATUS_WIDTH + _CHECK_WIDTH)

    def print(self, finding: Finding) -> None:
        """Print one finding, and its fix below it."""
        style = finding.status
        check = f"{finding.check:{_CHECK_WIDTH}}"
        message = wrap(clean(finding.message), self._columns, self._indent, first=self._indent)
        status = (style, f"{finding.status:{_STATUS_WIDTH}}")
        if len(self._indent) < _STATUS_WIDTH:
            print_line(status, ("name", check.rstrip()))
            print_line(("", message))
        else:
            print_line(status, ("name", check), ("", message[len(self._indent) :]))
        if finding.fix:
            self._print_fix(clean(finding.fix))

    def _print_fix(self, fix: str) -> None:
        """Print how to fix a finding; a command is alone on its line, to be copied."""
        first = f"{self._indent}Fix: "
        if fix in self._fixes:
            print_line(("", f"{first}the same as above."))
        elif fix[:1].isupper():
            print_line(("", wrap(fix, self._columns, f"{self._indent}  ", first=first)))
        else:
            print_line(("", first.rstrip()))
            print_line(("command", f"{self._indent}  {fix}"))
        self._fixes.add(fix)
