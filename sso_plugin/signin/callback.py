"""The loopback end of a browser login: takes one answer from the browser, and is gone.

Listens on 127.0.0.1 only, on a free port, for one path. What does not bring the ``state`` of this
login, or comes from another user of the machine, changes nothing. See RFC 8252 and RFC 7636.
"""

from __future__ import annotations

import hmac
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs

from ..printable import one_line
from ..redact import Secret
from ..web.loopback import Loopback, LoopbackHandler
from ..web.peers import this_user

__all__ = ["AuthorizationResponse", "Callback"]

_PATH = "/oauth/callback"
_LONGEST_ERROR = 100
_ROOT = 0


@dataclass(frozen=True)
class AuthorizationResponse:
    """What the browser brought: a code, or the error code of a refusal."""

    code: str | None = field(repr=False)
    error: str | None


class Callback(Loopback):
    """Waits for the browser to come back."""

    def __init__(self, state: str) -> None:
        self._state = Secret(state)
        self._answer: AuthorizationResponse | None = None
        self._answered = threading.Event()
        self._lock = threading.Lock()
        super().__init__(_Handler)

    @property
    def redirect_uri(self) -> str:
        """Where the portal has to send the browser."""
        return f"http://{self.host}{_PATH}"

    def wait(self, seconds: float) -> AuthorizationResponse | None:
        """Return the answer, or None if none came in time."""
        # In short steps, so that Ctrl-C is heard on every system.
        steps = max(1, int(seconds / 0.5))
        for _ in range(steps):
            if self._answered.wait(seconds / steps):
                return self._answer
        return None

    def receive(self, host: str, target: str, client: tuple[str, int]) -> tuple[int, str]:
        """Take a GET request, and return what to tell the browser: a status and a sentence."""
        if host != self.host:
            return 403, "This page is for a browser on the same machine only."
        path, _, query = target.partition("?")
        if path != _PATH:
            return 404, "There is nothing here."
        values = {name: Secret(found[0]) for name, found in parse_qs(query).items()}
        if not hmac.compare_digest(values.get("state", "").encode(), self._state.encode()):
            return 400, "This answer does not belong to the login that is waiting. It was ignored."
        # Only now, so that a flood stays cheap. Root: the relays of WSL and of containers.
        if not self.comes_from(client, this_user() | {_ROOT}):
            return 403, "This answer came from another user of this machine. It was ignored."
        error = values.get("error")
        shown = None if error is None else one_line(str(error), _LONGEST_ERROR)
        return self._take(AuthorizationResponse(values.get("code"), shown))

    def _take(self, answer: AuthorizationResponse) -> tuple[int, str]:
        if answer.error is None and answer.code is None:
            return 400, "This answer holds neither a code nor an error. It was ignored."
        with self._lock:
            if self._answer is not None:
                return 409, "This login has its answer already. Nothing was changed."
            self._answer = answer
        if answer.error is not None:
            return 200, "The login was not approved. You can close this window."
        return 200, "Approved. You can close this window and go back to the terminal."

    def finish(self) -> None:
        """Let the waiting program go on: the browser has been told."""
        self._answered.set()


class _Handler(LoopbackHandler):
    server: Callback

    def do_GET(self) -> None:  # noqa: N802 - the name is the base's
        """Take what the browser brings, and let the program go on once the browser was told."""
        host = self.headers.get("Host", "")
        status, sentence = self.server.receive(host, self.path, self.client_address)
        try:
            self.answer_page(status, sentence)
        finally:
            if status == HTTPStatus.OK:
                self.server.finish()
