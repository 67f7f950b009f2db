"""Role credentials and bearer tokens with the interface of aiobotocore."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from aiobotocore.credentials import AioDeferredRefreshableCredentials
from aiobotocore.tokens import AioDeferredRefreshableToken
from botocore.tokens import FrozenAuthToken

from ...credentials.access_token import TokenState
from ...timestamps import format_timestamp, to_datetime
from .waiting import value_of

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

    from ...credentials.access_token import AccessToken
    from ...credentials.refreshable import SsoCredentials
    from .waiting import Renewable

__all__ = ["AioSsoCredentials", "AioSsoToken"]


class AioSsoCredentials(AioDeferredRefreshableCredentials):  # type: ignore[misc]  # has no types
    """Role credentials of an async session.

    :param core: the credentials that all async sessions of the process share.
    """

    def __init__(self, core: SsoCredentials) -> None:
        super().__init__(self._fetch_metadata, "sso", _now)
        self.core = core

    def has_key(self, access_key: str) -> bool:
        """Return whether this is the current access key."""
        return self.core.has_key(access_key)

    async def _refresh(self) -> None:
        keys = self.core.at_hand()
        if keys is None:
            keys = await value_of(self.core)
        if keys is not self._frozen_credentials:
            self._publish(keys)

    def _publish(self, keys: ReadOnlyCredentials) -> None:
        self._access_key, self._secret_key, self._token = keys[:3]
        self._account_id = getattr(keys, "account_id", None)
        self._expiry_time = to_datetime(self.core.expires_at or 0.0)
        self._frozen_credentials = keys

    async def _fetch_metadata(self) -> dict[str, Any]:
        """Return credentials in the form of botocore's ``refresh_using``."""
        keys = await value_of(self.core)
        return {
            "access_key": keys.access_key,
            "secret_key": keys.secret_key,
            "token": keys.token,
            "expiry_time": format_timestamp(self.core.expires_at or 0.0),
            "account_id": getattr(keys, "account_id", None),
        }


class AioSsoToken(AioDeferredRefreshableToken):  # type: ignore[misc]  # has no types
    """A bearer token of an async session.

    :param renewable: the access token, which all async sessions of the process share.
    """

    def __init__(self, renewable: Renewable[AccessToken]) -> None:
        super().__init__("sso", self._fetch)
        self._renewable = renewable
        self._current: AccessToken | None = None

    async def _refresh(self) -> None:
        if self._current is None or self._current.state(time.time()) is not TokenState.FRESH:
            self._frozen_token = await self._fetch()

    async def _fetch(self) -> FrozenAuthToken:
        token = self._current = await value_of(self._renewable)
        # A plain string, as from botocore: programs check the type.
        return FrozenAuthToken(str(token.value), to_datetime(token.lifetime.expires_at))


def _now() -> datetime:
    return datetime.now(timezone.utc)
