"""Replace files in one step. Only their owner can read them."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from typing import TYPE_CHECKING

from .folder import OpenFolder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["FolderToWrite"]

_PREFIX = "sso-plugin-"
_SUFFIX = ".tmp"
"""How the names of temporary files begin and end."""

_MAX_AGE = 60.0
"""Seconds. The writer of an older temporary file was killed."""

_MAX_ATTEMPTS = 100
"""A logout deletes the temporary file once. If it is always deleted, the writer gives up."""


class FolderToWrite:
    """A folder of cache files. Each method raises OSError if the folder cannot be written.

    :param durable: whether a file has to survive a power cut. This waits for the disk.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        self._path = path
        self._durable = durable

    def write(self, name: str, text: str, *, modified: int | None = None) -> None:
        """Replace a file in one step. A missing folder is created.

        :param modified: see `write_if`.
        """
        self.write_if(name, text, lambda: True, modified=modified)
        if self._durable:
            self.sweep()

    def write_if(
        self,
        name: str,
        text: str,
        is_replaceable: Callable[[], bool],
        *,
        modified: int | None = None,
    ) -> bool:
        """Replace a file in one step if a last check allows it. Return whether it was replaced.

        The temporary file is complete before the check. If `cancel` deletes it after the check,
        the check is repeated with a new temporary file.

        :param modified: the mtime of the new file in nanoseconds; None for the current time.
        """
        for _ in range(_MAX_ATTEMPTS):
            with OpenFolder.following(self._path, make=True) as folder:
                temporary = self._write_temporary(folder, _prefix_of(name), text, modified)
                try:
                    if not is_replaceable():
                        return False
                    folder.rename(temporary, name)
                except FileNotFoundError:
                    continue
                finally:
                    _unlink(folder, temporary)
            return True
        raise FileNotFoundError(errno.ENOENT, "the new file was deleted each time")

    def delete(self, name: str) -> None:
        """Delete a file if it exists."""
        with contextlib.suppress(FileNotFoundError), OpenFolder.following(self._path) as folder:
            folder.unlink(name)

    def cancel(self, name: str) -> None:
        """Delete the temporary files of a file, including those of killed writers.

        Each `write_if` of this file that has begun repeats its check.
        """
        with contextlib.suppress(OSError), OpenFolder.following(self._path) as folder:
            for found in folder.names():
                if found.startswith(_prefix_of(name)):
                    _unlink(folder, found)

    def _write_temporary(
        self, folder: OpenFolder, prefix: str, text: str, modified: int | None
    ) -> str:
        """Write a temporary file, complete and on disk, and return its name."""
        temporary = f"{prefix}{os.urandom(8).hex()}{_SUFFIX}"
        descriptor = folder.create(temporary)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                if modified is not None and os.utime in os.supports_fd:
                    os.utime(descriptor, ns=(modified, modified))
                if self._durable:
                    os.fsync(file.fileno())
        except BaseException:
            _unlink(folder, temporary)
            raise
        return temporary

    def sweep(self) -> None:
        """Delete the temporary files of killed writers, including those of older versions."""
        with contextlib.suppress(OSError), OpenFolder.following(self._path) as folder:
            for found in folder.names():
                if found.startswith(_PREFIX) and found.endswith(_SUFFIX):
                    _delete_if_old(folder, found)


def _delete_if_old(folder: OpenFolder, name: str) -> None:
    with contextlib.suppress(OSError):
        if time.time() - folder.status(name).st_mtime > _MAX_AGE:
            folder.unlink(name)


def _prefix_of(name: str) -> str:
    return f"{_PREFIX}{name}-"


def _unlink(folder: OpenFolder, name: str) -> None:
    with contextlib.suppress(OSError):
        folder.unlink(name)
