"""A child process in our place: it gets our signals, and we end as it does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from typing_extensions import Self

__all__ = ["run_child"]

_NOT_EXECUTABLE, _NOT_FOUND = 126, 127
_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGBREAK")
_FROM_KEYS = ("SIGINT", "SIGQUIT", "SIGBREAK")


def run_child(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end and return its exit code, as a shell gives it: 128+n by signal n.

    The child stays in our process group. So the keys that stop, suspend and interrupt reach it
    from the terminal itself, and a signal that somebody sends to us is passed on.

    :raises OSError: if there is no such command; `exit_code_of` says what a shell would return.
    """
    # No shell: the words are the person's own, and stay as they are.
    with _Forwarding() as forwarding, subprocess.Popen(list(words), env=environment) as child:  # noqa: S603
        forwarding.begin(child)
        code = child.wait()
    return code if code >= 0 else 128 - code


def exit_code_of(error: OSError) -> int:
    """Return the exit code of a shell for a command that cannot be run."""
    return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE


class _Forwarding:
    """Passes signals on to a child, those that come before it exists as soon as it does."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in _numbers(_FORWARDED):
            # What was to be ignored (as under nohup), the child ignores too.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def begin(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        for number in self._early:
            self._pass_on(number)

    def _receive(self, number: int, _: object) -> None:
        if self._child is None:
            self._early.append(number)
        else:
            self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        # The terminal has sent it to the child already, which should not get it twice: to many
        # programs a second interrupt means to drop everything.
        if self._child and not (number in _numbers(_FROM_KEYS) and _in_foreground()):
            with contextlib.suppress(OSError):
                self._child.send_signal(number)


def _numbers(names: Sequence[str]) -> Iterator[int]:
    return (number for name in names if (number := getattr(signal, name, None)) is not None)


def _in_foreground() -> bool:
    """Tell whether a terminal sends its keys to our process group."""
    if not hasattr(os, "tcgetpgrp"):
        return True
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
