"""A login whose token is encrypted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from sso_plugin.config.profile import SsoProfile
from sso_plugin.models import open_session
from sso_plugin.storage import Stores

if TYPE_CHECKING:
    from pathlib import Path

    from world import World

__all__ = ["seal_login", "sealed_file"]


def seal_login(world: World, key: object = "env", **settings: str) -> Stores:
    """Sign a user in, encrypt the token, and return where the documents are."""
    settings = {"sso_token_cache": "sealed", "sso_key": str(key), **settings}
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    world.configure(world.emulator.profile() + lines)
    world.sign_in()
    plain = world.token_file()
    profile = SsoProfile.of(open_session("dev"))
    assert profile is not None
    stores = Stores(profile.options)
    stores.tokens.put(plain.stem, json.loads(plain.read_text(encoding="utf-8")))
    assert sealed_file(world).exists()
    assert not plain.exists()
    return stores


def sealed_file(world: World) -> Path:
    """Return the file of the encrypted token."""
    return world.home / ".aws/sso-plugin/sealed/tokens" / world.token_file().name
