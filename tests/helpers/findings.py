"""Runs the checks of ``sso-plugin doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sso_plugin.commands.doctor import Finding, diagnose

if TYPE_CHECKING:
    from world import World


def sign_in(world: World, **changes: Any) -> None:
    """Write a token that only the user can read, in a folder that only the user can read."""
    world.sign_in(**changes)
    world.token_file().parent.chmod(0o700)
    world.token_file().chmod(0o600)


def findings(check: str, profile: str | None = "dev") -> list[Finding]:
    """Return the findings of one check, without running the checks after it."""
    found: list[Finding] = []
    for each in diagnose(profile):
        if each.check == check:
            found.append(each)
        elif found:
            break
    return found


def unhealthy(profile: str | None = "dev", check: str | None = None) -> list[tuple[str, str, str]]:
    """Return status, message and fix of the warnings and problems, without those of the hook.

    :param check: only this check.
    """
    found = findings(check, profile) if check else diagnose(profile)
    return [
        (each.status, each.message, each.fix)
        for each in found
        if each.status != "ok" and each.check != "hook"
    ]
