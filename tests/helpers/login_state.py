"""Logs in and uses a login, and reads what is left of it: its files, and its token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
from quick_login import login

import sso_plugin

if TYPE_CHECKING:
    from world import World


def log_in_by_code(world: World, profile: str | None = "dev", **options: Any) -> None:
    """Log alice in by the device flow."""
    login(
        profile,
        **options,
        flow="device",
        show=lambda prompt: world.emulator.approve(str(prompt.user_code), "alice"),
        open_browser=None,
    )


def log_in_at_start_url(world: World) -> None:
    """Log alice in by the start URL alone, without a profile."""
    url, region = world.emulator.start_url, world.emulator.region
    log_in_by_code(world, None, start_url=url, sso_region=region)


def use(profile: str) -> None:
    """Let a script use the credentials of a profile."""
    sso_plugin.enable()
    boto3.Session(profile_name=profile).client("sts").get_caller_identity()


def cache_files(world: World) -> list[str]:
    """Return the names of the token, registration and role files."""
    folders = [world.home / ".aws/sso/cache", world.home / ".aws/cli/cache"]
    return sorted(file.name for folder in folders for file in folder.glob("*.json"))


def token_in(world: World, name: str) -> str:
    """Return the token in the file of an sso-session or a start URL."""
    return str(json.loads(world.token_file(name).read_text())["accessToken"])


def is_revoked(world: World, token: str) -> bool:
    """Return whether the portal refuses a token."""
    return world.emulator.state.tokens.find(token) is None
