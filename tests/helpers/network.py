"""Caches of machines that share a server, for tests."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from sso_plugin.storage.keys import token_identity
from sso_plugin.storage.memory_cache import MemoryCache
from sso_plugin.storage.network.names import LoginName
from sso_plugin.storage.network.remote import Remote
from sso_plugin.storage.network.server import Server
from sso_plugin.storage.network.server_errors import ServerAwayError
from sso_plugin.storage.network.shared_documents import SharedDocuments
from sso_plugin.storage.network.shared_tokens import SharedTokens
from sso_plugin.storage.network.store_key import StoreKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sso_plugin.storage.cache import Cache
    from sso_plugin.storage.documents import Entry
    from sso_plugin.storage.network.scripts import Script
    from sso_plugin.storage.reading import Document

__all__ = [
    "LOGIN",
    "TOKEN_KEY",
    "FixedTiming",
    "Interrupted",
    "ServerTime",
    "new_documents",
    "new_remote",
    "new_tokens",
    "token",
]

LOGIN = LoginName("eu-central-1", "https://corp.awsapps.com/start", "corp")
TOKEN_KEY = "0123456789abcdef0123456789abcdef01234567"


class FixedTiming:
    """A `Timing` whose documents say in epoch seconds when they expire."""

    def __init__(self) -> None:
        self.learned: list[float] = []
        self.time_of_portal: float | None = None

    def learn(self, now: float) -> None:
        self.learned.append(now)

    def portal_time(self) -> float | None:
        return self.time_of_portal

    def now(self) -> float:
        return time.time()

    def expires_at(self, document: Document) -> float | None:
        found = document.get("expires")
        return found if isinstance(found, float) else None

    def may_be_spent(self, entry: Entry) -> bool:
        return bool(entry.document.get("due"))


class ServerTime:
    """The time of a server in memory."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead


class Interrupted(Server):
    """A server that a test makes unreachable.

    :param lose: called before each script; returns ``request`` or ``reply`` to lose that.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.lose: Callable[[Script], str | None] = lambda _: None
        self.calls: list[str] = []

    def call(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[str | bytes | float] = (),
        *,
        at_once: bool = False,
    ) -> Any:
        self.calls.append(script.name)
        lost = self.lose(script)
        if lost == "request":
            raise ServerAwayError("the store is away", "unreachable")
        reply = self._server.call(script, keys, arguments, at_once=at_once)
        if lost == "reply":
            raise ServerAwayError("the store does not respond", "timeout")
        return reply

    def describe(self) -> str:
        return self._server.describe()


def token(value: str, lifetime: float = 3600.0, **more: object) -> Document:
    """Return the document of a token."""
    return {"accessToken": value, "expires": time.time() + lifetime, **more}


def new_remote(server: Server, login: LoginName = LOGIN) -> Remote:
    """Return the documents of a login on a server, with the key in the environment."""
    return Remote(server, StoreKey(login), FixedTiming())


def new_tokens(
    server: Server, owner: str | None = None, local: Cache | None = None
) -> SharedTokens:
    """Return the cache of tokens of a machine."""
    local = local or MemoryCache(identify=token_identity)
    cache = SharedTokens(local, new_remote(server), TOKEN_KEY)
    cache._owner = lambda: owner or f"host process {os.getpid()} 00"
    return cache


def new_documents(
    server: Server, owner: str | None = None, kinds: frozenset[str] | None = None
) -> SharedDocuments:
    """Return the cache of other documents of a machine."""
    cache = SharedDocuments(MemoryCache(), new_remote(server), "roles", kinds)
    cache._owner = lambda: owner or f"host process {os.getpid()} 00"
    return cache
