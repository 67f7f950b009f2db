"""A thread that calls a function again and again."""

from __future__ import annotations

import os
import threading
import warnings
from typing import TYPE_CHECKING

import pytest
from world import wait_until

from sso_plugin.storage.network import heartbeat as beats
from sso_plugin.storage.network.heartbeat import Heartbeat

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _no_thread_of_before() -> None:
    """Wait for the threads of earlier tests, which are stopped and end soon."""
    wait_until(lambda: not threads())


@pytest.fixture
def called() -> threading.Semaphore:
    return threading.Semaphore(0)


@pytest.fixture
def heartbeat(called: threading.Semaphore) -> Iterator[Heartbeat]:
    heartbeat = Heartbeat(called.release, 0.001)
    yield heartbeat
    heartbeat.stop()


def threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "sso-plugin-lease"]


def test_it_calls_until_it_is_stopped(heartbeat: Heartbeat, called: threading.Semaphore) -> None:
    """In a thread that no script waits for at its end."""
    heartbeat.start()
    [thread] = threads()
    assert thread.daemon
    for _ in range(3):
        assert called.acquire(timeout=60)
    heartbeat.stop()
    thread.join(60)
    assert not thread.is_alive()


def test_an_error_does_not_end_it() -> None:
    """The next call may succeed."""
    called = threading.Semaphore(0)

    def fail() -> None:
        called.release()
        raise ZeroDivisionError

    heartbeat = Heartbeat(fail, 0.001)
    heartbeat.start()
    for _ in range(3):
        assert called.acquire(timeout=60)
    heartbeat.stop()


def test_without_a_thread_nothing_is_called(
    heartbeat: Heartbeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of a script no thread can start."""

    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", fail)
    heartbeat.start()
    heartbeat.stop()
    assert threads() == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_does_not_see_its_thread(
    heartbeat: Heartbeat, called: threading.Semaphore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python warns about a fork of a process with threads. It goes on in the parent only."""
    monkeypatch.setattr(beats, "_FORK_TIMEOUT", 60.0)
    heartbeat.start()
    others = threading.active_count() - 1
    with warnings.catch_warnings():
        warnings.simplefilter("error" if others == 1 else "ignore")
        child = os.fork()
    if child == 0:
        os._exit(len(threads()))
    assert os.waitpid(child, 0)[1] == 0
    while called.acquire(blocking=False):
        pass
    assert called.acquire(timeout=60)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_one_that_was_stopped_is_not_started_by_a_fork(heartbeat: Heartbeat) -> None:
    """Its lease was given back."""
    heartbeat.start()
    heartbeat.stop()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    for thread in threads():
        thread.join(60)
    assert threads() == []
