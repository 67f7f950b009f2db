"""The token file of a login."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from world import World


def read(world: World) -> dict[str, Any]:
    """Return the content of the token file."""
    document: dict[str, Any] = json.loads(world.token_file().read_text(encoding="utf-8"))
    return document


def owner(world: World) -> str:
    """Return the user to whom the token belongs."""
    found = world.emulator.state.tokens.find(read(world)["accessToken"])
    assert found
    return found.user
