"""The cache in files: those of the AWS CLI, so that it, other SDKs and we see each other's logins.

A file is replaced as a whole, so a reader sees the old or the new one. One that cannot be used is
as good as none: it is reported, and replaced by the next ``put``.
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
_reported: set[tuple[Path, str]] = set()  # of files that cannot be used


class FileCache:
    """One JSON file per key, written whole, readable by its owner only.

    Where the folder cannot be written, what was put is kept in the memory of the process; the
    newer of both counts.

    :param durable: whether what was put has to survive a power cut, which can cost a disk's time.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self._folder = folder
        self._durable = durable
        self._overlay = memory_cache(str(folder))

    def get(self, key: str) -> Entry | None:
        """See `Cache`."""
        entries = filter(None, (self._read(self._path(key)), self._overlay.get(key)))
        return max(entries, key=lambda entry: entry.stored_at, default=None)

    def put(self, key: str, document: Document) -> None:
        """See `Cache`."""
        try:
            self._folder_to_write().write(self._path(key).name, _text(document))
        except OSError as exc:
            self._keep_in_memory(key, document, exc)
        else:
            self._overlay.delete(key)

    def replace(
        self, key: str, document: Document, is_current: Callable[[Entry | None], bool]
    ) -> bool:
        """See `Cache`."""
        from .unwritable import is_damaged_for_good

        def is_replaceable() -> bool:
            return is_damaged_for_good(lambda: self.fault(key)) or is_current(self.get(key))

        try:
            name, text = self._path(key).name, _text(document)
            replaced = self._folder_to_write().write_if(name, text, is_replaceable)
        except OSError as exc:
            replaced = is_replaceable()
            if replaced:
                self._keep_in_memory(key, document, exc)
        else:
            self._overlay.delete(key)
            if replaced and (fault := self.fault(key)):
                self._keep_in_memory(key, document, fault)
        return replaced

    def supersede(self, key: str, document: Document) -> None:
        """See `Cache`."""
        self.put(key, document)
        self._folder_to_write().cancel(self._path(key).name)
        entry = self.get(key)
        if entry is None or entry.document != document:
            # A `replace` came between the two steps above; none can from here on.
            self.put(key, document)
            if fault := self.fault(key):
                self._keep_in_memory(key, document, fault)

    def delete(self, key: str, *, quiet: bool = False) -> str | None:
        """See `Cache`."""
        from .unwritable import delete

        self._overlay.delete(key)
        folder, path = self._folder_to_write(), self._path(key)
        if (left := delete(path, folder.delete)) and not quiet:
            _logger.warning("Cannot delete %s", left)
        folder.cancel(path.name)
        folder.sweep()
        with contextlib.suppress(OSError):
            folder.delete(path.name)
        return left

    def keys(self, prefix: str) -> set[str]:
        """See `Cache`."""
        files = self._folder.glob(f"{prefix}*.json")
        return {path.stem for path in files} | self._overlay.keys(prefix)

    def mark(self, key: str) -> Mark | None:
        """See `Cache`."""
        if self._overlay.mark(key) is not None and (entry := self.get(key)):
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
        """See `Cache`. The lock file stays: deleting it would let two writers in."""
        from .locks import FileLockUnavailableError, locked

        timeout = cache.LOCK_TIMEOUT if timeout is None else timeout
        with contextlib.ExitStack() as stack:
            try:
                held = stack.enter_context(locked(self._lock_path(key), timeout, until))
            except FileLockUnavailableError as exc:
                _logger.debug("No lock for %s among processes: %s", self._path(key), exc)
                held = stack.enter_context(self._overlay.locked(key, timeout, until))
            yield held

    def describe_lock(self, key: str) -> str:
        """See `Cache`."""
        from .locks import holder_of

        path = self._lock_path(key)
        holder = holder_of(path)
        return f"{path} (process {holder})" if holder else str(path)

    def fault(self, key: str) -> str | None:
        """See `Cache`."""
        try:
            _load(self._path(key))
        except UnusableFileError as exc:
            return str(exc)
        return None

    def why_not_stored(self, key: str) -> str | None:
        """See `Cache`."""
        fault = self.fault(key)
        why = self._overlay.why_not_stored(key)
        return why or (f"{self._path(key)} {fault}" if fault else None)

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
        # Callers check a key that comes from a file. This catches what they miss.
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!a} cannot be the name of a file")
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
        self._overlay.put(key, document)
        why = f"{path} {error}" if isinstance(error, str) else explain(path, error)
        self._overlay.why_in_memory = why
        _logger.debug("In memory only: %s", why)

    def _folder_to_write(self) -> FolderToWrite:
        # Readers need not even import it.
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
    """Return the folder that the AWS CLI and the SDKs keep access tokens in.

    :param folder: that of a session of botocore; ``~`` if it found no home; None for the usual one.
    """
    folder = folder if folder and folder[0] != "~" else _imported_token_folder()
    return FileCache(Path(folder)) if folder else _cache_in("sso", "cache")


def role_cache(*, in_memory: bool = False) -> Cache:
    """Return the folder that the AWS CLI keeps role credentials in, or memory in its place."""
    return memory_cache("cli/cache") if in_memory else _cache_in("cli", "cache")


def own_cache(*, durable: bool = True) -> Cache:
    """Return the folder for what only we know: remembered names, logins under way, budgets."""
    return _cache_in("sso-plugin", durable=durable)


def _cache_in(*parts: str, durable: bool = True) -> Cache:
    tokens = Path(_imported_token_folder() or "")
    usual = tokens.parts[-3:] == (".aws", "sso", "cache")
    try:
        aws = tokens.parents[1] if usual else Path.home() / ".aws"
    except RuntimeError:
        _logger.debug("There is no home directory: keeping tokens and credentials in memory")
        return memory_cache("/".join(parts), "there is no home directory (set HOME)")
    return FileCache(aws.joinpath(*parts), durable=durable)


def _imported_token_folder() -> str | None:
    """Return the token folder of botocore, which looks for the home directory only when imported.

    None if botocore is not imported, or found no home directory.
    """
    tokens = sys.modules.get("botocore.tokens")
    folder = str(tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR) if tokens else ""  # noqa: SLF001
    return folder if Path(folder).is_absolute() else None
