"""The command of ``sso_notify``: real processes."""

from __future__ import annotations

import _thread
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from world import wait_until

from sso_plugin.credentials import notify_command
from sso_plugin.credentials.notify_command import NotifyCommand

if TYPE_CHECKING:
    from world import World

POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups")


def python(code: str, *arguments: object) -> str:
    """Return the command line of a Python program."""
    return shlex.join([sys.executable, "-c", code, *map(str, arguments)])


def run(command: str) -> None:
    NotifyCommand(command, {"SSO_PLUGIN_USER_CODE": "ABCD-EFGH"}).start()


def messages(caplog: pytest.LogCaptureFixture, number: int = 1) -> list[str]:
    """Wait for a number of messages, and return them."""
    wait_until(lambda: len(caplog.messages) >= number)
    return caplog.messages


NAME = Path(sys.executable).name


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("/no/such/file --token s3cr3t", "file, cannot be started: No such file or directory"),
        ("no-such-program s3cr3t", "no-such-program, cannot be started: No such file or directory"),
        ("echo 's3cr3t", "the command, cannot be started: it is not a valid command line"),
        ("echo 's3cr3t\0'", "echo, cannot be started: it is not a valid command line"),
        ("~nobody-of-this-name/s3cr3t", "s3cr3t, cannot be started: Could not determine home"),
        ("''", ", cannot be started: "),
        (python("import sys; sys.exit(7)", "s3cr3t"), f"{NAME}, failed with exit code 7"),
        (
            python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "s3cr3t"),
            f"{NAME}, was ended by SIGTERM",
        ),
    ],
)
def test_a_failure_is_logged_with_the_name_of_the_program(
    command: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Not with its arguments, which may have secrets, nor with the code."""
    run(command)
    [message] = messages(caplog)
    assert message.startswith(f"The command of sso_notify, {problem}")
    assert caplog.records[0].levelname == "WARNING"
    assert "s3cr3t" not in message.replace("s3cr3t, cannot", "")
    assert "ABCD" not in message


def test_a_program_in_the_home_directory_can_be_named_by_a_tilde(tmp_path: Path) -> None:
    """There is no shell that replaces it."""
    program = Path("~/notify.sh").expanduser()
    program.write_text(f'#!/bin/sh\necho done > "{tmp_path}/done"\n')
    program.chmod(0o700)
    run("~/notify.sh")
    wait_until((tmp_path / "done").exists)


def test_it_cannot_read_the_input_of_the_program(tmp_path: Path) -> None:
    """It would take what the user types for the program."""
    code = (
        "import sys; open(sys.argv[1], 'w').write(repr(sys.stdin.read())); print(file=sys.stderr)"
    )
    run(python(code, tmp_path / "input"))
    wait_until(lambda: (tmp_path / "input").exists() and (tmp_path / "input").read_text() == "''")


def test_its_output_goes_to_standard_error(world: World) -> None:
    """Standard output is for the data of the program."""
    done = world.run(STARTING.format(command=python("print('sent')")))
    assert (done.stdout, done.stderr, done.returncode) == ("data\n", "sent\n", 0)


STARTING = """
from sso_plugin.credentials import background
from sso_plugin.credentials.notify_command import NotifyCommand
NotifyCommand({command!r}, {{}}).start()
for each in list(background._instances):
    each.wait(60)
print("data", flush=True)
"""


CLOSED = """
import os, sys, time
from sso_plugin.credentials.notify_command import NotifyCommand
command, done, data = sys.argv[1:]
if sys.stderr is None:
    assert os.open(data, os.O_CREAT | os.O_WRONLY) == 2
else:
    os.close(2)
NotifyCommand(command, {}).start()
while not os.path.exists(done):
    time.sleep(0.01)
"""


@POSIX
@pytest.mark.parametrize("redirection", ["2>&-", ""], ids=["at start", "later"])
def test_a_closed_standard_error_is_not_used(tmp_path: Path, redirection: str) -> None:
    """The next file that a program opens has its number."""
    code = "import sys; print('sent'); print('sent', file=sys.stderr); open(sys.argv[1], 'w')"
    done, data = tmp_path / "done", tmp_path / "data"
    data.touch()
    program = python(CLOSED, python(code, done), done, data)
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{program} {redirection}"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    assert data.read_text() == ""


STUBBORN = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = os.fork()
name = "child" if child == 0 else "parent"
with open(f"{sys.argv[1]}/{name}.new", "w") as file:
    file.write(str(os.getpid()))
os.rename(f"{sys.argv[1]}/{name}.new", f"{sys.argv[1]}/{name}")
time.sleep(600)
"""


def is_running(pid: int) -> bool:
    """Return whether a process runs, and is no zombie."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return status not in "ZX"


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="there is no /proc")
def test_it_is_ended_with_its_children_when_it_takes_too_long(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if they ignore SIGTERM."""
    files = [tmp_path / "child", tmp_path / "parent"]
    wait = subprocess.Popen.wait

    def wait_for_files(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if timeout == notify_command._TIMEOUT:
            wait_until(lambda: all(file.exists() for file in files))
            timeout = 0
        return wait(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", wait_for_files)
    run(python(STUBBORN, tmp_path))
    assert messages(caplog) == [
        f"The command of sso_notify, {NAME}, was ended: it took longer than 30 seconds"
    ]
    pids = [int(file.read_text()) for file in files]
    wait_until(lambda: not any(map(is_running, pids)))


@POSIX
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_while_it_runs(tmp_path: Path) -> None:
    """The child can run a command itself, and the parent still waits for its own."""
    run(slow(tmp_path, "parent"))
    wait_until((tmp_path / "parent-began").exists)
    child = os.fork()
    if child == 0:
        run(slow(tmp_path, "child"))
        wait_until((tmp_path / "child-began").exists)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    (tmp_path / "go-on").touch()
    for name in ("parent", "child"):
        wait_until((tmp_path / f"{name}-ended").exists)


SLOW = """
import os, sys, time
folder, name = sys.argv[1:]
print(flush=True)
open(f"{folder}/{name}-began", "w").close()
while not os.path.exists(f"{folder}/go-on"):
    time.sleep(0.01)
print(flush=True)
open(f"{folder}/{name}-ended", "w").close()
"""


def slow(folder: Path, name: str) -> str:
    """Return a command that runs until there is a file ``go-on``."""
    return python(SLOW, folder, name)


ENDING = """
import atexit, os, sys, threading
from sso_plugin.credentials import background, notify_command
from sso_plugin.credentials.notify_command import NotifyCommand
background._EXIT_TIMEOUT = notify_command._GRACE = 600.0  # this machine may be slow
command = NotifyCommand(sys.argv[1], {})
HOW
"""

HOW = {
    "at once": "command.start()",
    "in another thread": "t = threading.Thread(target=command.start); t.start(); t.join()",
    "when the program ends": "atexit.register(command.start)",
    "by a thread that the end waits for": """
import time
from sso_plugin.credentials.background import Background
def late():
    while threading.main_thread().is_alive():
        time.sleep(0.01)
    command.start()
Background("late", lambda: None, late).start()
""",
}


@POSIX
@pytest.mark.parametrize("how", HOW)
def test_a_program_that_ends_does_not_wait_for_it(world: World, tmp_path: Path, how: str) -> None:
    """The command is not ended with it: half a message would help no one."""
    code = f"import sys; sys.argv[1] = {slow(tmp_path, 'x')!r}\n{ENDING.replace('HOW', HOW[how])}"
    with (tmp_path / "output").open("w") as output:
        done = subprocess.run(
            [sys.executable, "-c", code, "x"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **CHECKS},
            stdout=output,
            stderr=output,
            check=False,
            timeout=60,
        )
    assert done.returncode == 0
    wait_until((tmp_path / "x-began").exists)
    (tmp_path / "go-on").touch()
    wait_until((tmp_path / "x-ended").exists)
    assert (tmp_path / "output").read_text().strip() == ""


CHECKS = {"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "error"}


@POSIX
def test_ctrl_c_at_the_terminal_does_not_end_it(tmp_path: Path) -> None:
    """It is in a session of its own: a terminal signals the group of the program."""
    run(python("import os, sys; open(sys.argv[1], 'w').write(str(os.getsid(0)))", tmp_path / "sid"))
    wait_until(lambda: (tmp_path / "sid").exists() and (tmp_path / "sid").read_text())
    assert int((tmp_path / "sid").read_text()) != os.getsid(0)


def test_it_is_started_where_no_thread_can_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that has too many threads still sends its notification."""

    def cannot_start(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", cannot_start)
    run(python("import sys; open(sys.argv[1], 'w').close()", tmp_path / "done"))
    wait_until((tmp_path / "done").exists)
