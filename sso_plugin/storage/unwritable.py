"""Explain why a cache file cannot be written or used, and how to fix it."""

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

__all__ = ["delete", "explain", "stays_unusable", "why_not_writable"]

_SAMPLE = "{}" + " " * 16_384
"""Written as a test: as much as a token may need."""

_READ_PAUSES = (0.01, 0.04, 0.15, 0.3)
"""Seconds between attempts to read a file that another program may be writing in place."""

_DENIED = (errno.EACCES, errno.EPERM)
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_NOT_A_FOLDER = (errno.ENOTDIR, errno.EEXIST)


def explain(path: Path, error: OSError) -> str:
    """Return that a file cannot be written, why, and how to fix it, without a full stop."""
    existing = _first_existing(path.parent)
    if error.errno in _NOT_A_FOLDER and not existing.is_dir():
        fix = (
            _move_command(existing)
            if existing.is_file()
            else "set HOME to a folder that can be written"
        )
        return f"{path} cannot be written: {existing} is not a folder ({fix})"
    fix = _fix(path, existing, error.errno)
    reason = error.strerror or type(error).__name__
    return f"{path} cannot be written: {reason}{f' ({fix})' if fix else ''}"


def _fix(path: Path, existing: Path, number: int | None) -> str:
    if number in _DENIED and hasattr(os, "geteuid"):
        return f"run: {_access_command(path.parent, existing)}"
    if number == errno.EROFS:
        return "set HOME to a folder that can be written, or mount this one so"
    if number in _FULL:
        return "free some space on the disk"
    return _move_command(path) if number == errno.EISDIR else ""


def _access_command(folder: Path, existing: Path) -> str:
    """Return a command that does not change existing folders: one may be the root folder."""
    quoted, user = shlex.quote(str(folder)), os.geteuid()
    if folder == existing:
        return f"sudo chown {user} {quoted} && chmod u+rwx {quoted}"
    missing = existing / folder.relative_to(existing).parts[0]
    return f"sudo mkdir -p {quoted} && sudo chown -R {user} {shlex.quote(str(missing))}"


def _move_command(path: Path) -> str:
    quoted = shlex.quote(str(path))
    return f"run: mv {quoted} {quoted}.old"


def _first_existing(folder: Path) -> Path:
    """Return the folder or its first parent that exists, even if it is not a folder."""
    return next((each for each in (folder, *folder.parents) if _exists(each)), folder)


def delete(path: Path, unlink: Callable[[str], object]) -> str | None:
    """Delete a file if it exists. Return why it could not be deleted; None if it was.

    :param unlink: the method `delete` of the `FolderToWrite` of the file.
    """
    try:
        unlink(path.name)
    except OSError as exc:
        # A read-only file system raises this error for a missing file too.
        if _exists(path):
            return f"{path}: {exc.strerror}"
    return None


def why_not_writable(
    path: Path, write_if: Callable[[str, str, Callable[[], bool]], bool]
) -> str | None:
    """Return what `explain` returns if a file cannot be written; None if it can be.

    This does everything except the last step of writing.

    :param write_if: the method `write_if` of the `FolderToWrite` of the file.
    """
    try:
        write_if(path.name, _SAMPLE, lambda: False)
        _check_replaceable(path)
    except OSError as exc:
        return explain(path, exc)
    return None


def _exists(path: Path) -> bool:
    """Return whether a file or folder has this name; True if that is unknown."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _check_replaceable(path: Path) -> None:
    """Raise OSError if a file cannot be replaced although its folder can be written."""
    try:
        file, folder = path.lstat(), path.parent.stat()
    except OSError:
        # The file does not exist, or writing reports the error.
        return
    if stat.S_ISDIR(file.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if hasattr(os, "geteuid") and folder.st_mode & stat.S_ISVTX:
        # In a sticky folder, only these users can replace a file.
        owners = (file.st_uid, folder.st_uid, 0)
        if os.geteuid() not in owners:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))


def stays_unusable(why_unusable: Callable[[], str | None]) -> bool:
    """Return whether a file cannot be used, also after another program may have finished it.

    Some programs do not replace a file but write it in place.
    """
    for pause in _READ_PAUSES:
        if why_unusable() is None:
            return False
        time.sleep(pause)
    return why_unusable() is not None
