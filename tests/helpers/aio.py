"""Sessions of aiobotocore, and what a thread does while its event loop should not wait."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from aiobotocore.session import AioSession
from world import wait_until

from sso_plugin.credentials.refreshable import SsoCredentials

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

__all__ = ["arn_of", "audited", "forget_sessions", "keys_of", "new_session", "until"]

BLOCKING = ("socket.connect", "socket.getaddrinfo", "time.sleep", "fcntl.flock", "fcntl.lockf")
STARTING = ("_thread.start_new_thread", "_thread.start_joinable_thread")


def new_session(profile: str = "dev") -> Any:
    return AioSession(profile=profile)


async def keys_of(session: Any) -> Any:
    """Return the credentials of a session, without a request to another service."""
    credentials = await session.get_credentials()
    return await credentials.get_frozen_credentials()


async def arn_of(session: Any) -> str:
    """Make one signed request with a new client."""
    async with session.create_client("sts", region_name="eu-central-1") as sts:
        return str((await sts.get_caller_identity())["Arn"])


def forget_sessions() -> None:
    """Wait until nothing has credentials any more, so that the next session reads the cache."""
    wait_until(lambda: gc.collect() >= 0 and not any(map(is_credentials, gc.get_objects())))


def is_credentials(thing: object) -> bool:
    return type(thing) is SsoCredentials


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait until a condition is true; fail after two minutes."""
    deadline = time.monotonic() + 120
    while not await condition():
        assert time.monotonic() < deadline, "not true after two minutes"
        await asyncio.sleep(0.01)


class Audit:
    """The audit events of all threads, while it is the current one."""

    current: Audit | None = None

    def __init__(self) -> None:
        self.events: list[tuple[str, str, Any]] = []

    @staticmethod
    def hook(event: str, arguments: Any) -> None:
        audit = Audit.current
        if audit is not None and (event == "open" or event in BLOCKING + STARTING):
            audit.events.append((threading.current_thread().name, event, arguments))

    def started(self) -> int:
        """Return how many threads were started, other than those of the emulator."""
        starters = [name for name, event, _ in self.events if event in STARTING]
        return sum(name != "sso-emulator" for name in starters)

    def blocking(self) -> list[str]:
        """Return what the main thread did that may take long."""
        main = threading.main_thread().name
        return [event for name, event, _ in self.events if name == main and event in BLOCKING]

    def opened(self, part: str) -> list[str]:
        """Return the files with a part in their path that the main thread has opened."""
        main = threading.main_thread().name
        paths = [
            str(args[0]) for name, event, args in self.events if (name, event) == (main, "open")
        ]
        return [path for path in paths if part in path]


@contextlib.contextmanager
def audited() -> Iterator[Audit]:
    """Record the audit events in a block. Python has no way to remove a hook, so there is one."""
    if not getattr(sys, "_sso_plugin_audited", False):
        sys._sso_plugin_audited = True  # type: ignore[attr-defined]
        sys.addaudithook(Audit.hook)
    Audit.current = audit = Audit()
    try:
        yield audit
    finally:
        Audit.current = None
