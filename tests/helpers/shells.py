"""Interactive shells in a pseudo-terminal, with the completion of ``sso-plugin``."""

from __future__ import annotations

import os
import select
import shutil
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pyte
from command import environment, install_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["BASH_COMPLETION", "SHELLS", "Shell"]

SHELLS = ("bash", "zsh", "fish")
PROMPT = "ready> "
SECONDS = 60.0
_COLUMNS, _ROWS = 100, 60
BASH_COMPLETION = "/usr/share/bash-completion/bash_completion"

_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)

_START = {
    "bash": 'PS1="ready> "\nbind "set enable-bracketed-paste off"\n',
    "zsh": 'PS1="ready> "\nunsetopt PROMPT_SP ZLE_BRACKETED_PASTE 2>/dev/null\n',
    "fish": 'function fish_prompt; echo -n "ready> "; end\nset -g fish_greeting\n',
}


class Shell:
    """A shell whose user types a line and presses the Tab key. A context manager.

    :param before: lines of its start-up file, before the completion is loaded.
    :param after: lines after that.
    """

    def __init__(self, name: str, folder: Path, before: str = "", *, after: str = "") -> None:
        import fcntl
        import termios

        self._screen = pyte.Screen(_COLUMNS, _ROWS)
        self._stream = pyte.ByteStream(self._screen)
        (folder / "bin").mkdir()
        install_command(folder / "bin")
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", _ROWS, _COLUMNS, 0, 0))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *_program(name, folder, before, after)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env=environment(
                PATH=f"{folder}/bin:{environment()['PATH']}",
                ZDOTDIR=str(folder),
                XDG_CONFIG_HOME=str(folder),
                XDG_DATA_HOME=str(folder),
                TERM="xterm",
                LANG="C.UTF-8",
            ),
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Self:
        self.wait_for(PROMPT.strip())
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

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display).strip()

    def complete(self, line: str, *expected: str, presses: int = 1) -> str:
        """Type a line, press Tab, and return the screen as soon as it has all expected texts."""
        self._type(line)
        self.wait_for(line)
        for _ in range(presses):
            self._type("\t")
        return self.wait_for(*expected)

    def clear(self) -> None:
        """Delete the line, and wait for an empty prompt on an empty screen."""
        self._type("\x05\x15\x0c")
        self._wait(lambda: self.text == PROMPT.strip(), "an empty prompt")

    def run(self, line: str, expected: str) -> str:
        """Run a command, and return the screen as soon as it has the expected text."""
        self._type(f"{line}\r")
        return self.wait_for(expected)

    def wait_for(self, *expected: str) -> str:
        """Return the screen as soon as it has all expected texts."""
        self._wait(lambda: all(each in self.text for each in expected), " and ".join(expected))
        return self.text

    def _wait(self, condition: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise AssertionError(f"{what} is not on the screen:\n{self.text}")
            ready, _, _ = select.select([self._master], [], [], 0.2)
            if ready:
                self._stream.feed(os.read(self._master, 65536))

    def _type(self, keys: str) -> None:
        os.write(self._master, keys.encode())


def _program(name: str, folder: Path, before: str, after: str) -> list[str]:
    """Write the start-up file of a shell, and return how it is started."""
    load = {
        "bash": 'eval "$(sso-plugin completion bash)"\n',
        "zsh": 'eval "$(sso-plugin completion zsh)"\n',
        "fish": "sso-plugin completion fish | source\n",
    }
    path = str(shutil.which(name))
    file, program = {
        "bash": ("bashrc", [path, "--noprofile", "--rcfile", str(folder / "bashrc"), "-i"]),
        "zsh": (".zshrc", [path, "-d", "-i"]),
        "fish": ("fish/config.fish", [path, "-i"]),
    }[name]
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(_START[name] + before + load[name] + after, encoding="utf-8")
    return program
