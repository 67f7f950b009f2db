"""A background thread: one at a time, and finished before the program ends or forks."""

from __future__ import annotations

import _thread
import atexit
import functools
import logging
import os
import sys
import threading
import time
import weakref
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, Any

from ..storage.waiting import abandon_if_waiting, is_waiting

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Background"]

_logger = logging.getLogger(__name__)

_EXIT_TIMEOUT = 3.0
"""Seconds that the end of a program waits for running threads."""

_FORK_TIMEOUT = 1.0
"""Seconds after the start of a thread in which a fork waits for it."""

_POLL_INTERVAL = 0.05
"""Seconds between two checks whether a thread waits for a lock."""

_WARNS_ABOUT_THREADS = sys.version_info >= (3, 12)
"""Whether Python warns about a fork of a process with threads."""


class Background:
    """A function that callers start in a thread and wait for.

    :param prepare: called in the thread first. All imports belong there: a fork waits until it has
        ended, because an import that a fork interrupts never ends in the child.
    :param run: called in the thread. Its result is that of the future.
    """

    def __init__(self, name: str, prepare: Callable[[], object], run: Callable[[], Any]) -> None:
        self._name = name
        self._prepare = prepare
        self._run = run
        self._future: Future[Any] | None = None
        self.forget()
        _instances.add(self)

    def start(self) -> Future[Any] | None:
        """Start the thread unless it is running. Never blocks.

        :returns: the future of the run; None if no thread can start, as at interpreter shutdown.
        """
        with self._lock:
            if self._future is not None:
                return self._future
            _register_hooks()
            future: Future[Any] = Future()
            self._future = future
            self._is_prepared = False
            self._started_at = time.monotonic()
            started = False
            try:
                # `Thread.start` waits until the system runs the new thread, which takes long on a
                # busy machine. So another thread calls it.
                _thread.start_new_thread(self._start_thread, (future,))
                started = True
            except RuntimeError:
                return None
            finally:
                # Also if a Ctrl-C comes before the start.
                self._future = future if started else None
            return future

    def start_or_run(self) -> Future[Any]:
        """Start the thread unless it is running. If no thread can start, run in this one."""
        future = self.start()
        if future is None:
            future = Future()
            self._run_in_thread(future)
        return future

    @property
    def is_running(self) -> bool:
        """Whether a thread runs, or is being started."""
        return self._future is not None

    def wait(self, seconds: float) -> None:
        """Wait until the current run ends, for a number of seconds at most."""
        future = self._future
        if future is not None:
            wait([future], max(0.0, seconds))

    def finish(self, deadline: float, waits: Callable[[threading.Thread], bool]) -> None:
        """Wait until the current run ends, but not while it waits for a lock.

        :param deadline: when to stop waiting, by ``time.monotonic``.
        :param waits: returns whether a thread waits for a lock.
        """
        future = self._future
        while future is not None and not future.done() and time.monotonic() < deadline:
            thread = self._thread
            if thread is threading.current_thread() or (thread is not None and waits(thread)):
                return
            wait([future], _POLL_INTERVAL)

    def finish_before_fork(self) -> None:
        """Wait within the first second after the start only: for its imports, or for its end."""
        deadline = self._started_at + _FORK_TIMEOUT

        def is_safe(thread: threading.Thread) -> bool:
            return is_waiting(thread) or (self._is_prepared and not _WARNS_ABOUT_THREADS)

        self.finish(deadline, is_safe)

    def forget(self) -> None:
        """Forget the current run and its lock: their threads do not exist in a forked child."""
        # Reentrant: a signal handler can call `start` while its thread is in it.
        self._lock = threading.RLock()
        self._future = None
        self._thread: threading.Thread | None = None
        self._is_prepared = False
        self._started_at = 0.0

    def _start_thread(self, future: Future[Any]) -> None:
        run = functools.partial(self._run_in_thread, future)
        try:
            threading.Thread(target=run, name=self._name, daemon=True).start()
        except RuntimeError:
            # The system has no more threads. This one has no name, but can do the work.
            run()

    def _run_in_thread(self, future: Future[Any]) -> None:
        self._thread = threading.current_thread()
        result: Any = None
        error: Exception | None = None
        try:
            self._call_prepare()
            result = self._run()
        except Exception as exc:  # noqa: BLE001 - raised by the callers that wait for the future
            _logger.debug("A background thread ended with %s", type(exc).__name__)
            error = exc
        finally:
            # First: a caller that was waiting may start the next run at once.
            with self._lock:
                if self._future is future:
                    self._future = self._thread = None
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    def _call_prepare(self) -> None:
        try:
            self._prepare()
        except Exception as exc:  # noqa: BLE001 - `run` has the same problem, and reports it
            _logger.debug("Cannot prepare a renewal: %s", type(exc).__name__)
        finally:
            self._is_prepared = True


_instances: weakref.WeakSet[Background] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for background in list(_instances):
        background.forget()


def _finish() -> None:
    """Wait for running threads: a renewal that is cut off may lose its only token."""
    deadline = time.monotonic() + _EXIT_TIMEOUT
    for background in list(_instances):
        background.finish(deadline, abandon_if_waiting)


def _before_fork() -> None:
    for background in list(_instances):
        background.finish_before_fork()


@functools.cache
def _register_hooks() -> None:
    # The first finalizer registers the exit hook of weakref, which closes connections. Hooks run in
    # reverse order, so ours runs before that, while the threads still use the connections.
    weakref.finalize(_register_hooks, bool)
    atexit.register(_finish)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork_in_child)
