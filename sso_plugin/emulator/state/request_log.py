"""The log of all requests, which tests can count."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from .operation_names import check_operation_name

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LoggedRequest", "RequestLog", "token_id"]


@dataclass(frozen=True)
class LoggedRequest:
    """A request and the status of its response, without secrets.

    `status` is 0 if a fault reset the connection before the response. `token` is the `token_id` of
    the bearer token.
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
    """Return a short id of a token. The token cannot be derived from it."""
    return hashlib.sha256(token.encode()).hexdigest()[:12]


class RequestLog:
    """All requests since the start or the last `clear()`, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[LoggedRequest] = []

    def append(self, entry: LoggedRequest) -> None:
        """Add a request."""
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> tuple[LoggedRequest, ...]:
        """Return a copy of all entries."""
        with self._lock:
            return tuple(self._entries)

    def count(self, operation: str | None = None, **wanted: object) -> int:
        """Return the number of requests for an operation, by default for all operations.

        Fields of `LoggedRequest` restrict it to requests with these values:
        `count("GetRoleCredentials", role="AdministratorAccess", status=200)`.
        """
        if operation is not None:
            wanted["operation"] = check_operation_name(operation)

        for name in wanted.keys() - _FIELDS:
            available = ", ".join(sorted(_FIELDS))
            raise ValueError(f"The request log has no field {name!r}. Choose from {available}.")

        return sum(all(getattr(each, name) == wanted[name] for name in wanted) for each in self)

    def clear(self) -> None:
        """Remove all entries."""
        with self._lock:
            self._entries.clear()

    def __iter__(self) -> Iterator[LoggedRequest]:
        return iter(self.entries())

    def __len__(self) -> int:
        return len(self.entries())


_FIELDS = frozenset(field.name for field in fields(LoggedRequest))
