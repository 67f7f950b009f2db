"""A folder that stays open while files in it are read and replaced.

The owner of a folder above it can rename it, and create a link of the same name. So the folder is
opened once, without following links, and its files are reached through its descriptor. Where the
system does not support that (Windows), paths are used.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Self

__all__ = ["FileStatus", "OpenFolder", "resolve"]

_HAS_DIR_FD = {os.open, os.mkdir, os.unlink, os.rename} <= os.supports_dir_fd
_CAN_WALK = _HAS_DIR_FD and hasattr(os, "O_PATH")
_HAS_OWNERS = hasattr(os, "geteuid")
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
# O_PATH needs no permission to list the folder.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | _NO_FOLLOW
_MOST_LINKS = 40
_NOT_COPIED = "security.capability"


@dataclass(frozen=True)
class FileStatus:
    """Owner, mode and extended attributes of a file, read from its descriptor."""

    status: os.stat_result
    attributes: dict[str, bytes]

    @classmethod
    def of(cls, descriptor: int) -> FileStatus:
        """Read them from an open file."""
        return cls(os.fstat(descriptor), dict(_attributes(descriptor)))

    def give_to(self, descriptor: int) -> None:
        """Set them on another open file, where permitted. Set-user-id bits are never set."""
        if hasattr(os, "fchown"):
            with contextlib.suppress(PermissionError):
                os.fchown(descriptor, self.status.st_uid, self.status.st_gid)
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, self.status.st_mode & 0o777)
        for name, value in self.attributes.items():
            with contextlib.suppress(OSError):
                os.setxattr(descriptor, name, value)


def _attributes(descriptor: int) -> Iterator[tuple[str, bytes]]:
    if not hasattr(os, "listxattr"):
        return
    with contextlib.suppress(OSError):
        for name in os.listxattr(descriptor):
            if name != _NOT_COPIED:
                yield name, os.getxattr(descriptor, name)


class OpenFolder:
    """An open folder. Its path must not contain links. A context manager.

    :param make: create the folder and its parents if they are missing, with mode 0700.
    """

    def __init__(self, path: Path, *, make: bool = False) -> None:
        self._path = path
        if make and not _CAN_WALK:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.descriptor: int | None = None
        if _CAN_WALK:
            self.descriptor = _walk(path, make=make)
        elif _HAS_DIR_FD:
            self.descriptor = os.open(path, _FOLDER)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)

    @property
    def owner(self) -> int:
        """The user that the folder belongs to."""
        if self.descriptor is None:
            return self._path.stat().st_uid
        return os.fstat(self.descriptor).st_uid

    def open(self, name: str) -> int | None:
        """Open a regular file for reading; None if it does not exist."""
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _NO_FOLLOW
        try:
            descriptor = os.open(self._at(name), flags, dir_fd=self.descriptor)
        except FileNotFoundError:
            return None
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            os.close(descriptor)
            number = errno.EISDIR if stat.S_ISDIR(mode) else errno.EINVAL
            text = os.strerror(number) if stat.S_ISDIR(mode) else "it is not a regular file"
            raise OSError(number, text)
        return descriptor

    def create(self, name: str) -> int:
        """Create a file with mode 0600, open for reading and writing. An old one is deleted."""
        self.unlink(name)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
        return os.open(self._at(name), flags, 0o600, dir_fd=self.descriptor)

    def rename(self, old: str, new: str) -> None:
        """Rename a file, and replace an existing one."""
        folder = self.descriptor
        os.replace(self._at(old), self._at(new), src_dir_fd=folder, dst_dir_fd=folder)

    def unlink(self, name: str) -> None:
        """Delete a file if it exists."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self.descriptor)

    def sync(self) -> None:
        """Flush the folder to disk, where the system supports that."""
        with contextlib.suppress(OSError):
            descriptor = os.open(self._at("."), os.O_RDONLY, dir_fd=self.descriptor)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _at(self, name: str) -> str:
        return name if self.descriptor is not None else str(self._path / name)


def _walk(path: Path, *, make: bool) -> int:
    """Open a folder one part of its path at a time, without following links."""
    descriptor = os.open(path.anchor, _FOLDER)
    for part in path.parts[1:]:
        try:
            inner = _enter(descriptor, part, make=make)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor


def _enter(descriptor: int, part: str, *, make: bool) -> int:
    if make:
        with contextlib.suppress(FileExistsError):
            os.mkdir(part, 0o700, dir_fd=descriptor)
    return os.open(part, _FOLDER, dir_fd=descriptor)


def resolve(path: Path) -> tuple[Path, frozenset[int]]:
    """Return a path without links, and the owners of the links other than root.

    The owners matter to root only, so for other users none are returned.

    :raises OSError: if there are too many links, such as links in a circle.
    """
    if not _HAS_OWNERS:
        return path.resolve(), frozenset()
    found, owners = Path(path.absolute().anchor), set[int]()
    left, links = list(reversed(path.absolute().parts[1:])), 0
    while left:
        part = left.pop()
        if part == "..":
            found = found.parent
            continue
        status = _find_link(found / part)
        if status is None:
            found /= part
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        owners.add(status.st_uid)
        target = (found / part).readlink()
        found = Path(target.anchor) if target.is_absolute() else found
        left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    return found, frozenset(owners - {0}) if os.geteuid() == 0 else frozenset()


def _find_link(path: Path) -> os.stat_result | None:
    try:
        status = path.lstat()
    except OSError:
        # Opening the file reports the error.
        return None
    return status if stat.S_ISLNK(status.st_mode) else None
