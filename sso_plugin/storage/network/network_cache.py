"""A cache of two levels: the files of this machine, and a server that many machines use.

Readers use the files only. A writer takes the lock of this machine first, so that one process of
each machine sends requests to the server. Then it takes the lease on the server. Both levels
differ in how they compare versions: see `shared_documents` and `shared_tokens`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import random
import time
from typing import TYPE_CHECKING, TypeVar

from .. import cache
from ..cache import Hold
from ..reading import UnusableFileError
from ..sealing import KeyUnavailableError
from ..waiting import abandonable
from .lease import Lease, owner_of, owner_with
from .server_errors import ServerAwayError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..cache import Cache
    from ..documents import Entry, Mark
    from ..reading import Document
    from .remote import Remote

__all__ = ["AWAY", "NetworkCache"]

_logger = logging.getLogger(__name__)

AWAY = (ServerAwayError, KeyUnavailableError, UnusableFileError)
"""Why what the server has cannot be used."""

_MIN_PAUSE = 0.02
_MAX_PAUSE = 0.5
"""Seconds between two requests of a process that waits for a lease."""

_RETRY_AFTER = 0.5
"""Seconds between two requests to a server that did not reply."""

T = TypeVar("T")


class NetworkCache:
    """What both kinds have in common.

    :param local: the documents on this machine.
    :param remote: those on the server.
    :param kind: what the documents are, such as ``tokens``.
    :param patience: the seconds that a writer waits for a server that does not reply.
    """

    def __init__(
        self,
        local: Cache,
        remote: Remote,
        kind: str,
        *,
        patience: float = 0.0,
        owner: Callable[[], str] = lambda: owner_of(os.getpid()),
    ) -> None:
        self._local = local
        self._remote = remote
        self._kind = kind
        self._patience = patience
        self._owner = owner
        self._leases: dict[str, Lease] = {}
        """The lease of the last writer that had the lock of this machine, by key."""
        self._holders: dict[str, str] = {}
        """The process of another machine that had a lease, at the last attempt, by key."""
        self._away: dict[str, str] = {}
        """Why the newest document could not be brought here, by key."""
        self._not_sent: dict[str, str] = {}
        """Why the last document is on this machine only, by key."""

    def get(self, key: str) -> Entry | None:
        """See `Cache`."""
        return self._local.get(key)

    def settle(self, key: str) -> None:
        """See `Cache`."""
        self._local.settle(key)

    def keys(self, prefix: str) -> set[str]:
        """See `Cache`."""
        return self._local.keys(prefix)

    def mark(self, key: str) -> Mark | None:
        """See `Cache`."""
        return self._local.mark(key)

    def identity(self, key: str) -> str | None:
        """See `Cache`."""
        return self._local.identity(key)

    def pull(self, key: str, *, patience: float = 0.0) -> None:
        """See `Cache`."""
        if self._is_shared(key):
            self._try(key, lambda: self._pull(key), patience)

    def confirm(self, key: str, document: Document) -> Hold:
        """See `Cache`. What can be repeated needs no more than the lease."""
        return self._local.confirm(key, document)

    @contextlib.contextmanager
    def locked(
        self,
        key: str,
        timeout: float | None = None,
        until: Callable[[], bool] | None = None,
    ) -> Iterator[Hold]:
        """See `Cache`."""
        deadline = time.monotonic() + (cache.LOCK_TIMEOUT if timeout is None else timeout)
        with self._local.locked(key, timeout, until) as hold:
            self._holders.pop(key, None)
            if not hold or not self._is_shared(key):
                yield hold
                return
            with self._leased(key, deadline, until) as leased:
                yield leased

    def describe_lock(self, key: str) -> str:
        """See `Cache`."""
        holder = self._holders.get(key)
        if holder is None:
            return self._local.describe_lock(key)
        return f"a lock in {self._remote.server.describe()} ({holder})"

    def why_away(self, key: str) -> str | None:
        """See `Cache`."""
        return self._away.get(key)

    def why_unusable(self, key: str) -> str | None:
        """See `Cache`."""
        return self._local.why_unusable(key)

    def why_not_stored(self, key: str) -> str | None:
        """See `Cache`."""
        return self._local.why_not_stored(key) or self._not_sent.get(key)

    def why_not_storable(self, key: str) -> str | None:
        """See `Cache`."""
        return self._local.why_not_storable(key)

    def why_no_key(self, key: str | None = None) -> str | None:
        """See `Cache`."""
        return self._local.why_no_key(key) or self._remote.why_no_key()

    def describe(self, key: str) -> str:
        """See `Cache`."""
        return self._local.describe(key)

    def _is_shared(self, key: str) -> bool:
        """Return whether a document is on the server, too."""
        raise NotImplementedError

    def _pull(self, key: str) -> bool:
        """Compare both levels. Return whether the server knows the newest document.

        Raises one of `AWAY`.
        """
        raise NotImplementedError

    def _try(self, key: str, request: Callable[[], T], patience: float = 0.0) -> T | None:
        """Return the result of a request; None if the server is away, which `why_away` then says.

        :param patience: the seconds to wait for a server that does not reply.
        """
        deadline = time.monotonic() + patience
        with contextlib.ExitStack() as stack:
            while True:
                try:
                    result = request()
                except AWAY as exc:  # noqa: PERF203 - a few attempts
                    self._away[key] = str(exc)
                    _logger.debug("Without the store: %s", exc)
                    if not _may_return(exc) or time.monotonic() >= deadline:
                        return None
                    stack.enter_context(abandonable())
                    time.sleep(_RETRY_AFTER)
                else:
                    self._away.pop(key, None)
                    return result

    def _send(self, key: str, request: Callable[[], T]) -> T | None:
        """Return the result of a write; None if it failed, which `why_not_stored` then says."""
        try:
            result = request()
        except AWAY as exc:
            self._not_sent[key] = str(exc)
            _logger.debug("On this machine only: %s", exc)
            return None
        self._not_sent.pop(key, None)
        return result

    @contextlib.contextmanager
    def _leased(
        self, key: str, deadline: float, until: Callable[[], bool] | None
    ) -> Iterator[Hold]:
        try:
            lease = self._new_lease(key)
        except KeyUnavailableError as exc:
            self._away[key] = str(exc)
            yield Hold.AWAY
            return
        try:
            # Also if the wait is interrupted: the heartbeat would keep the lease for ever.
            yield self._wait(lease, key, deadline, until)
        finally:
            lease.release()

    def _new_lease(self, key: str) -> Lease:
        name = self._remote.name(self._kind, key)
        owner = owner_with(self._owner(), self._local.describe(key))
        lease = Lease(self._remote.server, f"{name}:lock", name, owner)
        self._leases[key] = lease
        return lease

    def _wait(
        self, lease: Lease, key: str, deadline: float, until: Callable[[], bool] | None
    ) -> Hold:
        """Wait for the lease, or until another machine has stored what the caller wants."""
        away_deadline = min(deadline, time.monotonic() + self._patience)
        pause, last = _MIN_PAUSE, None
        with contextlib.ExitStack() as stack:
            while True:
                hold, may_wait = self._attempt(lease, key, last)
                last = lease.version
                limit = deadline if hold is Hold.PASSED_BY else away_deadline
                left = limit - time.monotonic()
                if hold or left <= 0 or not may_wait:
                    return hold
                stack.enter_context(abandonable())
                time.sleep(min(left, pause * random.uniform(0.5, 1)))  # noqa: S311 - no secret
                pause = min(_MAX_PAUSE, pause * 1.5)
                if until and until():
                    return Hold.PASSED_BY

    def _attempt(self, lease: Lease, key: str, last: bytes | None) -> tuple[Hold, bool]:
        """Try to get the lease, and bring a changed document to this machine.

        :param last: the version of the document at the last attempt.
        :returns: whether it is held, and whether another attempt may have another result.
        """
        try:
            is_held = lease.acquire()
            is_known = True
            if is_held or lease.version != last:
                is_known = self._pull(key)
        except AWAY as exc:
            self._away[key] = str(exc)
            return Hold.AWAY, _may_return(exc)
        self._away.pop(key, None)
        self._holders[key] = lease.owner.rpartition(" ")[0]
        return Hold.HELD if is_held and is_known else Hold.PASSED_BY, True


def _may_return(exc: Exception) -> bool:
    """Return whether a server may be reachable again soon."""
    return isinstance(exc, ServerAwayError) and exc.kind in ("unreachable", "timeout")
