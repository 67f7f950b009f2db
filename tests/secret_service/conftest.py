"""Fixtures of the tests with a real keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from secret_service.session_bus import MISSING, SessionBus

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def session_bus() -> Iterator[SessionBus]:
    """Return a session without a keyring; without gnome-keyring these tests fail."""
    if MISSING:
        pytest.fail(f"These tests need {' and '.join(MISSING)}: run `make keyring`.", pytrace=False)
    with SessionBus() as session:
        yield session


@pytest.fixture
def keyring(session_bus: SessionBus) -> SessionBus:
    """Return a session with an unlocked, empty keyring."""
    session_bus.start_keyring()
    return session_bus
