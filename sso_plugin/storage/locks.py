"""Locks between processes. A writer holds a lock file while it reads, requests and replaces.

The lock is flock, as in filelock. filelock itself is used on Windows only, because it opens its
files by name, and its versions for Python 3.10 truncate them.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import shlex
import stat
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from ..printable import one_line
from .folder import OpenFolder
from .waiting import abandonable

with contextlib.suppress(ImportError):
    # Imported here and not in a thread: a process that is forked meanwhile would wait forever for
    # the end of the import.
    import fcntl  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FileLockUnavailableError", "holder_of", "locked"]

_logger = logging.getLogger(__name__)

NEEDS_FILELOCK = os.name == "nt"
"""Elsewhere filelock is not imported: it logs a warning if there is no flock."""

_POLL = 0.05
"""Seconds between two attempts to get a lock, at most."""

_LOCKS = Path("/proc/locks")

_HELD = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK}
"""The errors of file systems if another process holds the lock."""


class FileLockUnavailableError(Exception):
    """The system, the file system or the folder has no locks between processes."""


@contextlib.contextmanager
def locked(path: Path, timeout: float, until: Callable[[], bool] | None) -> Iterator[bool]:
    """Hold a lock file; the context is False if another process held it for ``timeout`` seconds.

    :param until: ends the wait early when it returns True.
    :raises FileLockUnavailableError: before the context begins, if locks are not supported.
    """
    lock = _LockFile(path)
    try:
        try:
            held = lock.acquire(timeout, until)
        except (ImportError, OSError) as exc:
            raise FileLockUnavailableError(str(exc)) from exc
        yield held
    finally:
        lock.release()


class _LockFile:
    """A lock file, which is open while it is locked. Its content does not change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        _instances.add(self)

    def acquire(self, timeout: float, until: Callable[[], bool] | None) -> bool:
        """See `locked`."""
        with OpenFolder.following(self._path.parent, make=True) as folder:
            if self._try(folder):
                return True
            with abandonable():
                return self._wait(folder, timeout, until)

    def _wait(self, folder: OpenFolder, timeout: float, until: Callable[[], bool] | None) -> bool:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and not (until and until()):
            # A caller with a short timeout tries more often.
            time.sleep(min(_POLL, timeout / 200))
            if self._try(folder):
                return True
        return False

    def release(self) -> None:
        """Unlock the file, also where a forked child has it open too, and close it."""
        if self._descriptor is not None:
            with contextlib.suppress(ImportError, OSError):
                _unlock(self._descriptor)
        self.close()

    def close(self) -> None:
        """Close the file. If another process has it open too, it stays locked."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _try(self, folder: OpenFolder) -> bool:
        descriptor = self._descriptor = self._opened(folder)
        if _try_lock(descriptor) and self._is_in_place(os.fstat(descriptor), folder):
            return True
        self.close()
        return False

    def _opened(self, folder: OpenFolder) -> int:
        name = self._path.name
        with contextlib.suppress(FileNotFoundError):
            self._check(folder.status(name))
            descriptor = folder.open(name, os.O_RDWR)
            try:
                self._check(os.fstat(descriptor))
            except OSError:
                os.close(descriptor)
                raise
            return descriptor
        try:
            return folder.create(name)
        except FileExistsError:
            # Another process has created it in the meantime.
            return folder.open(name, os.O_RDWR)

    def _check(self, status: os.stat_result) -> None:
        """Raise OSError for a link to another file, since locking it could affect that file."""
        if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1:
            return
        kind = "has more than one link" if stat.S_ISREG(status.st_mode) else "is not a regular file"
        _warn_once(self._path, kind, "mv" if stat.S_ISDIR(status.st_mode) else "rm")
        raise OSError(errno.EINVAL, f"the lock file {kind}")

    def _is_in_place(self, status: os.stat_result, folder: OpenFolder) -> bool:
        """Return whether the open file still has its name, and no other one."""
        self._check(status)
        try:
            return os.path.samestat(status, folder.status(self._path.name))
        except FileNotFoundError:
            return False


_instances: weakref.WeakSet[_LockFile] = weakref.WeakSet()
_reported: set[Path] = set()


def _after_fork_in_child() -> None:
    """Close the files that the parent has locked. Otherwise they stay locked by this process."""
    for lock in list(_instances):
        lock.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _warn_once(path: Path, problem: str, command: str) -> None:
    if path in _reported:
        return
    _reported.add(path)
    place = shlex.quote(str(path))
    fix = f"mv {place} {shlex.quote(f'{path}.old')}" if command == "mv" else f"rm {place}"
    _logger.warning(
        "%s is not used as a lock, because it %s. Other processes may renew at the same time. "
        "To fix this, run: %s",
        one_line(str(path)),
        problem,
        one_line(fix),
    )


def _try_lock(descriptor: int) -> bool:
    if NEEDS_FILELOCK:
        from filelock import lock_descriptor

        return lock_descriptor(descriptor, blocking=False)
    from fcntl import LOCK_EX, LOCK_NB, flock

    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except OSError as exc:
        if exc.errno in _HELD:
            return False
        raise
    return True


def _unlock(descriptor: int) -> None:
    if NEEDS_FILELOCK:
        from filelock import unlock_descriptor

        unlock_descriptor(descriptor)
        return
    from fcntl import LOCK_UN, flock

    flock(descriptor, LOCK_UN)


def holder_of(path: Path) -> int | None:
    """Return the ID of the process that holds a lock file; None where that is unknown.

    Linux lists the locks of all processes: https://man7.org/linux/man-pages/man5/proc_locks.5.html
    """
    try:
        status, lines = path.stat(), _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    wanted = f"{device}:{status.st_ino}"
    for line in lines:
        words = line.split()
        # The line of a process that waits for the lock has an arrow in second place.
        if wanted in words and words[1] != "->":
            holder = words[words.index(wanted) - 1]
            return int(holder) if holder.isdecimal() and int(holder) else None
    return None
