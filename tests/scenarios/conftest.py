"""Fixtures of the scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from issued import Issued, record_issued
from sealed import configure, set_key

if TYPE_CHECKING:
    from world import World


@pytest.fixture
def two(world: World) -> World:
    """Return a world in which alice and bob have the same role."""
    for name in ("alice", "bob"):
        world.emulator.assign(name, "111111111111", "AdministratorAccess")
    return world


@pytest.fixture
def issued(monkeypatch: pytest.MonkeyPatch) -> Issued:
    """Return the secrets that the emulator issues from now on."""
    return record_issued(monkeypatch)


@pytest.fixture
def sealed(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world whose profile seals tokens and roles, with a key in the environment."""
    set_key(monkeypatch)
    configure(world)
    return world
