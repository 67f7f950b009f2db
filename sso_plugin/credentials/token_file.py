"""The file of an access token. Reads and writes the cache only; makes no network call."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..portal.outage import Outage
from ..storage.keys import own_key
from ..timestamps import clock_time
from .access_token import AccessToken, TokenState
from .login_index import KnownLogin, LoginIndex

if TYPE_CHECKING:
    from . import Login, Origin

__all__ = ["TokenFile"]

_logger = logging.getLogger(__name__)

_reported: set[str] = set()
"""The paths of tokens that could not be stored. Each is reported once in a process."""


class TokenFile:
    """The file with the access token of one login."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._store = login.stores.tokens
        self._key = login.key
        self.index = LoginIndex(login.stores.own, login.key)
        """Which login the token belongs to, and the role files of that login."""

    @property
    def path(self) -> str:
        """The path of the file, for messages."""
        return self._store.describe(self._key)

    def load(self) -> AccessToken | None:
        """Return the token, which may have expired; None if the file has no valid token."""
        return AccessToken.from_entry(self._store.get(self._key), self._login.clock)

    def begin_login(self, token: AccessToken) -> AccessToken:
        """Save the first token of a new login, and delete the role files of the previous one."""
        stores = self._login.stores
        # In this order: after a crash in between, no role file of one login is beside the token of
        # another one.
        for role in self.index.keys():  # noqa: SIM118 - no dict
            stores.roles.delete(role)
        self.index.begin(token)
        # The code that waiting jobs share, and whether a person was asked, are of the last login.
        stores.codes.delete(own_key("wait", self._key))
        self._store.supersede(self._key, token.document)
        self.report_if_not_stored()
        Outage(stores.own, self._key, self._login.profile).end()
        stored = self.load() or token
        if stored.login_id is not None:
            # Only now is the id known that all machines use.
            self.index.begin(stored)
        return stored

    def report_if_not_stored(self) -> None:
        """Warn once if other processes cannot read the token that was saved last."""
        why = self._store.why_not_stored(self._key)
        if why and self.path not in _reported:
            _reported.add(self.path)
            where = "in the memory of this process only, and other programs need a login"
            if self._login.stores.server:
                where = "on this machine only"
            url = self._login.profile.start_url
            _logger.warning("The new access token of %s is %s: %s", url, where, why)

    def holds(self, token: AccessToken) -> bool:
        """Return whether the file is still the one that a token was read from. Opens no file."""
        return token.mark is not None and self._store.mark(self._key) == token.mark

    def origin_of(self, token: AccessToken, role: str | None = None) -> Origin | None:
        """Return the origin of what is derived from a token; None if the token is from no file.

        :param role: the cache key of role credentials, which is added to the index of the login.
        """
        if token.mark is None:
            return None
        return self.index.identify(token, lambda: self.holds(token), role), token.mark

    def known_login(self) -> KnownLogin | None:
        """Return the login of the token; None without a token, or if it is not in the index."""
        identity = self._store.identity(self._key)
        found = self.index.find(identity) if identity else None
        token = self.load() if self._login.stores.server else None
        if token is None or token.login_id in (None, found and found.id):
            return found
        return KnownLogin(str(token.login_id), None)

    def is_valid(self, token: AccessToken | None, rejected: str | None = None) -> bool:
        """Return whether a token has not expired and was not rejected."""
        if token is None or token.value == rejected:
            return False
        return token.state(self._login.clock.now()) is not TokenState.EXPIRED

    def why_unusable(self, token: AccessToken) -> str:
        """Return why a token that cannot be renewed is not used, as the reason for a login."""
        if token.state(self._login.clock.now()) is not TokenState.EXPIRED:
            return "its token was revoked"
        expired = f"its token expired at {clock_time(token.lifetime.expires_at)}"
        named = "registrationExpiresAt" in token.document
        problem = token.registration_problem if named else None
        return f"{expired}, and {self.path} {problem}" if problem else expired

    def why_none(self) -> str:
        """Return why there is no token, as the reason for a login."""
        problem = self.problem()
        if problem is None:
            _logger.debug("There is no access token in %s", self.path)
        server = self._login.stores.server
        where = f", neither on this machine nor in {server.describe()}" if server else ""
        return problem or f"it has no access token{where}"

    def problem(self) -> str | None:
        """Return why the file cannot be used, with its path; None if it is valid or missing."""
        problem = self._store.why_unusable(self._key)
        if problem:
            return f"{self.path} {problem}"
        problem = AccessToken.problem(self._store.get(self._key))
        return f"the token file {self.path} {problem}" if problem else None
