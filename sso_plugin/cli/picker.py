"""A picker for roles: a list on the whole screen that a person filters by typing.

Where a terminal cannot show it, the roles are numbered lines and a question.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from . import output
from .picker_list import RoleList, rows_of
from .questions import Questions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["pick_roles"]

_MOST_LISTED = 100
"""How many rows a question lists. Further ones are counted."""


def pick_roles(
    roles: Sequence[Any], chosen: Collection[Any] = (), questions: Questions | None = None
) -> list[Any]:
    """Let a person choose roles. Return those that were chosen, in the given order.

    :param roles: objects with ``account_id``, ``account_name`` and ``role_name``.
    :param chosen: those that are chosen at the beginning.
    :param questions: asks the question where the terminal cannot show the list.
    :raises click.Abort: if the person stops. The terminal is as it was before.
    """
    rows = RoleList(roles, chosen)
    if _can_draw():
        # Not at the top: prompt_toolkit takes a tenth of a second to import.
        from .picker_screen import Screen

        return Screen(rows).run()
    return _pick_by_number(rows, questions or Questions({}))


def _pick_by_number(rows: RoleList, questions: Questions) -> list[Any]:
    for at in range(min(len(rows.roles), _MOST_LISTED)):
        mark = "*" if at in rows.chosen else " "
        output.say(f"{mark}{at + 1:4}  {rows.accounts[at]}  {rows.names[at]}")
    if (more := len(rows.roles) - _MOST_LISTED) > 0:
        output.say(f"      and {more} more")
    output.say("Use numbers, ranges, names and patterns: 1-3, 7, prod*, */ReadOnly*, or all.")
    default = "as marked" if rows.chosen else "all"
    while True:
        answer = questions.line(f"Roles [{default}]: ") or ("" if rows.chosen else "all")
        found = rows_of(answer, rows.roles) if answer else rows.chosen
        if not isinstance(found, str):
            return [rows.roles[at] for at in sorted(found)]
        if not questions.is_terminal:
            raise click.UsageError(f'Nothing was written: you have no role "{output.clean(found)}"')
        output.say(f'No row matches "{output.clean(found)}".', "problem")


def _can_draw() -> bool:
    """Return whether a list can be shown on the whole screen of this terminal."""
    if not (output.is_terminal(sys.stdin) and output.is_terminal(sys.stderr)):
        return False
    is_dumb = os.name != "nt" and os.environ.get("TERM", "") in ("", "dumb", "unknown")
    encoding = str(getattr(sys.stderr, "encoding", "")).lower().replace("-", "")
    is_installed = importlib.util.find_spec("prompt_toolkit") is not None
    return not is_dumb and encoding == "utf8" and is_installed
