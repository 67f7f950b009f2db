"""The redirect target of a browser login, and the page that the browser shows afterwards.

It listens on 127.0.0.1 only, on a free port, for one path and one response. A request without the
``state`` of this login, or from another user of the machine, is ignored. See RFC 8252 and RFC 7636.
"""

from __future__ import annotations

import hmac
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs

from ..printable import inside_sentence, one_line
from ..redact import Secret
from ..web.loopback import LoopbackHandler, LoopbackServer
from ..web.peers import this_user

__all__ = ["AuthorizationResponse", "Callback"]

_PATH = "/oauth/callback"
_LONGEST_ERROR = 100
"""Characters of an error code from the browser."""

_LONGEST_SUBJECT = 200
"""Characters of the name of a profile on the page."""

_ROOT_USER_ID = 0


@dataclass(frozen=True)
class AuthorizationResponse:
    """What the browser sent: an authorization code, or an error code."""

    code: str | None = field(repr=False)
    error: str | None


class Callback(LoopbackServer):
    """The server that the portal redirects the browser to.

    :param subject: what the login is for, such as ``The profile "dev"``.
    """

    def __init__(self, state: str, subject: str) -> None:
        self._subject = one_line(inside_sentence(subject), _LONGEST_SUBJECT)
        self._state = Secret(state)
        self._response: AuthorizationResponse | None = None
        self._finished = threading.Event()
        self._lock = threading.Lock()
        super().__init__(_Handler)

    @property
    def redirect_uri(self) -> str:
        """The URL that the portal redirects the browser to."""
        return f"http://{self.host}{_PATH}"

    def wait(self, seconds: float) -> AuthorizationResponse | None:
        """Return the response, or None if none came in time."""
        # In short steps, because a wait on Windows cannot be interrupted by Ctrl-C.
        steps = max(1, int(seconds / 0.5))
        for _ in range(steps):
            if self._finished.wait(seconds / steps):
                return self._response
        return None

    def receive(self, host: str, target: str, client: tuple[str, int]) -> tuple[int, str]:
        """Handle a GET request. Return the status and the sentence for the page."""
        if host != self.host:
            return 403, "This page works only in a browser on the same machine."
        path, _, query = target.partition("?")
        if path != _PATH:
            return 404, "This page does not exist."
        values = {name: Secret(found[0]) for name, found in parse_qs(query).items()}
        if not hmac.compare_digest(values.get("state", "").encode(), self._state.encode()):
            return 400, "This response does not belong to the current login. It was ignored."
        # Checked last, because it reads a whole table: a flood of requests stays cheap. Root is
        # allowed because the relays of WSL and of containers run as root.
        if not self.comes_from(client, this_user() | {_ROOT_USER_ID}):
            return 403, "This response came from another user of this machine. It was ignored."
        error = values.get("error")
        shown = None if error is None else one_line(str(error), _LONGEST_ERROR)
        return self._accept(AuthorizationResponse(values.get("code"), shown))

    def _accept(self, response: AuthorizationResponse) -> tuple[int, str]:
        if response.error is None and response.code is None:
            return 400, "This response has neither a code nor an error. It was ignored."
        with self._lock:
            if self._response is not None:
                return 409, "This login already has a response. Nothing was changed."
            self._response = response
        if response.error is not None:
            return 200, f"The login for {self._subject} was not approved. You can close this tab."
        return 200, f"You approved the login for {self._subject}. You can close this tab."

    def finish(self) -> None:
        """Let `wait` return: the page has been sent to the browser."""
        self._finished.set()


class _Handler(LoopbackHandler):
    server: Callback

    def do_GET(self) -> None:  # noqa: N802 - the name is the base's
        """Handle the response, send the page, then let the program continue."""
        host = self.headers.get("Host", "")
        status, sentence = self.server.receive(host, self.path, self.client_address)
        try:
            self.respond_page(status, sentence)
        finally:
            if status == HTTPStatus.OK:
                self.server.finish()
