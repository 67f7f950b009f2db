"""The log of answered requests, for tests to count."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from .operations import checked

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class LoggedRequest:
    """A request as it was answered; it holds no secret.

    `status` is 0 where a fault reset the connection instead. `token` tells bearer tokens apart:
    it is their `token_id`.
    """

    operation: str
    method: str
    path: str
    status: int
    time: float
    account_id: str | None = None
    role: str | None = None
    grant_type: str | None = None
    token: str | None = None


def token_id(token: str) -> str:
    """Return a short name for a token, from which nobody gets the token back."""
    return hashlib.sha256(token.encode()).hexdigest()[:12]


class RequestLog:
    """All requests since the start or the last `clear()`, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[LoggedRequest] = []

    def append(self, entry: LoggedRequest) -> None:
        """Add one."""
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> tuple[LoggedRequest, ...]:
        """Return a snapshot."""
        with self._lock:
            return tuple(self._entries)

    def count(self, operation: str | None = None, **wanted: object) -> int:
        """Say how often an operation was asked for; without a name, how many requests came.

        With names of `LoggedRequest`, only those count that have the values given:
        `count("GetRoleCredentials", role="AdministratorAccess", status=200)`.
        """
        if operation is not None:
            wanted["operation"] = checked(operation)

        for name in wanted.keys() - _NAMES:
            known = ", ".join(sorted(_NAMES))
            raise ValueError(f"A request is not logged with {name!r}; choose from {known}.")

        return sum(all(getattr(each, name) == wanted[name] for name in wanted) for each in self)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._entries.clear()

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())


_NAMES = frozenset(field.name for field in fields(LoggedRequest))
