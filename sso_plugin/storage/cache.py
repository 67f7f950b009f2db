"""Where tokens and role credentials live: the contract, and the memory of the process.

One JSON document per key. Readers take no lock. A writer holds ``locked(key)``, reads again,
asks, and puts the whole document.
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
    "RENEWAL_LOCK_TIMEOUT",
    "Cache",
    "Document",
    "Entry",
    "Mark",
    "MemoryCache",
    "memory_cache",
]

LOCK_TIMEOUT = 30.0
"""Seconds to wait for another writer. After that a duplicate call is better than a dead script."""

RENEWAL_LOCK_TIMEOUT = 120.0
"""Seconds to wait for the renewal of a token, which is never done twice. After that: an error."""

Document = dict[str, Any]

Mark = tuple[int, int, int]
"""What changes when a document is replaced: its file's mtime in nanoseconds, size and inode."""


class Entry(NamedTuple):
    """A document, when it was stored (local epoch seconds), and the mark of that version."""

    document: Document
    stored_at: float
    mark: Mark


class Cache(Protocol):
    """What a place for documents has to offer."""

    def get(self, key: str) -> Entry | None:
        """Return the document, or None if there is none that can be used."""

    def put(self, key: str, document: Document) -> None:
        """Store the document as a whole. Never fails: a place that cannot keep it says so."""

    def replace(
        self, key: str, document: Document, is_current: Callable[[Entry | None], bool]
    ) -> bool:
        """Store the document if what is there is still the expected one; return whether it was.

        `supersede` and `delete` win over it, whenever they come.

        :param is_current: called with what is there now, directly before it is replaced.
        """

    def supersede(self, key: str, document: Document) -> None:
        """Store the document as `put` does; a `replace` that began before does not undo it."""

    def delete(self, key: str, *, quiet: bool = False) -> str | None:
        """Delete the document, if there is one; a `replace` that began before does not undo it.

        :param quiet: do not log that it is still there, because the caller reports it.
        :returns: why it is still there; None if it is not.
        """

    def keys(self, prefix: str) -> set[str]:
        """Return the keys of all documents that were put here and whose keys begin so."""

    def mark(self, key: str) -> Mark | None:
        """Return the mark of the document that is there, without reading it; None without one."""

    def locked(
        self,
        key: str,
        timeout: float | None = None,
        until: Callable[[], bool] | None = None,
    ) -> contextlib.AbstractContextManager[bool]:
        """Keep other writers of this key out, waiting for them for a bounded time.

        The context is True if the lock is held. It is False if another writer still holds it. A
        place that cannot lock processes locks threads, and that counts as held.

        :param timeout: seconds, `LOCK_TIMEOUT` if None.
        :param until: ends the wait early when it returns True.
        """

    def describe_lock(self, key: str) -> str:
        """Name the lock of a key, and its holder if that is known, in a message to a person."""

    def fault(self, key: str) -> str | None:
        """Say why what is there cannot be used, as the end of a sentence; None if it can be."""

    def why_not_stored(self, key: str) -> str | None:
        """Say why another process does not find what was put last; None if it does."""

    def why_not_storable(self, key: str) -> str | None:
        """Say why another process would not find what is put now; None if it would."""

    def describe(self, key: str) -> str:
        """Name the place of a key in a message to a person."""


_CHANGES = ""
"""The name of the lock that is held while a document changes; no key is empty."""

_SLICE = 0.05
"""Seconds of a wait for a lock, between two looks at whether it is still needed."""


class MemoryCache:
    """Documents of this process only, or of a mapping that a caller set as a provider's cache.

    :param why_in_memory: why this takes the place of files; None if it was chosen.
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
        with self._lock(_CHANGES):
            self._put(key, document)

    def replace(
        self, key: str, document: Document, is_current: Callable[[Entry | None], bool]
    ) -> bool:
        """See `Cache`."""
        with self._lock(_CHANGES):
            current = is_current(self.get(key))
            if current:
                self._put(key, document)
        return current

    def supersede(self, key: str, document: Document) -> None:
        """See `Cache`."""
        self.put(key, document)

    def delete(self, key: str, *, quiet: bool = False) -> str | None:  # noqa: ARG002
        """See `Cache`."""
        with self._lock(_CHANGES), contextlib.suppress(KeyError):
            del self._mapping[key]
        return None

    def keys(self, prefix: str) -> set[str]:
        """See `Cache`."""
        # Those that were put here: a mapping that a program set may be unable to list its keys.
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
                from .waiting import waiting_for_lock

                with waiting_for_lock():
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
        # In a forked child, no thread is left to release a lock of its parent.
        return self._locks.setdefault((os.getpid(), name), threading.Lock())

    def fault(self, key: str) -> str | None:  # noqa: ARG002
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
    """Return what this process keeps under a name, the same for all its sessions."""
    return _memories.setdefault(name, MemoryCache(why_in_memory=why))


def _pause(deadline: float) -> float:
    return max(0.0, min(_SLICE, deadline - time.monotonic()))
