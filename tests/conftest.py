"""Fixtures of all tests: the emulator, an empty home directory, and sso_plugin switched off."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
from botocore.credentials import SSOProvider
from botocore.loaders import JSONFileLoader, Loader
from botocore.tokens import SSOTokenProvider
from caches import KEY
from fleet import Fleet
from redis_server import WHY_NOT, RedisServer, ServerOptions
from renewal import wait_for_background
from world import World

import sso_plugin
from sso_plugin import clock
from sso_plugin.commands.aws_variables import IN_EXEC, LABELS, UNDO
from sso_plugin.signin import wait_option
from sso_plugin.storage import documents
from sso_plugin.storage.network import heartbeat, token_keeper
from sso_plugin.web import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sso_plugin.emulator import Emulator

# Tests that run in the background or with nohup would start processes that ignore Ctrl-C.
for _number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(_number) == signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler)

# Messages have times in the local zone.
os.environ["TZ"] = "UTC"
if hasattr(time, "tzset"):
    time.tzset()

# Tests check the modes of folders, which depend on the umask.
os.umask(0o022)

pytest_plugins = ["sso_plugin.emulator.pytest_plugin"]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as long all cases but the first of a test that is marked ``one_quick_case``."""
    seen: set[str] = set()
    for item in items:
        if item.get_closest_marker("one_quick_case"):
            name = item.nodeid.partition("[")[0]
            if name in seen:
                item.add_marker(pytest.mark.long)
            seen.add(name)


# Reading the models takes half of the time of a new client. Tests create thousands of clients.
_load_file = JSONFileLoader.load_file
_load_builtin_file = functools.cache(JSONFileLoader().load_file)


def _load_builtin_file_once(loader: JSONFileLoader, path: str) -> object:
    if path.startswith(Loader.BUILTIN_DATA_PATH):
        return _load_builtin_file(path)
    return _load_file(loader, path)


JSONFileLoader.load_file = _load_builtin_file_once  # type: ignore[assignment,method-assign]


@pytest.fixture(autouse=True)
def _not_enabled(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Start each test with sso_plugin switched off and an empty home directory."""
    home = str(tmp_path_factory.mktemp("home"))
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, home)
    # Botocore reads the home directory when it is imported.
    for provider in (SSOProvider, SSOTokenProvider):
        monkeypatch.setattr(provider, "_SSO_TOKEN_CACHE_DIR", f"{home}/.aws/sso/cache")
    for variable in ("SSO_PLUGIN", "SSO_PLUGIN_STORE", UNDO, IN_EXEC, *LABELS):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(wait_option, "meaning", "wait")
    monkeypatch.setattr(wait_option, "is_unattended", False)
    # Tests that a developer runs in a terminal do not prompt there.
    monkeypatch.setattr(terminal, "TERMINAL", f"{home}/tty")
    documents.kept_in_memory.clear()
    clock._clocks.clear()
    sso_plugin.disable()
    yield
    sso_plugin.disable()
    # Their requests and log messages would be those of the next test.
    wait_for_background()
    # A process looks after its token on a server as long as it runs.
    for each in list(heartbeat._beating):
        each.stop()
        each.pause()
    token_keeper._watched.clear()


@pytest.fixture
def world(
    request: pytest.FixtureRequest,
    sso_home: Path,
    sso_emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> World:
    """Return a home directory with the profile ``dev``, without a login.

    A test that is marked `sealed.PLAIN_AND_SEALED` runs a second time, with sealed tokens.
    """
    world = World(sso_home, sso_emulator, getattr(request, "param", "plain") == "sealed")
    if world.is_sealed:
        monkeypatch.setenv("SSO_PLUGIN_KEY", KEY)
    world.configure(sso_emulator.profile())
    return world


@pytest.fixture
def start_redis() -> Iterator[Callable[..., RedisServer]]:
    """Return a function that starts a real server, given fields of `ServerOptions`."""
    if WHY_NOT:
        pytest.skip(f"not installed: {WHY_NOT}")
    with contextlib.ExitStack() as servers:
        yield lambda **options: servers.enter_context(RedisServer(ServerOptions(**options)))


@pytest.fixture
def redis_server(start_redis: Callable[..., RedisServer]) -> RedisServer:
    """Return a real server without data, whose clients have only the permissions they need."""
    return start_redis()


@pytest.fixture
def fleet(
    world: World, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Fleet]:
    """Return four homes that share one store, without a login."""
    fleet = Fleet(world, redis_server, monkeypatch, 4)
    yield fleet
    fleet.close()


@pytest.fixture
def without_sync_and_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Skip fsync and log messages in property tests, which would take most of their time."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    for name in ("sso_plugin", documents.__name__):
        monkeypatch.setattr(logging.getLogger(name), "disabled", True)


@pytest.fixture
def enabled(_not_enabled: None) -> None:
    """Switch sso_plugin on in all sessions of the test."""
    sso_plugin.enable()
