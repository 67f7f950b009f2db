"""A secret address, handed to the person's browser and to nobody else.

The command line of a browser is in the process list, which every user of the machine can read. So
what stands there is an address on this machine, which leads on to the secret one a single time.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sso_plugin.loopback import Loopback, LoopbackHandler

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["hand_over"]

_PATIENCE = 30.0
"""Seconds that a browser may take to start."""


def hand_over(url: str, open_browser: Callable[[str], object], patience: float = _PATIENCE) -> bool:
    """Open a secret address in a browser, and return whether one has come for it."""
    with _Handover(url) as handover:
        if open_browser(handover.address) is False:
            return False
        return handover.taken.wait(patience)


class _Handover(Loopback):
    """Leads the first who asks, if it is the same user, to the address."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._path = f"/{secrets.token_urlsafe(16)}"
        self._lock = threading.Lock()
        self._given = False
        self.taken = threading.Event()
        super().__init__(_Handler)

    @property
    def address(self) -> str:
        return f"http://{self.host}{self._path}"

    def location(self, host: str, path: str, peer: tuple[str, int]) -> str | None:
        """Return the address, to one only."""
        known = host == self.host and secrets.compare_digest(path.encode(), self._path.encode())
        if not known or not _is_same_user(peer):
            return None
        with self._lock:
            given, self._given = self._given, True
        return None if given else self._url


def _is_same_user(peer: tuple[str, int]) -> bool:
    """Tell who is at the other end of a loopback connection, where the system tells (Linux)."""
    table = Path("/proc/net/tcp")
    if not table.exists():
        return True
    address = int.from_bytes(socket.inet_aton(peer[0]), sys.byteorder)
    end = f"{address:08X}:{peer[1]:04X}"
    rows = (line.split() for line in table.read_text().splitlines())
    users = [row[7] for row in rows if row[1] == end]
    return all(user == str(os.getuid()) for user in users)


class _Handler(LoopbackHandler):
    server: _Handover

    def do_GET(self) -> None:  # noqa: N802 - the name is the base's
        """Lead on, or refuse."""
        host = self.headers.get("Host", "")
        location = self.server.location(host, self.path, self.client_address)
        headers = {"Location": location} if location else {}
        self.answer(302 if location else 403, {**headers, "Referrer-Policy": "no-referrer"})
        if location:
            self.server.taken.set()
