"""Counts the threads that a program starts."""

from __future__ import annotations

import _thread
import threading
from typing import Any

_STARTERS = (
    (_thread, "start_new_thread"),
    (threading, "_start_new_thread"),
    # Since Python 3.13.
    (threading, "_start_joinable_thread"),
)


def count_threads() -> list[str]:
    """Return a list to which each start of a thread adds an item from now on."""
    started: list[str] = []

    def counting(start: Any, name: str) -> Any:
        def counted(*args: Any, **kwargs: Any) -> Any:
            started.append(name)
            return start(*args, **kwargs)

        return counted

    for module, name in _STARTERS:
        if hasattr(module, name):
            setattr(module, name, counting(getattr(module, name), name))
    return started
