"""What many scenarios do: log in a user, and ask AWS who the caller is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from quick_login import login

if TYPE_CHECKING:
    from world import World

__all__ = ["log_in", "user"]


def user(profile: str = "dev") -> str:
    """Return the user whose credentials a new session has."""
    session: Any = boto3.Session(profile_name=profile)
    return str(session.client("sts").get_caller_identity()["Arn"].rsplit("/", 1)[1])


def log_in(world: World, name: str) -> None:
    """Log in a user by a device code, although there may be a valid token."""
    login(
        "dev",
        flow="device",
        force=True,
        show=lambda prompt: world.emulator.approve(str(prompt.user_code), name),
        open_browser=None,
    )
