"""Credentials whose source and clock a test controls."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from botocore.credentials import ReadOnlyCredentials

from sso_plugin.clock import Clock
from sso_plugin.credentials.refreshable import SsoCredentials
from sso_plugin.credentials.role_credentials import RoleCredentials
from sso_plugin.credentials.schedule import Lifetime

__all__ = ["HOUR", "Source", "Time", "credentials_of", "key_of", "wait_for_background"]

HOUR = 3600.0


@dataclass
class Time:
    """A clock that a test sets."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Source:
    """Returns numbered credentials with a fixed lifetime, and records which threads fetch them."""

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
            assert self.gate.wait(10)
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
    return SsoCredentials(source, Clock(source.time), background=background, random=lambda: 0.0)


def key_of(credentials: SsoCredentials) -> str:
    return str(credentials.get_frozen_credentials().access_key)


def wait_for_background() -> None:
    for thread in threading.enumerate():
        if thread.name == "sso-plugin-renewal":
            thread.join(10)
