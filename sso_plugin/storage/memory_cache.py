"""The cache in the memory of a process, or in a mapping that a caller set as a cache."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import TYPE_CHECKING

from ..redact import conceal
from . import cache
from .cache import Hold
from .documents import Entry, kept_in_memory
from .keys import content_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, MutableMapping

    from .cache import Cache
    from .documents import Mark
    from .reading import Document

__all__ = ["MemoryCache", "memory_cache"]

_CHANGE = ""
"""The name of the lock that is held while a document changes. No key is empty."""

_POLL = 0.05
"""Seconds between two checks whether the wait for a lock is over."""


class MemoryCache:
    """A cache in the memory of this process, or in a mapping that a caller set as a cache.

    :param mapping: where the documents are; a new dict if None.
    :param why_in_memory: why files cannot be used; None if memory was chosen.
    :param identify: see `Cache.identity`.
    :param former: the files that were used before memory was chosen. They are deleted, not read.
    """

    def __init__(
        self,
        mapping: MutableMapping[str, Document] | None = None,
        *,
        why_in_memory: str | None = None,
        identify: Callable[[Document], str] | None = None,
        former: Cache | None = None,
    ) -> None:
        self.why_in_memory = why_in_memory
        self._mapping: MutableMapping[str, Document] = {} if mapping is None else mapping
        self._identify = identify or content_identity
        self._former = former
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

    def put(self, key: str, document: Document, *, age: float = 0.0) -> None:
        """See `Cache`."""
        with self._lock(_CHANGE):
            self._put(key, document, age)

    def replace(
        self, key: str, document: Document, replacing: Document, *, age: float = 0.0
    ) -> bool:
        """See `Cache`."""
        with self._lock(_CHANGE):
            is_current = self.identity(key) == self._identify(replacing)
            if is_current:
                self._put(key, document, age)
        return is_current

    def supersede(self, key: str, document: Document) -> None:
        """See `Cache`."""
        self.put(key, document)

    def delete(self, key: str, *, quiet: bool = False) -> str | None:
        """See `Cache`."""
        with self._lock(_CHANGE), contextlib.suppress(KeyError):
            del self._mapping[key]
        return self._former.delete(key, quiet=quiet) if self._former else None

    def end(self, key: str, *, quiet: bool = False) -> str | None:
        """See `Cache`."""
        return self.delete(key, quiet=quiet)

    def settle(self, key: str) -> None:
        """See `Cache`. What was stored in files is not read."""

    def pull(self, key: str, *, patience: float = 0.0) -> None:
        """See `Cache`. There is no other place."""

    def confirm(self, key: str, document: Document) -> Hold:  # noqa: ARG002
        """See `Cache`. A lock is not lost here."""
        return Hold.HELD

    def why_away(self, key: str) -> str | None:  # noqa: ARG002
        """See `Cache`."""
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

    def identity(self, key: str) -> str | None:
        """See `Cache`."""
        entry = self.get(key)
        return self._identify(entry.document) if entry else None

    @contextlib.contextmanager
    def locked(
        self,
        key: str,
        timeout: float | None = None,
        until: Callable[[], bool] | None = None,
    ) -> Iterator[Hold]:
        """See `Cache`."""
        lock, held = self._lock(key), False
        deadline = time.monotonic() + (cache.LOCK_TIMEOUT if timeout is None else timeout)
        try:
            if not (held := lock.acquire(blocking=False)):
                from .waiting import abandonable

                with abandonable():
                    while not (held := lock.acquire(timeout=_pause(deadline))):
                        if time.monotonic() >= deadline or (until and until()):
                            break
            yield Hold.HELD if held else Hold.PASSED_BY
        finally:
            if held:
                lock.release()

    def describe_lock(self, key: str) -> str:  # noqa: ARG002
        """See `Cache`."""
        return "a lock in the memory of this process"

    def _put(self, key: str, document: Document, age: float) -> None:
        self._mapping[key] = document
        self._stored_at[key] = time.time() - age

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

    def why_no_key(self, key: str | None = None) -> str | None:  # noqa: ARG002
        """See `Cache`."""
        return None

    def describe(self, key: str) -> str:  # noqa: ARG002
        """See `Cache`."""
        return "the memory of this process"


def memory_cache(
    name: str,
    why: str | None = None,
    *,
    identify: Callable[[Document], str] | None = None,
    former: Cache | None = None,
) -> MemoryCache:
    """Return the cache in memory that all sessions of this process share under a name.

    Parameters are those of `MemoryCache`.
    """
    made = MemoryCache(why_in_memory=why, identify=identify, former=former)
    kept: MemoryCache = kept_in_memory.setdefault(name, made)
    return kept


def _pause(deadline: float) -> float:
    return max(0.0, min(_POLL, deadline - time.monotonic()))
