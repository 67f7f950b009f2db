"""The AWS config file on disk: read byte by byte, and replaced atomically."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sso_plugin.errors import ConfigError
from sso_plugin.storage import local_cache
from sso_plugin.storage.folder import OpenFolder
from sso_plugin.storage.keys import own_key
from sso_plugin.storage.links import check_links, resolve

from .config_reading import ParsedConfig, parse_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .config_change import Change

__all__ = ["ConfigFile", "FileStatus"]

_NOT_COPIED = "security.capability"
"""The extended attribute that gives a program privileges. A config file needs none."""


@dataclass(frozen=True)
class FileStatus:
    """The owner, the mode and the extended attributes of a file."""

    status: os.stat_result
    attributes: dict[str, bytes]

    @classmethod
    def of(cls, descriptor: int) -> FileStatus:
        """Read them from an open file."""
        return cls(os.fstat(descriptor), dict(_attributes(descriptor)))

    def apply_to(self, descriptor: int) -> None:
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


@dataclass(frozen=True)
class ConfigFile:
    """One config file. Its text keeps all bytes of the file, also those that are not UTF-8.

    :param link_owners: the other users whose links root followed to the file.
    """

    path: Path
    link_owners: frozenset[int] = frozenset()

    @classmethod
    def in_use(cls) -> ConfigFile:
        """Return the config file that scripts use. It may not exist, or not be readable."""
        from botocore.session import Session

        return cls.at(Session().get_config_variable("config_file"))

    @classmethod
    def at(cls, path: str) -> ConfigFile:
        """Return the file at a path. A link is followed: its target is replaced, the link stays."""
        try:
            return cls(*resolve(Path(path).expanduser()))
        except (OSError, RuntimeError) as exc:
            raise ConfigError(
                subject=path,
                problem=f"cannot be found: {exc}",
                fix="Fix the link, or set AWS_CONFIG_FILE.",
            ) from exc

    def read(self) -> str:
        """Return the whole text. It is empty if there is no file."""
        with self._os_errors_as_config_errors("read"), self._opened() as descriptor:
            return _text_of(descriptor)

    def parsed(self) -> dict[str, Any]:
        """Return what botocore reads in the file. It is empty if there is no file.

        :raises ConfigError: if botocore cannot read it. Then no script can use it either.
        """
        with self._os_errors_as_config_errors("read"), self._opened() as descriptor:
            return self._parsed(descriptor).loaded

    def replace(self, before: str, after: str, change: Change) -> bool:
        """Replace the old text by the new one. Return False if the file has another text by now.

        A reader always finds the complete old text or the complete new text, also after a crash.

        :param change: the intended change. botocore must read the new text as the old one plus
            exactly this change.
        :raises ConfigError: if botocore reads anything else. Then nothing is written.
        """
        with (
            self._locked(),
            self._os_errors_as_config_errors("written"),
            # The folder of a file that was read exists. If it is missing now, it was moved.
            OpenFolder(self.path.parent, make=before == "", link_owners=self.link_owners) as folder,
        ):
            with self._opened_in(folder) as descriptor:
                if _text_of(descriptor) != before:
                    return False
                old = self._parsed(descriptor)
                status = None if descriptor is None else FileStatus.of(descriptor)
            self._write(folder, after, status, lambda new: change.check(old, new))
            return True

    def _write(
        self,
        folder: OpenFolder,
        text: str,
        status: FileStatus | None,
        check: Callable[[ParsedConfig], object],
    ) -> None:
        # The name never changes, so the next run deletes what a crash left behind.
        name = f".{self.path.name}.sso-plugin-new"
        folder.unlink(name)
        try:
            with os.fdopen(folder.create(name), "wb") as file:
                file.write(text.encode("utf-8", "surrogateescape"))
                file.flush()
                if status:
                    status.apply_to(file.fileno())
                os.fsync(file.fileno())
                check(self._parsed_new(file.fileno(), name))
            folder.rename(name, self.path.name)
        finally:
            folder.unlink(name)
        folder.sync()

    def _parsed(self, descriptor: int | None) -> ParsedConfig:
        return ParsedConfig() if descriptor is None else parse_config(descriptor, self.path)

    def _parsed_new(self, descriptor: int, name: str) -> ParsedConfig:
        try:
            return parse_config(descriptor, self.path.with_name(name))
        except ConfigError as exc:
            raise ConfigError(
                problem=f"botocore cannot read {self.path} after this change. Nothing was written"
            ) from exc

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int | None]:
        """Open the file for reading. Yield None if there is no file."""
        try:
            folder = OpenFolder(self.path.parent)
        except FileNotFoundError:
            yield None
            return
        with folder, self._opened_in(folder) as descriptor:
            yield descriptor

    @contextlib.contextmanager
    def _opened_in(self, folder: OpenFolder) -> Iterator[int | None]:
        descriptor = _open_regular(folder, self.path.name)
        try:
            owner = folder.owner if descriptor is None else os.fstat(descriptor).st_uid
            check_links(self.link_owners, owner)
            yield descriptor
        finally:
            if descriptor is not None:
                os.close(descriptor)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        # The lock file is in our own folder: that of the config file may be under version control.
        name = hashlib.sha256(str(self.path).encode("utf-8", "surrogateescape")).hexdigest()[:16]
        with local_cache().locked(own_key("config", name)):
            yield

    @contextlib.contextmanager
    def _os_errors_as_config_errors(self, act: str) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise ConfigError(
                subject=self.path, problem=f"cannot be {act}: {exc.strerror}. Nothing was written"
            ) from exc


def _open_regular(folder: OpenFolder, name: str) -> int | None:
    """Open a regular file for reading. Return None if it does not exist."""
    try:
        descriptor = folder.open(name, os.O_RDONLY)
    except FileNotFoundError:
        return None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        raise OSError(errno.EINVAL, "it is not a regular file")
    return descriptor


def _text_of(descriptor: int | None) -> str:
    if descriptor is None:
        return ""
    with os.fdopen(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read().decode("utf-8", "surrogateescape")
