"""The links in a path and their owners. Root does not follow all links."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["check_links", "is_root", "resolve"]

_MAX_LINKS = 40
"""As in the Linux kernel."""


def is_root() -> bool:
    """Return whether this process runs as root, which can write everywhere."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def check_links(link_owners: frozenset[int], owner: int) -> None:
    """Check that a user's links do not lead to a folder of another user.

    :param link_owners: from `resolve`.
    :param owner: the owner of the folder.
    :raises PermissionError: if a link belongs to a different user.
    """
    others = link_owners - {owner}
    if others:
        raise PermissionError(errno.EPERM, f"a link of another user ({min(others)}) leads there")


def resolve(path: Path) -> tuple[Path, frozenset[int]]:
    """Return a path without links, and the users other than root who own the links.

    If this process does not run as root, no users are returned, since `check_links` is for root.

    :raises OSError: if there are too many links, such as a link to itself.
    """
    if not hasattr(os, "geteuid"):
        return path.resolve(), frozenset()
    resolved, owners = Path(path.absolute().anchor), set[int]()
    left, links = list(reversed(path.absolute().parts[1:])), 0
    while left:
        part = left.pop()
        if part == "..":
            resolved = resolved.parent
            continue
        status = _find_link(resolved / part)
        if status is None:
            resolved /= part
            continue
        links += 1
        if links > _MAX_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        # The owner of a folder can move any link into it, also one that root created elsewhere.
        owners |= {status.st_uid, resolved.lstat().st_uid}
        target = (resolved / part).readlink()
        resolved = Path(target.anchor) if target.is_absolute() else resolved
        left += reversed(target.parts[1:] if target.is_absolute() else target.parts)
    return resolved, frozenset(owners - {0}) if is_root() else frozenset()


def _find_link(path: Path) -> os.stat_result | None:
    try:
        status = path.lstat()
    except OSError:
        # Opening the file reports the error.
        return None
    return status if stat.S_ISLNK(status.st_mode) else None
