"""What the tests of sealed documents share."""

from __future__ import annotations

from pathlib import Path

import pytest

from sso_plugin.storage.sealing import environment, key_file


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start without a key in the environment, and without a session bus."""
    for variable in (environment.KEY, environment.KEY_FILE, "DBUS_SESSION_BUS_ADDRESS"):
        monkeypatch.delenv(variable, raising=False)
    key_file._reported.clear()


@pytest.fixture
def own_folder() -> Path:
    """Return our own folder in the home of the test."""
    return Path.home() / ".aws" / "sso-plugin"
