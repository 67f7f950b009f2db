"""The log of answered requests, for tests to count."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .operations import checked

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class LoggedRequest:
    """A request as it was answered; it holds neither parameters nor headers, so no secret."""

    operation: str
    method: str
    path: str
    status: int
    time: float


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

    def count(self, operation: str | None = None) -> int:
        """Say how often an operation was asked for; without a name, how many requests came."""
        if operation is None:
            return len(self)

        wanted = checked(operation)
        return sum(each.operation == wanted for each in self)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._entries.clear()

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())
