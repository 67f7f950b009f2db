"""What the tests of logins share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from approving_user import ApprovingUser

if TYPE_CHECKING:
    from world import World


@pytest.fixture(params=["browser", "device"])
def user(world: World, request: pytest.FixtureRequest) -> ApprovingUser:
    """Return a user who logs in by each of the flows."""
    return ApprovingUser(world, flow=request.param)
