"""Why a file of the caches cannot be written or used, and what to do about it."""

from __future__ import annotations

import errno
import os
import shlex
import stat
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["delete", "explain", "is_damaged_for_good", "why_not_writable"]

_SAMPLE = "{}" + " " * 16_384
"""What is written as a trial: as much as a token may need."""

_HALF_WRITTEN = (0.01, 0.04, 0.15, 0.3)
"""Seconds between looks at a file that another program may be writing in place."""

_DENIED = (errno.EACCES, errno.EPERM)
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_IN_THE_WAY = (errno.ENOTDIR, errno.EEXIST)


def explain(path: Path, error: OSError) -> str:
    """Say in a part of a sentence that a file cannot be written, why, and how to fix that."""
    there = _first_there(path.parent)
    if error.errno in _IN_THE_WAY and not there.is_dir():
        advice = _moving(there) if there.is_file() else "set HOME to a folder that can be written"
        return f"{path} cannot be written: {there} is not a folder ({advice})"
    advice = _advice(path, there, error.errno)
    reason = error.strerror or type(error).__name__
    return f"{path} cannot be written: {reason}{f' ({advice})' if advice else ''}"


def _advice(path: Path, there: Path, number: int | None) -> str:
    if number in _DENIED and hasattr(os, "geteuid"):
        return f"run: {_getting_access(path.parent, there)}"
    if number == errno.EROFS:
        return "set HOME to a folder that can be written, or mount this one so"
    if number in _FULL:
        return "make room on the disk"
    return _moving(path) if number == errno.EISDIR else ""


def _getting_access(folder: Path, there: Path) -> str:
    """Return a command that changes no other folder: what is there may be the root folder."""
    quoted, user = shlex.quote(str(folder)), os.geteuid()
    if folder == there:
        return f"sudo chown {user} {quoted} && chmod u+rwx {quoted}"
    missing = there / folder.relative_to(there).parts[0]
    return f"sudo mkdir -p {quoted} && sudo chown -R {user} {shlex.quote(str(missing))}"


def _moving(path: Path) -> str:
    quoted = shlex.quote(str(path))
    return f"run: mv {quoted} {quoted}.old"


def _first_there(folder: Path) -> Path:
    """Return the folder, or what is there in its place or in that of one above it."""
    return next((each for each in (folder, *folder.parents) if _is_there(each)), folder)


def delete(path: Path, unlink: Callable[[str], object]) -> str | None:
    """Delete a file if it exists, and return why it is still there.

    :param unlink: the method `delete` of the `FolderToWrite` of the file.
    """
    try:
        unlink(path.name)
    except OSError as exc:
        # On a read-only file system, a missing file is this error too.
        if _is_there(path):
            return f"{path}: {exc.strerror}"
    return None


def why_not_writable(
    path: Path, write_if: Callable[[str, str, Callable[[], bool]], bool]
) -> str | None:
    """Return what `explain` says if a file cannot be written, by trying all but the last step.

    :param write_if: that of the `FolderToWrite` of the file.
    """
    try:
        write_if(path.name, _SAMPLE, lambda: False)
        _check_replaceable(path)
    except OSError as exc:
        return explain(path, exc)
    return None


def _is_there(path: Path) -> bool:
    """Tell whether something has this name; True if that cannot be seen."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _check_replaceable(path: Path) -> None:
    """Raise OSError if a file in a folder that can be written cannot be replaced there."""
    try:
        file, folder = path.lstat(), path.parent.stat()
    except OSError:
        # There is nothing to replace, or writing reports it.
        return
    if stat.S_ISDIR(file.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if hasattr(os, "geteuid") and folder.st_mode & stat.S_ISVTX:
        # In a sticky folder only these may.
        owners = (file.st_uid, folder.st_uid, 0)
        if os.geteuid() not in owners:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def is_damaged_for_good(fault: Callable[[], str | None]) -> bool:
    """Return whether a file is damaged, and not just being written in place by another program."""
    for pause in _HALF_WRITTEN:
        if fault() is None:
            return False
        time.sleep(pause)
    return fault() is not None
