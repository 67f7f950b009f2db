"""Reading the JSON files of the caches: one set of checks for every reader.

``credential-process`` imports this and has to be fast, so this imports nothing that takes time.
"""

# ruff: noqa: PTH108, PTH120 - importing pathlib takes longer than reading a file

from __future__ import annotations

import errno
import json
import os
import stat

TYPE_CHECKING = False  # a plain name: importing typing takes longer than reading a file
if TYPE_CHECKING:
    from typing import Any

__all__ = ["MAX_BYTES", "MAX_DEPTH", "UnusableFileError", "read_document"]

MAX_BYTES = 1024 * 1024
"""A larger file is refused. A token is a few kilobytes."""

MAX_DEPTH = 20
"""Levels of nesting. The parser allows more than recursive functions can handle later."""

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class UnusableFileError(Exception):
    """The file exists, but cannot be used. The message is the end of a sentence."""


def read_document(path: str) -> tuple[dict[str, Any], os.stat_result] | None:
    """Return the JSON object in a file and the status of that file; None if there is no file.

    Does not follow links or wait for pipes. The file must belong to this user or to root, and must
    not be writable by other users. Root trusts files of all users.

    :raises UnusableFileError: if the file does not pass the checks, or holds no JSON object.
    """
    try:
        content, status = _read(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            raise UnusableFileError("is a symbolic link") from exc
        raise UnusableFileError(f"cannot be read: {exc.strerror}") from exc
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UnusableFileError("is damaged: it is not a JSON object")
    if _is_deep(document):
        raise UnusableFileError(f"is damaged: it is nested deeper than {MAX_DEPTH} levels")
    return document, status


def _read(path: str) -> tuple[bytes, os.stat_result]:
    with os.fdopen(os.open(path, _FLAGS), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        if _is_of_other_user(status):
            raise OSError(errno.EPERM, "it belongs to another user")
        if _others_can_write(status) and _has_modes(os.path.dirname(path)):
            raise OSError(errno.EPERM, "other users can write it (chmod 600 it, if it is yours)")
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UnusableFileError("is larger than 1 MiB")
    return content, status


def _is_of_other_user(status: os.stat_result) -> bool:
    if not hasattr(os, "geteuid"):
        return False
    return os.geteuid() != 0 and status.st_uid not in (os.geteuid(), 0)


def _others_can_write(status: os.stat_result) -> bool:
    return hasattr(os, "geteuid") and bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _has_modes(folder: str) -> bool:
    """Tell whether files in this folder have modes; on a Windows drive under WSL, all are 0777."""
    import tempfile

    try:
        descriptor, temporary = tempfile.mkstemp(".tmp", "sso-plugin-", folder)
    except OSError:
        return True
    try:
        return not os.fstat(descriptor).st_mode & stat.S_IWOTH
    finally:
        os.close(descriptor)
        os.unlink(temporary)


def _is_deep(document: dict[str, Any]) -> bool:
    """Tell whether a document is nested too deep. Not recursive, since recursion could fail."""
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        level = [
            held
            for each in level
            if isinstance(each, (dict, list))
            for held in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return False
    return any(isinstance(each, (dict, list)) for each in level)
