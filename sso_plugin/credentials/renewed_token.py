"""An access token for callers that must not block: renewed in a background thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ..storage.waiting import unattended
from .access_token import TokenState
from .background import Background
from .generations import attempt_timeout

if TYPE_CHECKING:
    from concurrent.futures import Future

    from . import Login
    from .access_token import AccessToken
    from .token_source import TokenSource

__all__ = ["RenewedToken"]


class RenewedToken:
    """The access token of one login. Its two methods are those of `SsoCredentials`."""

    def __init__(self, source: TokenSource) -> None:
        self.login: Login = source.login
        self._source = source
        self._failures = 0
        self._attempt_after = float("-inf")
        """When a valid token is renewed again after a failure, by ``time.monotonic``."""
        self._renewal = Background("sso-plugin-token", source.login.prepare, self._attempt)

    def at_hand(self, *, waited: bool = False) -> AccessToken | None:
        """Return the token, unless a caller has to wait for a valid one. Never blocks.

        It reads the token file. A renewal that is due is started in the background.

        :param waited: whether the caller has waited for `renew`.
        """
        # A keyring, and its prompt, would block: `renew` uses it, in another thread.
        with unattended(may_wait=False):
            token = self._source.file.load()
        if token is None or not self._source.file.is_valid(token):
            return None
        if not waited and self._is_due(token):
            self._renewal.start()
        return token

    def renew(self) -> tuple[Future[Exception | None], float | None]:
        """Renew the token in a background thread, unless one does that now. Never blocks.

        A person may be asked to log in if the token is not valid.

        :returns: a future, and None: a caller waits until it is done. The result is the error for a
            caller that then has no valid token; None if there is none, or the caller has to renew
            once more.
        """
        return self._renewal.start_or_run(), None

    def _is_due(self, token: AccessToken) -> bool:
        clock = self.login.clock
        if token.state(clock.latest()) is TokenState.FRESH:
            return False
        return time.monotonic() >= self._attempt_after and token.can_be_renewed(clock.earliest())

    def _attempt(self) -> Exception | None:
        attended = not self._source.file.is_valid(self._source.file.load())
        error: Exception | None = None
        try:
            with unattended(if_true=not attended):
                token = self._source.fetch(attended=attended)
        except Exception as exc:  # noqa: BLE001 - raised by the callers without a valid token
            error = exc
        if error is None and token.state(self.login.clock.latest()) is TokenState.FRESH:
            self._failures = 0
        else:
            self._failures += 1
            self._attempt_after = time.monotonic() + attempt_timeout(self._failures)
        # An unattended attempt that needs a login is repeated, attended.
        return error if attended else None
