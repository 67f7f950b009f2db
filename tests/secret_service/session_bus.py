"""A session bus with a real keyring: gnome-keyring, in a home folder of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from jeepney import message_bus
from jeepney.io.blocking import open_dbus_connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from typing_extensions import Self

__all__ = ["MISSING", "SessionBus"]

MISSING = [
    name for name in ("dbus-run-session", "gnome-keyring-daemon") if shutil.which(name) is None
]
"""The programs that are not installed."""

_PASSWORD = b"the password of the keyring"
_SERVICE = "org.freedesktop.secrets"
_PROMPTER = "org.gnome.keyring.SystemPrompter"
_TIMEOUT = 120.0


class SessionBus:
    """A bus like that of a desktop, which starts the keyring and its prompt when they are used.

    Without a display, a prompt is dismissed at once.
    """

    def __init__(self) -> None:
        # Not the folder of the test: the path of a socket has at most 108 bytes.
        self._folder = Path(tempfile.mkdtemp(prefix="keyring-"))
        self._log = self._folder / "log"
        self._daemon: subprocess.Popen[bytes] | None = None
        self.home = self._folder / "home"
        (self._folder / "run").mkdir(mode=0o700)
        self.home.mkdir(mode=0o700)
        unwanted = ("DISPLAY", "WAYLAND_DISPLAY", "PYTHON_KEYRING_BACKEND")
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if name not in unwanted and not name.startswith("XDG_")
            },
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self._folder / "run"),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }

    def __enter__(self) -> Self:
        # The bus ends together with `cat`.
        command = ["dbus-run-session", "--", "sh", "-c", "echo $DBUS_SESSION_BUS_ADDRESS; exec cat"]
        with self._log.open("ab") as log:
            self._bus = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        assert self._bus.stdout is not None
        self.address = self._bus.stdout.readline().decode().strip()
        self.environment["DBUS_SESSION_BUS_ADDRESS"] = self.address
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        frames: TracebackType | None,
    ) -> None:
        self._end_daemon()
        self._bus.communicate(timeout=_TIMEOUT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def start_keyring(self, *, unlocked: bool = True) -> None:
        """Start the keyring. It is created with a password when it is first unlocked."""
        self.stop_keyring()
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
        with self._log.open("ab") as log:
            self._daemon = subprocess.Popen(
                [*command, "--unlock"] if unlocked else command,
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        assert self._daemon.stdin is not None
        with self._daemon.stdin as password:
            password.write(_PASSWORD if unlocked else b"")
        self._wait_until(is_running=True)

    def stop_keyring(self) -> None:
        """Stop the keyring, which is locked then."""
        if self._end_daemon():
            self._wait_until(is_running=False)

    @contextlib.contextmanager
    def paused_keyring(self) -> Iterator[None]:
        """Make the keyring not respond."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._daemon.send_signal(signal.SIGCONT)

    def run(self, program: str, *arguments: str, **environment: str) -> list[str]:
        """Run a Python program in this session; return the lines that it prints."""
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT,
        )
        assert done.stderr == ""
        return done.stdout.splitlines()

    def prompts(self) -> int:
        """Return how many prompts were opened."""
        return self._log.read_text(errors="replace").count(f"Activating service name='{_PROMPTER}'")

    def stored(self) -> bytes:
        """Return the content of all files in the home folder."""
        files = (path for path in self.home.rglob("*") if path.is_file())
        return b"".join(path.read_bytes() for path in files)

    def _end_daemon(self) -> bool:
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            daemon.terminate()
            daemon.wait(timeout=_TIMEOUT)
        return daemon is not None

    def _wait_until(self, *, is_running: bool) -> None:
        deadline = time.monotonic() + _TIMEOUT
        question = message_bus.NameHasOwner(_SERVICE)
        with open_dbus_connection(self.address) as connection:
            while connection.send_and_get_reply(question).body != (is_running,):
                assert time.monotonic() < deadline, self._log.read_text(errors="replace")
                time.sleep(0.02)
