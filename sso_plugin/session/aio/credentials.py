"""Role credentials and bearer tokens with the interface of aiobotocore."""

from __future__ import annotations

import functools
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from aiobotocore.credentials import AioDeferredRefreshableCredentials
from aiobotocore.tokens import AioDeferredRefreshableToken
from botocore.tokens import FrozenAuthToken

from ...timestamps import format_timestamp, to_datetime
from .waiting import value_of

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

    from ...clock import Clock
    from ...credentials.access_token import AccessToken
    from ...credentials.refreshable import SsoCredentials
    from .waiting import Renewable

__all__ = ["AioSsoCredentials", "AioSsoToken"]


class AioSsoCredentials(AioDeferredRefreshableCredentials):  # type: ignore[misc]  # has no types
    """Role credentials of an async session.

    :param core: the credentials that all async sessions of the process share.
    """

    def __init__(self, core: SsoCredentials) -> None:
        super().__init__(functools.partial(_fetch_metadata, core), "sso", _now)
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


class AioSsoToken(AioDeferredRefreshableToken):  # type: ignore[misc]  # has no types
    """A bearer token of an async session.

    :param renewable: the access token, which all async sessions of the process share.
    """

    def __init__(self, renewable: Renewable[AccessToken], clock: Clock) -> None:
        super().__init__("sso", functools.partial(_fetch_token, renewable))
        self._renewable = renewable
        self._clock = clock
        self._current: AccessToken | None = None

    async def _refresh(self) -> None:
        if self._current is None or not self._is_fresh(self._current):
            self._current = await value_of(self._renewable)
            self._frozen_token = _frozen(self._current)

    def _is_fresh(self, token: AccessToken) -> bool:
        # Imported by the token. A session with role credentials from the cache does not need it.
        from ...credentials.access_token import TokenState

        return token.state(self._clock.latest()) is TokenState.FRESH


async def _fetch_metadata(core: SsoCredentials) -> dict[str, Any]:
    """Return credentials in the form of botocore's ``refresh_using``."""
    keys = await value_of(core)
    return {
        "access_key": keys.access_key,
        "secret_key": keys.secret_key,
        "token": keys.token,
        "expiry_time": format_timestamp(core.expires_at or 0.0),
        "account_id": getattr(keys, "account_id", None),
    }


async def _fetch_token(renewable: Renewable[AccessToken]) -> FrozenAuthToken:
    return _frozen(await value_of(renewable))


def _frozen(token: AccessToken) -> FrozenAuthToken:
    # A plain string, as from botocore: programs check the type.
    return FrozenAuthToken(str(token.value), to_datetime(token.lifetime.expires_at))


def _now() -> datetime:
    return datetime.now(timezone.utc)
