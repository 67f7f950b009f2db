"""Watches the token file of a login that is missing: a login by any program ends there."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from ..errors import LoginRequired, PortalError
from ..timestamps import END_OF_TIME, clock_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..credentials.access_token import AccessToken
    from ..credentials.token_source import TokenSource

__all__ = ["LoggedIn", "TokenWatch"]

_logger = logging.getLogger(__name__)

_INTERVAL = 1.0
"""Seconds between two looks at the file, which only read its status unless it has changed."""

_RETRY_AFTER = 10.0
"""Seconds before a new token that could not be renewed is tried again."""


class LoggedIn(Exception):
    """There is a valid token."""

    def __init__(self, token: AccessToken) -> None:
        super().__init__()
        self.token = token


class TokenWatch:
    """Waits until the token file has a valid token, or until a deadline.

    :param rejected: the value of a token that the portal has rejected.
    :raises LoggedIn: if there is a valid token already.
    """

    def __init__(
        self,
        tokens: TokenSource,
        required: LoginRequired,
        rejected: str | None,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._tokens = tokens
        self._required = required
        self._rejected = rejected
        self._sleep = sleep
        timeout = tokens.login.profile.options.login_timeout
        self.until = min(time.time() + timeout, END_OF_TIME)
        """The deadline, in epoch seconds."""
        self._deadline = time.monotonic() + timeout
        self._retry_at = 0.0
        # Before the file is read: a change in between is seen later.
        self._seen = self._mark()
        token = tokens.file.load()
        if token is not None and tokens.file.is_valid(token, rejected):
            raise LoggedIn(token)

    def pause(self, seconds: float) -> None:
        """Wait a number of seconds.

        :raises LoggedIn: as soon as there is a valid token.
        :raises LoginRequired: at the deadline.
        """
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._sleep(min(_INTERVAL, left))
            self.check()

    def check(self) -> None:
        """Do not wait. Raises the same errors as `pause`."""
        now, mark = time.monotonic(), self._mark()
        if mark != self._seen and now >= self._retry_at:
            try:
                raise LoggedIn(self._tokens.fetch(rejected=self._rejected, attended=False))
            except LoginRequired:
                self._seen = mark
            except PortalError as exc:
                _logger.debug("A new token has to be renewed, and cannot be: %s", exc)
                self._retry_at = now + _RETRY_AFTER
        if now >= self._deadline:
            until = clock_time(self.until)
            reason = f"{self._required.reason}, and there was no login until {until}"
            raise self._tokens.login.required(reason) from self._required

    def _mark(self) -> object:
        login = self._tokens.login
        login.stores.tokens.pull(login.key)
        return login.stores.tokens.mark(login.key)
