"""Work on many items at once, with the results in the order of the items, as they come."""

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

__all__ = ["concurrently"]

_WORKERS = 10
"""Enough for 20 calls in a second, if each of them takes half a second."""

_WINDOW = 2 * _WORKERS
"""Accounts that are worked on ahead of the consumer."""

_THREAD_NAME = "sso-plugin-listing"
_GRACE = 1.0
"""Seconds to wait at the end for calls that are still under way."""


def concurrently(work: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
    """Yield what the work on each item returns, in the order of the items.

    Daemon threads, and not those of an executor, which the interpreter waits for at its end: a
    person who presses Ctrl-C would wait for a portal that hangs.
    """
    tasks: SimpleQueue[tuple[Future[R], T] | None] = SimpleQueue()
    workers = [
        threading.Thread(target=_serve, args=(tasks, work), name=_THREAD_NAME, daemon=True)
        for _ in range(_WORKERS)
    ]
    for worker in workers:
        worker.start()
    under_way: deque[Future[R]] = deque()
    try:
        for item in items:
            under_way.append(Future())
            tasks.put((under_way[-1], item))
            if len(under_way) == _WINDOW:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        _dismiss(workers, tasks, under_way)


def _serve(tasks: SimpleQueue[tuple[Future[R], T] | None], work: Callable[[T], R]) -> None:
    while task := tasks.get():
        future, item = task
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(work(item))
            except BaseException as exc:  # noqa: BLE001 - it is raised where the result is taken
                future.set_exception(exc)


def _dismiss(
    workers: list[threading.Thread], tasks: SimpleQueue[Any], under_way: Iterable[Future[Any]]
) -> None:
    """Begin nothing more, and wait a moment for what is under way."""
    for future in under_way:
        future.cancel()
    for _ in workers:
        tasks.put(None)
    deadline = time.monotonic() + _GRACE
    for worker in workers:
        worker.join(max(0.0, deadline - time.monotonic()))
