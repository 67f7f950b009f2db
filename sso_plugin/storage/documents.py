"""The files of one folder: a JSON document each, in clear text or sealed."""

from __future__ import annotations

import contextlib
import json
import logging
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ..redact import Secret, conceal, hide_frames
from .keys import content_identity
from .reading import Document, UnusableFileError, read_document

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from pathlib import Path

    from .sealing import Sealing
    from .writing import FolderToWrite

__all__ = [
    "DocumentFolder",
    "Entry",
    "Mark",
    "Places",
    "kept_in_memory",
]

_logger = logging.getLogger(__name__)

T = TypeVar("T")

Mark = tuple[int, int, int]
"""Changes when a document is replaced: the file's mtime in nanoseconds, size and inode."""

kept_in_memory: dict[str, Any] = {}
"""The caches in memory by name; for documents that could not be written, it is their folder."""

_KEY = re.compile(r"[\w.-]+", re.ASCII)
_reported: set[tuple[Path | None, str]] = set()
"""The files that cannot be used, and why. Each is logged once as a warning."""


class _NoKeyError(UnusableFileError):
    """The file is sealed, and the key cannot be read now."""


class Entry(NamedTuple):
    """A document, when it was stored (local epoch seconds), and the mark of that version."""

    document: Document
    stored_at: float
    mark: Mark


