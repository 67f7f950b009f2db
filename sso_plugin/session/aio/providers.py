"""The providers that give an async session its role credentials and bearer tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiobotocore.credentials import AioCredentialResolver

from ...clock import Clock
from ...redact import mask_logs
from ..login_provider import LoginProvider
from ..providers import SsoProvider, SsoTokenProvider, register_features
from .credentials import AioSsoCredentials, AioSsoToken
from .shared import shared_credentials, shared_token
from .twin import Twin

if TYPE_CHECKING:
    from botocore.exceptions import InvalidConfigError

    from ...config.profile import SsoProfile
    from ...credentials.credential_source import Misconfigured

__all__ = ["AioLoginProvider", "AioSsoProvider", "AioSsoTokenProvider"]


class AioSsoProvider(SsoProvider):
    """The credential provider ``sso``. It replaces aiobotocore's, and shares its attributes."""

    original: Any

    async def load(self) -> Any:  # type: ignore[override]  # as in aiobotocore
        """Return credentials that are fetched on first use, or None without a role."""
        served = self._serve()
        return await self.original.load() if served is None else served

    def _credentials(self, profile: SsoProfile, folder: str) -> AioSsoCredentials:
        twin = Twin(self._session)
        core = shared_credentials(twin, profile, folder, self._foreign_cache())
        return AioSsoCredentials(core)

    def _credentials_that_raise(self, exc: InvalidConfigError) -> AioSsoCredentials:
        return AioSsoCredentials(super()._credentials_that_raise(exc))


class AioSsoTokenProvider(SsoTokenProvider):
    """The bearer-token provider ``sso``. It replaces aiobotocore's, and shares its attributes."""

    original: Any

    def load_token(self, **kwargs: Any) -> Any:
        """Return a token that is loaded on first use, or None without an sso-session."""
        served = self._serve()
        return self.original.load_token(**kwargs) if served is None else served

    def _token(self, profile: SsoProfile, folder: str) -> AioSsoToken:
        return _shared_token(self._session, profile, folder)

    def _token_that_raises(self, exc: InvalidConfigError) -> AioSsoToken:
        from ...credentials.credential_source import Misconfigured

        return AioSsoToken(_TokenThatRaises(Misconfigured(exc)), Clock())


class AioLoginProvider(LoginProvider):
    """Provides credentials and bearer tokens in an async session of `get_session`."""

    def resolver(self) -> Any:
        """Return a resolver that asks only this provider."""
        return AioCredentialResolver([self])

    async def load(self) -> Any:  # type: ignore[override]  # as in aiobotocore
        """Return credentials that are fetched on first use."""
        mask_logs()
        register_features(self._profile)
        return AioSsoCredentials(shared_credentials(Twin(self._session), self._profile))

    def load_token(self, **_: Any) -> Any:
        """Return a bearer token that is loaded on first use."""
        mask_logs()
        return _shared_token(self._session, self._profile)


def _shared_token(session: Any, profile: SsoProfile, folder: str | None = None) -> AioSsoToken:
    return AioSsoToken(shared_token(Twin(session), profile, folder), Clock.of(profile))


class _TokenThatRaises:
    """A token of a profile that is not valid."""

    def __init__(self, source: Misconfigured) -> None:
        self._source = source

    def at_hand(self, **_: object) -> Any:
        """See `Renewable`."""
        self._source.load()

    def renew(self) -> Any:
        """See `Renewable`."""
        self._source.load()
