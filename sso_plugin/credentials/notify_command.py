"""Runs the command of ``sso_notify``: in the background, for 30 seconds at most."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from ..printable import one_line
from ..storage.waiting import abandonable, is_waiting
from .background import Background

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["NotifyCommand"]

_logger = logging.getLogger(__name__)

_TIMEOUT = 30.0
"""Seconds that the command may take."""

_GRACE = 2.0
"""Seconds after SIGTERM, before SIGKILL."""

_MAX_NAME = 60
"""Characters of the name of a program in a message."""


class NotifyCommand:
    """One run of the command.

    Messages have the name of its program only: its arguments may have secrets.

    :param command: the command line.
    :param variables: changes of the environment; None removes a variable.
    """

    def __init__(self, command: str, variables: Mapping[str, str | None]) -> None:
        self._command = command
        self._variables = variables
        self._name = "the command"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start a thread that runs the command."""
        # A fork and the end of the program wait until the process is started, and no longer.
        background = Background("sso-plugin-notify", self._start_process, self._finish)
        # After the main thread has ended, a new thread may not run any more.
        if _is_ending() or background.start() is None:
            self._start_process()
            self._leave_running()
        elif _is_ending():
            # The end of the program may have looked for threads before this one was started.
            background.finish(time.monotonic() + _GRACE, is_waiting)

    def _start_process(self) -> None:
        try:
            # The rules of a POSIX shell also on Windows: one config file works everywhere. There,
            # paths with backslashes need quotes, or forward slashes.
            program, *arguments = shlex.split(self._command)
            self._name = one_line(Path(program).name, _MAX_NAME)
            errors = _standard_error()
            self._process = subprocess.Popen(  # noqa: S603 - the user's own command, without a shell
                [str(Path(program).expanduser()) if program[:1] == "~" else program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env=self._environment(),
                start_new_session=True,
            )
        except OSError as exc:
            self._warn(f"cannot be started: {exc.strerror}")
        except RuntimeError as exc:
            self._warn(f"cannot be started: {exc}")
        except ValueError:
            self._warn("cannot be started: it is not a valid command line")

    def _environment(self) -> dict[str, str]:
        found = {name: value for name, value in os.environ.items() if name not in self._variables}
        for name, value in self._variables.items():
            if value is not None:
                found[name] = _encodable(value)
        return found

    def _finish(self) -> None:
        process = self._process
        if process is None:
            return
        # A program that ends does not wait for it, and leaves it running.
        with abandonable():
            try:
                code = process.wait(_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._kill(process)
                self._warn(f"was ended: it took longer than {_TIMEOUT:.0f} seconds")
                return
        if code > 0:
            self._warn(f"failed with exit code {code}")
        elif code < 0:
            self._warn(f"was ended by {_signal_name(-code)}")

    def _kill(self, process: subprocess.Popen[bytes]) -> None:
        """End the command and its children."""
        if os.name == "nt":
            # Windows has no process groups like these: children are not ended.
            process.kill()
        else:
            _signal_group(process, signal.SIGTERM)
            # Not `wait`: once the process is reaped, another group may get its number.
            time.sleep(_GRACE)
            _signal_group(process, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)

    def _leave_running(self) -> None:
        """Do not wait for the process: the program ends."""
        if self._process is not None:
            # Else it would be reported as one that was forgotten.
            self._process.returncode = 0

    def _warn(self, problem: str) -> None:
        _logger.warning("The command of sso_notify, %s, %s", self._name, problem)


def _is_ending() -> bool:
    return not threading.main_thread().is_alive()


def _standard_error() -> int:
    """Return the file descriptor for the output; that of /dev/null if stderr is closed.

    After it was closed, the number may belong to another file of the program.
    """
    stream = sys.__stderr__
    if stream is None or stream.closed:
        return subprocess.DEVNULL
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2


def _encodable(text: str) -> str:
    """Return the text with only such characters as the environment can have."""
    encoding = sys.getfilesystemencoding()
    return text.encode(encoding, "replace").decode(encoding)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except OSError as exc:
        _logger.debug("Cannot end the command of sso_notify: %s", exc.strerror)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
