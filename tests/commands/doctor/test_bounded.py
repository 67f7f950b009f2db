"""A timeout for a whole call."""

from __future__ import annotations

import threading

import pytest

from sso_plugin.commands.doctor.bounded import within


def test_the_result_is_returned() -> None:
    """If the call ends in time."""
    assert within(20, lambda: "result") == "result"


def test_an_error_is_raised() -> None:
    """The one that the call raised."""
    with pytest.raises(ZeroDivisionError):
        within(20, lambda: 1 / 0)


def test_a_call_that_takes_longer_is_a_timeout() -> None:
    """The call goes on in its thread, and does not keep Python from ending."""
    gate = threading.Event()
    ended = threading.Event()

    def call() -> None:
        gate.wait(60)
        ended.set()

    with pytest.raises(TimeoutError, match=r"no response within 0\.05 seconds"):
        within(0.05, call)
    gate.set()
    assert ended.wait(60)
