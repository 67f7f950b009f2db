"""The threads that wait for a lock or a person, and those that must not.

A script that ends does not wait for the former.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "abandon_if_waiting",
    "abandonable",
    "is_unattended",
    "is_waiting",
    "may_wait",
    "unattended",
]

_waiting: set[int] = set()
"""The IDs of threads that wait."""

_abandoned: set[int] = set()
"""The IDs of threads that end when they stop waiting."""


@contextlib.contextmanager
def abandonable() -> Iterator[None]:
    """Register this thread as waiting. If it is abandoned meanwhile, it ends afterwards."""
    ident = threading.get_ident()
    is_outer = ident not in _waiting
    _waiting.add(ident)
    try:
        yield
    finally:
        if is_outer:
            _waiting.discard(ident)
    if ident in _abandoned:
        raise SystemExit


def is_waiting(thread: threading.Thread) -> bool:
    """Return whether a thread waits for a lock or a person."""
    return thread.ident in _waiting


def abandon_if_waiting(thread: threading.Thread) -> bool:
    """Make a thread end when it has what it waits for. Return whether it waits.

    Otherwise it could use a refresh token while the process ends, and lose the new one.
    """
    ident = thread.ident or 0
    # In this order, a thread that stops waiting in between either sees this or is not abandoned.
    _abandoned.add(ident)
    if is_waiting(thread):
        return True
    _abandoned.discard(ident)
    return False


_this_thread = threading.local()


@contextlib.contextmanager
def unattended(*, if_true: bool = True, may_wait: bool = True) -> Iterator[None]:
    """Mark what this thread does: it must not make the system ask the user to unlock a keyring.

    :param may_wait: whether it may wait for a keyring that asks no question. An event loop may not.
    """
    before = is_unattended(), getattr(_this_thread, "may_wait", True)
    _this_thread.is_unattended = before[0] or if_true
    _this_thread.may_wait = before[1] and may_wait
    try:
        yield
    finally:
        _this_thread.is_unattended, _this_thread.may_wait = before


def is_unattended() -> bool:
    """Return whether this thread must not make the system ask the user a question."""
    return getattr(_this_thread, "is_unattended", False)


def may_wait() -> bool:
    """Return whether this thread may wait for a keyring, or for another thread that reads it."""
    return getattr(_this_thread, "may_wait", True)
