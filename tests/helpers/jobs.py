"""Scripts as jobs of a shell: in the foreground or background of a terminal, or without one."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Ended", "run_job"]

# What a shell does: it owns the terminal, and gives each job a process group.
_SHELL = """
import json, os, signal, subprocess, sys
options = json.loads(sys.argv[1])
if options["terminal"]:
    import fcntl, termios
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    modes = termios.tcgetattr(0)
    modes[3] |= termios.TOSTOP
    termios.tcsetattr(0, termios.TCSANOW, modes)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)

def begin_job():
    os.setpgid(0, 0)
    if options["foreground"]:
        os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)

command = [sys.executable, "-c", options["code"]]
if options["stderr"] == "closed":
    command = ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", *command]
with open(options["out"], "w") as out, open(options["err"], "w") as err:
    stderr = err if options["stderr"] == "file" else None
    job = subprocess.Popen(command, preexec_fn=begin_job, stdout=out, stderr=stderr)
    _, status = os.waitpid(job.pid, os.WUNTRACED)
if os.WIFSTOPPED(status):
    os.kill(job.pid, signal.SIGKILL)
sys.exit(99 if os.WIFSTOPPED(status) else os.waitstatus_to_exitcode(status))
"""

STOPPED = 99


@dataclass(frozen=True)
class Ended:
    """A job that has ended: its exit code, its output, and what is on the terminal."""

    code: int
    out: str
    err: str
    screen: str

    @property
    def was_stopped(self) -> bool:
        """Whether the terminal has stopped it by a signal."""
        return self.code == STOPPED


def run_job(
    folder: Path,
    code: str,
    *,
    foreground: bool = False,
    stderr: str = "terminal",
    terminal: bool = True,
) -> Ended:
    """Run a script as a job of a shell whose terminal stops background jobs that write to it.

    :param stderr: ``terminal``, ``file`` or ``closed``.
    :param terminal: whether the shell has a terminal. If not, stderr must be something else.
    """
    out, err = folder / "job.out", folder / "job.err"
    options = {"foreground": foreground, "stderr": stderr, "terminal": terminal, "code": code}
    options |= {"out": str(out), "err": str(err)}
    master, slave = os.openpty()
    try:
        with subprocess.Popen(
            [sys.executable, "-c", _SHELL, json.dumps(options)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "dumb"},
            stdin=slave if terminal else subprocess.DEVNULL,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        ) as shell:
            os.close(slave)
            screen = b"".join(iter(lambda: _read(master), b"")).decode().replace("\r", "")
            ended = shell.wait(timeout=60)
    finally:
        os.close(master)
    return Ended(ended, out.read_text("utf-8"), err.read_text("utf-8"), screen)


def _read(master: int) -> bytes:
    # At the end of the stream Linux raises EIO.
    with contextlib.suppress(OSError):
        return os.read(master, 65536)
    return b""
