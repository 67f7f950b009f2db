"""The contract of all caches for tokens, role credentials and what belongs to them.

A cache has one JSON document per key. Readers take no lock. A writer holds ``locked(key)``, pulls
and reads again, sends its request, and puts the whole document. No caller knows which kind of cache
it has: memory, files, sealed files, or a server that many machines use. So each method is at most
one request to such a server, and no method takes a function that looks at the stored document.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable

    from .documents import Entry, Mark
    from .reading import Document

__all__ = ["LOCK_TIMEOUT", "Cache", "Hold"]

LOCK_TIMEOUT = 30.0
"""Seconds to wait for another writer. After that, a second request is sent."""


class Hold(enum.Enum):
    """Whether a writer holds a lock. It is true only if it does."""

    HELD = "held"
    PASSED_BY = "passed by"
    """Another writer holds it, and the wait has ended."""
    AWAY = "away"
    """The place of the lock cannot be reached, so it is not known whether another writer holds it.

    What works only once must not be done, such as the use of a refresh token.
    """

    def __bool__(self) -> bool:
        return self is Hold.HELD


class Cache(Protocol):
    """What each cache implements."""

    def get(self, key: str) -> Entry | None:
        """Return the document; None if it is missing or cannot be used."""

    def put(self, key: str, document: Document, *, age: float = 0.0) -> None:
        """Store the whole document. Never raises: see `why_not_stored`.

        :param age: the seconds since it was stored elsewhere, which its entry then has.
        """

    def replace(
        self, key: str, document: Document, replacing: Document, *, age: float = 0.0
    ) -> bool:
        """Replace a document by the one that was made of it. Return whether it was replaced.

        It is not if the stored document has another `identity`, or was deleted. A document whose
        identity cannot be read is replaced. A `supersede` or `delete` at the same time has
        priority.

        :param age: see `put`.
        """

    def supersede(self, key: str, document: Document) -> None:
        """Store the document as `put` does. A `replace` that has begun does not overwrite it."""

    def delete(self, key: str, *, quiet: bool = False) -> str | None:
        """Delete the document, if there is one. A `replace` that has begun does not restore it.

        :param quiet: do not log that it could not be deleted, because the caller reports it.
        :returns: why it could not be deleted; None if it was.
        """

    def end(self, key: str, *, quiet: bool = False) -> str | None:
        """Delete the document for good: no other machine that still has it brings it back.

        Parameters and result are those of `delete`.
        """

    def settle(self, key: str) -> None:
        """Move the document to where new ones are stored, if a setting has changed since.

        It stays where it is if that fails. Never raises.
        """

    def pull(self, key: str, *, patience: float = 0.0) -> None:
        """Bring the newest document to this machine, where `get` and `mark` look for it.

        :param patience: the seconds to wait for a place that cannot be reached: see `why_away`.
        """

    def confirm(self, key: str, document: Document) -> Hold:
        """Return whether the lock is still held, and the document is still the newest one.

        Precondition: this thread holds the lock. After this, it may do once what works only once.
        """

    def why_away(self, key: str) -> str | None:
        """Return why the newest document may be out of reach, as a clause; None if it is not.

        It is known after a `pull`, and after an attempt to lock.
        """

    def keys(self, prefix: str) -> set[str]:
        """Return the keys of all stored documents that begin with a prefix."""

    def mark(self, key: str) -> Mark | None:
        """Return the mark of the document, without reading it; None if it is missing."""

    def identity(self, key: str) -> str | None:
        """Return what identifies the content of the document, also if it cannot be decrypted.

        None if it is missing or cannot be read. Moving or encrypting a document does not change its
        identity.
        """

    def locked(
        self,
        key: str,
        timeout: float | None = None,
        until: Callable[[], bool] | None = None,
    ) -> contextlib.AbstractContextManager[Hold]:
        """Lock the key for other writers, in a context that is true if the lock is held.

        Where there are no locks between processes, this is a lock between threads. A holder that is
        paused for long may lose the lock; `replace` then decides which document stays.

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

    def why_no_key(self, key: str | None = None) -> str | None:
        """Return why documents cannot be encrypted, as a clause; None if they can or need not.

        :param key: of a document that has to be decrypted, too.
        """

    def describe(self, key: str) -> str:
        """Name the location of a key for a message."""
