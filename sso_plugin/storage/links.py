"""Links on the way to a folder, and who put them there. Root does not follow all of them."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["check_links", "is_root", "resolve"]

_MOST_LINKS = 40


def is_root() -> bool:
    """Tell whether this process can write everywhere."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


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
    return found, frozenset(owners - {0}) if is_root() else frozenset()


def _find_link(path: Path) -> os.stat_result | None:
    try:
        status = path.lstat()
    except OSError:
        # Opening the file reports the error.
        return None
    return status if stat.S_ISLNK(status.st_mode) else None
