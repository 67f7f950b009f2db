"""The keys in the memory of this process, and when they are read from their source."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from ..waiting import is_unattended, may_wait
from .key_source import KeyUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .encryption_key import EncryptionKey
    from .key_source import Keys, KeySource

__all__ = ["HeldKeys"]

_logger = logging.getLogger(__name__)

_PAUSE = 5.0
"""Seconds until a source that may ask a person is used again after a failure. Otherwise each call
of a script would open the prompt that was just dismissed."""

_LONGEST_WAIT = 1.0
"""Seconds that an unattended thread waits for another one. Reading without a prompt takes less."""


class HeldKeys:
    """The keys of one source. They are read once, and again when that is needed.

    :param clock: seconds that only increase.
    """

    def __init__(self, source: KeySource, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._keys: Keys = ()
        self._known: dict[str, EncryptionKey] = {}
        """All keys that were read, also those that the source does not have now."""
        self._mark: object = None
        self._reads = 0
        self._failure: tuple[float, str] | None = None
        self._locks: dict[int, threading.Lock] = {}

    def to_open(self, key_id: str) -> EncryptionKey | None:
        """Return the key with an id; None if the source does not have it.

        The source is read if this process does not know the key: another process may have created
        or rotated it.

        :raises KeyUnavailableError: if the source cannot be read.
        """
        reads = self._reads
        found = self._known.get(key_id)
        if found:
            return found
        with self._alone():
            # Another thread may have read the source in the meantime.
            if self._reads == reads:
                self._read()
        return self._known.get(key_id)

    def to_seal(self) -> EncryptionKey:
        """Return the newest key, which is created if there is none.

        :raises KeyUnavailableError: if the source cannot be read, or a key cannot be created.
        """
        keys = self._keys
        if not keys or self._mark != self._source.mark():
            with self._alone():
                keys = self._current() or self._attempt(self._source.create)
        return keys[0]

    def is_created(self) -> bool:
        """Return whether there is a key. The source is not read again without a reason.

        :raises KeyUnavailableError: if the source cannot be read.
        """
        if self._keys and self._mark == self._source.mark():
            return True
        with self._alone():
            return bool(self._current())

    def are_missing(self) -> bool:
        """Return whether the source had no key when it was last read."""
        return not self._keys

    def newest(self) -> EncryptionKey | None:
        """Return the newest key as it is in the source now; None if a key is still to be created.

        An unattended thread gets the one in memory.

        :raises KeyUnavailableError: if the source cannot be read.
        """
        if self._keys and self._is_out_of_reach():
            return self._keys[0]
        with self._alone():
            keys = self._read()
        return keys[0] if keys else None

    def last(self) -> EncryptionKey | None:
        """Return the last key of the source; None if it has none.

        :raises KeyUnavailableError: if the source cannot be read.
        """
        with self._alone():
            keys = self._current()
        return keys[-1] if keys else None

    def rotate(self) -> None:
        """Put a new key in front, and keep exactly one older key.

        :raises KeyUnavailableError: if the source cannot be changed.
        """
        with self._alone():
            self._attempt(self._source.rotate)

    def _current(self) -> Keys:
        if self._keys and self._mark == self._source.mark():
            return self._keys
        return self._read()

    def _read(self) -> Keys:
        return self._attempt(self._source.read)

    def _attempt(self, use: Callable[[], Keys]) -> Keys:
        failure = self._failure
        if failure and self._clock() < failure[0]:
            raise KeyUnavailableError(failure[1])
        # Before the keys are read: if they change in between, they are read again.
        mark = self._source.mark()
        try:
            keys = use()
        except KeyUnavailableError as exc:
            if self._source.may_ask:
                self._failure = (self._clock() + _PAUSE, str(exc))
            raise
        self._keys, self._mark, self._failure = keys, mark, None
        self._known.update({key.id: key for key in keys})
        self._reads += 1
        return keys

    def _is_out_of_reach(self) -> bool:
        """Return whether this thread must not read the source now."""
        if not self._source.may_ask or not is_unattended():
            return False
        return not may_wait() or self._source.asks_now()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Use the source in one thread, so that there is one prompt."""
        if self._is_out_of_reach():
            raise KeyUnavailableError(
                f"{self._source.describe()} is not in memory yet, and is not read in the background"
            )
        # In a forked child, no thread is left to release a lock of the parent.
        lock = self._locks.setdefault(os.getpid(), threading.Lock())
        # The prompt of another thread may stay open for minutes.
        longest = _LONGEST_WAIT if may_wait() else 0.0
        if not lock.acquire(timeout=longest if is_unattended() else -1):
            raise KeyUnavailableError(f"another thread is reading {self._source.describe()}")
        try:
            yield
        finally:
            lock.release()
