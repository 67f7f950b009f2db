"""Locks between processes: a lock file that is held while a writer reads, asks and replaces.

The lock is flock, as in filelock, which is needed on Windows only. filelock opens its files by
name, and its versions for Python 3.10 truncate them.
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
from .waiting import waiting_for_lock

with contextlib.suppress(ImportError):
    # Here, and not in a thread: a process that is forked off meanwhile never sees the end of it.
    import fcntl  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FileLockUnavailableError", "holder_of", "locked"]

_logger = logging.getLogger(__name__)

NEEDS_FILELOCK = os.name == "nt"
"""Elsewhere it is not even imported: it warns where there is no flock."""

_POLL = 0.05
_LOCKS = Path("/proc/locks")
_HELD = {errno.EACCES, errno.EAGAIN, errno.EWOULDBLOCK}
"""How file systems say that another process has the lock."""


class FileLockUnavailableError(Exception):
    """The system, the file system or the folder has no locks between processes."""


@contextlib.contextmanager
def locked(path: Path, timeout: float, until: Callable[[], bool] | None) -> Iterator[bool]:
    """Hold a lock file; the context is False if another process held it for ``timeout`` seconds.

    :param until: ends the wait early when it returns True.
    :raises FileLockUnavailableError: before the context begins, if there is no such lock here.
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
    """A lock file, which is open while it is locked. Its content is never changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        _instances.add(self)

    def acquire(self, timeout: float, until: Callable[[], bool] | None) -> bool:
        """See `locked`."""
        with OpenFolder.following(self._path.parent, make=True) as folder:
            if self._try(folder):
                return True
            with waiting_for_lock():
                return self._wait(folder, timeout, until)

    def _wait(self, folder: OpenFolder, timeout: float, until: Callable[[], bool] | None) -> bool:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and not (until and until()):
            # A caller that waits for a short time looks often.
            time.sleep(min(_POLL, timeout / 200))
            if self._try(folder):
                return True
        return False

    def release(self) -> None:
        """Unlock the file, also where a forked child has it open, and close it."""
        if self._descriptor is not None:
            with contextlib.suppress(ImportError, OSError):
                _unlock(self._descriptor)
        self.close()

    def close(self) -> None:
        """Close the file, which leaves it locked where it is open in another process."""
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
            # Another process has created it since.
            return folder.open(name, os.O_RDWR)

    def _check(self, status: os.stat_result) -> None:
        """Refuse what could be another file: a lock is not worth any risk for that one."""
        if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1:
            return
        kind = "has more than one link" if stat.S_ISREG(status.st_mode) else "is no regular file"
        _report(self._path, kind, "mv" if stat.S_ISDIR(status.st_mode) else "rm")
        raise OSError(errno.EINVAL, f"the lock file {kind}")

    def _is_in_place(self, status: os.stat_result, folder: OpenFolder) -> bool:
        """Tell whether the open file is still the one of that name, and has no other name."""
        self._check(status)
        try:
            return os.path.samestat(status, folder.status(self._path.name))
        except FileNotFoundError:
            return False


_instances: weakref.WeakSet[_LockFile] = weakref.WeakSet()
_reported: set[Path] = set()


def _after_fork_in_child() -> None:
    """Close what the parent has locked: else the lock lasts as long as this process."""
    for lock in list(_instances):
        lock.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)


def _report(path: Path, fault: str, command: str) -> None:
    if path in _reported:
        return
    _reported.add(path)
    place = shlex.quote(str(path))
    fix = f"mv {place} {shlex.quote(f'{path}.old')}" if command == "mv" else f"rm {place}"
    _logger.warning(
        "%s is not used as a lock, because it %s. Other processes may renew at the same time. "
        "To fix this, run: %s",
        one_line(str(path)),
        fault,
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
    """Return the id of the process that holds a lock file, where the system shows it (Linux)."""
    try:
        status, lines = path.stat(), _LOCKS.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    wanted = f"{device}:{status.st_ino}"
    for line in lines:
        words = line.split()
        # A line of a process that waits has an arrow in second place.
        if wanted in words and words[1] != "->":
            holder = words[words.index(wanted) - 1]
            return int(holder) if holder.isdecimal() and int(holder) else None
    return None
