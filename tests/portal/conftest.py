"""What the tests of the portal share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hostile import HostilePortal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import World


@pytest.fixture
def portal(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostilePortal]:
    """Start a portal whose responses a test can change, and sign in to it."""
    world.sign_in()
    portal = HostilePortal.before(world, monkeypatch)
    yield portal
    portal.shutdown()
    portal.server_close()
