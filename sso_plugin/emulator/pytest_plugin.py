"""Fixtures for test suites: `pytest_plugins = ["sso_plugin.emulator.pytest_plugin"]`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from .emulator import Emulator

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["sso_emulator", "sso_home"]

_NO_PROXY = "127.0.0.1,localhost"
"""botocore sends requests for these hosts to no proxy."""

_IMPORTED_PATHS = (
    "botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR",
    "botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR",
)
"""Paths that botocore derives from the home directory when it is imported."""


@pytest.fixture(scope="session")
def _sso_emulator_server() -> Iterator[Emulator]:
    """Start one server for the whole test session, because a start takes time."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def sso_emulator(_sso_emulator_server: Emulator) -> Iterator[Emulator]:
    """Return an emulator that was reset. The test fails if it sends an unknown request."""
    _sso_emulator_server.reset()
    yield _sso_emulator_server
    _sso_emulator_server.faults.clear()
    _sso_emulator_server.check()


@pytest.fixture
def sso_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sso_emulator: Emulator) -> Path:
    """Return a new home directory. The environment points to it and to the emulator."""
    home = tmp_path / "home"
    folder = home / ".aws"
    folder.mkdir(parents=True)
    for name in [each for each in os.environ if each.startswith("AWS_")]:
        monkeypatch.delenv(name)

    variables = {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": _NO_PROXY,
        "no_proxy": _NO_PROXY,
        **sso_emulator.environment(),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    for name in _IMPORTED_PATHS:
        monkeypatch.setattr(name, str(folder / "sso" / "cache"))

    return home
