"""The program as an OAuth client: registered once for each login, and kept in the cache.

The file is the AWS CLI's own, in its name and form.
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
    from ..storage.cache import Document

__all__ = ["REDIRECT_URI", "Registrations"]

_logger = logging.getLogger(__name__)

REDIRECT_URI = "http://127.0.0.1/oauth/callback"
"""What is registered; the port of the moment is added when a login begins (RFC 8252, 7.3)."""

_CLIENT_NAME = "sso-plugin"
_SHORTEST = 15 * 60
"""Seconds that a registration must still live to be used for one more login."""

_CODE_GRANTS = [AUTHORIZATION_CODE, REFRESH_TOKEN]


class Registrations:
    """The registrations for one start URL, region, set of scopes and session name."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._cache = login.store
        self.key = registration_key(login.profile)

    def for_code(self, issuer_url: str) -> Registration:
        """Return a registration for the authorization code grant.

        :param issuer_url: the start URL, with its redirects resolved.
        """
        return self._kept(_CODE_GRANTS) or self._made(
            grantTypes=_CODE_GRANTS, redirectUris=[REDIRECT_URI], issuerUrl=issuer_url
        )

    def for_device(self) -> Registration:
        """Return a registration for the device code grant."""
        return self._kept([]) or self._made()

    def forget(self) -> None:
        """Have the next login register anew: the portal does not take the one that is kept."""
        self._cache.delete(self.key)

    def _kept(self, grant_types: list[str]) -> Registration | None:
        entry = self._cache.get(self.key)
        if entry is None or entry.document.get("grantTypes", []) != grant_types:
            return None
        fault = timestamp_problem(entry.document, "expiresAt")
        if fault:
            _logger.warning("Ignoring %s, which %s", self._cache.describe(self.key), fault)
        found = _read(entry.document)
        return found if found and self._login.clock.now() < found.expires_at - _SHORTEST else None

    def _made(self, **grants: object) -> Registration:
        scopes = list(self._login.profile.registration_scopes)
        made = self._login.portal.register_client(_CLIENT_NAME, scopes, **grants)
        document: Document = {
            "clientId": made.client_id,
            "clientSecret": made.client_secret,
            "expiresAt": format_timestamp(made.expires_at),
            "scopes": scopes,
        }
        if "grantTypes" in grants:
            document["grantTypes"] = grants["grantTypes"]
        self._cache.put(self.key, document)
        return made


def _read(document: Document) -> Registration | None:
    try:
        expires_at = parse_timestamp(document.get("expiresAt"))
        return Registration.of({**document, "clientSecretExpiresAt": expires_at})
    except ValueError:
        return None
