"""Background threads: one at a time, and finished before the program ends or forks."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from sso_plugin.credentials.background import Background

if TYPE_CHECKING:
    from world import World


class Work:
    """A function that runs until the event ``go_on`` is set."""

    def __init__(self) -> None:
        self.runs = 0
        self.go_on = threading.Event()
        self.background = Background("work", lambda: None, self)

    def __call__(self) -> None:
        self.runs += 1
        assert self.go_on.wait(10)


def test_it_runs_once_at_a_time() -> None:
    """A start while it runs does nothing; a later one starts it again."""
    work = Work()
    assert [work.background.start() for _ in range(3)] == [True] * 3
    work.background.wait(0)
    assert work.runs == 1
    work.go_on.set()
    work.background.wait(10)
    work.background.start()
    work.background.wait(10)
    assert work.runs == 2


def test_wait_returns_at_once_when_not_started() -> None:
    """There is nothing to wait for."""
    Work().background.wait(10)


def test_start_returns_false_if_no_thread_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then there is nothing to wait for."""

    def cannot(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    work = Work()
    monkeypatch.setattr(threading.Thread, "start", cannot)
    assert not work.background.start()
    work.background.wait(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_can_start_it_again() -> None:
    """The threads of the parent do not exist in the child."""
    work = Work()
    work.background.start()
    child = os.fork()
    if child == 0:
        work.go_on.set()
        work.background.start()
        work.background.wait(10)
        os._exit(0 if work.runs == 2 else 1)
    assert os.waitpid(child, 0)[1] == 0
    work.go_on.set()
    work.background.wait(10)
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
from sso_plugin.credentials.background import Background
def run():
    time.sleep({seconds})
    print("ended", flush=True)
background = Background("work", lambda: None, run)
background.start()
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


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_fork_waits_for_a_hanging_renewal_only_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the first second only; never in the thread itself."""
    waits: list[float] = []
    join = threading.Thread.join

    def noted(thread: threading.Thread, seconds: float | None = None) -> None:
        waits.append(seconds or 0.0)
        join(thread, seconds)

    work = Work()
    monkeypatch.setattr(threading.Thread, "join", noted)
    work.background.start()
    work.background.finish_before_fork()
    assert waits
    assert work.runs == 1
    waits.clear()
    work.background.finish_before_fork()
    assert waits == []
    work.go_on.set()
    work.background.wait(10)

    def fork() -> None:
        own.finish_before_fork()
        ended.append(True)

    ended: list[bool] = []
    own = Background("own", lambda: None, fork)
    own.start()
    own.wait(10)
    assert ended == [True]
