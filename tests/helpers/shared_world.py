"""The world of a test whose profile has a store: a server in memory, in place of a real one."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from caches import KEY
from network import Interrupted, ServerTime
from virtual_server import VirtualServer

from sso_plugin.storage.keys import token_identity
from sso_plugin.storage.network import network_cache, shared_stores

if TYPE_CHECKING:
    import pytest
    from world import World

    from sso_plugin.credentials.token_source import TokenSource
    from sso_plugin.storage.reading import Document

__all__ = ["SharedWorld"]


class SharedWorld:
    """A home directory with the profile ``dev``, one of many machines that share a store."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch, **keys: str) -> None:
        self.world = world
        self.time = ServerTime()
        self.virtual = VirtualServer(self.time.now)
        self.server = Interrupted(self.virtual)
        monkeypatch.setenv("SSO_PLUGIN_STORE_KEY", KEY)
        monkeypatch.setattr(shared_stores, "server_at", lambda _: self.server)
        head = "[sso-session corp]\n"
        keys = {"sso_store": "redis://localhost:7", **keys}
        lines = "".join(f"{key} = {value}\n" for key, value in keys.items())
        world.configure(world.emulator.profile().replace(head, head + lines))

    def skip_pauses(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """Let the time of the machine and of the server jump instead. Return the pauses."""
        pauses: list[float] = []
        start, server_time = time.monotonic(), self.time

        class Clock:
            time = staticmethod(time.time)

            @staticmethod
            def monotonic() -> float:
                return start + sum(pauses)

            @staticmethod
            def sleep(seconds: float) -> None:
                pauses.append(seconds)
                server_time.ahead += seconds

        monkeypatch.setattr(network_cache, "time", Clock)
        return pauses

    def log_in_elsewhere(self, tokens: TokenSource, **changes: object) -> Document:
        """Store the token of a login on another machine. The file of this one is deleted."""
        self.world.sign_in()
        document = {**json.loads(self.world.token_file().read_text()), **changes}
        self.world.token_file().unlink()
        stores = tokens.login.stores
        assert isinstance(stores, shared_stores.SharedStores)
        key = ("tokens", tokens.login.key)
        stores.remote.write_token(key, document, None, token_identity(document))
        return document

    def go_away(self) -> None:
        """Lose all requests to the server from now on."""
        self.server.lose = lambda _: "request"

    def come_back(self) -> None:
        """End what `go_away` began."""
        self.server.lose = lambda _: None
