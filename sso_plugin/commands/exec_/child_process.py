"""A child process: it gets our signals, and its exit code becomes ours."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

from ...web.terminal import is_foreground

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from typing_extensions import Self

__all__ = ["NotRunError", "run_child"]

_NOT_EXECUTABLE, _NOT_FOUND = 126, 127
_FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGBREAK")
_FROM_TERMINAL = ("SIGINT", "SIGQUIT", "SIGBREAK")


class NotRunError(Exception):
    """A command does not exist or cannot be run.

    :param error: that of the system.
    """

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror)
        self.exit_code = _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
        """The exit code that a shell returns for this."""


def run_child(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command and return its exit code, as a shell does: 128+n for signal n.

    The child stays in our process group, so it gets the signals of the terminal (Ctrl-C, Ctrl-Z)
    directly. Other signals that we get are forwarded. An interactive shell makes a group of its
    own; if it suspends itself, we stop, too, until the shell around us continues us.

    :raises NotRunError: if the command cannot be run.
    """
    with _Forwarding() as forwarding, _start(arguments, environment) as child:
        forwarding.begin(child)
        code = _wait(child)
    return code if code >= 0 else 128 - code


def _start(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    try:
        # Without a shell, so that the arguments are not changed.
        return subprocess.Popen(list(arguments), env=environment)  # noqa: S603
    except OSError as exc:
        raise NotRunError(exc) from exc


def _wait(child: subprocess.Popen[bytes]) -> int:
    # Where SIGCHLD is ignored, a child that has ended leaves no status.
    with contextlib.suppress(ChildProcessError):
        while hasattr(os, "waitid") and _has_stopped(child):
            _stop_with(child)
    return child.wait()


def _has_stopped(child: subprocess.Popen[bytes]) -> bool:
    """Wait until the child stops or ends; the status of its end stays for Popen."""
    kinds = os.WEXITED | os.WSTOPPED | os.WNOWAIT
    found = os.waitid(os.P_PID, child.pid, kinds)
    if found is None or found.si_code != os.CLD_STOPPED:
        return False
    # It may have continued meanwhile, so do not wait for another stop.
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOHANG)
    return True


def _stop_with(child: subprocess.Popen[bytes]) -> None:
    """Stop this process group because the child has stopped in a group of its own.

    In our group, the terminal has stopped both of us.
    """
    with contextlib.suppress(ProcessLookupError):
        if os.getpgid(child.pid) != os.getpgrp():
            os.killpg(os.getpgrp(), signal.SIGSTOP)
            os.killpg(os.getpgid(child.pid), signal.SIGCONT)


class _Forwarding:
    """Forwards signals to a child process. Those that arrive before it exists are sent later."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in _numbers(_FORWARDED):
            # The child also ignores signals that are ignored here, as under nohup.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._receive)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def begin(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        for number in self._early:
            self._forward(number)

    def _receive(self, number: int, _: object) -> None:
        if self._child is None:
            self._early.append(number)
        else:
            self._forward(number)

    def _forward(self, number: int) -> None:
        # The terminal already sent it to the child. Many programs exit at once at the second
        # interrupt.
        if self._child and not (number in _numbers(_FROM_TERMINAL) and _gets_signals()):
            with contextlib.suppress(OSError):
                self._child.send_signal(number)


def _numbers(names: Sequence[str]) -> Iterator[int]:
    return (number for name in names if (number := getattr(signal, name, None)) is not None)


def _gets_signals() -> bool:
    """Return whether the terminal sends its signals to our process group."""
    return not hasattr(os, "tcgetpgrp") or is_foreground() is True
