"""Registers sso-plugin as an OAuth client, and caches the registration for the next login.

The file has the name and the content that the AWS CLI gives to it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..portal.client import AUTHORIZATION_CODE, REFRESH_TOKEN
from ..portal.responses import Registration
from ..storage.keys import registration_key
from ..timestamps import format_timestamp, parse_timestamp, timestamp_problem

if TYPE_CHECKING:
    from ..credentials import Login
    from ..storage.reading import Document

__all__ = ["REDIRECT_URI", "Registrations"]

_logger = logging.getLogger(__name__)

REDIRECT_URI = "http://127.0.0.1/oauth/callback"
"""What is registered. Each login adds its port (RFC 8252, 7.3)."""

_CLIENT_NAME = "sso-plugin"
_MINIMUM_LIFETIME = 86400.0
"""Seconds for which a registration must still be valid to be used for one more login.

The login ends with it. The time is longer than that of the warning before the end of a login, so
that a new login does not end soon, too.
"""

_BROWSER_GRANT_TYPES = [AUTHORIZATION_CODE, REFRESH_TOKEN]


class Registrations:
    """The registrations for one start URL, region, set of scopes and session name."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._cache = login.stores.tokens
        self.key = registration_key(login.profile)

    def for_browser(self, issuer_url: str) -> Registration:
        """Return a registration for the browser flow.

        :param issuer_url: the start URL, with its redirects resolved.
        """
        return self._find_cached(_BROWSER_GRANT_TYPES) or self._register(
            grantTypes=_BROWSER_GRANT_TYPES, redirectUris=[REDIRECT_URI], issuerUrl=issuer_url
        )

    def for_device(self) -> Registration:
        """Return a registration for the device flow."""
        return self._find_cached([]) or self._register()

    def delete(self) -> None:
        """Delete the cached registration, which the portal refuses. The next login registers."""
        self._cache.delete(self.key)

    def _find_cached(self, grant_types: list[str]) -> Registration | None:
        self._cache.settle(self.key)
        entry = self._cache.get(self.key)
        if entry is None or entry.document.get("grantTypes", []) != grant_types:
            return None
        problem = timestamp_problem(entry.document, "expiresAt")
        if problem:
            _logger.warning("Ignoring %s, which %s", self._cache.describe(self.key), problem)
        found = _read(entry.document)
        minimum = max(_MINIMUM_LIFETIME, 2 * self._login.profile.options.warn_before)
        if found is None or found.expires_at - minimum <= self._login.clock.now():
            return None
        return found

    def _register(self, **grants: object) -> Registration:
        scopes = list(self._login.profile.registration_scopes)
        registration = self._login.portal.register_client(_CLIENT_NAME, scopes, **grants)
        document: Document = {
            "clientId": registration.client_id,
            "clientSecret": registration.client_secret,
            "expiresAt": format_timestamp(registration.expires_at),
            "scopes": scopes,
        }
        if "grantTypes" in grants:
            document["grantTypes"] = grants["grantTypes"]
        self._cache.put(self.key, document)
        return registration


def _read(document: Document) -> Registration | None:
    try:
        expires_at = parse_timestamp(document.get("expiresAt"))
        return Registration.of({**document, "clientSecretExpiresAt": expires_at})
    except ValueError:
        return None
