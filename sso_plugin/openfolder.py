"""A folder that stays open while files in it are read and replaced.

The owner of a folder above it can rename it, and create a link of the same name. So the folder is
opened once, and its files are reached through its descriptor. Where the system does not support
that (Windows), paths are used.

What root creates gets the owner of the folder it is created in, so that a user can still use it
after ``sudo -E`` or a container with the user's ``~/.aws``.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["OpenFolder", "check_links", "resolve"]

_HAS_DIR_FD = {os.open, os.mkdir, os.unlink, os.rename, os.stat} <= os.supports_dir_fd
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_DIRECTORY = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
# O_PATH needs no permission to list the folder.
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | _DIRECTORY
_MOST_LINKS = 40


class OpenFolder:
    """An open folder. A context manager.

    :param make: create the folder and its parents if they are missing, with mode 0700.
    :param link_owners: other users whose links led root to this path; see `resolve`.
    :param follow: the path may contain links, else that is an error.
    """

    def __init__(
        self,
        path: Path,
        *,
        make: bool = False,
        link_owners: frozenset[int] = frozenset(),
        follow: bool = False,
    ) -> None:
        self._path = path
        self.descriptor: int | None = None
        # Without O_PATH, only root can open all folders of a path.
        if _HAS_DIR_FD and not follow and (hasattr(os, "O_PATH") or _is_root()):
            self.descriptor = _walk(path, link_owners if make else None)
            return
        if make and not path.is_dir():
            for folder in (*reversed(path.parents), path):
                folder.mkdir(mode=0o700, exist_ok=True)
        if _HAS_DIR_FD:
            self.descriptor = os.open(path, _FOLDER | (0 if follow else _NO_FOLLOW))

    @classmethod
    def following(cls, path: Path, *, make: bool = False) -> Self:
        """Open a folder whose path may contain links, such as a ``~/.aws`` that is a link.

        :raises OSError: if there is no such folder, or a link of another user leads root to a
            folder that is not that user's.
        """
        if not _is_root():
            return cls(path, make=make, follow=True)
        resolved, owners = resolve(path)
        folder = cls(resolved, make=make, link_owners=owners)
        try:
            check_links(owners, folder.owner)
        except PermissionError:
            folder.close()
            raise
        return folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the folder."""
        descriptor, self.descriptor = self.descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    @property
    def owner(self) -> int:
        """The user that the folder belongs to."""
        if self.descriptor is None:
            return self._path.stat().st_uid
        return os.fstat(self.descriptor).st_uid

    def open(self, name: str, flags: int) -> int:
        """Open a file of any kind but a link. Does not wait for the other end of a pipe."""
        flags |= getattr(os, "O_NONBLOCK", 0) | _NO_FOLLOW
        return os.open(self._at(name), flags, dir_fd=self.descriptor)

    def create(self, name: str) -> int:
        """Create a file with mode 0600, open for reading and writing.

        :raises FileExistsError: if there is one.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
        descriptor = os.open(self._at(name), flags, 0o600, dir_fd=self.descriptor)
        if self.descriptor is not None:
            _give(descriptor, self.descriptor)
        return descriptor

    def status(self, name: str) -> os.stat_result:
        """Return the status of a file; of a link, that of the link."""
        return os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)

    def names(self) -> list[str]:
        """List what is in the folder; nothing if it cannot be listed."""
        with contextlib.suppress(OSError):
            if self.descriptor is None:
                return _names(self._path)
            descriptor = self._listable()
            try:
                return _names(descriptor)
            finally:
                os.close(descriptor)
        return []

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
            descriptor = self._listable()
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _listable(self) -> int:
        return os.open(self._at("."), os.O_RDONLY | _DIRECTORY, dir_fd=self.descriptor)

    def _at(self, name: str) -> str:
        return name if self.descriptor is not None else str(self._path / name)


def _names(folder: int | Path) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _walk(path: Path, makers: frozenset[int] | None) -> int:
    """Open a folder one part of its path at a time, without following links.

    :param makers: the owners of links on the way here, if missing folders are to be created.
    """
    descriptor = os.open(path.anchor, _FOLDER)
    for part in path.parts[1:]:
        try:
            inner = _enter(descriptor, part, makers)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor


def _enter(descriptor: int, part: str, makers: frozenset[int] | None) -> int:
    try:
        return os.open(part, _FOLDER | _NO_FOLLOW, dir_fd=descriptor)
    except FileNotFoundError:
        if makers is None:
            raise
    check_links(makers, os.fstat(descriptor).st_uid)
    with contextlib.suppress(FileExistsError):
        os.mkdir(part, 0o700, dir_fd=descriptor)
        _give_folder(part, descriptor)
    return os.open(part, _FOLDER | _NO_FOLLOW, dir_fd=descriptor)


def _give_folder(part: str, parent: int) -> None:
    """Give a folder that root has just created the owner of its parent.

    That owner can put another folder in its place. One that is not empty is not the new one.
    """
    if not _is_root():
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(part, os.O_RDONLY | _DIRECTORY | _NO_FOLLOW, dir_fd=parent)
        try:
            if os.fstat(descriptor).st_uid == 0 and not _names(descriptor):
                _give(descriptor, parent)
        finally:
            os.close(descriptor)


def _give(descriptor: int, folder: int) -> None:
    """Give what root has just created the owner of its folder, where the file system can."""
    if _is_root():
        owner, own = os.fstat(folder), os.fstat(descriptor)
        if (owner.st_uid, owner.st_gid) != (own.st_uid, own.st_gid):
            with contextlib.suppress(OSError):
                os.fchown(descriptor, owner.st_uid, owner.st_gid)


def check_links(link_owners: frozenset[int], owner: int) -> None:
    """Refuse to follow another user's link to what is not that user's.

    :raises PermissionError: if a link does not belong to this owner.
    """
    others = link_owners - {owner}
    if others:
        raise PermissionError(errno.EPERM, f"a link of another user ({min(others)}) leads there")


def resolve(path: Path) -> tuple[Path, frozenset[int]]:
    """Return a path without links, and the users other than root who could put a link there.

    They matter to root only, so for other users none are returned.

    :raises OSError: if there are too many links, such as links in a circle.
    """
    if not hasattr(os, "geteuid"):
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
        # The owner of a folder can put any link into it, also one that root made elsewhere.
        owners |= {status.st_uid, found.lstat().st_uid}
        target = (found / part).readlink()
        found = Path(target.anchor) if target.is_absolute() else found
        left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    return found, frozenset(owners - {0}) if _is_root() else frozenset()


def _find_link(path: Path) -> os.stat_result | None:
    try:
        status = path.lstat()
    except OSError:
        # Opening the file reports the error.
        return None
    return status if stat.S_ISLNK(status.st_mode) else None
