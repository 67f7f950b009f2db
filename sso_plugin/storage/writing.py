"""Writing files as a whole, readable by their owner only."""

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

_TEMPORARY = "sso-plugin-"
_ENDING = ".tmp"
_STALE = 60.0
"""Seconds after which a temporary file has no writer any more."""

_ATTEMPTS = 100
"""A logout deletes the new file once. A process that always deletes it must not block a writer."""


class FolderToWrite:
    """A folder of ours. Every method raises OSError where the folder cannot be written.

    :param durable: whether what is written has to survive a power cut, which can take a disk's
        time.
    """

    def __init__(self, path: Path, *, durable: bool) -> None:
        self._path = path
        self._durable = durable

    def write(self, name: str, text: str) -> None:
        """Replace a file as a whole. A missing folder is created."""
        self.write_if(name, text, lambda: True)
        if self._durable:
            self.sweep()

    def write_if(self, name: str, text: str, is_replaceable: Callable[[], bool]) -> bool:
        """Replace a file as a whole, unless a last look at it forbids that; return whether it did.

        The new file is complete before that look. `cancel` deletes it: a process that was stopped
        directly after the look finds no file to put in place, and looks again.
        """
        for _ in range(_ATTEMPTS):
            with OpenFolder.following(self._path, make=True) as folder:
                temporary = self._prepared(folder, _pending(name), text)
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
        """Delete the temporary files of this file, also those that a killed writer left.

        Each `write_if` of this file that has begun looks at the file again.
        """
        with contextlib.suppress(OSError), OpenFolder.following(self._path) as folder:
            for left in folder.names():
                if left.startswith(_pending(name)):
                    _unlink(folder, left)

    def _prepared(self, folder: OpenFolder, prefix: str, text: str) -> str:
        """Write a temporary file, complete and on disk, and return its name."""
        temporary = f"{prefix}{os.urandom(8).hex()}{_ENDING}"
        descriptor = folder.create(temporary)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                if self._durable:
                    os.fsync(file.fileno())
        except BaseException:
            _unlink(folder, temporary)
            raise
        return temporary

    def sweep(self) -> None:
        """Remove what killed writers, also those of older versions, have left of any file."""
        with contextlib.suppress(OSError), OpenFolder.following(self._path) as folder:
            for left in folder.names():
                if left.startswith(_TEMPORARY) and left.endswith(_ENDING):
                    _sweep(folder, left)


def _sweep(folder: OpenFolder, name: str) -> None:
    with contextlib.suppress(OSError):
        if time.time() - folder.status(name).st_mtime > _STALE:
            folder.unlink(name)


def _pending(name: str) -> str:
    return f"{_TEMPORARY}{name}-"


def _unlink(folder: OpenFolder, name: str) -> None:
    with contextlib.suppress(OSError):
        folder.unlink(name)
