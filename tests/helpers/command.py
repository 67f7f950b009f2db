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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["ENTRY", "Terminal", "environment", "install_command", "run", "start"]

ENTRY = "import sys; from sso_plugin.cli import main; sys.exit(main())"

# Makes the terminal the controlling one, so that Ctrl-C reaches the command.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
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


class Terminal:
    """The command in a terminal, as a user sees it. A context manager."""

    def __init__(
        self, *words: str, columns: int = 80, stdout: int | None = None, **changes: str
    ) -> None:
        import fcntl
        import termios

        self.screen = ""
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, "-c", ENTRY, *words],
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
        os.close(self._master)

    def read_until(self, pattern: str, seconds: float = 120) -> re.Match[str]:
        """Wait until the screen matches a pattern."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.text)):
            if time.monotonic() > deadline or not self._read():
                raise AssertionError(f"{pattern!r} is not on:\n{self.screen}")
        return found

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
