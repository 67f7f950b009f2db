"""Run the command ``sso-plugin`` in a process of its own: with pipes, or in a terminal."""

from __future__ import annotations

import contextlib
import os
import re
import select
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["ENTRY", "Terminal", "environment", "install_command", "run", "start"]

ENTRY = "import sys; from sso_plugin.cli import main; sys.exit(main())"

# Makes the terminal the controlling one, so that Ctrl-C reaches the command.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


def environment(**changes: str) -> dict[str, str]:
    """Return an environment in which sso_plugin can be imported, without settings of colours."""
    settings = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "BROWSER", "SHELL")
    base = {name: value for name, value in os.environ.items() if name not in settings}
    return {**base, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm-256color", **changes}


def install_command(folder: Path) -> Path:
    """Write a program ``sso-plugin`` into a folder, and return its path. It needs no PYTHONPATH."""
    program = folder / "sso-plugin"
    path = f"import sys; sys.path[:] = {[each for each in sys.path if each]}"
    program.write_text(f"#!{sys.executable}\n{path}\n{ENTRY}\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def run(*words: str, text: str = "", **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the command with pipes for all of its streams."""
    return subprocess.run(
        [sys.executable, "-c", ENTRY, *words],
        env=environment(**changes),
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def start(*words: str, **changes: str) -> subprocess.Popen[str]:
    """Start the command with pipes; the caller ends it."""
    return subprocess.Popen(
        [sys.executable, "-c", ENTRY, *words],
        env=environment(**changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


_ROWS = 40


class Terminal:
    """The command in a terminal, as a user sees it. A context manager."""

    def __init__(
        self,
        *words: str,
        columns: int = 120,
        stdout: int | None = None,
        program: Sequence[str] = (sys.executable, "-c", ENTRY),
        **changes: str,
    ) -> None:
        import termios

        self.screen = ""
        self._columns = columns
        self._master, slave = os.openpty()
        self._set_size(columns)
        self.modes = termios.tcgetattr(slave)
        """How the terminal was set at the beginning."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *program, *words],
            stdin=slave,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            env=environment(**changes),
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        self.close()

    def close(self) -> None:
        """Close the terminal, as a user closes its window."""
        if self._master >= 0:
            os.close(self._master)
        self._master = -1

    def read_until(self, pattern: str, seconds: float = 120, *, raw: bool = False) -> re.Match[str]:
        """Wait until the output matches a pattern.

        :param raw: with the control sequences.
        """
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.screen if raw else self.text)):
            if time.monotonic() > deadline or not self._read():
                raise AssertionError(f"{pattern!r} is not on:\n{self.screen}")
        return found

    def read_until_shown(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        """Wait until what a person sees matches a pattern."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, shown := "\n".join(self.display), re.MULTILINE)):
            if time.monotonic() > deadline or not self._read():
                raise AssertionError(f"{pattern!r} is not on:\n{shown}")
        return found

    @property
    def display(self) -> list[str]:
        """The lines that a person sees."""
        import pyte

        screen = pyte.Screen(self._columns, _ROWS)
        pyte.Stream(screen).feed(self.screen)
        return [line.rstrip() for line in screen.display]

    def resize(self, columns: int) -> None:
        """Change the width, as a person does with the mouse. What was shown is gone."""
        self.screen = ""
        self._columns = columns
        self._set_size(columns)

    def send_signal(self, number: int) -> None:
        self._process.send_signal(number)

    def current_modes(self) -> list[Any]:
        """Return how the terminal is set now."""
        import termios

        return termios.tcgetattr(self._master)

    def _set_size(self, columns: int) -> None:
        import fcntl
        import termios

        size = struct.pack("HHHH", _ROWS, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def press_ctrl_c(self) -> None:
        self.press("\x03")

    def finish(self) -> int:
        """Wait for the end of the command, and return its exit code."""
        while self._read():
            pass
        return self._process.wait(timeout=60)

    def is_running(self, seconds: float = 0) -> bool:
        """Return whether the command still runs after that time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=seconds)
        return self._process.poll() is None

    def piped(self) -> str:
        """Return standard output, if that is a pipe and not the terminal."""
        assert self._process.stdout
        with self._process.stdout as stream:
            return stream.read().decode()

    @property
    def text(self) -> str:
        """The output, without colours and other control sequences."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.screen).replace("\r", "")

    @property
    def words(self) -> str:
        """The output as one line, without the breaks of wrapped messages."""
        return " ".join(self.text.split())

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 120)
        data = b""
        if ready:
            # At the end of the stream Linux raises EIO.
            with contextlib.suppress(OSError):
                data = os.read(self._master, 65536)
        self.screen += data.decode(errors="replace")
        return bool(data)
