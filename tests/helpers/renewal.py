"""Credentials with a source and a clock that a test controls."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.credentials import ReadOnlyCredentials

from sso_plugin.clock import Clock
from sso_plugin.credentials import background
from sso_plugin.credentials.refreshable import SsoCredentials
from sso_plugin.credentials.role_credentials import RoleCredentials
from sso_plugin.credentials.schedule import Lifetime

if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = 3600.0


@dataclass
class Time:
    """A clock that changes only when a test sets ``now``."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Source:
    """Returns numbered credentials with a set lifetime, and records the calling threads."""

    time: Time
    lifetime: float = HOUR
    cached: RoleCredentials | None = None
    error: Exception | None = None
    gate: threading.Event | None = None
    threads: list[str] = field(default_factory=list)
    attended: list[bool] = field(default_factory=list)
    prepared: list[str] = field(default_factory=list)
    minimums: list[float] = field(default_factory=list)

    def load(self) -> RoleCredentials | None:
        return self.cached

    def prepare(self) -> None:
        self.prepared.append(threading.current_thread().name)

    def fetch(self, *, attended: bool = True, minimum: float = 0.0) -> RoleCredentials:
        self.minimums.append(minimum)
        self.threads.append(threading.current_thread().name)
        self.attended.append(attended)
        if self.gate:
            assert self.gate.wait(60)
        if self.error:
            raise self.error
        return self.make(str(len(self.threads)))

    def replace(self, rejected: str) -> RoleCredentials:
        return self.fetch(attended=False)

    def make(self, name: str) -> RoleCredentials:
        lifetime = Lifetime(self.time.now, self.time.now + self.lifetime)
        return RoleCredentials(
            ReadOnlyCredentials(name, "secret", "token"), lifetime, "111111111111"
        )


def credentials_of(source: Source, *, background: bool = True) -> SsoCredentials:
    return SsoCredentials(
        lambda: source, Clock(source.time), background=background, random=lambda: 0.0
    )


def key_of(credentials: SsoCredentials) -> str:
    return str(credentials.get_frozen_credentials().access_key)


def wait_for_background() -> None:
    """Wait until no renewal runs."""
    for each in list(background._instances):
        each.wait(60)


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Poll until a condition is true; fail after a number of seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class WatchedLock:
    """A lock that records the threads that hold it, have held it, or wait for it."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT001, FBT002
        self.threads.add(threading.get_ident())
        return self._lock.acquire(blocking, timeout)

    def release(self) -> None:
        self._lock.release()


def watch_lock(credentials: SsoCredentials) -> WatchedLock:
    """Replace the refresh lock of credentials by a watched one, and return it."""
    lock = WatchedLock()
    credentials._refresh_lock = lock  # type: ignore[assignment]
    return lock
