"""The terminal of this process: whether this process may use it, and writing without being stopped.

A shell runs one job in the foreground of the terminal. The others (``script &``) should leave the
terminal alone: the user may be typing there.
"""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "TERMINAL",
    "is_background",
    "is_foreground",
    "is_open",
    "is_terminal",
    "never_stopped",
]

TERMINAL = "/dev/tty"
"""The terminal that controls the process, also if its streams are redirected."""


def is_foreground() -> bool | None:
    """Return whether this process group is in the foreground of its terminal.

    None if it has no terminal, or the system does not have this concept.
    """
    try:
        terminal = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY)
    except (AttributeError, OSError):
        return None
    try:
        return _leads(terminal)
    finally:
        os.close(terminal)


def is_background(stream: TextIO | None) -> bool:
    """Return whether a stream is the terminal of this process, which runs in the background."""
    if not is_terminal(stream) or stream is None:
        return False
    try:
        return _leads(stream.fileno()) is False
    except (AttributeError, OSError, ValueError):
        # A stream without a descriptor.
        return False


def is_open(stream: TextIO | None) -> bool:
    """Return whether a stream exists and is not closed. `sys.stderr` may be None."""
    return stream is not None and not getattr(stream, "closed", False)


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal."""
    # Programs replace `sys.stderr` by objects that only have `write`.
    isatty = getattr(stream, "isatty", None)
    return is_open(stream) and isatty is not None and bool(isatty())


@contextlib.contextmanager
def never_stopped() -> Iterator[None]:
    """Let this thread write to the terminal even in the background, after ``stty tostop``."""
    if not hasattr(signal, "SIGTTOU") or not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leads(descriptor: int) -> bool | None:
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except (AttributeError, OSError):
        return None