class DocumentFolder:
    """A folder with one file per key, which only its owner can read.

    :param durable: whether a document has to survive a power cut. This waits for the disk.
    :param identify: see `Cache.identity`.
    :param sealing: returns what encrypts the documents; None for clear text.
    """

    def __init__(
        self,
        path: Path,
        *,
        durable: bool = True,
        identify: Callable[[Document], str] = content_identity,
        sealing: Callable[[], Sealing] | None = None,
    ) -> None:
        self.path = path
        self.identify = identify
        self._durable = durable
        self._sealing = sealing

    @property
    def is_sealed(self) -> bool:
        """Whether the documents are encrypted."""
        return self._sealing is not None

    def file(self, key: str, ending: str = "json") -> Path:
        """Return the path of a file.

        :raises ValueError: if the key is not valid in a file name.
        """
        # Callers check a key that they read from a file. This is the last check.
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!a} is not a valid file name")
        return self.path / f"{key}.{ending}"

    def mark(self, key: str) -> Mark | None:
        """Return the mark of a file, without reading it; None if it is missing."""
        try:
            return _mark(self.file(key).stat())
        except OSError:
            return None

    def read(self, key: str) -> Entry | None:
        """Return the document; None if it is missing or, with a warning, if it cannot be used."""
        path = self.file(key)
        try:
            return self.load(key)
        except UnusableFileError as exc:
            from .waiting import is_unattended

            # Without the key, the reason is the same for all files.
            what = None if isinstance(exc, _NoKeyError) else path, str(exc)
            # An unattended thread may lack a key that others can read. They report what remains.
            known = what in _reported or is_unattended()
            if not known:
                _reported.add(what)
            level = logging.DEBUG if known else logging.WARNING
            _logger.log(level, "Ignoring %s, which %s", path, exc)
            return None

    @hide_frames
    def load(self, key: str) -> Entry | None:
        """Return the document; None if it is missing.

        :raises UnusableFileError: if it cannot be used.
        """
        found = read_document(str(self.file(key)))
        if found is None:
            return None
        document, status = found
        if self._sealing is not None:
            document = self._open(self._sealing(), key, document)
        return Entry(conceal(document), status.st_mtime, _mark(status))

    def identity(self, key: str) -> str | None:
        """Return the identity of a document; None if it is missing or cannot be read.

        :raises UnusableFileError: if it cannot be used.
        """
        if self._sealing is None:
            entry = self.load(key)
            return self.identify(entry.document) if entry else None
        from .sealing import identity_of

        sealed = read_document(str(self.file(key)))
        return identity_of(sealed[0]) if sealed else None

    @hide_frames
    def write(
        self,
        key: str,
        document: Document,
        is_replaceable: Callable[[], bool] | None = None,
        *,
        age: float = 0.0,
    ) -> bool:
        """Replace a file in one step if a last check allows it. Return whether it was replaced.

        :param age: the seconds since the document was stored elsewhere, for the mtime.

        :raises OSError: if the folder cannot be written.
        :raises UnusableFileError: if there is no key to seal with.
        """
        name = self.file(key).name
        if self._sealing is not None:
            document = self._seal(self._sealing(), key, document)
        text = Secret(json.dumps(document))
        modified = int((time.time() - age) * 1e9) if age else None
        if is_replaceable is not None:
            return self.to_write.write_if(name, text, is_replaceable, modified=modified)
        self.to_write.write(name, text, modified=modified)
        return True

    def delete(self, key: str) -> str | None:
        """Delete a file, and those that a writer has begun. Return why it could not be deleted."""
        from .unwritable import delete

        path, writer = self.file(key), self.to_write
        why = delete(path, writer.delete)
        writer.cancel(path.name)
        writer.sweep()
        with contextlib.suppress(OSError):
            writer.delete(path.name)
        return why

    @property
    def sealing(self) -> Sealing | None:
        """What encrypts the documents; None for clear text."""
        return self._sealing() if self._sealing else None

    def why_no_key(self, key: str | None) -> str | None:
        """See `Cache`."""
        if self._sealing is None:
            return None
        why = self._sealing().why_no_key()
        if why is None and key is not None:
            try:
                self.load(key)
            except _NoKeyError as exc:
                return str(exc.__cause__)
            except UnusableFileError:
                # It is replaced by the next login.
                return None
        return why

    @property
    def to_write(self) -> FolderToWrite:
        """The folder for writers. Imported here, because readers do not need it."""
        from .writing import FolderToWrite

        return FolderToWrite(self.path, durable=self._durable)

    @hide_frames
    def _open(self, sealing: Sealing, key: str, sealed: Document) -> Document:
        from .sealing import KeyUnavailableError

        try:
            return sealing.open(self.name_of(key), sealed)
        except KeyUnavailableError as exc:
            raise _NoKeyError(f"is sealed, and {exc}") from exc

    @hide_frames
    def _seal(self, sealing: Sealing, key: str, document: Document) -> Document:
        from .sealing import KeyUnavailableError

        try:
            return sealing.seal(self.name_of(key), document, self.identify(document))
        except KeyUnavailableError as exc:
            raise UnusableFileError(f"cannot be sealed: {exc}") from exc

    def name_of(self, key: str) -> str:
        """Return the name to which a sealed document is bound."""
        return f"{self.path.name}/{key}"


class Places(NamedTuple):
    """The folder of documents, and the one in which they were before a setting changed.

    The newer file counts. Who moves a file writes the new one before it deletes the old one.
    """

    own: DocumentFolder
    former: DocumentFolder | None

    def newest(self, key: str) -> DocumentFolder:
        """Return the folder whose file counts."""
        former = self.former.mark(key) if self.former else None
        if self.former is None or former is None:
            return self.own
        own = self.own.mark(key)
        return self.own if own and own[0] >= former[0] else self.former

    def find(self, key: str, use: Callable[[DocumentFolder], T | None]) -> T | None:
        """Return what a function returns for the folder whose file counts."""
        newest = self.newest(key)
        found = use(newest)
        if found is None and self.former:
            # Another process may have moved the file in between.
            other = self.newest(key)
            found = None if other is newest else use(other)
        return found

    def all(self) -> list[DocumentFolder]:
        """Return both folders."""
        return [self.own, self.former] if self.former else [self.own]


def _mark(status: os.stat_result) -> Mark:
    return status.st_mtime_ns, status.st_size, status.st_ino
