"""The cache in files. The AWS CLI and other SDKs use the same files, so they share logins.

A file is replaced in one step, so a reader sees the old or the new one. A file that cannot be used
is ignored, with a warning, and replaced by the next ``put``.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ..redact import Secret, conceal, hide_frames
from . import cache
from .cache import Entry, memory_cache
from .reading import UnusableFileError, read_document

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from .cache import Cache, Document, Mark
    from .writing import FolderToWrite

__all__ = ["FileCache", "own_cache", "role_cache", "token_cache"]

_logger = logging.getLogger(__name__)

_KEY = re.compile(r"[\w.-]+", re.ASCII)
_reported: set[tuple[Path, str]] = set()
"""The files that cannot be used, and why. Each is logged once as a warning."""


class FileCache:
    """One JSON file per key, which only its owner can read.

    If the folder cannot be written, documents are kept in memory. The newest one counts.

    :param durable: whether a document has to survive a power cut. This waits for the disk.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder
        self._durable = durable
        self._in_memory = memory_cache(str(folder))

    def get(self, key: str) -> Entry | None:
        """See `Cache`."""
        entries = filter(None, (self._read(self._path(key)), self._in_memory.get(key)))
        return max(entries, key=lambda entry: entry.stored_at, default=None)

    def put(self, key: str, document: Document) -> None:
        """See `Cache`."""
        try:
            self._folder_to_write().write(self._path(key).name, _text(document))
        except OSError as exc:
            self._keep_in_memory(key, document, exc)
        else:
            self._in_memory.delete(key)

    def replace(
        self, key: str, document: Document, is_current: Callable[[Entry | None], bool]
    ) -> bool:
        """See `Cache`."""
        from .unwritable import stays_unusable

        def is_replaceable() -> bool:
            return stays_unusable(lambda: self.why_unusable(key)) or is_current(self.get(key))

        try:
            name, text = self._path(key).name, _text(document)
            replaced = self._folder_to_write().write_if(name, text, is_replaceable)
        except OSError as exc:
            replaced = is_replaceable()
            if replaced:
                self._keep_in_memory(key, document, exc)
        else:
            self._in_memory.delete(key)
            if replaced and (why := self.why_unusable(key)):
                self._keep_in_memory(key, document, why)
        return replaced

    def supersede(self, key: str, document: Document) -> None:
        """See `Cache`."""
        self.put(key, document)
        self._folder_to_write().cancel(self._path(key).name)
        entry = self.get(key)
        if entry is None or entry.document != document:
            # A `replace` came between the two steps above. From here on, none can.
            self.put(key, document)
            if why := self.why_unusable(key):
                self._keep_in_memory(key, document, why)

    def delete(self, key: str, *, quiet: bool = False) -> str | None:
        """See `Cache`."""
        from .unwritable import delete

        self._in_memory.delete(key)
        folder, path = self._folder_to_write(), self._path(key)
        if (why := delete(path, folder.delete)) and not quiet:
            _logger.warning("Cannot delete %s", why)
        folder.cancel(path.name)
        folder.sweep()
        with contextlib.suppress(OSError):
            folder.delete(path.name)
        return why

    def keys(self, prefix: str) -> set[str]:
        """See `Cache`."""
        files = self._folder.glob(f"{prefix}*.json")
        return {path.stem for path in files} | self._in_memory.keys(prefix)

    def mark(self, key: str) -> Mark | None:
        """See `Cache`."""
        if self._in_memory.mark(key) is not None and (entry := self.get(key)):
            return entry.mark
        try:
            return _mark(self._path(key).stat())
        except OSError:
            return None

    @contextlib.contextmanager
    def locked(
        self,
        key: str,
        timeout: float | None = None,
        until: Callable[[], bool] | None = None,
    ) -> Iterator[bool]:
        """See `Cache`. The lock file is not deleted: that would let two writers in."""
        from .locks import FileLockUnavailableError, locked

        timeout = cache.LOCK_TIMEOUT if timeout is None else timeout
        with contextlib.ExitStack() as stack:
            try:
                held = stack.enter_context(locked(self._lock_path(key), timeout, until))
            except FileLockUnavailableError as exc:
                _logger.debug("No lock between processes for %s: %s", self._path(key), exc)
                held = stack.enter_context(self._in_memory.locked(key, timeout, until))
            yield held

    def describe_lock(self, key: str) -> str:
        """See `Cache`."""
        from .locks import holder_of

        path = self._lock_path(key)
        holder = holder_of(path)
        return f"{path} (process {holder})" if holder else str(path)

    def why_unusable(self, key: str) -> str | None:
        """See `Cache`."""
        try:
            _load(self._path(key))
        except UnusableFileError as exc:
            return str(exc)
        return None

    def why_not_stored(self, key: str) -> str | None:
        """See `Cache`."""
        if why := self._in_memory.why_not_stored(key):
            return why
        return f"{self._path(key)} {why}" if (why := self.why_unusable(key)) else None

    def why_not_storable(self, key: str) -> str | None:
        """See `Cache`."""
        from .unwritable import why_not_writable

        return why_not_writable(self._path(key), self._folder_to_write().write_if)

    def describe(self, key: str) -> str:
        """See `Cache`."""
        return str(self._path(key))

    def _path(self, key: str) -> Path:
        return self._file(key, "json")

    def _lock_path(self, key: str) -> Path:
        return self._file(key, "lock")

    def _file(self, key: str, ending: str) -> Path:
        # Callers check a key that they read from a file. This is the last check.
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!a} is not a valid file name")
        return self._folder / f"{key}.{ending}"

    def _read(self, path: Path) -> Entry | None:
        try:
            return _load(path)
        except UnusableFileError as exc:
            known = (path, str(exc)) in _reported
            _reported.add((path, str(exc)))
            level = logging.DEBUG if known else logging.WARNING
            _logger.log(level, "Ignoring %s, which %s", path, exc)
            return None

    def _keep_in_memory(self, key: str, document: Document, error: OSError | str) -> None:
        from .unwritable import explain

        path = self._path(key)
        self._in_memory.put(key, document)
        why = f"{path} {error}" if isinstance(error, str) else explain(path, error)
        self._in_memory.why_in_memory = why
        _logger.debug("In memory only: %s", why)

    def _folder_to_write(self) -> FolderToWrite:
        # Imported here, because readers do not need it.
        from .writing import FolderToWrite

        return FolderToWrite(self._folder, durable=self._durable)


