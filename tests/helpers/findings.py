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
    """Return the findings of one check."""
    return [each for each in diagnose(profile) if each.check == check]


def unhealthy(profile: str | None = "dev", check: str | None = None) -> list[tuple[str, str, str]]:
    """Return status, message and fix of the warnings and problems, without those of the hook."""
    return [
        (each.status, each.message, each.fix)
        for each in diagnose(profile)
        if each.status != "ok" and each.check != "hook" and check in (None, each.check)
    ]
