"""Where tokens and role credentials live: one JSON document per key.

``FileCache`` keeps the AWS CLI's own files, so that the CLI, other SDKs and we see each other's
logins. Readers take no lock. A writer holds ``locked(key)``, reads again, asks, and replaces the
file as a whole. A document that cannot be used is as good as none: it is reported, and replaced
by the next ``put``.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import stat
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

__all__ = ["Cache", "Entry", "FileCache", "MemoryCache", "role_cache", "token_cache"]

_logger = logging.getLogger(__name__)

LOCK_TIMEOUT = 30.0
"""Seconds to wait for another writer. After that a duplicate call is better than a dead script."""

_MAX_BYTES = 1024 * 1024
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)

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

    def locked(self, key: str) -> contextlib.AbstractContextManager[None]:
        """Keep other writers of this key out, for a bounded time."""

    def describe(self, key: str) -> str:
        """Name the place of a key in a message to a person."""


class MemoryCache:
    """Documents of this process only, or of a mapping that somebody set as a provider's cache."""

    def __init__(self, mapping: MutableMapping[str, Document] | None = None) -> None:
        self._mapping: MutableMapping[str, Document] = {} if mapping is None else mapping
        self._stored_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def get(self, key: str) -> Entry | None:
        """See `Cache`."""
        try:
            document = self._mapping[key]
        except KeyError:
            return None
        return Entry(document, self._stored_at.get(key, time.time()))

    def put(self, key: str, document: Document) -> None:
        """See `Cache`."""
        self._mapping[key] = document
        self._stored_at[key] = time.time()

    def delete(self, key: str) -> None:
        """See `Cache`."""
        with contextlib.suppress(KeyError):
            del self._mapping[key]

    @contextlib.contextmanager
    def locked(self, key: str) -> Iterator[None]:  # noqa: ARG002 - one lock is enough here
        """See `Cache`."""
        held = self._lock.acquire(timeout=LOCK_TIMEOUT)
        try:
            yield
        finally:
            if held:
                self._lock.release()

    def describe(self, key: str) -> str:  # noqa: ARG002
        """See `Cache`."""
        return "the memory of this process"


class FileCache:
    """One JSON file per key, written whole, readable by its owner only.

    Where the folder cannot be written, what was put is kept in memory; the newer of both counts.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._overlay = MemoryCache()

    def get(self, key: str) -> Entry | None:
        """See `Cache`."""
        entries = filter(None, (self._read(self._path(key)), self._overlay.get(key)))
        return max(entries, key=lambda entry: entry.stored_at, default=None)

    def put(self, key: str, document: Document) -> None:
        """See `Cache`."""
        try:
            self._make_folder()
            self._replace(self._path(key), json.dumps(document))
        except OSError as exc:
            _logger.debug("Keeping %s in memory: %s", self._path(key), exc.strerror)
            self._overlay.put(key, document)
        else:
            self._overlay.delete(key)

    def delete(self, key: str) -> None:
        """See `Cache`."""
        self._overlay.delete(key)
        try:
            self._path(key).unlink(missing_ok=True)
        except OSError as exc:
            _logger.warning("Cannot delete %s: %s", self._path(key), exc.strerror)

    @contextlib.contextmanager
    def locked(self, key: str) -> Iterator[None]:
        """See `Cache`. The lock file stays: deleting it would let two writers in."""
        from filelock import FileLock, Timeout

        lock = FileLock(self._folder / f"{key}.lock", timeout=LOCK_TIMEOUT, mode=0o600)
        among_threads: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
        try:
            self._make_folder()
            lock.acquire()
        except Timeout:
            _logger.debug("Passing by a writer of %s that takes too long", self._path(key))
        except (OSError, NotImplementedError) as exc:
            _logger.debug("No lock for %s among processes: %s", self._path(key), exc)
            among_threads = self._overlay.locked(key)
        try:
            with among_threads:
                yield
        finally:
            lock.release()

    def describe(self, key: str) -> str:
        """See `Cache`."""
        return str(self._path(key))

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.json"

    def _make_folder(self) -> None:
        for folder in (*reversed(self._folder.parents), self._folder):
            folder.mkdir(mode=0o700, exist_ok=True)

    def _read(self, path: Path) -> Entry | None:
        try:
            content, stored_at = _read_regular_file(path)
        except FileNotFoundError:
            return None
        except OSError as exc:
            _logger.warning("Ignoring %s, which cannot be read: %s", path, exc.strerror)
            return None
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            _logger.warning("Ignoring %s, which is damaged: it is not a JSON object", path)
            return None
        return Entry(document, stored_at)

    def _replace(self, path: Path, text: str) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=self._folder, suffix=".tmp")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise


def _read_regular_file(path: Path) -> tuple[bytes, float]:
    """Return content and time of change of a file, following no link and waiting for no pipe."""
    with os.fdopen(os.open(path, os.O_RDONLY | _NO_FOLLOW), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        return file.read(_MAX_BYTES), status.st_mtime


def token_cache() -> Cache:
    """Return the folder that the AWS CLI and the SDKs keep access tokens in."""
    return _aws_folder("sso", "cache")


def role_cache() -> Cache:
    """Return the folder that the AWS CLI keeps role credentials in."""
    return _aws_folder("cli", "cache")


def _aws_folder(*parts: str) -> Cache:
    try:
        return FileCache(Path.home().joinpath(".aws", *parts))
    except RuntimeError:
        _logger.debug("There is no home directory: keeping tokens and credentials in memory")
        return MemoryCache()
