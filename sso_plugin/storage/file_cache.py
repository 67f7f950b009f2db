"""The cache in files: plain ones, which the AWS CLI and other SDKs use too, or sealed ones.

A file is replaced in one step, so a reader sees the old or the new one. A file that cannot be used
is ignored, with a warning, and replaced by the next ``put``.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from .documents import Places, kept_in_memory
from .reading import UnusableFileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .cache import Hold
    from .documents import DocumentFolder, Entry, Mark
    from .memory_cache import MemoryCache
    from .reading import Document

__all__ = ["FileCache"]

_logger = logging.getLogger(__name__)


class FileCache:
    """The documents of a folder.

    If the folder cannot be written, or there is no key to seal with, documents are kept in memory.
    The newest one counts.

    :param former: the folder in which the documents were before a setting changed. The newer file
        counts, and a write deletes the other one.
    :param locks: the folder of the lock files, if that is not the folder of the documents.
    """

    def __init__(
        self,
        folder: DocumentFolder,
        former: DocumentFolder | None = None,
        locks: DocumentFolder | None = None,
    ) -> None:
        self._folder = folder
        self._former = former
        self._places = Places(folder, former)
        self._locks = locks or folder

    def get(self, key: str) -> Entry | None:
        """See `Cache`."""
        entry, kept = self._places.find(key, lambda folder: folder.read(key)), self._kept(key)
        return kept if kept and (entry is None or kept.stored_at > entry.stored_at) else entry

    def put(self, key: str, document: Document, *, age: float = 0.0) -> None:
        """See `Cache`."""
        older = self._mark_of_former(key)
        try:
            self._folder.write(key, document, age=age)
        except (OSError, UnusableFileError) as exc:
            self._keep_in_memory(key, document, exc, age)
        else:
            self._forget_others(key, older)

    def replace(
        self, key: str, document: Document, replacing: Document, *, age: float = 0.0
    ) -> bool:
        """See `Cache`."""
        from .unwritable import stays_unusable

        expected, older = self._folder.identify(replacing), self._mark_of_former(key)

        def is_replaceable() -> bool:
            # A login that this process has no key for has an identity, and is not replaced.
            if self.identity(key) is None and stays_unusable(lambda: self.why_unusable(key)):
                return True
            return self.identity(key) == expected

        try:
            replaced = self._folder.write(key, document, is_replaceable, age=age)
        except (OSError, UnusableFileError) as exc:
            if replaced := is_replaceable():
                self._keep_in_memory(key, document, exc, age)
        else:
            if replaced:
                self._forget_others(key, older)
                self._keep_if_unusable(key, document)
        return replaced

    def supersede(self, key: str, document: Document) -> None:
        """See `Cache`."""
        self.put(key, document)
        for folder in self._places.all():
            # A process with another setting may be about to replace the file in the other folder.
            folder.to_write.cancel(folder.file(key).name)
        older, entry = self._mark_of_former(key), self.get(key)
        if entry is None or entry.document != document:
            # A `replace` came between the two steps above. From here on, none can.
            self.put(key, document)
            self._keep_if_unusable(key, document)
        elif not self._kept(key):
            self._forget_others(key, older)

    def delete(self, key: str, *, quiet: bool = False) -> str | None:
        """See `Cache`."""
        self._forget_kept(key)
        reasons = [why for folder in self._places.all() if (why := folder.delete(key))]
        for why in () if quiet else reasons:
            _logger.warning("Cannot delete %s", why)
        return "; ".join(reasons) or None

    def end(self, key: str, *, quiet: bool = False) -> str | None:
        """See `Cache`."""
        return self.delete(key, quiet=quiet)

    def settle(self, key: str) -> None:
        """See `Cache`."""
        if (older := self._mark_of_former(key)) is None:
            return
        # Not at the top: readers do not need it.
        from .resealing import move_to_own_folder

        if move_to_own_folder(self._places, key, older):
            self._forget_others(key, older)

    def pull(self, key: str, *, patience: float = 0.0) -> None:
        """See `Cache`. There is no other place."""

    def confirm(self, key: str, document: Document) -> Hold:  # noqa: ARG002
        """See `Cache`. A lock is not lost here."""
        from .cache import Hold

        return Hold.HELD

    def why_away(self, key: str) -> str | None:  # noqa: ARG002
        """See `Cache`."""
        return None

    def keys(self, prefix: str) -> set[str]:
        """See `Cache`."""
        files = (folder.path.glob(f"{prefix}*.json") for folder in self._places.all())
        kept = kept_in_memory.get(str(self._folder.path))
        found = {path.stem for each in files for path in each}
        return found | kept.keys(prefix) if kept else found

    def mark(self, key: str) -> Mark | None:
        """See `Cache`."""
        if self._kept(key) and (entry := self.get(key)):
            return entry.mark
        return self._places.find(key, lambda folder: folder.mark(key))

    def identity(self, key: str) -> str | None:
        """See `Cache`."""
        if self._kept(key) and (entry := self.get(key)):
            return self._folder.identify(entry.document)
        with contextlib.suppress(UnusableFileError):
            return self._places.find(key, lambda folder: folder.identity(key))
        return None

    @contextlib.contextmanager
    def locked(
        self,
        key: str,
        timeout: float | None = None,
        until: Callable[[], bool] | None = None,
    ) -> Iterator[Hold]:
        """See `Cache`. The lock file is not deleted: that would let two writers in."""
        from . import cache
        from .locks import FileLockUnavailableError, locked

        path = self._locks.file(key, "lock")
        timeout = cache.LOCK_TIMEOUT if timeout is None else timeout
        with contextlib.ExitStack() as stack:
            try:
                held = stack.enter_context(locked(path, timeout, until))
            except FileLockUnavailableError as exc:
                _logger.debug("No lock between processes: %s: %s", path, exc)
                held = bool(stack.enter_context(self._in_memory.locked(key, timeout, until)))
            yield cache.Hold.HELD if held else cache.Hold.PASSED_BY

    def describe_lock(self, key: str) -> str:
        """See `Cache`."""
        from .locks import holder_of

        path = self._locks.file(key, "lock")
        return f"{path} (process {holder})" if (holder := holder_of(path)) else str(path)

    def why_unusable(self, key: str) -> str | None:
        """See `Cache`."""
        try:
            self._places.find(key, lambda folder: folder.load(key))
        except UnusableFileError as exc:
            return str(exc)
        return None

    def why_not_stored(self, key: str) -> str | None:
        """See `Cache`."""
        kept = kept_in_memory.get(str(self._folder.path))
        if kept and (why := kept.why_not_stored(key)):
            return str(why)
        return f"{self.describe(key)} {why}" if (why := self.why_unusable(key)) else None

    def why_not_storable(self, key: str) -> str | None:
        """See `Cache`."""
        from .unwritable import why_not_writable

        path, write_if = self._folder.file(key), self._folder.to_write.write_if
        return self.why_no_key() or why_not_writable(path, write_if)

    def why_no_key(self, key: str | None = None) -> str | None:
        """See `Cache`."""
        return self._folder.why_no_key(key)

    def describe(self, key: str) -> str:
        """See `Cache`."""
        return str(self._places.newest(key).file(key))

    @property
    def _in_memory(self) -> MemoryCache:
        """The documents that could not be written."""
        # Not at the top: a session with cached files does not need it.
        from .memory_cache import memory_cache

        return memory_cache(str(self._folder.path), identify=self._folder.identify)

    def _kept(self, key: str) -> Entry | None:
        kept = kept_in_memory.get(str(self._folder.path))
        return kept.get(key) if kept else None

    def _forget_kept(self, key: str) -> None:
        if kept := kept_in_memory.get(str(self._folder.path)):
            kept.delete(key)

    def _mark_of_former(self, key: str) -> Mark | None:
        return self._former.mark(key) if self._former else None

    def _forget_others(self, key: str, older: Mark | None) -> None:
        """Delete the older copies of a document that was just written.

        :param older: the mark of the former file before that. Another login may have replaced it.
        """
        self._forget_kept(key)
        former = self._former
        if former and older and older == former.mark(key) and (why := former.delete(key)):
            _logger.warning("Cannot delete %s", why)

    def _keep_if_unusable(self, key: str, document: Document) -> None:
        if why := self.why_unusable(key):
            self._keep_in_memory(key, document, UnusableFileError(why))

    def _keep_in_memory(
        self, key: str, document: Document, error: Exception, age: float = 0.0
    ) -> None:
        from .unwritable import explain

        path = self._folder.file(key)
        self._in_memory.put(key, document, age=age)
        why = explain(path, error) if isinstance(error, OSError) else f"{path} {error}"
        self._in_memory.why_in_memory = why
        _logger.debug("In memory only: %s", why)
