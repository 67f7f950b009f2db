"""The token of a login on disk. Reads and writes the cache only; makes no network call."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..portal.outage import Outage
from ..storage.file_cache import role_cache
from ..timestamps import format_timestamp
from .access_token import AccessToken, TokenState
from .login_index import LoginIndex

if TYPE_CHECKING:
    from . import Login, Origin
    from .login_index import KnownLogin

__all__ = ["TokenFile"]

_logger = logging.getLogger(__name__)

_reported: set[str] = set()
"""The files of tokens that could not be stored, which is reported once in a process."""


class TokenFile:
    """The file with the token of one login."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._store = login.store
        self._key = login.key
        self.index = LoginIndex.of(login.key)
        """What is known of the login that the token is of."""

    @property
    def path(self) -> str:
        """Where the token is."""
        return self._store.describe(self._key)

    def load(self) -> AccessToken | None:
        """Return the token, in whatever state; None if there is none that can be read."""
        return AccessToken.from_entry(self._store.get(self._key), self._login.clock)

    def begin_login(self, token: AccessToken) -> AccessToken:
        """Save the first token of a new login, and delete what was derived from the last one."""
        roles = role_cache()
        # In this order: a crash in between leaves nothing of one login beside the token of another.
        for role in self.index.keys():  # noqa: SIM118 - no dict
            roles.delete(role)
        self.index.begin(token)
        self._store.supersede(self._key, token.document)
        self.report_if_not_stored()
        Outage.of(self._login.profile, self._key).end()
        return self.load() or token

    def report_if_not_stored(self) -> None:
        """Warn once if other processes do not find the token that was saved last."""
        why = self._store.why_not_stored(self._key)
        if why and self.path not in _reported:
            _reported.add(self.path)
            _logger.warning(
                "The new access token of %s is in the memory of this process only, and other "
                "programs need a login: %s",
                self._login.profile.start_url,
                why,
            )

    def origin_of(self, token: AccessToken) -> Origin | None:
        """Return what to note on what is derived from a token; None for a token from no file."""
        if token.mark is None:
            return None
        return self.index.identify(token, lambda: self._holds(token)), token.mark

    def known_login(self) -> KnownLogin | None:
        """Return the login of the token; None without a token, or if we have not seen it yet."""
        token = self.load()
        return self.index.find(token) if token else None

    def is_valid(self, token: AccessToken | None, rejected: str | None = None) -> bool:
        """Return whether a token has not expired, and is not the rejected one."""
        if token is None or token.value == rejected:
            return False
        return token.state(self._login.clock.now()) is not TokenState.EXPIRED

    def why_unusable(self, token: AccessToken) -> str:
        """Say why a token that cannot be renewed is not used, as the reason of a login."""
        if token.state(self._login.clock.now()) is not TokenState.EXPIRED:
            return "its token was revoked"
        expired = f"its token expired at {format_timestamp(token.lifetime.expires_at)}"
        fault = token.registration_fault if "registrationExpiresAt" in token.document else None
        return f"{expired}, and {self.path} {fault}" if fault else expired

    def why_none(self) -> str:
        """Say why there is no token, as the reason of a login."""
        return self.fault() or f"there is no token in {self.path}"

    def fault(self) -> str | None:
        """Say what is wrong with the token file, and name it; None if it is valid, or missing."""
        fault = self._store.why_unusable(self._key)
        if fault:
            return f"{self.path} {fault}"
        fault = AccessToken.fault(self._store.get(self._key))
        return f"the token file {self.path} {fault}" if fault else None

    def _holds(self, token: AccessToken) -> bool:
        return self._store.mark(self._key) == token.mark
