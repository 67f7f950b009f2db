"""What the user has to know besides the changes: what stays as it is, and how to change that."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from .profile_names import DEFAULT_TEMPLATE, UNIQUE_TEMPLATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sso_plugin.portal.listings import AccountRole

    from .configure_options import ConfigureOptions
    from .role_profiles import Assignment

__all__ = ["first_names", "notes"]

_MOST_LISTED = 10
"""How many items are listed. Further ones are counted."""


def first_names(names: Sequence[str], most: int = _MOST_LISTED) -> str:
    """List the first names, and the number of the others. A single further one is listed, too."""
    most += len(names) == most + 1
    more = len(names) - most
    return ", ".join([*names[:most], *([f"and {more} more"] if more > 0 else [])])


def notes(
    assignment: Assignment,
    options: ConfigureOptions,
    wanted: Mapping[str, Mapping[str, str]],
    known: Mapping[str, Any],
) -> Iterator[str]:
    """Yield a sentence for each profile or role that does not get what the user asked for.

    :param wanted: the values that the profiles of roles have to get.
    :param known: what botocore reads in the config file.
    """
    if not assignment.choice.roles and not options.is_filtered:
        yield f'You have no roles with the sso-session "{assignment.naming.sso_session}".'
    elif not assignment.choice.chosen:
        yield "No role is chosen, so no profile is written."
    yield from _new_roles(assignment, len(known["sso_sessions"]))
    yield from _kept_values(assignment, wanted, known["profiles"])
    yield from _name_conflicts(assignment, options)
    if assignment.naming.prune:
        yield from _not_pruned(assignment)


def _new_roles(assignment: Assignment, sessions: int) -> Iterator[str]:
    new = assignment.choice.new
    if not new:
        return
    names = first_names([_short(role) for role in new], 3)
    are = "role is" if len(new) == 1 else "roles are"
    session = ["--sso-session", assignment.naming.sso_session] if sessions > 1 else []
    command = shlex.join(["sso-plugin", "configure", *session, "--pick"])
    yield f"{len(new)} {are} new and not chosen: {names}. To choose, run: {command}"


def _short(role: AccountRole) -> str:
    return f"{role.role_name} in {role.account_name or role.account_id}"


def _kept_values(
    assignment: Assignment,
    wanted: Mapping[str, Mapping[str, str]],
    known: Mapping[str, Mapping[str, object]],
) -> Iterator[str]:
    kept: dict[str, list[str]] = {}
    for name, values in wanted.items():
        profile = assignment.existing.managed.get(name)
        for key, value in values.items():
            if profile and not profile.may_set(key) and known[name].get(key) != value:
                kept.setdefault(key, []).append(name)
    for key, [name, *others] in kept.items():
        by_hand = known[name].get(key)
        old = f" {by_hand}" if isinstance(by_hand, str) and by_hand else ""
        if others:
            yield (
                f"{len(others) + 1} profiles keep their {key}, which was set by hand: "
                f"{first_names([name, *others])}."
            )
        else:
            yield f'The profile "{name}" keeps its {key}{old}, which was set by hand.'


def _name_conflicts(assignment: Assignment, options: ConfigureOptions) -> Iterator[str]:
    yield from assignment.conflicts[:_MOST_LISTED]
    more = len(assignment.conflicts) - _MOST_LISTED
    if more > 0:
        yield f"Roles with the same problem: {more} more."
    if assignment.without_profile or assignment.conflicts:
        yield f"To give these profiles other names, run: {_command(assignment, options)}"


def _command(assignment: Assignment, options: ConfigureOptions) -> str:
    """Return the command that writes profiles for the roles without one, in one run only."""
    session, managed = assignment.naming.sso_session, assignment.existing.managed
    owners = {managed[name].values["sso_session"] for name in assignment.skipped if name in managed}
    template = UNIQUE_TEMPLATE if owners <= {session} else f"{{sso_session}}-{UNIQUE_TEMPLATE}"
    words = ["sso-plugin", "configure", "--sso-session", session, "--template", template]
    for option, values in (
        ("--account", sorted({role.account_id for role in assignment.without_profile})),
        ("--role", sorted({role.role_name for role in assignment.without_profile})),
        ("--region", options.regions or ()),
        ("--set", options.settings or ()),
    ):
        if len(values) <= _MOST_LISTED:
            words += [word for value in values for word in (option, value)]
    words += ["--lowercase"] if options.lowercase else []
    return shlex.join([*words, "--no-save"])


def _not_pruned(assignment: Assignment) -> Iterator[str]:
    managed = assignment.existing.both
    edited = [name for name in assignment.unused if managed[name].has_additions]
    for name in edited[:_MOST_LISTED]:
        yield (
            f'The profile "{name}" is not removed, because it was changed by hand. Delete it '
            "from the file if you do not need it."
        )
    if len(edited) > _MOST_LISTED:
        yield f"Profiles that were changed by hand: {len(edited) - _MOST_LISTED} more."
    if assignment.other_names:
        yield (
            "Without --template, profiles keep their names, such as "
            f'"{assignment.other_names[0]}". To rename them, add: '
            f"--template '{DEFAULT_TEMPLATE}'"
        )
