"""Call a function for many items on several threads, and yield the results in order."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    T = TypeVar("T")
    R = TypeVar("R")

__all__ = ["concurrent_map"]

_THREADS = 10
"""Enough for 20 calls per second if each takes half a second."""

_MAX_AHEAD = 2 * _THREADS
"""How many items may be started before the caller has taken the first of their results."""

_THREAD_NAME = "sso-plugin-listing"

_END_TIMEOUT = 1.0
"""Seconds to wait at the end for calls that have started."""


def concurrent_map(function: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
    """Yield the result for each item, in the order of the items.

    The threads are daemon threads. Python waits at exit for those of an executor, so after Ctrl-C
    a user would wait for a portal that does not respond.
    """
    tasks: SimpleQueue[tuple[Future[R], T] | None] = SimpleQueue()
    threads = [
        threading.Thread(target=_run_tasks, args=(tasks, function), name=_THREAD_NAME, daemon=True)
        for _ in range(_THREADS)
    ]
    for thread in threads:
        thread.start()
    pending: deque[Future[R]] = deque()
    try:
        for item in items:
            pending.append(Future())
            tasks.put((pending[-1], item))
            if len(pending) == _MAX_AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        _stop(threads, tasks, pending)


def _run_tasks(tasks: SimpleQueue[tuple[Future[R], T] | None], function: Callable[[T], R]) -> None:
    while task := tasks.get():
        future, item = task
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(function(item))
            except BaseException as exc:  # noqa: BLE001 - raised where the result is taken
                future.set_exception(exc)


def _stop(
    threads: list[threading.Thread], tasks: SimpleQueue[Any], pending: Iterable[Future[Any]]
) -> None:
    """Start no further call, and wait a moment for those that have started."""
    for future in pending:
        future.cancel()
    for _ in threads:
        tasks.put(None)
    deadline = time.monotonic() + _END_TIMEOUT
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