@hide_frames
def _text(document: Document) -> str:
    return Secret(json.dumps(document))


@hide_frames
def _load(path: Path) -> Entry | None:
    found = read_document(str(path))
    if found is None:
        return None
    document, status = found
    return Entry(conceal(document), status.st_mtime, _mark(status))


def _mark(status: os.stat_result) -> Mark:
    return status.st_mtime_ns, status.st_size, status.st_ino


def token_cache(folder: str | None = None) -> Cache:
    """Return the cache of access tokens, in the folder of the AWS CLI and the SDKs.

    :param folder: that of a botocore session, with ``~`` if it found no home; None for the usual.
    """
    folder = folder if folder and folder[0] != "~" else _imported_token_folder()
    return FileCache(Path(folder)) if folder else _cache_in("sso", "cache")


def role_cache(*, in_memory: bool = False) -> Cache:
    """Return the cache of role credentials, in the folder of the AWS CLI or in memory."""
    return memory_cache("cli/cache") if in_memory else _cache_in("cli", "cache")


def own_cache(*, durable: bool = True) -> Cache:
    """Return the cache for our own files: `keys.OWN_KINDS` lists them."""
    return _cache_in("sso-plugin", durable=durable)


def _cache_in(*parts: str, durable: bool = True) -> Cache:
    tokens = Path(_imported_token_folder() or "")
    usual = tokens.parts[-3:] == (".aws", "sso", "cache")
    try:
        aws = tokens.parents[1] if usual else Path.home() / ".aws"
    except RuntimeError:
        _logger.debug("There is no home directory: tokens and credentials stay in memory")
        return memory_cache("/".join(parts), "there is no home directory (set HOME)")
    return FileCache(aws.joinpath(*parts), durable=durable)


def _imported_token_folder() -> str | None:
    """Return the token folder of botocore, which finds the home directory when it is imported.

    None if botocore is not imported, or found no home directory.
    """
    tokens = sys.modules.get("botocore.tokens")
    folder = str(tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR) if tokens else ""  # noqa: SLF001
    return folder if Path(folder).is_absolute() else None
