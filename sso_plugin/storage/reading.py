"""Read the JSON files of the caches, with the same checks for each reader.

This imports nothing slow, because ``credential-process`` imports it and has to be fast.
"""

# ruff: noqa: PTH111, PTH116 - importing pathlib takes longer than reading a file

from __future__ import annotations

import errno
import json
import os
import stat

TYPE_CHECKING = False  # a plain name: importing typing takes longer than reading a file
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "Document",
    "UnusableFileError",
    "document_of",
    "read_content",
    "read_document",
]

Document = dict[str, "Any"]
"""A JSON object."""

MAX_BYTES = 1024 * 1024
"""A larger file is ignored. A token is a few kilobytes."""

MAX_DEPTH = 20
"""Levels of nesting. The JSON parser allows more than recursive functions can handle later."""

_KIND_AND_WRITERS = 0o170000 | stat.S_IWGRP | stat.S_IWOTH
"""The bits of a mode that say whether it is a regular file, and who can write it."""

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

    Does not wait for pipes. No other user may be able to write or replace the file: SECURITY.md has
    the rule.

    :raises UnusableFileError: if the file does not pass the checks, or is not a JSON object.
    """
    found = read_content(path)
    if found is None:
        return None
    content, status = found
    return document_of(content), status


def document_of(content: bytes) -> dict[str, Any]:
    """Return the JSON object in the content of a file.

    :raises UnusableFileError: if it is not a JSON object, or nested too deep.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UnusableFileError("is damaged: it is not a JSON object")
    if _is_deep(document):
        raise UnusableFileError(f"is damaged: it is nested deeper than {MAX_DEPTH} levels")
    return document


def read_content(path: str) -> tuple[bytes, os.stat_result] | None:
    """Return the bytes of a file and its status, with the checks of `read_document`.

    :raises UnusableFileError: if the file does not pass the checks.
    """
    try:
        return _read(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as exc:
        raise UnusableFileError(f"cannot be read: {exc.strerror}") from exc


def _read(path: str) -> tuple[bytes, os.stat_result]:
    descriptor, status = _open(path)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise UnusableFileError("is larger than 1 MiB")
    return content, status


def _open(path: str) -> tuple[int, os.stat_result]:
    """Open a file that no other user could have created or changed."""
    if not hasattr(os, "geteuid"):
        descriptor = os.open(path, _FLAGS)
        return descriptor, os.fstat(descriptor)
    trusted = _owners_of_usual_folders(path)
    if trusted:
        opened = _open_usual(path, trusted)
        if opened:
            return opened
    from .trust import UntrustedError, open_trusted

    try:
        descriptor = open_trusted(path, _FLAGS)
    except UntrustedError as exc:
        raise UnusableFileError(f"is not trusted: {exc}") from exc
    return descriptor, os.fstat(descriptor)


def _owners_of_usual_folders(path: str) -> tuple[int, ...]:
    """Return the trusted owners if no other user can write the folders of a file; else nothing.

    All folders up to the home are checked. A link among them, or a file outside the home, is left
    to `trust`.
    """
    home = (os.environ.get("HOME") or os.path.expanduser("~")).rstrip("/")
    if not path.startswith(f"{home}/") or "/../" in path:
        return ()
    status = os.stat(home or "/")
    trusted = (os.geteuid(), 0, status.st_uid)
    folder = path.rpartition("/")[0]
    while len(folder) > len(home):
        if not _is_usual(os.lstat(folder), trusted, stat.S_IFDIR):
            return ()
        folder = folder.rpartition("/")[0]
    return trusted if _is_usual(status, trusted, stat.S_IFDIR) else ()


def _open_usual(path: str, trusted: tuple[int, ...]) -> tuple[int, os.stat_result] | None:
    """Open a file; None if it is a link, or if other users may have written it."""
    try:
        descriptor = os.open(path, _FLAGS)
    except OSError as exc:
        if exc.errno == errno.ELOOP:
            return None
        raise
    status = os.fstat(descriptor)
    if _is_usual(status, trusted, stat.S_IFREG):
        return descriptor, status
    os.close(descriptor)
    return None


def _is_usual(status: os.stat_result, owners: tuple[int, ...], kind: int) -> bool:
    """Return whether a file has this kind, a trusted owner, and no other user who can write it."""
    return status.st_mode & _KIND_AND_WRITERS == kind and status.st_uid in owners


def _is_deep(document: dict[str, Any]) -> bool:
    """Return whether a document is nested too deep. Not recursive: that could fail itself."""
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
