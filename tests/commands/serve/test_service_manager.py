"""Messages to a service manager, and the signals that end a service."""

from __future__ import annotations

import os
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from sso_plugin.commands.serve.service_manager import notify_manager, stop_signals

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no sockets of this kind")


@pytest.mark.parametrize("name", ["{folder}/notify", "@sso-plugin-{process}"])
def test_a_state_is_sent_to_the_socket(tmp_path: Path, name: str) -> None:
    """A name that begins with @ is not a file."""
    path = name.format(folder=tmp_path, process=os.getpid())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path.replace("@", "\0"))
        manager.settimeout(60)
        notify_manager("READY=1", {"NOTIFY_SOCKET": path})
        assert manager.recv(64) == b"READY=1"


def test_without_a_manager_nothing_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    """One that is gone is reported, and the service goes on."""
    notify_manager("READY=1", {})
    assert caplog.text == ""
    notify_manager("READY=1", {"NOTIFY_SOCKET": "/nowhere/notify"})
    assert "Cannot notify the service manager at /nowhere/notify: No such file" in caplog.text


def test_a_signal_ends_the_service_and_handlers_are_restored() -> None:
    """Signals that are ignored, as under nohup, stay ignored."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    hangup = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals() as stopped:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stopped.is_set()
            os.kill(os.getpid(), signal.SIGTERM)
            assert stopped.wait(60)
        assert {number: signal.getsignal(number) for number in before} == before
    finally:
        signal.signal(signal.SIGHUP, hangup)
