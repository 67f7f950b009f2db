"""Documents that a server has, too: role credentials, and notes about a login or the portal.

The last one that was written counts. A server that lost them gets new ones with the next write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .network_cache import NetworkCache

if TYPE_CHECKING:
    from ..cache import Cache
    from ..documents import Entry
    from ..reading import Document
    from .remote import Record, Remote

__all__ = ["SHARED_NOTES", "SharedDocuments"]

SHARED_NOTES = frozenset({"accounts", "notes", "outage", "replaced"})
"""The kinds of our own documents that all machines share: see `storage.keys.OWN_KINDS`."""

_LIFETIME = 86400.0
"""Seconds for which the server keeps a document that does not say when it expires."""

_PATIENCE = 3.0
"""Seconds that a machine waits for a server that does not reply, before it fetches credentials for
itself: one reply may be late on a busy network."""

_GRACE = 60.0
"""Seconds for which it keeps one that has expired: clocks differ."""

_TOLERANCE = 2.0
"""Seconds between a write on this machine and the same one on the server."""


class SharedDocuments(NetworkCache):
    """A cache of such documents.

    :param kinds: those that are shared, by the first part of their keys; None for all.
    """

    def __init__(
        self, local: Cache, remote: Remote, kind: str, kinds: frozenset[str] | None = None
    ) -> None:
        super().__init__(local, remote, kind, patience=_PATIENCE if kinds is None else 0.0)
        self._kinds = kinds

    def put(self, key: str, document: Document, *, age: float = 0.0) -> None:
        """See `Cache`."""
        self._local.put(key, document, age=age)
        if self._is_shared(key):
            self._send(key, lambda: self._write(key, document))

    def replace(
        self, key: str, document: Document, replacing: Document, *, age: float = 0.0
    ) -> bool:
        """See `Cache`."""
        replaced = self._local.replace(key, document, replacing, age=age)
        if replaced and self._is_shared(key):
            self._send(key, lambda: self._write(key, document))
        return replaced

    def supersede(self, key: str, document: Document) -> None:
        """See `Cache`."""
        self._local.supersede(key, document)
        if self._is_shared(key):
            self._send(key, lambda: self._write(key, document))

    def delete(self, key: str, *, quiet: bool = False) -> str | None:
        """See `Cache`."""
        if self._is_shared(key):
            self._send(key, lambda: self._remote.remove(self._kind, key))
        return self._local.delete(key, quiet=quiet)

    def end(self, key: str, *, quiet: bool = False) -> str | None:
        """See `Cache`. What a login made is not used without it."""
        return self.delete(key, quiet=quiet)

    def _is_shared(self, key: str) -> bool:
        return self._kinds is None or key.partition("-")[0] in self._kinds

    def _pull(self, key: str) -> bool:
        found, timing = self._remote.read(self._kind, key), self._remote.timing
        if found is None:
            # Role credentials stay: they are valid, and the server may have been emptied.
            if self._kinds is not None and self._local.mark(key):
                self._local.delete(key, quiet=True)
            return True
        expires_at = timing.expires_at(found.document)
        entry = self._local.get(key)
        has_expired = expires_at is not None and expires_at <= timing.now()
        if not has_expired and not (entry and self._is_here(entry, found)):
            self._local.put(key, found.document, age=found.age)
        return True

    def _is_here(self, entry: Entry, found: Record) -> bool:
        """Return whether the copy on this machine is what the server has.

        A failure that was noted again has the same document, and is a newer one.
        """
        is_older = self._remote.age_of(entry) > found.age + _TOLERANCE
        return entry.document == found.document and not is_older

    def _write(self, key: str, document: Document) -> None:
        expires_at, now = self._remote.timing.expires_at(document), self._remote.timing.now()
        lifetime = _LIFETIME if expires_at is None else max(0.0, expires_at - now) + _GRACE
        self._remote.write(self._kind, key, document, lifetime)
