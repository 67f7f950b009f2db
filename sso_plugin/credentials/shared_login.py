"""Where a login is that many machines share. Imported only for a profile with ``sso_store``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..clock import Clock
from ..storage.keys import token_key
from ..storage.network.names import LoginName
from ..storage.network.shared_stores import SharedStores
from ..timestamps import parse_timestamp
from .access_token import AccessToken, TokenState

if TYPE_CHECKING:
    from ..config.profile import SsoProfile
    from ..config.store_address import StoreAddress
    from ..storage.documents import Entry
    from ..storage.reading import Document

__all__ = ["shared_stores"]


def shared_stores(
    profile: SsoProfile, address: StoreAddress, token_folder: str | None
) -> SharedStores:
    """Return the stores of a profile.

    :param address: where the server is.
    :param token_folder: see `Stores`.
    """
    name = LoginName(profile.region, profile.start_url, profile.session_name)
    login, timing = (name, token_key(profile)), _Timing(Clock.of(profile))
    return SharedStores(profile.options, token_folder, address, login, timing)


class _Timing:
    """See `storage.network.remote.Timing`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def learn(self, now: float) -> None:
        self._clock.learn(now)

    def portal_time(self) -> float | None:
        return self._clock.portal_time()

    def now(self) -> float:
        return self._clock.now()

    def expires_at(self, document: Document) -> float | None:
        held = document.get("Credentials")
        text = held.get("Expiration") if isinstance(held, dict) else document.get("expiresAt")
        try:
            return parse_timestamp(text)
        except ValueError:
            return None

    def may_be_spent(self, entry: Entry) -> bool:
        token = AccessToken.from_entry(entry, self._clock)
        return token is None or token.state(self._clock.latest()) is not TokenState.FRESH
