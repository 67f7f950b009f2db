"""Move files: to the folder of the current setting, or all of them to the newest key."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, NamedTuple

from ..redact import Secret, hide_frames
from .reading import UnusableFileError, read_document
from .unwritable import explain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .cache import Cache
    from .documents import DocumentFolder, Mark, Places

__all__ = ["Resealed", "move_to_own_folder", "reseal_all"]

_logger = logging.getLogger(__name__)


class Resealed(NamedTuple):
    """What was done.

    :param done: the files that were sealed again.
    :param unreadable: those that cannot be opened: of another key, or damaged. They stay.
    :param failed: why the other files are still sealed with an older key.
    """

    done: list[str]
    unreadable: list[str]
    failed: list[str]


def move_to_own_folder(places: Places, key: str, older: Mark) -> bool:
    """Write the file of the former folder to the own one. Return whether that has the document.

    :param older: the mark of the former file.
    """
    own, former, newest = places.own, places.former, places.newest(key)
    entry = newest.read(key)
    if entry is None or former is None:
        return False
    try:
        if newest is former:
            own.write(key, entry.document, lambda: former.mark(key) == older)
    except (OSError, UnusableFileError) as exc:
        _logger.debug("Cannot move %s: %s", former.file(key), exc)
        return False
    return True


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
        if _seal_again(folder, key):
            result.done.append(str(path))
    except UnusableFileError as exc:
        result.unreadable.append(f"{path} {exc}")
    except OSError as exc:
        result.failed.append(explain(path, exc))


@hide_frames
def _seal_again(folder: DocumentFolder, key: str) -> bool:
    """Seal a document with the newest key. Return False if there was nothing to do.

    The file keeps its time, and the document its identity. It stays as it is if another process
    replaces it at the same time.

    :raises UnusableFileError: if the document cannot be opened.
    :raises OSError: if the folder cannot be written.
    :raises KeyUnavailableError: if the key cannot be read.
    """
    sealing, path, mark = folder.sealing, folder.file(key), folder.mark(key)
    found = read_document(str(path)) if sealing else None
    if sealing is None or found is None or sealing.is_newest(found[0]):
        return False
    document, modified = sealing.open(folder.name_of(key), found[0]), found[1].st_mtime_ns
    sealed = sealing.seal(folder.name_of(key), document, folder.identify(document))
    return folder.to_write.write_if(
        path.name,
        Secret(json.dumps(sealed)),
        lambda: folder.mark(key) == mark,
        modified=modified,
    )
