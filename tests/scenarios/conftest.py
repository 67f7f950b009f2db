"""Fixtures of the scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from world import World


@pytest.fixture
def two(world: World) -> World:
    """Return a world in which alice and bob have the same role."""
    for name in ("alice", "bob"):
        world.emulator.assign(name, "111111111111", "AdministratorAccess")
    return world
