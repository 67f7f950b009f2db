"""The terminal of a process; tests/scenarios/test_prompt_places.py has real process groups."""

from __future__ import annotations

import io
import os
import signal
from typing import Any

import pytest

pytest.importorskip("pty", reason="this system has no pseudo-terminals")

from sso_plugin.web import terminal


def test_a_process_without_a_terminal_is_in_no_foreground(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in cron, or on a system that has no such file."""
    monkeypatch.setattr(terminal, "TERMINAL", "/nonexistent/tty")
    assert terminal.is_foreground() is None


def test_a_terminal_of_another_session_has_no_background() -> None:
    """Its shell has not put this process anywhere."""
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as stream:
        assert terminal.is_terminal(stream)
        assert not terminal.is_background(stream)
    os.close(master)


def test_a_stream_may_be_missing_closed_or_without_a_descriptor() -> None:
    """`sys.stderr` is None under pythonw, and a notebook replaces it."""
    closed = io.StringIO()
    closed.close()
    for stream, is_open in ((None, False), (closed, False), (io.StringIO(), True)):
        assert terminal.is_open(stream) == is_open
        assert not terminal.is_terminal(stream)
        assert not terminal.is_background(stream)


def test_the_signal_mask_is_restored() -> None:
    """Only the write is protected."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    with terminal.never_stopped():
        assert signal.SIGTTOU in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


class OnlyWrites:
    """A stream as programs put it in the place of `sys.stderr`."""

    def write(self, text: str) -> int:
        return len(text)


def test_a_stream_that_only_writes_is_no_terminal() -> None:
    """Programs replace `sys.stderr` by such objects."""
    stream: Any = OnlyWrites()
    assert terminal.is_open(stream)
    assert not terminal.is_terminal(stream)
    assert not terminal.is_background(stream)
