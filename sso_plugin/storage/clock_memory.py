"""Remembers that the wall clock is wrong, for processes that ask the portal nothing.

Only where the kernel counts time from boot and names the boot: what is kept is the server's time
at that moment, so it stays true however the wall clock is changed. On a machine whose clock is
right, nothing is kept.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from ..portal.clock import END_OF_TIME, Ahead
from .file_cache import own_cache

if TYPE_CHECKING:
    from ..config.profile import SsoProfile
    from .cache import Cache

__all__ = ["ClockMemory"]

_NAMES = ("serverAtBoot", "serverAheadOfWall")
_MOST = END_OF_TIME / 2
"""Seconds of an offset, at most: no time that follows from it is in the year 10000."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class ClockMemory:
    """The time of one portal at the boot of this machine, in our own folder."""

    def __init__(self, cache: Cache, key: str, boot_id: str | None) -> None:
        self._cache = cache
        self._key = key
        self._boot_id = boot_id

    @classmethod
    def of(cls, profile: SsoProfile) -> ClockMemory:
        """Return what is remembered of a profile's portal."""
        portal = f"{profile.region} {profile.start_url}"
        digest = hashlib.sha1(portal.encode(), usedforsecurity=False).hexdigest()
        return cls(own_cache(), f"clock-{digest}", _boot_id())

    def load(self) -> Ahead | None:
        """See `clock.Memory`."""
        entry = self._cache.get(self._key)
        if entry is None or self._boot_id is None or entry.document.get("bootId") != self._boot_id:
            return None
        of_boot, of_wall = (entry.document.get(name) for name in _NAMES)
        if not isinstance(of_boot, float) or not isinstance(of_wall, float):
            return None
        possible = abs(of_boot) <= _MOST and abs(of_wall) <= _MOST
        return Ahead(of_boot, of_wall) if possible else None

    def save(self, ahead: Ahead | None) -> None:
        """See `clock.Memory`."""
        if ahead is None:
            if self._cache.get(self._key) is not None:
                self._cache.delete(self._key)
        elif self._boot_id is not None and not self._is_known(ahead):
            document = {"bootId": self._boot_id, **dict(zip(_NAMES, ahead, strict=True))}
            self._cache.put(self._key, document)

    def _is_known(self, ahead: Ahead) -> bool:
        known = self.load()
        return known is not None and all(
            abs(old - new) < 1 for old, new in zip(known, ahead, strict=True)
        )


def _boot_id() -> str | None:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return None
