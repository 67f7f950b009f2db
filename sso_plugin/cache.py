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

from .redact import conceal

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

__all__ = ["LOCK_TIMEOUT", "Cache", "Document", "Entry", "MemoryCache"]

LOCK_TIMEOUT = 30.0
"""Seconds to wait for another writer. After that a duplicate call is better than a dead script."""

Document = dict[str, Any]


class Entry(NamedTuple):
    """A document and when it was stored, in local epoch seconds."""

    document: Document
    stored_at: float


class Cache(Protocol):
    """What a place for documents has to offer."""

    def get(self, key: str) -> Entry | None:
        """Return the document, or None if there is none that can be used."""

    def put(self, key: str, document: Document) -> None:
        """Store the document as a whole. Never fails: a place that cannot keep it says so."""

    def delete(self, key: str) -> None:
        """Forget the document, if there is one."""

    def locked(
        self, key: str, timeout: float | None = None
    ) -> contextlib.AbstractContextManager[bool]:
        """Keep other writers of this key out, waiting for them for a bounded time.

        The context tells whether it came to that; who has waited long enough goes on regardless.

        :param timeout: seconds, `LOCK_TIMEOUT` if None.
        """

    def fault(self, key: str) -> str | None:
        """Say why what is there cannot be used, as the end of a sentence; None if it can be."""

    def describe(self, key: str) -> str:
        """Name the place of a key in a message to a person."""


class MemoryCache:
    """Documents of this process only, or of a mapping that somebody set as a provider's cache."""

    def __init__(self, mapping: MutableMapping[str, Document] | None = None) -> None:
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
        return Entry(conceal(document), self._stored_at.get(key, time.time()))

    def put(self, key: str, document: Document) -> None:
        """See `Cache`."""
        self._mapping[key] = document
        self._stored_at[key] = time.time()

    def delete(self, key: str) -> None:
        """See `Cache`."""
        with contextlib.suppress(KeyError):
            del self._mapping[key]

    @contextlib.contextmanager
    def locked(self, key: str, timeout: float | None = None) -> Iterator[bool]:
        """See `Cache`."""
        # In a process that was forked off, nobody is left to release a lock of its parent.
        lock = self._locks.setdefault((os.getpid(), key), threading.Lock())
        held = lock.acquire(timeout=LOCK_TIMEOUT if timeout is None else timeout)
        try:
            yield held
        finally:
            if held:
                lock.release()

    def fault(self, key: str) -> str | None:  # noqa: ARG002
        """See `Cache`."""
        return None

    def describe(self, key: str) -> str:  # noqa: ARG002
        """See `Cache`."""
        return "the memory of this process"
