"""The config file that the tests of ``sso-plugin configure`` write to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from configure_support import configure_by_hand, session_section

if TYPE_CHECKING:
    from pathlib import Path

    from world import World


@pytest.fixture
def session_text(world: World) -> str:
    """Return the text of the sso-session of a user who is signed in."""
    return session_section(world)


@pytest.fixture
def config_file(world: World) -> Path:
    """Return a config file that was written by hand. It has an sso-session."""
    return configure_by_hand(world)
