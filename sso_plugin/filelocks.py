"""Locks between processes: a lock file that is held while a writer reads, asks and replaces."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from .cache import waiting_for_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["FileLockUnavailableError", "holder_of", "locked"]

_MODE = 0o600
_POLL = 0.05
_LOCKS = Path("/proc/locks")


class FileLockUnavailableError(Exception):
    """No lock between processes can be had here: from this system, file system or folder."""


@contextlib.contextmanager
def locked(path: Path, timeout: float, until: Callable[[], bool] | None) -> Iterator[bool]:
    """Hold a lock file; the context is False if another process held it for ``timeout`` seconds.

    :param until: ends the wait early when it returns True.
    :raises FileLockUnavailableError: before the context begins, if there is no such lock here.
    """
    try:
        from filelock import FileLock, Timeout
    except ImportError as exc:
        raise FileLockUnavailableError("filelock is not installed") from exc
    if not _is_lockable(path):
        raise FileLockUnavailableError("it is a link, or not a regular file")
    lock = FileLock(path, mode=_MODE)
    held = True
    try:
        with waiting_for_lock():
            # Who waits for a short time looks often.
            lock.acquire(timeout, min(_POLL, timeout / 200), cancel_check=until)
    except Timeout:
        held = False
    except (OSError, NotImplementedError) as exc:
        raise FileLockUnavailableError(str(exc)) from exc
    try:
        yield held
    finally:
        lock.release()


def _is_lockable(path: Path) -> bool:
    """Tell whether a path can be a lock file of ours. filelock may truncate it and set its mode."""
    try:
        status = path.lstat()
    except OSError:
        return True
    if not stat.S_ISREG(status.st_mode):
        return False
    # A copy of the folder may have made a hard link of it, to which nothing can happen.
    is_ours = status.st_size == 0 and stat.S_IMODE(status.st_mode) == _MODE
    return status.st_nlink == 1 or is_ours


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
