"""Threads that look after a token: the server may not have the newest one yet, or lose it."""

from __future__ import annotations

import atexit
import logging
import os
import time
import weakref
from typing import TYPE_CHECKING

from ..waiting import unattended
from .heartbeat import Heartbeat

if TYPE_CHECKING:
    from collections.abc import Callable

    from .lease import Lease
    from .server import Server

__all__ = ["keep_stored", "send_later"]

_logger = logging.getLogger(__name__)

_SEND_INTERVAL = 1.0
"""Seconds between two attempts to send a token that only this machine has."""

_EXIT_PATIENCE = 20.0
"""Seconds for which the end of a script waits for that."""

_RETRY_INTERVAL = 0.2

_WATCH_INTERVAL = 20.0
"""Seconds after which a process looks whether the server was emptied: several times in the time in
which the server accepts no token whose renewal may have begun."""

_watched: weakref.WeakKeyDictionary[Server, set[tuple[int, str]]] = weakref.WeakKeyDictionary()
"""The tokens of each server that this process looks after, by process and name."""


def keep_stored(server: Server, name: str, look: Callable[[], object]) -> None:
    """See from time to time whether the server still has the newest token.

    A process with a valid token sends no request. If the server is emptied, it could accept a token
    from elsewhere whose refresh token was used.

    :param name: that of the token on the server.
    :param look: compares the token of this machine with the server's one.
    """
    watched = _watched.setdefault(server, set())
    # A forked child has no thread of its parent.
    known = os.getpid(), name
    if known not in watched:
        watched.add(known)
        Heartbeat(lambda: _unattended(look), _WATCH_INTERVAL).start()


def send_later(
    look: Callable[[], object], is_sent: Callable[[], bool], lease: Lease | None
) -> None:
    """Send the token of this machine as soon as the server can be reached.

    :param look: see `keep_stored`.
    :param is_sent: returns whether the server has it, or a newer one.
    :param lease: is kept until then, so that no other machine uses the refresh token that the token
        was made of.
    """
    if lease is not None:
        lease.is_kept = True

    def send() -> None:
        _unattended(look)
        if is_sent():
            sender.stop()
            atexit.unregister(send_at_exit)
            if lease is not None:
                lease.is_kept = False
                lease.release()

    def send_at_exit() -> None:
        deadline = time.monotonic() + _EXIT_PATIENCE
        try:
            while os.getpid() == process and not is_sent() and time.monotonic() < deadline:
                send()
                time.sleep(_RETRY_INTERVAL)
        except (Exception, KeyboardInterrupt) as exc:  # noqa: BLE001 - a script ends without it
            _logger.debug("A token is on this machine only: %s", type(exc).__name__)

    process, sender = os.getpid(), Heartbeat(send, _SEND_INTERVAL)
    sender.start()
    # A script that ends would leave a server whose token other machines use, in a minute.
    atexit.register(send_at_exit)


def _unattended(look: Callable[[], object]) -> None:
    with unattended():
        look()
