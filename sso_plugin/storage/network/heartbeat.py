"""A thread that calls a function again and again. It does not exist during a fork."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Heartbeat"]

_logger = logging.getLogger(__name__)

_FORK_TIMEOUT = 1.5
"""Seconds that a fork waits for a call that is running: more than the time-out of a request."""


class Heartbeat:
    """Calls a function again and again, in a thread, until it is stopped."""

    def __init__(self, beat: Callable[[], object], interval: float) -> None:
        self._beat = beat
        self._interval = interval
        self._paused = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start it. At the end of a script no thread can start: nothing is called then."""
        self._paused = threading.Event()
        thread = threading.Thread(
            target=self._run, args=(self._paused,), name="sso-plugin-lease", daemon=True
        )
        with contextlib.suppress(RuntimeError):
            thread.start()
            self._thread = thread
            _beating.add(self)

    def stop(self) -> None:
        """Stop it. No call begins after this."""
        _beating.discard(self)
        self._paused.set()

    def pause(self) -> None:
        """Let its thread end before a fork, which warns about threads."""
        self._paused.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_FORK_TIMEOUT)

    def _run(self, paused: threading.Event) -> None:
        while not paused.wait(self._interval):
            try:
                self._beat()
            except Exception as exc:  # noqa: BLE001, PERF203 - the next call may succeed
                _logger.debug("A heartbeat failed: %s", type(exc).__name__)


_beating: set[Heartbeat] = set()
"""All of this process that are not stopped."""


def _before_fork() -> None:
    for heartbeat in list(_beating):
        heartbeat.pause()


def _after_fork() -> None:
    for heartbeat in list(_beating):
        heartbeat.start()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_beating.clear
    )
