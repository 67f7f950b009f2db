"""What runs in a thread: once at a time, to its end, and not in a forked child."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from sso_plugin.background import Background

if TYPE_CHECKING:
    from world import World


class Work:
    """Something that takes until it is told to end."""

    def __init__(self) -> None:
        self.runs = 0
        self.go_on = threading.Event()
        self.background = Background("work", lambda: None, self)

    def __call__(self) -> None:
        self.runs += 1
        assert self.go_on.wait(10)


def test_it_runs_once_at_a_time() -> None:
    """Who comes while it runs has nothing to start; who comes after has."""
    work = Work()
    assert [work.background.start() for _ in range(3)] == [True] * 3
    work.background.wait(0)
    assert work.runs == 1
    work.go_on.set()
    work.background.wait(10)
    work.background.start()
    work.background.wait(10)
    assert work.runs == 2


def test_nobody_has_to_have_started_it() -> None:
    """To wait for nothing takes no time."""
    Work().background.wait(10)


def test_where_no_thread_can_start_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """And there is nothing to wait for."""

    def cannot(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    work = Work()
    monkeypatch.setattr(threading.Thread, "start", cannot)
    assert not work.background.start()
    work.background.wait(10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_can_start_it_anew() -> None:
    """Whatever the parent's threads were doing."""
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


@pytest.mark.parametrize(("seconds", "printed"), [(0.5, "ended\n"), (60, "")])
def test_the_end_of_a_script_waits_for_it_but_not_for_long(
    world: World, seconds: float, printed: str
) -> None:
    """What it gets may be the only one; what hangs keeps nobody."""
    script = f"""
import time
from sso_plugin.background import Background
def run():
    time.sleep({seconds})
    print("ended", flush=True)
background = Background("work", lambda: None, run)
background.start()
"""
    done = world.run(script)
    assert (done.stdout, done.stderr) == (printed, "")
