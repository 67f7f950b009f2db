"""A background thread: one at a time, and finished before the program ends or forks."""

from __future__ import annotations

import atexit
import functools
import os
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Background"]

_EXIT_TIMEOUT = 3.0
"""Seconds that the end of a program waits for running threads."""

_FORK_TIMEOUT = 1.0
"""Seconds after the start of a thread in which a fork waits for it."""

_POLL_INTERVAL = 0.05
"""Seconds between two checks whether a thread waits for a lock."""


class Background:
    """A function that callers start in a thread and wait for.

    :param prepare: called in the caller's thread before each start. All imports belong there: in a
        process that is forked during an import, that import never ends.
    :param run: called in the background thread.
    """

    def __init__(self, name: str, prepare: Callable[[], object], run: Callable[[], object]) -> None:
        self._name = name
        self._prepare = prepare
        self._run = run
        self._thread: threading.Thread | None = None
        self._started_at = 0.0
        self.renew_locks()
        _instances.add(self)

    def start(self) -> bool:
        """Start the thread unless it is running. Return False at interpreter shutdown."""
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return True
            _register_hooks()
            thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            try:
                self._prepare()
                self._started_at = time.monotonic()
                thread.start()
            except RuntimeError:
                return False
            finally:
                # Also if a Ctrl-C comes after the start.
                self._thread = thread if thread.ident else None
        return True

    def wait(self, seconds: float) -> None:
        """Wait until the thread ends, for a number of seconds at most."""
        thread = self._thread
        if thread is not None:
            thread.join(max(0.0, seconds))

    def finish(self, deadline: float, waits: Callable[[threading.Thread], bool]) -> None:
        """Wait until the thread ends, but not while it waits for a lock.

        :param deadline: when to stop waiting, by ``time.monotonic``.
        :param waits: returns whether a thread waits for a lock.
        """
        thread = self._thread
        if thread is threading.current_thread():
            return
        while thread is not None and thread.is_alive() and time.monotonic() < deadline:
            if waits(thread):
                return
            thread.join(_POLL_INTERVAL)

    def finish_before_fork(self) -> None:
        """Wait until the thread ends, within the first second after its start only."""
        from ..storage.waiting import is_waiting

        self.finish(self._started_at + _FORK_TIMEOUT, is_waiting)

    def renew_locks(self) -> None:
        """Create new locks: the old ones may be held by a thread that a forked child lacks."""
        # Reentrant: a signal handler can call `start` while its thread is in it.
        self._lock = threading.RLock()


_instances: weakref.WeakSet[Background] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for background in list(_instances):
        background.renew_locks()


def _finish() -> None:
    """Wait for running threads: a renewal that is cut off may lose its only token."""
    from ..storage.waiting import abandon_if_waiting

    deadline = time.monotonic() + _EXIT_TIMEOUT
    for background in list(_instances):
        background.finish(deadline, abandon_if_waiting)


def _before_fork() -> None:
    """Wait for running threads: Python warns about a fork of a process with threads."""
    for background in list(_instances):
        background.finish_before_fork()


@functools.cache
def _register_hooks() -> None:
    from ..storage import waiting  # noqa: F401 - the hooks may run too late to import it

    # The first finalizer registers the exit hook of weakref, which closes connections. Hooks run in
    # reverse order, so ours runs before that, while the threads still use the connections.
    weakref.finalize(_register_hooks, bool)
    atexit.register(_finish)
    if sys.version_info >= (3, 12) and hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
