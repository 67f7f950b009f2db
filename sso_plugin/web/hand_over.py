"""An address handed to the browser of this user, and to no other user of the machine.

The command line of a browser is in the process list, which every user of the machine can read. So
the browser is started with an address on this machine, which redirects to the real one once.
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

from ..redact import Secret
from .loopback import Loopback, LoopbackHandler
from .peers import this_user

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Start: TypeAlias = Callable[[str, threading.Event], object]
    """Starts a browser with an address; the event is set once the browser has asked for it.
    Returns False if no browser could be started."""

__all__ = ["hand_over", "hand_over_in_background"]

_PATIENCE = 30.0
"""Seconds that a browser may take to start."""

_IN_BACKGROUND = 60.0
"""Seconds that it may take in a login, which does not wait for it."""

_REFUSAL = (
    "This address works once, and only for the user who started sso-plugin. If that is you, open "
    "the address that is shown in the terminal."
)


def hand_over(url: str, start: Start, patience: float = _PATIENCE) -> bool:
    """Open an address in a browser, and return whether the browser has requested it."""
    with _Handover(url) as handover:
        if start(handover.address, handover.taken) is False:
            return False
        return handover.taken.wait(patience)


def hand_over_in_background(url: str, start: Start) -> bool:
    """Open an address in a browser, and return whether one was started. Do not wait for it."""
    handover = _Handover(url)
    handover.start()
    started = False
    try:
        started = start(handover.address, handover.taken) is not False
    finally:
        if started:
            name = "sso-plugin-handover-end"
            threading.Thread(target=handover.end, name=name, daemon=True).start()
        else:
            handover.stop()
    return started


class _Handover(Loopback):
    """Redirects the first request of this user to the address."""

    def __init__(self, url: str) -> None:
        self._url = Secret(url)
        self._path = f"/{secrets.token_urlsafe(16)}"
        self._lock = threading.Lock()
        self._given = False
        self.taken = threading.Event()
        super().__init__(_Handler)

    @property
    def address(self) -> str:
        return f"http://{self.host}{self._path}"

    def end(self) -> None:
        """Close the server once a browser has requested the address, or after a timeout."""
        self.taken.wait(_IN_BACKGROUND)
        self.stop()

    def location(self, host: str, path: str, client: tuple[str, int]) -> Secret | None:
        """Return the address, once, to this user."""
        known = host == self.host and secrets.compare_digest(path.encode(), self._path.encode())
        if not known or not self.comes_from(client, this_user()):
            return None
        with self._lock:
            given, self._given = self._given, True
        return None if given else self._url


class _Handler(LoopbackHandler):
    server: _Handover

    def do_GET(self) -> None:  # noqa: N802 - the name is the base's
        """Redirect, or refuse."""
        host = self.headers.get("Host", "")
        location = self.server.location(host, self.path, self.client_address)
        if location is None:
            self.answer_page(403, _REFUSAL)
            return
        self.answer(302, {"Location": location, "Referrer-Policy": "no-referrer"})
        self.server.taken.set()
