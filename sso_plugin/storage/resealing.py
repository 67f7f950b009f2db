"""Seal all files again with the newest key, one by one under its lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .reading import UnusableFileError
from .unwritable import explain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .cache import Cache
    from .documents import DocumentFolder

__all__ = ["Resealed", "reseal_all"]


class Resealed(NamedTuple):
    """What was done.

    :param done: the files that were sealed again.
    :param unreadable: those that cannot be opened: of another key, or damaged. They stay.
    :param failed: why the other files are still sealed with an older key.
    """

    done: list[str]
    unreadable: list[str]
    failed: list[str]


def reseal_all(files: Iterable[tuple[DocumentFolder, Cache]]) -> Resealed:
    """Seal the files of these folders again, except those that have the newest key.

    :param files: each folder, and the cache that locks its files.
    :raises KeyUnavailableError: if the key cannot be read.
    """
    result = Resealed([], [], [])
    for folder, locks in files:
        for path in sorted(folder.path.glob("*.json")):
            with locks.locked(path.stem) as held:
                if held:
                    _reseal(folder, path.stem, result)
                else:
                    result.failed.append(f"{locks.describe_lock(path.stem)} is locked")
    return result


def _reseal(folder: DocumentFolder, key: str, result: Resealed) -> None:
    path = folder.file(key)
    try:
        if folder.reseal(key):
            result.done.append(str(path))
    except UnusableFileError as exc:
        result.unreadable.append(f"{path} {exc}")
    except OSError as exc:
        result.failed.append(explain(path, exc))
