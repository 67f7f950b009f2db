"""Reports to systemd, or to another service manager with its protocol, how a service is doing.

https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["notify_manager", "stop_signals"]

_logger = logging.getLogger(__name__)

_SOCKET = "NOTIFY_SOCKET"
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def notify_manager(state: str, environ: Mapping[str, str] = os.environ) -> None:
    """Send a state such as ``READY=1``; nothing if no service manager waits for it."""
    path = environ.get(_SOCKET, "")
    if not path or not hasattr(socket, "AF_UNIX"):
        return
    # A name that begins with @ is not in the file system.
    address = f"\0{path[1:]}" if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connection:
            connection.connect(address)
            connection.sendall(state.encode())
    except OSError as exc:
        _logger.warning("Cannot notify the service manager at %s: %s", path, exc.strerror or exc)


@contextlib.contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """Yield an event that is set when a signal such as SIGTERM or Ctrl-C asks for the end.

    Signals that are ignored, as under nohup, stay ignored.
    """
    stopped = threading.Event()
    before: dict[int, Any] = {}
    for number in (getattr(signal, name) for name in _SIGNALS if hasattr(signal, name)):
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, lambda *_: stopped.set())
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
