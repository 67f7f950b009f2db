"""The device login that waiting processes share: one of them polls, another one can take over."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..portal.responses import DeviceAuthorization, InvalidResponseError, Registration
from ..storage.keys import own_key
from .flows import StartedLogin

if TYPE_CHECKING:
    import contextlib

    from ..credentials.access_token import AccessToken
    from ..credentials.token_source import TokenSource
    from ..storage.cache import Hold
    from ..storage.reading import Document

__all__ = ["PendingLogin", "SharedLogin"]

_ASK_AGAIN_AFTER = 24 * 3600.0
"""Seconds after which a person is asked again for the same missing login."""


@dataclass(frozen=True)
class PendingLogin:
    """A device login that was started for all processes.

    :param started: the code, to poll with; None if it has expired, was denied or refused.
    :param start_url: the start URL, with its redirects resolved.
    :param granted: the token document of a code that was approved, whose user is not checked yet.
    """

    started: StartedLogin | None
    start_url: str
    granted: Document | None = field(default=None, repr=False)


class SharedLogin:
    """The file of the device login for one missing login.

    A login is missing until the token file changes. Within a day, a person is asked once for it: a
    person who gets one code after the other learns to approve any.
    """

    def __init__(self, tokens: TokenSource) -> None:
        self._cache = tokens.login.stores.codes
        self._key = own_key("wait", tokens.login.key)
        cache, key = tokens.login.stores.tokens, tokens.login.key
        mark = cache.mark(key)
        # A token that is sealed with another key is the same one.
        self.missing = cache.identity(key) or (list(mark) if mark else None)
        """The token that is not usable, or the version of a file without one; None if no file."""

    def asking(self) -> contextlib.AbstractContextManager[Hold]:
        """Lock the right to ask a person; the context is false if another process has it."""
        return self._cache.locked(self._key, 0.0)

    def load(self) -> PendingLogin | None:
        """Return the login that was started; None if no person was asked yet."""
        entry = self._cache.get(self._key)
        if entry is None or entry.document.get("missing") != self.missing:
            return None
        # The time of a file server may be ahead.
        if time.time() - entry.stored_at >= _ASK_AGAIN_AFTER:
            return None
        start_url, granted = entry.document.get("startUrl"), entry.document.get("granted")
        return PendingLogin(
            _read(entry.document),
            start_url if isinstance(start_url, str) else "",
            granted if isinstance(granted, dict) else None,
        )

    def begin(self, started: StartedLogin, start_url: str, *, notified: bool) -> PendingLogin:
        """Share a login that was started.

        :param notified: whether this process notifies the user.
        """
        registration, authorization = started.registration, started.authorization
        document: Document = {
            "missing": self.missing,
            "startUrl": start_url,
            "clientId": registration.client_id,
            "clientSecret": registration.client_secret,
            "clientSecretExpiresAt": registration.expires_at,
            "deviceCode": authorization.device_code,
            "userCode": authorization.user_code,
            "verificationUri": authorization.verification_uri,
            "verificationUriComplete": authorization.verification_uri_complete,
            "interval": authorization.interval,
            "expiresAt": started.expires_at,
            "notified": notified,
        }
        self._cache.put(self._key, document)
        return PendingLogin(started, start_url)

    def claim_notification(self) -> bool:
        """Return whether this process has to notify the user: no other one has done so."""
        entry = self._cache.get(self._key)
        if entry is None or entry.document.get("notified") is not False:
            return False
        claimed = {**entry.document, "notified": True}
        return self._cache.replace(self._key, claimed, replacing=entry.document)

    def keep(self, token: AccessToken, start_url: str) -> None:
        """Keep the token of the code, which works once: this process may be killed."""
        document = {"missing": self.missing, "startUrl": start_url, "granted": token.document}
        self._cache.put(self._key, document)

    def close(self) -> None:
        """Note that the code can no longer be approved. No person is asked again."""
        self._cache.put(self._key, {"missing": self.missing})

    def delete(self) -> None:
        """Delete the file, because there is a login."""
        self._cache.delete(self._key)


def _read(document: dict[str, Any]) -> StartedLogin | None:
    expires_at = document.get("expiresAt")
    if isinstance(expires_at, bool) or not isinstance(expires_at, (int, float)):
        return None
    expires_in = expires_at - time.time()
    if expires_in <= 0:
        return None
    try:
        authorization = DeviceAuthorization.of({**document, "expiresIn": expires_in})
        return StartedLogin(Registration.of(document), authorization, expires_at)
    except InvalidResponseError:
        return None
