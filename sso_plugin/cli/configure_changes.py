"""What ``sso-plugin configure`` shows before it writes: a summary, the diff, and the question."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sso_plugin.commands.configure.notes import first_names

from . import output

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sso_plugin.commands.configure.plan import Plan

__all__ = ["show_diff", "show_notes", "show_summary", "stale_lines"]

_COLORS = {"+": "green", "-": "red", "@": "cyan"}

_MOST_NAMES = 3
"""How many names a line of the summary has. The diff has all of them."""

_MOST_NOTES = 10
"""How many notes of a kind are shown, and how many stale profiles, which are not in the diff."""


def show_summary(plan: Plan) -> None:
    """Print what changes: for each kind of change a line with a count and the first names."""
    show_notes(plan)
    lines = "\n".join(f"  {line}" for line in _lines(plan))
    output.say(f"Profiles in {plan.file}:\n{lines}", indent="    ")


def show_notes(plan: Plan) -> None:
    """Print what stays as it is although the user asked for something else."""
    skipped = [f'The profile "{name}" stays as it is: {why}.' for name, why in plan.skipped.items()]
    for line in skipped[:_MOST_NOTES]:
        output.say(line, "warning")
    if len(skipped) > _MOST_NOTES:
        output.say(f"Profiles that stay as they are: {len(skipped) - _MOST_NOTES} more.", "warning")
    for note in plan.notes:
        output.say(note, "warning")


def show_diff(plan: Plan) -> None:
    """Print the change as a diff, on standard output."""
    console = output.console(sys.stdout)
    for line in plan.diff():
        console.print(output.clean(line, keep="\n\t"), style=_COLORS.get(line[:1]))


def _lines(plan: Plan) -> Iterator[str]:
    for name in plan.change.sso_sessions:
        yield f"the sso-session {name} is new"
    old, new = {name for name, _ in plan.renamed}, {name for _, name in plan.renamed}
    yield from _line("new", [name for name in plan.added if name not in new])
    keys = dict.fromkeys(key for values in plan.change.updated.values() for key in values)
    yield from _line(f"changed ({', '.join(keys)})", plan.changed)
    yield from _line("renamed", [f"{before} is now {after}" for before, after in plan.renamed])
    yield from _line("removed", [name for name in plan.removed if name not in old])
    if plan.unchanged:
        yield f"{plan.unchanged} unchanged"
    yield from stale_lines(plan)


def stale_lines(plan: Plan) -> Iterator[str]:
    """Yield a line for the profiles that are not needed but stay, if there are any."""
    for line in _line("stale", plan.stale, _MOST_NOTES):
        yield f"{line}. To remove them, add --prune"


def _line(kind: str, names: Sequence[str], most: int = _MOST_NAMES) -> Iterator[str]:
    if names:
        yield f"{len(names)} {kind}: {first_names(names, most)}"
