"""What a person has to know beside the diff: what stays as it is, and how to change that."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from .profile_names import DEFAULT_TEMPLATE, DISTINCT_TEMPLATE
from .profile_text import REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .role_profiles import Assignment

__all__ = ["notes"]

_MOST = 10
"""What there is more of is counted, not listed."""


def notes(assignment: Assignment, region: str | None) -> Iterator[str]:
    """Yield a sentence for each profile or role that stays without what was asked for."""
    if not assignment.listing.roles:
        yield f'The sso-session "{assignment.naming.sso_session}" gives you no roles.'
    yield from _kept_regions(assignment, region)
    yield from _without_profile(assignment, region)
    yield from _unused(assignment)


def _kept_regions(assignment: Assignment, region: str | None) -> Iterator[str]:
    for name in assignment.wanted:
        profile = assignment.present.managed.get(name)
        if region and profile and not profile.may_set(REGION):
            kept = profile.values[REGION]
            if kept != region:
                yield f'The profile "{name}" keeps its region {kept}, which was set by hand.'


def _without_profile(assignment: Assignment, region: str | None) -> Iterator[str]:
    yield from assignment.reasons[:_MOST]
    more = len(assignment.reasons) - _MOST
    if more > 0:
        yield f"The same is true of {more} more roles."
    if assignment.without or assignment.reasons:
        yield f"To give these profiles other names, run: {_command(assignment, region)}"


def _command(assignment: Assignment, region: str | None) -> str:
    """Return the command that gives profiles to the roles without one."""
    session, managed = assignment.naming.sso_session, assignment.present.managed
    owners = {managed[name].values["sso_session"] for name in assignment.left if name in managed}
    template = DISTINCT_TEMPLATE if owners <= {session} else f"{{sso_session}}-{DISTINCT_TEMPLATE}"
    words = ["sso-plugin", "configure", "--sso-session", session, "--template", template]
    for option, values in (
        ("--account", {role.account_id for role in assignment.without}),
        ("--role", {role.role_name for role in assignment.without}),
        ("--region", {region} if region else set()),
    ):
        if len(values) <= _MOST:
            words += [word for value in sorted(values) for word in (option, value)]
    return shlex.join(words)


def _unused(assignment: Assignment) -> Iterator[str]:
    managed = assignment.present.managed
    changed = [name for name in assignment.unused if managed[name].has_additions]
    unused = [name for name in assignment.unused if name not in changed]
    if assignment.naming.prune:
        for name in changed:
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
        more = len(unused) - _MOST
        names = ", ".join([*unused[:_MOST], *([f"and {more} more"] if more > 0 else [])])
        yield (
            f"Profiles of roles that are gone, or that have another profile now: {names}. "
            "To remove them, add --prune."
        )
