"""Calls on several threads: results in order, few calls ahead, and none after the end."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from sso_plugin.portal import concurrent_map as module
from sso_plugin.portal.concurrent_map import concurrent_map

if TYPE_CHECKING:
    from collections.abc import Callable


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_results_are_in_the_order_of_the_items() -> None:
    """Also if the first call ends last."""
    second_done = threading.Event()

    def function(item: int) -> int:
        if item == 0:
            assert second_done.wait(60)
        if item == 1:
            second_done.set()
        return 10 * item

    assert list(concurrent_map(function, range(50))) == [10 * item for item in range(50)]


def test_no_items_have_no_results() -> None:
    """The threads end."""
    assert list(concurrent_map(str, [])) == []


def test_calls_run_at_the_same_time() -> None:
    """Each waits until all ten have started."""
    barrier = threading.Barrier(10, timeout=60)
    assert sorted(concurrent_map(lambda _: barrier.wait(), range(10))) == list(range(10))


def test_few_calls_are_made_ahead_of_the_caller() -> None:
    """At most 20 results wait for the caller."""
    done: list[int] = []
    results = concurrent_map(done.append, range(1000))
    next(results)
    wait_until(lambda: len(done) == 20)
    next(results)
    wait_until(lambda: len(done) == 21)
    results.close()
    assert len(done) == 21


def test_an_error_is_raised_at_the_place_of_its_result() -> None:
    """The results before it are yielded first."""

    def function(item: int) -> int:
        if item == 2:
            raise ValueError(item)
        return item

    results = concurrent_map(function, range(5))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="2"):
        next(results)


def test_no_call_starts_after_the_caller_has_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that have started end, and the caller does not wait for slow ones."""
    monkeypatch.setattr(module, "_END_TIMEOUT", 0.1)
    gate, started = threading.Event(), []

    def function(item: int) -> int:
        started.append(item)
        if item:
            assert gate.wait(60)
        return item

    before = set(threading.enumerate())
    results = concurrent_map(function, range(100))
    assert next(results) == 0
    wait_until(lambda: len(started) == 11)
    threads = set(threading.enumerate()) - before
    results.close()
    assert any(thread.is_alive() for thread in threads)
    gate.set()
    for thread in threads:
        thread.join(60)
    assert len(started) == 11
