"""Homes with sealed tokens and roles: their options, their key, their files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from caches import KEY
from crowd import crowd
from world import sha1

from sso_plugin.config.profile import Options
from sso_plugin.storage import Stores

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

__all__ = [
    "CALL",
    "OTHER_KEY",
    "PLAIN",
    "PLAIN_AND_SEALED",
    "SEALED",
    "configure",
    "expire",
    "key_id",
    "login_id",
    "own_folder",
    "set_key",
    "token_file",
    "users",
]

PAST = "2020-01-01T00:00:00Z"
OTHER_KEY = "YW5vdGhlciBrZXksIGFsc28gb2YgMzIgYnl0ZXMuLi4="
SEALED = {"sso_token_cache": "sealed", "sso_cache": "sealed", "sso_key": "env"}
CALL = """
import boto3, sso_plugin
sso_plugin.enable()
arn = boto3.Session(profile_name="dev").client("sts").get_caller_identity()["Arn"]
print(arn.rpartition("/")[2])
"""
PLAIN = {"sso_token_cache": "file", "sso_cache": "file"}

PLAIN_AND_SEALED = pytest.mark.parametrize(
    "world", ["plain", pytest.param("sealed", marks=pytest.mark.long)], indirect=True
)
"""Runs a test with plain tokens, and with sealed ones whose key is in the environment."""


def configure(world: World, **keys: str) -> None:
    """Write the profile ``dev``, with sealed files unless the keys say otherwise."""
    text = "".join(f"{key} = {value}\n" for key, value in {**SEALED, **keys}.items())
    world.configure(world.emulator.profile() + text)


def set_key(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    """Put keys into the environment, the newest first; without any, the usual one."""
    monkeypatch.setenv("SSO_PLUGIN_KEY", " ".join(keys or (KEY,)))


def own_folder(world: World) -> Path:
    return world.home / ".aws/sso-plugin"


def token_file(world: World, name: str = "corp") -> Path:
    """Return the sealed token file of an sso-session."""
    return own_folder(world) / "sealed/tokens" / f"{sha1(name)}.json"


def key_id(file: Path) -> str:
    """Return the id of the key that sealed a file."""
    return str(json.loads(file.read_text())["key"])


def login_id(world: World) -> str:
    """Return the id of the login in our index."""
    [index] = own_folder(world).glob("roles-*.json")
    return str(json.loads(index.read_text())["login"])


def expire(world: World, **changes: Any) -> None:
    """Change the sealed token: it has expired, and its refresh token is valid."""
    cache = Stores(Options(token_cache="sealed", key="env")).tokens
    entry = cache.get(token_file(world).stem)
    assert entry is not None
    cache.put(token_file(world).stem, {**entry.document, "expiresAt": PAST, **changes})


def users(number: int, **options: Any) -> list[str]:
    """Return the user of each of several processes that make a call together, or its error."""
    return [line.rpartition("/")[2] for line in crowd(number, **options)]
