"""A lock on a server that ends by itself, in case its holder is killed."""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import platform
import secrets
from typing import TYPE_CHECKING

from . import scripts
from .heartbeat import Heartbeat
from .server_errors import ServerAwayError

if TYPE_CHECKING:
    from .server import Server

__all__ = ["LEASE", "LONG_LEASE", "Lease", "owner_of", "owner_with"]

_logger = logging.getLogger(__name__)

LEASE = 10.0
"""Seconds until a lock ends whose holder does not renew it."""

LONG_LEASE = 60.0
"""Seconds for a holder that uses a refresh token: it may be paused after the portal's answer."""

_MAX_LEASE = 900.0
"""Seconds for such a holder, if the others have a valid token meanwhile."""


@functools.cache
def owner_of(process: int) -> str:
    """Return the owner of the locks of this process. It stays the same.

    A request whose reply was lost may lock later. The same process then has that lock. It needs no
    other owner for each thread: a lock of this machine excludes them from each other.

    :param process: the id of this process, because a forked child is another owner.
    """
    return f"{platform.node()[:64]} process {process} {secrets.token_hex(8)}"


def owner_with(owner: str, place: str) -> str:
    """Return the owner of the locks of this process whose documents are in one folder.

    Two folders have different locks of this machine, which do not exclude each other.

    :param owner: see `owner_of`.
    :param place: the path of a document, or what it is called.
    """
    folder = os.path.dirname(place)  # noqa: PTH120 - it may be no path
    return owner + hashlib.sha256(folder.encode("utf-8", "surrogatepass")).hexdigest()[:8]


class Lease:
    """The lock of one document.

    :param lock: its name on the server.
    :param document: the name of the document.
    :param owner: the process.
    """

    def __init__(self, server: Server, lock: str, document: str, owner: str) -> None:
        self.owner = owner
        """The process that has the lock, as far as it is known."""
        self.version: bytes | None = None
        """The version of the document at the last attempt."""
        self.is_held = False
        self.is_kept = False
        """Whether `release` does nothing, because only this machine has the newest token."""
        self._server = server
        self._lock = lock
        self._document = document
        self._own = owner
        self._seconds = LEASE
        self._heartbeat: Heartbeat | None = None

    def acquire(self) -> bool:
        """Return whether this process has the lock now.

        :raises ServerAwayError: if that is not known.
        """
        keys = [self._lock, self._document]
        is_held, owner, self.version = self._server.call(scripts.ACQUIRE, keys, self._arguments())
        self.owner = owner.decode("utf-8", "replace")
        if is_held and not self.is_held:
            self.is_held = True
            self._heartbeat = Heartbeat(self._renew, LEASE / 3)
            self._heartbeat.start()
        return bool(is_held)

    def confirm(self, identity: str, valid_for: float = 0.0) -> bool:
        """Return whether this process has the lock, and the server has exactly this token.

        Other processes then wait for a minute or more, also if this one is paused, or the server
        cannot be reached when there is a new token.

        :param valid_for: the seconds for which the others can use this token.
        :raises ServerAwayError: if that is not known.
        """
        if not self.is_held:
            return False
        self._seconds = max(LONG_LEASE, min(valid_for, _MAX_LEASE))
        keys = [self._lock, self._document]
        arguments = [*self._arguments(), identity]
        return bool(self._server.call(scripts.CONFIRM, keys, arguments, at_once=True))

    def release(self) -> None:
        """Give the lock back, if this process has it."""
        if not self.is_held or self.is_kept:
            return
        self.is_held = False
        if self._heartbeat is not None:
            self._heartbeat.stop()
        try:
            # Also directly after a failure: the server may have locked without a reply.
            self._server.call(scripts.RELEASE, [self._lock], [self._own], at_once=True)
        except ServerAwayError as exc:
            _logger.debug("A lock ends by itself: %s", exc)

    def _renew(self) -> None:
        try:
            keys = [self._lock, self._document]
            self._server.call(scripts.RENEW, keys, self._arguments())
        except ServerAwayError as exc:
            _logger.debug("A lock could not be renewed: %s", exc)

    def _arguments(self) -> list[str | int]:
        return [self._own, int(self._seconds * 1000)]
