"""A folder that stays open while files in it are read and replaced.

The owner of a parent folder can rename a folder and create a link with its name. So the folder is
opened once, and its files are opened by its descriptor. Where the system does not support that
(Windows), paths are used.

A file that root creates gets the owner of its folder. So a user can still use it after ``sudo -E``,
or after a container that mounts the user's ``~/.aws``. This does not apply to a folder that any
user could have created, such as one in ``/tmp``, unless it belongs to the owner of the home.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from .links import check_links, is_root, resolve

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

__all__ = ["OpenFolder"]

_HAS_DIR_FD = {os.open, os.mkdir, os.unlink, os.rename, os.stat} <= os.supports_dir_fd
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_DIRECTORY = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | _DIRECTORY
"""O_PATH needs no permission to list the folder."""


class OpenFolder:
    """An open folder, which is a context manager.

    :param make: create the folder and its parents if they are missing, with mode 0700.
    :param link_owners: the other users whose links lead root to this path; see `resolve`.
    :param follow: allow links in the path. Otherwise they are an error.
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
        self._changes_owner = False
        # Without O_PATH, only root can open all folders of a path.
        if _HAS_DIR_FD and not follow and (hasattr(os, "O_PATH") or is_root()):
            self.descriptor, is_trusted = _walk(path, link_owners if make else None)
            self._changes_owner = is_trusted and link_owners <= {0, _home_owner()}
            return
        if make and not path.is_dir():
            for folder in (*reversed(path.parents), path):
                folder.mkdir(mode=0o700, exist_ok=True)
        if _HAS_DIR_FD:
            self.descriptor = os.open(path, _FOLDER | (0 if follow else _NO_FOLLOW))

    @classmethod
    def following(cls, path: Path, *, make: bool = False) -> Self:
        """Open a folder whose path may contain links, such as a ``~/.aws`` that is a link.

        :raises OSError: if the folder does not exist, or a link of another user leads root to a
            folder that does not belong to that user.
        """
        if not is_root():
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
        """The user ID of the owner of the folder."""
        if self.descriptor is None:
            return self._path.stat().st_uid
        return os.fstat(self.descriptor).st_uid

    def open(self, name: str, flags: int) -> int:
        """Open a file that is not a link. Does not wait for the other end of a pipe."""
        flags |= getattr(os, "O_NONBLOCK", 0) | _NO_FOLLOW
        return os.open(self._at(name), flags, dir_fd=self.descriptor)

    def create(self, name: str) -> int:
        """Create a file with mode 0600, open for reading and writing.

        :raises FileExistsError: if the file exists.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NO_FOLLOW
        descriptor = os.open(self._at(name), flags, 0o600, dir_fd=self.descriptor)
        if self.descriptor is not None and self._changes_owner:
            _take_owner(descriptor, self.descriptor)
        return descriptor

    def status(self, name: str) -> os.stat_result:
        """Return the status of a file or of a link, without following the link."""
        return os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)

    def names(self) -> list[str]:
        """Return the names of the files in the folder; none if it cannot be listed."""
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
        """Rename a file. An existing file of the new name is replaced."""
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


def _walk(path: Path, link_owners: frozenset[int] | None) -> tuple[int, bool]:
    """Open a folder one part of its path at a time, without following links.

    :param link_owners: who owns the links that led to this path; None not to create folders.
    :returns: also whether only trusted users can have created it and its parents.
    """
    descriptor, is_trusted = os.open(path.anchor, _FOLDER), True
    for part in path.parts[1:]:
        try:
            inner = _enter(descriptor, part, link_owners)
            is_trusted = is_trusted and _is_created_by_trusted(descriptor, inner)
        finally:
            os.close(descriptor)
        descriptor = inner
    return descriptor, is_trusted


def _is_created_by_trusted(folder: int, inner: int) -> bool:
    outer, owner = os.fstat(folder), os.fstat(inner).st_uid
    is_closed = not outer.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return is_closed or owner in (0, outer.st_uid, _home_owner())


def _home_owner() -> int:
    with contextlib.suppress(OSError):
        return os.stat(os.path.expanduser("~")).st_uid  # noqa: PTH111, PTH116 - fails without one
    return 0


def _enter(descriptor: int, part: str, link_owners: frozenset[int] | None) -> int:
    try:
        return os.open(part, _FOLDER | _NO_FOLLOW, dir_fd=descriptor)
    except FileNotFoundError:
        if link_owners is None:
            raise
    check_links(link_owners, os.fstat(descriptor).st_uid)
    with contextlib.suppress(FileExistsError):
        os.mkdir(part, 0o700, dir_fd=descriptor)
        _take_owner_of_parent(part, descriptor)
    return os.open(part, _FOLDER | _NO_FOLLOW, dir_fd=descriptor)


def _take_owner_of_parent(part: str, parent: int) -> None:
    """Change the owner of a folder that root has just created to the owner of its parent.

    The parent's owner can replace the new folder by another one. A folder that is not empty is not
    the new one.
    """
    if not is_root():
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(part, os.O_RDONLY | _DIRECTORY | _NO_FOLLOW, dir_fd=parent)
        try:
            if os.fstat(descriptor).st_uid == 0 and not _names(descriptor):
                _take_owner(descriptor, parent)
        finally:
            os.close(descriptor)


def _take_owner(descriptor: int, folder: int) -> None:
    """Change the owner of a file that root has just created to the owner of its folder.

    Some file systems do not support that.
    """
    if is_root():
        owner, own = os.fstat(folder), os.fstat(descriptor)
        if (owner.st_uid, owner.st_gid) != (own.st_uid, own.st_gid):
            with contextlib.suppress(OSError):
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
