"""A function that runs in a thread: once at a time, to its end, forgotten in a forked child."""

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

_PATIENCE_AT_EXIT = 3.0
"""Seconds that the end of a script waits for what still runs."""

_PATIENCE_AT_FORK = 1.0
"""Seconds after its start for which a fork waits for what still runs."""

_GLANCE = 0.05
"""Seconds between two looks at what it is doing."""


class Background:
    """What others may start and wait for.

    :param prepare: called by whoever starts it, before: all imports belong there. A process that
        is forked off in the middle of an import never sees its end.
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
        """Have it run, unless it does. Tell whether it can: at interpreter shutdown it cannot."""
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
                # Started for good even if Ctrl-C comes in between.
                self._thread = thread if thread.ident else None
        return True

    def wait(self, seconds: float) -> None:
        """Wait for its end, for a bounded time."""
        thread = self._thread
        if thread is not None:
            thread.join(max(0.0, seconds))

    def finish(self, deadline: float, waits: Callable[[threading.Thread], bool]) -> None:
        """Wait for its end, but not while it waits for a lock itself.

        :param deadline: when to give up, by ``time.monotonic``.
        :param waits: whether a thread waits for a lock.
        """
        thread = self._thread
        if thread is threading.current_thread():
            return
        while thread is not None and thread.is_alive() and time.monotonic() < deadline:
            if waits(thread):
                return
            thread.join(_GLANCE)

    def finish_before_fork(self) -> None:
        """Wait for its end for the first second after its start, however many forks there are."""
        from ..storage.waiting import is_waiting

        self.finish(self._started_at + _PATIENCE_AT_FORK, is_waiting)

    def renew_locks(self) -> None:
        """Create new locks: a thread that is not in a forked child may have held the old ones."""
        # Reentrant: a signal handler may come here while its own thread is here.
        self._lock = threading.RLock()


_instances: weakref.WeakSet[Background] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for background in list(_instances):
        background.renew_locks()


def _finish() -> None:
    """Wait for what runs: a token whose renewal is cut off here may be the only one."""
    from ..storage.waiting import abandon_if_waiting

    deadline = time.monotonic() + _PATIENCE_AT_EXIT
    for background in list(_instances):
        background.finish(deadline, abandon_if_waiting)


def _before_fork() -> None:
    """Wait for what runs: Python reports a fork of a process that has threads."""
    for background in list(_instances):
        background.finish_before_fork()


@functools.cache
def _register_hooks() -> None:
    from ..storage import waiting  # noqa: F401 - the hooks need it, and may be too late to import it

    # The hook of weakref, which closes connections at the end of the program, is registered by
    # the first finalizer. The last hook runs first, and ours waits for what still uses them.
    weakref.finalize(_register_hooks, bool)
    atexit.register(_finish)
    if sys.version_info >= (3, 12) and hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_before_fork)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
