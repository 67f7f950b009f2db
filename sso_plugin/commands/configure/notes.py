"""What the user has to know besides the diff: what stays as it is, and how to change that."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from .profile_names import DEFAULT_TEMPLATE, UNIQUE_TEMPLATE
from .profile_text import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .role_profiles import Assignment

__all__ = ["notes"]

_MOST_LISTED = 10
"""How many items are listed. Further ones are counted."""


def notes(assignment: Assignment, region: str | None) -> Iterator[str]:
    """Yield a sentence for each profile or role that does not get what the user asked for."""
    if not assignment.choice.roles:
        yield f'You have no roles with the sso-session "{assignment.naming.sso_session}".'
    yield from _kept_regions(assignment, region)
    yield from _name_conflicts(assignment, region)
    yield from _unused(assignment)


def _kept_regions(assignment: Assignment, region: str | None) -> Iterator[str]:
    for name in assignment.wanted:
        profile = assignment.existing.managed.get(name)
        if region and profile and not profile.may_set(REGION):
            kept = profile.values[REGION]
            if kept != region:
                yield f'The profile "{name}" keeps its region {kept}, which was set by hand.'


def _name_conflicts(assignment: Assignment, region: str | None) -> Iterator[str]:
    yield from assignment.conflicts[:_MOST_LISTED]
    more = len(assignment.conflicts) - _MOST_LISTED
    if more > 0:
        yield f"Roles with the same problem: {more} more."
    if assignment.without_profile or assignment.conflicts:
        yield f"To give these profiles other names, run: {_command(assignment, region)}"


def _command(assignment: Assignment, region: str | None) -> str:
    """Return the command that writes profiles for the roles without one."""
    session, managed = assignment.naming.sso_session, assignment.existing.managed
    owners = {managed[name].values["sso_session"] for name in assignment.skipped if name in managed}
    template = UNIQUE_TEMPLATE if owners <= {session} else f"{{sso_session}}-{UNIQUE_TEMPLATE}"
    words = ["sso-plugin", "configure", "--sso-session", session, "--template", template]
    for option, values in (
        ("--account", {role.account_id for role in assignment.without_profile}),
        ("--role", {role.role_name for role in assignment.without_profile}),
        ("--region", {region} if region else set()),
    ):
        if len(values) <= _MOST_LISTED:
            words += [word for value in sorted(values) for word in (option, value)]
    return shlex.join(words)


def _unused(assignment: Assignment) -> Iterator[str]:
    managed = assignment.existing.both
    edited = [name for name in assignment.unused if managed[name].has_additions]
    unused = [name for name in assignment.unused if name not in edited]
    if assignment.naming.prune:
        for name in edited:
            yield (
                f'The profile "{name}" is not removed, because it was changed by hand. Delete it '
                "from the file if you do not need it."
            )
        if assignment.other_names:
            yield (
                "Without --template, profiles keep their names, such as "
                f'"{assignment.other_names[0]}". To rename them, add: '
                f"--template '{DEFAULT_TEMPLATE}'"
            )
    elif unused:
        more = len(unused) - _MOST_LISTED
        names = ", ".join([*unused[:_MOST_LISTED], *([f"and {more} more"] if more > 0 else [])])
        yield (
            f"Profiles whose role was removed or has another profile now: {names}. "
            "To remove them, add --prune."
        )
