"""Writing files as a whole, readable by their owner only."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FolderToWrite"]

_TEMPORARY = "sso-plugin-"
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

    def make(self) -> None:
        """Make the folder, for its owner only; one that exists keeps its mode."""
        for folder in (*reversed(self._path.parents), self._path):
            folder.mkdir(mode=0o700, exist_ok=True)

    def write(self, name: str, text: str) -> None:
        """Replace a file as a whole."""
        self.write_if(name, text, lambda: True)
        if self._durable:
            self.sweep()

    def write_if(self, name: str, text: str, is_replaceable: Callable[[], bool]) -> bool:
        """Replace a file as a whole, unless a last look at it forbids that; return whether it did.

        The new file is complete before that look. `cancel` deletes it: a process that was stopped
        directly after the look finds no file to put in place, and looks again.
        """
        for _ in range(_ATTEMPTS):
            temporary = self._prepared(_pending(name), text)
            try:
                if not is_replaceable():
                    return False
                temporary.replace(self._path / name)
            except FileNotFoundError:
                continue
            finally:
                _unlink(temporary)
            return True
        raise FileNotFoundError(errno.ENOENT, "the new file was deleted each time")

    def cancel(self, name: str) -> None:
        """Delete the temporary files of this file, also those that a killed writer left.

        Each `write_if` of this file that has begun looks at the file again.
        """
        for left in self._path.glob(f"{_pending(name)}*"):
            _unlink(left)

    def _prepared(self, prefix: str, text: str) -> Path:
        """Write a temporary file, complete and on disk, and return its path."""
        self.make()
        descriptor, temporary = tempfile.mkstemp(".tmp", prefix, self._path)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                if self._durable:
                    os.fsync(file.fileno())
        except BaseException:
            _unlink(Path(temporary))
            raise
        return Path(temporary)

    def sweep(self) -> None:
        """Remove what killed writers, also those of older versions, have left of any file."""
        for left in self._path.glob(f"{_TEMPORARY}*.tmp"):
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE:
                    left.unlink()


def _pending(name: str) -> str:
    return f"{_TEMPORARY}{name}-"


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
