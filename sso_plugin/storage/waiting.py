"""Which threads wait for a lock. What such a thread is about to do can be left undone."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["abandon_if_waiting", "is_waiting", "waiting_for_lock"]

_waiting: set[int] = set()
_abandoned: set[int] = set()


@contextlib.contextmanager
def waiting_for_lock() -> Iterator[None]:
    """Note that this thread waits for a lock. After that, the thread ends if it is abandoned."""
    ident = threading.get_ident()
    _waiting.add(ident)
    try:
        yield
    finally:
        _waiting.discard(ident)
    if ident in _abandoned:
        raise SystemExit


def is_waiting(thread: threading.Thread) -> bool:
    """Return whether a thread waits for a lock."""
    return thread.ident in _waiting


def abandon_if_waiting(thread: threading.Thread) -> bool:
    """Have a thread end when it gets the lock that it waits for; return whether it waits.

    Else it would go on while the process ends, and could spend a refresh token in vain.
    """
    ident = thread.ident or 0
    # In this order: a thread that stops waiting in between sees it, or is not abandoned.
    _abandoned.add(ident)
    if is_waiting(thread):
        return True
    _abandoned.discard(ident)
    return False
