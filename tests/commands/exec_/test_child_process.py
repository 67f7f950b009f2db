"""The child process of ``exec``: its exit code, signals and job control."""

from __future__ import annotations

import os
import pty
import select
import shlex
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest
from child import ENVIRONMENT, python, start

from sso_plugin.cli import main
from sso_plugin.commands.exec_.child_process import NotRunError, run_child

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from world import World


@pytest.mark.one_quick_case
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("pass", 0),
        ("raise SystemExit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", 143),
    ],
)
def test_the_exit_code_of_the_child_is_returned(world: World, code: str, expected: int) -> None:
    """As a shell does: 128+n for signal n."""
    world.sign_in()
    assert main(["exec", "-p", "dev", "--", *python(code)]) == expected


COUNT_SIGNALS = """\
import signal, sys, time
got = []
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"):
    signal.signal(getattr(signal, name), lambda number, _: got.append(number))
print("ready", flush=True)
end = time.time() + 120
while not got and time.time() < end:
    time.sleep(0.05)
# A second one would follow at once.
time.sleep(0.3)
print(*[signal.Signals(number).name for number in got], flush=True)
"""


@pytest.fixture
def _hangup_not_ignored() -> Iterator[None]:
    """Let children get SIGHUP, even if the tests were started with ``nohup``."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.long
@pytest.mark.usefixtures("_hangup_not_ignored")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1"])
def test_a_signal_is_forwarded_once(world: World, name: str) -> None:
    """The child decides how to handle it."""
    world.sign_in()
    run = start("-p", "dev", "--", *python(COUNT_SIGNALS), start_new_session=True)
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    run.send_signal(getattr(signal, name))
    assert run.communicate(timeout=120)[0] == f"{name}\n"
    assert run.returncode == 0


@pytest.mark.long
def test_a_signal_that_ends_the_child_ends_the_command(world: World) -> None:
    """With the exit code for the signal."""
    world.sign_in()
    run = start(
        "-p", "dev", "--", *python("print('ready', flush=True); import time; time.sleep(600)")
    )
    assert run.stdout is not None
    assert run.stdout.readline() == "ready\n"
    run.terminate()
    run.communicate(timeout=120)
    assert run.returncode == 143


def in_terminal(words: list[str]) -> tuple[int, int]:
    """Start the command in a new terminal, and return its process and the other end."""
    process, terminal = pty.fork()
    if process == 0:
        os.execve(  # noqa: S606
            sys.executable,
            [sys.executable, "-m", "sso_plugin", "exec", "-p", "dev", "--", *words],
            {**os.environ, **ENVIRONMENT, "PS1": "prompt>"},
        )
    return process, terminal


def read_until(terminal: int, word: str | None = None) -> str:
    """Read the output of the terminal up to a word or to the end, with a timeout."""
    seen = ""
    while word is None or word not in seen:
        ready, _, _ = select.select([terminal], [], [], 120)
        assert ready, f"{word!r} was not printed, but {seen!r}"
        try:
            seen += os.read(terminal, 1024).decode()
        except OSError:
            assert word is None, f"{word!r} was not printed, but {seen!r}"
            return seen
    return seen


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*forkpty.*:DeprecationWarning")
def test_ctrl_c_reaches_the_child_once(world: World) -> None:
    """The terminal sends it to the child, so it is not forwarded."""
    world.sign_in()
    process, terminal = in_terminal(python(COUNT_SIGNALS))
    read_until(terminal, "ready\r\n")
    os.write(terminal, b"\x03")
    assert read_until(terminal).removeprefix("^C").split() == ["SIGINT"]
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    os.close(terminal)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*forkpty.*:DeprecationWarning")
def test_an_interactive_shell_has_job_control(world: World) -> None:
    """It controls the terminal, so Ctrl-C only reaches its own jobs."""
    world.sign_in()
    process, terminal = in_terminal(["sh", "-i"])
    read_until(terminal, "prompt>")
    shell = os.tcgetpgrp(terminal)
    os.write(terminal, b"echo $((40+1)); sleep 600\n")
    read_until(terminal, "41")
    deadline = time.monotonic() + 60
    while os.tcgetpgrp(terminal) == shell:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.write(terminal, b"\x03")
    os.write(terminal, b"echo still $((40+2)) here; exit 3\n")
    assert "still 42 here" in read_until(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 3
    os.close(terminal)


WAIT_FOR_FILE = """\
import os, sys, time
print("rea" "dy", flush=True)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.02)
print("do" "ne", flush=True)
"""


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:.*forkpty.*:DeprecationWarning")
def test_ctrl_z_suspends_the_command_and_the_child(world: World, tmp_path: Path) -> None:
    """The shell resumes both as one job."""
    world.sign_in()
    gate = tmp_path / "gate"
    words = [sys.executable, "-m", "sso_plugin", "exec", "-p", "dev", "--"]
    words += python(WAIT_FOR_FILE, str(gate))
    process, terminal = pty.fork()
    if process == 0:
        environment = {**os.environ, **ENVIRONMENT, "PS1": "prompt>"}
        os.execve("/bin/bash", ["bash", "--norc", "-i"], environment)  # noqa: S606
    os.write(terminal, f"{shlex.join(words)}\n".encode())
    read_until(terminal, "ready")
    os.write(terminal, b"\x1a")
    read_until(terminal, "Stopped")
    gate.touch()
    os.write(terminal, b"fg >/dev/null; echo code:$?; exit\n")
    seen = read_until(terminal)
    assert "done" in seen
    assert "code:0" in seen
    os.waitpid(process, 0)
    os.close(terminal)


def test_a_command_that_cannot_be_run_has_the_exit_code_of_a_shell(tmp_path: Path) -> None:
    """127 if it does not exist, otherwise 126."""
    plain = tmp_path / "plain"
    plain.touch()
    for command, code in (("no-such-command", 127), (str(plain), 126)):
        with pytest.raises(NotRunError, match=r"No such file|denied") as caught:
            run_child([command], {})
        assert caught.value.exit_code == code


def test_signal_handlers_are_restored() -> None:
    """Also after a failure."""
    before = signal.getsignal(signal.SIGTERM)
    assert run_child([sys.executable, "-c", "pass"], {}) == 0
    assert signal.getsignal(signal.SIGTERM) is before
    with pytest.raises(NotRunError):
        run_child(["no-such-command"], {})
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGHUP")
def test_a_signal_that_is_ignored_stays_ignored_in_the_child() -> None:
    """As under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    code = "import signal, sys; sys.exit(signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN)"
    try:
        assert run_child([sys.executable, "-c", code], {}) == 0
    finally:
        signal.signal(signal.SIGHUP, before)
