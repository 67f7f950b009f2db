"""What the tests of the store share: its key, a server in memory, and a client of a real one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from caches import KEY
from network import Interrupted, ServerTime
from virtual_server import VirtualServer

from sso_plugin.config.store_address import read_store_address
from sso_plugin.storage.network import heartbeat, network_cache, token_keeper
from sso_plugin.storage.network import server as server_module
from sso_plugin.storage.network.server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from redis_server import RedisServer as Program


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)
    monkeypatch.delenv("SSO_PLUGIN_STORE_KEY_FILE", raising=False)
    monkeypatch.delenv("SSO_PLUGIN_STORE_PASSWORD_FILE", raising=False)


@pytest.fixture(autouse=True)
def _slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a real server reply late."""
    monkeypatch.setattr(server_module, "_TIMEOUT", 20.0)


@pytest.fixture(autouse=True)
def _no_threads() -> Iterator[None]:
    """End the threads that a test has left."""
    yield
    while heartbeat._beating:
        for each in list(heartbeat._beating):
            each.stop()
            each.pause()
    token_keeper._watched.clear()


@pytest.fixture
def clock() -> ServerTime:
    return ServerTime()


@pytest.fixture
def virtual(clock: ServerTime) -> VirtualServer:
    return VirtualServer(clock.now)


@pytest.fixture
def server(virtual: VirtualServer) -> Interrupted:
    return Interrupted(virtual)


@pytest.fixture
def client(redis_server: Program) -> RedisServer:
    """Return a client of a real server, whose user has only the permissions it needs."""
    return RedisServer(read_store_address(redis_server.url, "sso_store"))


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the pauses of waiters, which take no time: the clock of the machine jumps."""
    pauses: list[float] = []
    start = time.monotonic()

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return start + sum(pauses)

        @staticmethod
        def sleep(seconds: float) -> None:
            pauses.append(seconds)

    monkeypatch.setattr(network_cache, "time", Clock)
    return pauses
