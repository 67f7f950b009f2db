"""What all tests share: the emulator, an empty home, and a process that sso_plugin is not in."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import SSOProvider
from botocore.tokens import SSOTokenProvider
from world import World

import sso_plugin
from sso_plugin import clock
from sso_plugin.storage import cache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sso_plugin.emulator import Emulator

# Started in the background or with nohup, the tests would have children that hear no Ctrl-C.
for _number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler)

# The modes of the folders that tests make are part of what is tested.
os.umask(0o022)

pytest_plugins = ["sso_plugin.emulator.pytest_plugin"]


@pytest.fixture(autouse=True)
def _not_enabled(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Start each test without sso_plugin, also where it is installed, and in no real home."""
    home = str(tmp_path_factory.mktemp("home"))
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, home)
    # Where botocore looked for the home directory when it was imported.
    for provider in (SSOProvider, SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", f"{home}/.aws/sso/cache")
    for variable in ("SSO_PLUGIN", "SSO_PLUGIN_UNDO"):
        monkeypatch.delenv(variable, raising=False)
    cache._memories.clear()
    clock._clocks.clear()
    sso_plugin.disable()
    yield
    sso_plugin.disable()


@pytest.fixture
def world(sso_home: Path, sso_emulator: Emulator) -> World:
    """Give a home with the profile ``dev``, which nobody has logged in."""
    world = World(sso_home, sso_emulator)
    world.configure(sso_emulator.profile())
    return world
