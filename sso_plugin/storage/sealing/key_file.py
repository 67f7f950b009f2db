"""The keys in a file: one per line, the newest first. Lines that begin with ``#`` are ignored."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from ...printable import one_line
from ...redact import Secret, hide_frames
from ..reading import UnusableFileError, read_content
from .encryption_key import HOW_TO_MAKE, key_from_text, new_key
from .key_source import KeyUnavailableError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from .encryption_key import EncryptionKey
    from .key_source import Keys

__all__ = [
    "KeyFile",
    "check_absolute",
    "expanded",
    "is_readable_by_others",
    "mark_of",
    "read_key_file",
]

_logger = logging.getLogger(__name__)

_HEAD = (
    "# The encryption key of sso-plugin. The first key encrypts, all of them decrypt.\n"
    "# Treat it like a password.\n"
)

_SPACE = " \t\r\n\ufeff"
"""White space, and the mark with which some editors begin a file."""

_reported: set[str] = set()
"""The key files that other users can read. Each is logged once."""


class KeyFile:
    """The key file that ``sso_key = file:PATH`` names. It is created when it is first needed.

    :param path: absolute, or begins with ``~``.
    :param own_folder: ``~/.aws/sso-plugin``, for the lock.
    :param head: the comment at the beginning of a new file.
    """

    may_ask = False

    def __init__(self, path: str, own_folder: Path, head: str = _HEAD) -> None:
        self._path = expanded(path)
        self._own_folder = own_folder
        self._head = head

    def read(self) -> Keys:
        """See `KeySource`."""
        check_absolute(self._path, self.describe())
        keys = read_key_file(self._path, self.describe())
        return () if keys is None else keys

    def create(self) -> Keys:
        """See `KeySource`."""
        with self._locked():
            keys = self.read()
            if keys:
                return keys
            self._write(new_key(), path=Path(self._path), only_new=True)
            return self._read_back()

    def rotate(self) -> Keys:
        """See `KeySource`."""
        with self._locked():
            keys = self.read()
            # Not a link itself, but the file that it leads to.
            self._write(new_key(), *keys[:1], path=Path(self._path).resolve(), only_new=not keys)
            return self._read_back()

    def mark(self) -> object:
        """See `KeySource`."""
        return mark_of(self._path)

    def asks_now(self) -> bool:
        """See `KeySource`."""
        return False

    def why_not_creatable(self) -> str | None:
        """See `KeySource`."""
        from ..unwritable import why_not_writable
        from ..writing import FolderToWrite

        path = Path(self._path)
        if path.is_symlink():
            return self._is_dangling()
        return why_not_writable(path, FolderToWrite(path.parent, durable=False).write_if)

    def describe(self) -> str:
        """See `KeySource`."""
        return f"the key file {one_line(self._path)}"

    def _locked(self) -> AbstractContextManager[None]:
        # Imported here, because readers do not need it.
        from .creation import creation_lock

        return creation_lock(self._own_folder, self._path)

    def _write(self, *keys: EncryptionKey, path: Path, only_new: bool) -> None:
        from ..unwritable import explain
        from ..writing import FolderToWrite

        folder, text = FolderToWrite(path.parent, durable=True), _text(self._head, keys)
        try:
            # Another process may have created it, with a lock in another home.
            folder.write_if(path.name, text, lambda: not (only_new and _exists(path)))
        except OSError as exc:
            raise KeyUnavailableError(f"the key file {one_line(explain(path, exc))}") from None
        folder.sweep()

    def _read_back(self) -> Keys:
        keys = self.read()
        if not keys:
            raise KeyUnavailableError(self._is_dangling())
        return keys

    def _is_dangling(self) -> str:
        return f"{self.describe()} is a link to a file that does not exist"


def expanded(path: str) -> str:
    """Return a path with the home folder in the place of ``~``, if there is one."""
    return os.path.expanduser(path)  # noqa: PTH111 - pathlib raises an error without a home


def check_absolute(path: str, name: str) -> None:
    """Raise `KeyUnavailableError` for a path that depends on the working directory or is invalid.

    :param name: of the file, for messages.
    """
    try:
        is_valid = b"\0" not in os.fsencode(path)
    except UnicodeEncodeError:
        is_valid = False
    if not is_valid:
        raise KeyUnavailableError(f"the path of {name} is not valid")
    if not Path(path).is_absolute():
        raise KeyUnavailableError(f"the path of {name} is not absolute (begin it with / or ~/)")


def read_key_file(path: str, name: str, fix: str | None = None) -> Keys | None:
    """Return the keys in a file; None if there is no file.

    No other user may be able to write the file. If others can read it, that is logged once.

    :param name: of the file, for messages.
    :param fix: how to fix a file that has no keys; None for the command that replaces it.
    :raises KeyUnavailableError: if the file cannot be used, or has anything but keys.
    """
    try:
        found = read_content(path)
    except UnusableFileError as exc:
        raise KeyUnavailableError(f"{name} {exc}") from None
    if found is None:
        return None
    content, status = found
    _report_if_readable(path, name, status)
    command = f"{HOW_TO_MAKE} >{one_line(shlex.quote(path))}"
    replace = f"to replace the file by a new key, run: {command}"
    return _keys_in(content, name, fix or replace)


@hide_frames
def _keys_in(content: bytes, name: str, fix: str) -> Keys:
    keys: list[EncryptionKey] = []
    for number, line in enumerate(content.splitlines(), 1):
        text = Secret(line.decode("utf-8", "replace").strip(_SPACE))
        if not text or text.startswith("#"):
            continue
        key = key_from_text(text)
        if key is None:
            raise KeyUnavailableError(
                f"line {number} of {name} is not a key, which is 32 bytes in base64 ({fix})"
            )
        keys.append(key)
    if not keys:
        raise KeyUnavailableError(f"{name} has no key ({fix})")
    return tuple(keys)


def mark_of(path: str) -> object:
    """Return what changes when a file is replaced or changed; None if it cannot be found."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _exists(path: Path) -> bool:
    """Return whether a file exists, or a link that leads nowhere."""
    return os.path.lexists(path)


@hide_frames
def _text(head: str, keys: Keys) -> str:
    return Secret(head + "".join(f"{key.text!s}\n" for key in keys))


def _report_if_readable(path: str, name: str, status: os.stat_result) -> None:
    is_readable = status.st_mode & (stat.S_IRGRP | stat.S_IROTH) and hasattr(os, "geteuid")
    if not is_readable or path in _reported:
        return
    with contextlib.suppress(OSError):
        if not is_readable_by_others(path, status):
            return
        _reported.add(path)
        quoted, user = one_line(shlex.quote(path)), os.geteuid()
        command = f"chmod 600 {quoted}"
        if user not in (0, status.st_uid):
            command = f"sudo chown {user} {quoted} && sudo {command}"
        _logger.warning("Other users can read %s. To fix this, run: %s", name, command)


def is_readable_by_others(path: str, status: os.stat_result) -> bool:
    """Return whether users can read a file who are not meant to.

    :param status: of the file.
    """
    from ..modes import has_no_modes, is_own_group

    if os.statvfs(path).f_flag & os.ST_RDONLY:
        # Such as a secret that is mounted in a container: its mode cannot be changed.
        return False
    own = status.st_uid == os.geteuid()
    by_group = status.st_mode & stat.S_IRGRP and not is_own_group(status.st_uid, status.st_gid)
    # A file of root that a group can read is meant for that group.
    if not status.st_mode & stat.S_IROTH and not (own and by_group):
        return False
    return not has_no_modes(os.path.realpath(path))
