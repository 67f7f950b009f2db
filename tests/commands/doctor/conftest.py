"""What all tests of the checks share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from findings import sign_in

import sso_plugin

if TYPE_CHECKING:
    from world import World


@pytest.fixture(autouse=True)
def _healthy(world: World) -> None:
    """Enable the plugin, and sign a user in, so that all checks pass."""
    sso_plugin.enable()
    sign_in(world)
