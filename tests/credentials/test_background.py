"""Background threads: one at a time, and finished before the program ends or forks."""

from __future__ import annotations

import _thread
import json
import os
import threading
import time
from concurrent.futures import wait
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from world import wait_until

from sso_plugin.credentials import background
from sso_plugin.credentials.background import Background

if TYPE_CHECKING:
    from world import World


class Work:
    """A function that runs until the event ``go_on`` is set."""

    def __init__(self) -> None:
        self.runs = 0
        self.go_on = threading.Event()
        self.background = Background("work", lambda: None, self)

    def __call__(self) -> int:
        self.runs += 1
        assert self.go_on.wait(60)
        return self.runs


def test_it_runs_once_at_a_time() -> None:
    """A start while it runs returns the same future; a later one starts it again."""
    work = Work()
    first, *others = [work.background.start() for _ in range(3)]
    assert first is not None
    assert others == [first, first]
    work.background.wait(0)
    assert not first.done()
    work.go_on.set()
    assert first.result(60) == 1
    second = work.background.start()
    assert second is not None
    assert second.result(60) == 2


def test_the_future_has_the_exception_of_the_function() -> None:
    """All that wait for it can raise it."""

    def fail() -> None:
        raise ValueError("x")

    future = Background("work", lambda: None, fail).start()
    assert future is not None
    assert isinstance(future.exception(60), ValueError)


def test_a_caller_that_was_waiting_can_start_the_next_run() -> None:
    """A run ends before its future does, so the next start is not lost."""
    work = Work()
    work.go_on.set()
    next_runs: list[Any] = []
    for number in range(1, 100):
        future = work.background.start()
        assert future is not None
        future.add_done_callback(lambda _: next_runs.append(work.background.start()))
        assert future.result(60) == 2 * number - 1
        wait_until(lambda: len(next_runs) == number)  # noqa: B023 - called at once
        assert next_runs[-1].result(60) == 2 * number
        wait_until(lambda: not work.background.is_running)


def test_a_failed_preparation_does_not_prevent_the_run(caplog: pytest.LogCaptureFixture) -> None:
    """The function has the same problem, and reports it."""

    def fail() -> None:
        raise ImportError("x")

    with caplog.at_level("DEBUG"):
        future = Background("work", fail, lambda: "done").start()
        assert future is not None
        assert future.result(60) == "done"
    assert "Cannot prepare a renewal: ImportError" in caplog.text


def test_wait_returns_at_once_when_not_started() -> None:
    """There is nothing to wait for."""
    Work().background.wait(60)


def cannot_start(*_: object) -> None:
    raise RuntimeError("can't create new thread at interpreter shutdown")


def test_start_returns_none_if_no_thread_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then there is nothing to wait for, and the caller can run it itself."""
    work = Work()
    monkeypatch.setattr(_thread, "start_new_thread", cannot_start)
    assert work.background.start() is None
    work.background.wait(60)
    work.go_on.set()
    assert work.background.start_or_run().result(0) == 1


def test_a_caller_does_not_wait_until_the_system_runs_the_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`Thread.start` waits for that, which takes long on a busy machine."""
    start = threading.Thread.start

    def slow(thread: threading.Thread) -> None:
        assert work.go_on.wait(60)
        start(thread)

    work = Work()
    monkeypatch.setattr(threading.Thread, "start", slow)
    future = work.background.start()
    assert future is not None
    assert not future.done()
    work.go_on.set()
    assert future.result(60) == 1


def test_it_runs_if_only_one_thread_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that cannot start the second one runs the function."""
    work = Work()
    work.go_on.set()
    monkeypatch.setattr(threading.Thread, "start", cannot_start)
    future = work.background.start()
    assert future is not None
    assert future.result(60) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_can_start_it_again() -> None:
    """The threads of the parent do not exist in the child."""
    work = Work()
    work.background.start()
    wait_until(lambda: work.runs == 1)
    child = os.fork()
    if child == 0:
        # A new one: the thread of the parent may have held the lock of the other.
        work.go_on = threading.Event()
        work.go_on.set()
        again = work.background.start()
        os._exit(0 if again and again.result(60) == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    work.go_on.set()
    work.background.wait(60)
    assert work.runs == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("seconds", "printed"), [(0.5, "ended\n"), pytest.param(60, "", marks=pytest.mark.long)]
)
def test_the_end_of_a_script_waits_for_a_bounded_time(
    world: World, seconds: float, printed: str
) -> None:
    """A renewal may have spent the only refresh token. A hanging one does not block."""
    script = f"""
import time
from sso_plugin.credentials import background
from sso_plugin.credentials.background import Background
if {seconds} < background._EXIT_TIMEOUT:
    background._EXIT_TIMEOUT *= 20  # this machine may be slow
def run():
    time.sleep({seconds})
    print("ended", flush=True)
