"""The contract of all caches for tokens and role credentials, and a cache in memory.

A cache has one JSON document per key. Readers take no lock. A writer holds ``locked(key)``, reads
again, sends its request, and puts the whole document.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..redact import conceal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

__all__ = [
    "LOCK_TIMEOUT",
    "Cache",
    "Document",
    "Entry",
    "Mark",
    "MemoryCache",
    "memory_cache",
]

LOCK_TIMEOUT = 30.0
"""Seconds to wait for another writer. After that, a second request is sent."""

Document = dict[str, Any]
"""A JSON object."""

Mark = tuple[int, int, int]
"""Changes when a document is replaced: the file's mtime in nanoseconds, size and inode."""


class Entry(NamedTuple):
    """A document, when it was stored (local epoch seconds), and the mark of that version."""

    document: Document
    stored_at: float
    mark: Mark


class Cache(Protocol):
    """What each cache implements."""

    def get(self, key: str) -> Entry | None:
        """Return the document; None if it is missing or cannot be used."""

    def put(self, key: str, document: Document) -> None:
        """Store the whole document. Never raises: see `why_not_stored`."""

    def replace(
        self, key: str, document: Document, is_current: Callable[[Entry | None], bool]
    ) -> bool:
        """Replace the document if it is still the expected one. Return whether it was replaced.

        A `supersede` or `delete` at the same time has priority over it.

        :param is_current: called with the present document, directly before it is replaced.
        """

    def supersede(self, key: str, document: Document) -> None:
        """Store the document as `put` does. A `replace` that has begun does not overwrite it."""

    def delete(self, key: str, *, quiet: bool = False) -> str | None:
        """Delete the document, if there is one. A `replace` that has begun does not restore it.

        :param quiet: do not log that it could not be deleted, because the caller reports it.
        :returns: why it could not be deleted; None if it was.
        """

    def keys(self, prefix: str) -> set[str]:
        """Return the keys of all stored documents that begin with a prefix."""

    def mark(self, key: str) -> Mark | None:
        """Return the mark of the document, without reading it; None if it is missing."""

    def locked(
        self,
        key: str,
        timeout: float | None = None,
        until: Callable[[], bool] | None = None,
    ) -> contextlib.AbstractContextManager[bool]:
        """Lock the key for other writers, in a context that is True if the lock is held.

        It is False if another writer still holds the lock after the timeout. Where there are no
        locks between processes, this is a lock between threads.

        :param timeout: in seconds; `LOCK_TIMEOUT` if None.
        :param until: ends the wait early when it returns True.
        """

    def describe_lock(self, key: str) -> str:
        """Name the lock of a key for a message, with the process that holds it if that is known."""

    def why_unusable(self, key: str) -> str | None:
        """Return why the document cannot be used, as the end of a sentence; None if it can."""

    def why_not_stored(self, key: str) -> str | None:
        """Return why other processes cannot read the last stored document; None if they can."""

    def why_not_storable(self, key: str) -> str | None:
        """Return why other processes could not read a document stored now; None if they could."""

    def describe(self, key: str) -> str:
        """Name the location of a key for a message."""


_CHANGE = ""
"""The name of the lock that is held while a document changes. No key is empty."""

_POLL = 0.05
"""Seconds between two checks whether the wait for a lock is over."""


class MemoryCache:
    """A cache in the memory of this process, or in a mapping that a caller set as a cache.

    :param mapping: where the documents are; a new dict if None.
    :param why_in_memory: why files cannot be used; None if memory was chosen.
    """

    def __init__(
        self,
        mapping: MutableMapping[str, Document] | None = None,
        *,
        why_in_memory: str | None = None,
    ) -> None:
        self.why_in_memory = why_in_memory
        self._mapping: MutableMapping[str, Document] = {} if mapping is None else mapping
        self._stored_at: dict[str, float] = {}
        self._locks: dict[tuple[int, str], threading.Lock] = {}

    def get(self, key: str) -> Entry | None:
        """See `Cache`."""
        try:
            document = self._mapping[key]
        except KeyError:
            return None
        if not isinstance(document, dict):
            return None
        stored_at = self._stored_at.get(key, time.time())
        return Entry(conceal(document), stored_at, (int(stored_at * 1e9), id(document), 0))

    def put(self, key: str, document: Document) -> None:
        """See `Cache`."""
        with self._lock(_CHANGE):
            self._put(key, document)

    def replace(
        self, key: str, document: Document, is_current: Callable[[Entry | None], bool]
    ) -> bool:
        """See `Cache`."""
        with self._lock(_CHANGE):
            current = is_current(self.get(key))
            if current:
                self._put(key, document)
        return current

    def supersede(self, key: str, document: Document) -> None:
        """See `Cache`."""
        self.put(key, document)

    def delete(self, key: str, *, quiet: bool = False) -> str | None:  # noqa: ARG002
        """See `Cache`."""
        with self._lock(_CHANGE), contextlib.suppress(KeyError):
            del self._mapping[key]
        return None

    def keys(self, prefix: str) -> set[str]:
        """See `Cache`."""
        # Only those that were put here: a mapping of a caller may not be able to list its keys.
        known = [key for key in list(self._stored_at) if key.startswith(prefix)]
        return {key for key in known if key in self._mapping}

    def mark(self, key: str) -> Mark | None:
        """See `Cache`."""
        entry = self.get(key)
        return entry.mark if entry else None

    @contextlib.contextmanager
    def locked(
        self,
        key: str,
        timeout: float | None = None,
        until: Callable[[], bool] | None = None,
    ) -> Iterator[bool]:
        """See `Cache`."""
        lock, held = self._lock(key), False
        deadline = time.monotonic() + (LOCK_TIMEOUT if timeout is None else timeout)
        try:
            if not (held := lock.acquire(blocking=False)):
                from .waiting import abandonable

                with abandonable():
                    while not (held := lock.acquire(timeout=_pause(deadline))):
                        if time.monotonic() >= deadline or (until and until()):
                            break
            yield held
        finally:
            if held:
                lock.release()

    def describe_lock(self, key: str) -> str:  # noqa: ARG002
        """See `Cache`."""
        return "a lock in the memory of this process"

    def _put(self, key: str, document: Document) -> None:
        self._mapping[key] = document
        self._stored_at[key] = time.time()

    def _lock(self, name: str) -> threading.Lock:
        # In a forked child, no thread is left to release a lock of the parent.
        return self._locks.setdefault((os.getpid(), name), threading.Lock())

    def why_unusable(self, key: str) -> str | None:  # noqa: ARG002
        """See `Cache`."""
        return None

    def why_not_stored(self, key: str) -> str | None:
        """See `Cache`."""
        return self.why_in_memory if self.mark(key) else None

    def why_not_storable(self, key: str) -> str | None:  # noqa: ARG002
        """See `Cache`."""
        return self.why_in_memory

    def describe(self, key: str) -> str:  # noqa: ARG002
        """See `Cache`."""
        return "the memory of this process"


_memories: dict[str, MemoryCache] = {}


def memory_cache(name: str, why: str | None = None) -> MemoryCache:
    """Return the cache in memory that all sessions of this process share under a name."""
    return _memories.setdefault(name, MemoryCache(why_in_memory=why))


def _pause(deadline: float) -> float:
    return max(0.0, min(_POLL, deadline - time.monotonic()))
