"""Opens a secret URL in the browser without showing it to other users of the machine.

The command line of a browser is in the process list, which every user of the machine can read. So
the browser is started with a URL on this machine, which redirects to the secret URL once.
"""

from __future__ import annotations

import secrets
import threading
from typing import TYPE_CHECKING

from ..redact import Secret
from .loopback import LoopbackHandler, LoopbackServer
from .peers import this_user

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    StartBrowser: TypeAlias = Callable[[str, threading.Event], object]
    """Starts a browser with a URL. The event is set once the browser has requested that URL.
    Returns False if no browser could be started."""

__all__ = ["open_by_redirect", "open_by_redirect_in_background"]

_TIMEOUT = 30.0
"""Seconds to wait for the request of the browser."""

_BACKGROUND_TIMEOUT = 60.0
"""Seconds that the server stays open in the background, where no caller waits for it."""

_REFUSAL = (
    "This address works only once, and only for the user who started sso-plugin. If that is you, "
    "open the link that sso-plugin printed, or start the command again."
)


def open_by_redirect(url: str, start: StartBrowser, timeout: float = _TIMEOUT) -> bool:
    """Open a URL in a browser. Return whether the browser has requested it in time."""
    with _OneTimeRedirect(url) as redirect:
        if start(redirect.address, redirect.requested) is False:
            return False
        return redirect.requested.wait(timeout)


def open_by_redirect_in_background(url: str, start: StartBrowser) -> bool:
    """Open a URL in a browser. Return whether one was started, without waiting for its request."""
    redirect = _OneTimeRedirect(url)
    redirect.start()
    started = False
    try:
        started = start(redirect.address, redirect.requested) is not False
    finally:
        if started:
            name = "sso-plugin-redirect-end"
            threading.Thread(target=redirect.stop_when_requested, name=name, daemon=True).start()
        else:
            redirect.stop()
    return started


class _OneTimeRedirect(LoopbackServer):
    """Redirects the first request of this user to the URL, and refuses all others."""

    def __init__(self, url: str) -> None:
        self._url = Secret(url)
        self._path = f"/{secrets.token_urlsafe(16)}"
        self._lock = threading.Lock()
        self._used = False
        self.requested = threading.Event()
        super().__init__(_Handler)

    @property
    def address(self) -> str:
        return f"http://{self.host}{self._path}"

    def stop_when_requested(self) -> None:
        """Stop the server once a browser has requested the address, or after a timeout."""
        self.requested.wait(_BACKGROUND_TIMEOUT)
        self.stop()

    def take_location(self, host: str, path: str, client: tuple[str, int]) -> Secret | None:
        """Return the URL on the first valid request of this user, else None."""
        known = host == self.host and secrets.compare_digest(path.encode(), self._path.encode())
        if not known or not self.comes_from(client, this_user()):
            return None
        with self._lock:
            used, self._used = self._used, True
        return None if used else self._url


class _Handler(LoopbackHandler):
    server: _OneTimeRedirect

    def do_GET(self) -> None:  # noqa: N802 - the name is the base's
        """Redirect, or refuse."""
        host = self.headers.get("Host", "")
        location = self.server.take_location(host, self.path, self.client_address)
        if location is None:
            self.respond_page(403, _REFUSAL)
            return
        self.respond(302, {"Location": location, "Referrer-Policy": "no-referrer"})
        self.server.requested.set()