work = Background("work", lambda: None, run)
work.start()
"""
    done = world.run(script)
    assert (done.stdout, done.stderr) == (printed, "")


RENEWING = """
import os, sys, time
import boto3, sso_plugin
sso_plugin.enable()
sts = boto3.Session(profile_name="dev").client("sts")
sts.get_caller_identity()
"""
"""A script that ends while a renewal runs in the background."""


def make_due(world: World) -> None:
    """Put credentials that are in the advisory window into the cache."""
    world.sign_in()
    assert world.run(RENEWING).stderr == ""
    [file] = world.role_files()
    document = json.loads(file.read_text())
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 600))
    document["Credentials"]["Expiration"] = soon
    file.write_text(json.dumps(document))
    os.utime(file, (time.time() - 3600,) * 2)


@pytest.mark.long
@pytest.mark.parametrize(
    "fault",
    [
        {"latency": 1.0},
        pytest.param({}, marks=pytest.mark.long),
        pytest.param({"kind": "hang"}, marks=pytest.mark.long),
    ],
    ids=str,
)
def test_the_end_of_a_script_during_a_renewal_leaves_no_open_connection(
    world: World, fault: dict[str, Any]
) -> None:
    """Python prints no warning, whether the renewal ends in time or not."""
    make_due(world)
    if fault:
        world.emulator.faults.add("GetRoleCredentials", **fault)
    done = world.run(RENEWING, PYTHONWARNINGS="error", PYTHONDEVMODE="1")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


FORKING = """
forks = []
background._FORK_TIMEOUT = 60.0  # this machine may be slow
for _ in range(3):
    child = os.fork()
    if child == 0:
        os._exit(0)
    forks.append(os.waitpid(child, 0)[1])
print(forks)
"""


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.parametrize(
    "fault", [{"latency": 0.3}, pytest.param({}, marks=pytest.mark.long)], ids=str
)
def test_a_fork_during_a_renewal_causes_no_warning(world: World, fault: dict[str, Any]) -> None:
    """Python 3.12 and newer warn about a fork of a process with threads."""
    make_due(world)
    if fault:
        world.emulator.faults.add("GetRoleCredentials", **fault)
    script = f"from sso_plugin.credentials import background{RENEWING}{FORKING}"
    done = world.run(script, PYTHONWARNINGS="always")
    assert (done.stdout, "multi-threaded" in done.stderr) == ("[0, 0, 0]\n", False)


SLOW_IMPORT = """
import os, sys, threading, time
from sso_plugin.credentials import background
from sso_plugin.credentials.background import Background
background._FORK_TIMEOUT = 60.0  # this machine may be slow
background._WARNS_ABOUT_THREADS = False  # or the fork would wait for the end, too
importing = threading.Event()

class Finder:
    @staticmethod
    def find_spec(name, *_):
        if name == "colorsys":
            importing.set()
            time.sleep(0.3)

sys.meta_path.insert(0, Finder)

def prepare():
    import colorsys

work = Background("work", prepare, lambda: time.sleep(600))
work.start()
assert importing.wait(60)
child = os.fork()
if child == 0:
    import colorsys
    os._exit(0)
print(os.waitpid(child, 0)[1], work.is_running, flush=True)
os._exit(0)
"""
"""A fork while the thread of a renewal imports a module that the child needs as well."""


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_fork_waits_for_the_imports_of_the_thread(world: World) -> None:
    """In the child, an import that was interrupted would never end."""
    done = world.run(SLOW_IMPORT)
    assert (done.stdout, done.returncode) == ("0 True\n", 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.parametrize("warns", [True, False])
def test_a_fork_waits_for_a_hanging_renewal_only_once(
    monkeypatch: pytest.MonkeyPatch, *, warns: bool
) -> None:
    """In the first second only; where Python does not warn, for the imports only."""
    monkeypatch.setattr(background, "_WARNS_ABOUT_THREADS", warns)
    waits: list[object] = []
    # One second passes by the pauses, and not by anything else.
    clock = SimpleNamespace(monotonic=lambda: len(waits) * background._POLL_INTERVAL)
    monkeypatch.setattr(background, "time", clock)

    def noted(futures: object, seconds: float) -> None:
        waits.append(futures)
        wait(futures, seconds)  # type: ignore[arg-type]

    work = Work()
    work.background.start()
    wait_until(lambda: work.runs == 1)
    monkeypatch.setattr(background, "wait", noted)
    work.background.finish_before_fork()
    assert bool(waits) == warns
    before = len(waits)
    work.background.finish_before_fork()
    assert len(waits) == before
    work.go_on.set()
    work.background.wait(60)


def test_a_fork_in_the_thread_itself_does_not_wait() -> None:
    """It would wait for its own end."""
    own = Background("own", lambda: None, lambda: own.finish_before_fork())  # noqa: PLW0108
    future = own.start()
    assert future is not None
    assert future.result(60) is None
