"""Threads that wait for a lock, and how a script that ends leaves them."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from sso_plugin.storage import waiting
from sso_plugin.storage.memory_cache import MemoryCache
from sso_plugin.storage.waiting import (
    abandon_if_waiting,
    is_unattended,
    is_waiting,
    may_wait,
    unattended,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


@contextlib.contextmanager
def waiting_thread(cache: MemoryCache, done: list[str]) -> Iterator[threading.Thread]:
    """Start a thread that waits for a lock, and release the lock at the end."""

    def use() -> None:
        try:
            with cache.locked("key", 30.0):
                done.append("locked")
        except SystemExit:
            done.append("ended")

    thread = threading.Thread(target=use)
    with cache.locked("key"):
        thread.start()
        deadline = time.monotonic() + 60
        while not is_waiting(thread):
            assert time.monotonic() < deadline
            time.sleep(0.005)
        yield thread
    thread.join(60)
    assert not thread.is_alive()


def test_a_thread_that_waits_for_a_lock_is_known() -> None:
    """Until it has the lock."""
    done: list[str] = []
    with waiting_thread(MemoryCache(), done) as thread:
        assert is_waiting(thread)
    assert not is_waiting(thread)
    assert done == ["locked"]


def test_an_abandoned_thread_ends_when_it_gets_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it could use a refresh token while the process ends."""
    # The ID of the thread may be used again.
    monkeypatch.setattr(waiting, "_abandoned", set())
    cache, done = MemoryCache(), list[str]()
    with waiting_thread(cache, done) as thread:
        assert abandon_if_waiting(thread)
    assert done == ["ended"]
    with cache.locked("key", 0.0) as held:
        assert held


def test_a_thread_that_does_not_wait_is_not_abandoned() -> None:
    """It may have sent a request."""
    cache, done = MemoryCache(), list[str]()
    gate, begun = threading.Event(), threading.Event()

    def use() -> None:
        with cache.locked("key"):
            begun.set()
            assert gate.wait(60)
        with cache.locked("key"):
            done.append("locked again")

    thread = threading.Thread(target=use)
    thread.start()
    assert begun.wait(60)
    assert not abandon_if_waiting(thread)
    gate.set()
    thread.join(60)
    assert done == ["locked again"]


def test_what_a_thread_must_not_do_ends_with_the_context() -> None:
    """An inner context allows nothing that the outer one forbids."""
    assert (is_unattended(), may_wait()) == (False, True)
    with unattended(may_wait=False):
        with unattended(if_true=False):
            assert (is_unattended(), may_wait()) == (True, False)
        assert (is_unattended(), may_wait()) == (True, False)
    assert (is_unattended(), may_wait()) == (False, True)


def test_a_thread_that_has_not_started_does_not_wait() -> None:
    """It has no ID."""
    thread = threading.Thread(target=print)
    assert not is_waiting(thread)
    assert not abandon_if_waiting(thread)
