"""The provider of a session of `get_session`, which has a login and a role instead of a profile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.credentials import CredentialProvider, CredentialResolver

from ..redact import mask_logs
from .providers import bearer_token, credentials_of, register_features
from .seams import create_all_components

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from botocore.session import Session
    from botocore.tokens import DeferredRefreshableToken

    from ..config.profile import SsoProfile

__all__ = ["LOGIN_COMPONENT", "LoginProvider"]

LOGIN_COMPONENT = "sso_plugin_login"
"""The component of a session of `get_session` that has its login."""


class LoginProvider(CredentialProvider):
    """Provides credentials and bearer tokens in a session of `get_session`, without a profile."""

    METHOD = "sso"
    CANONICAL_NAME = None

    def __init__(self, session: Session, profile: SsoProfile) -> None:
        super().__init__()
        self._session = session
        self._profile = profile

    def resolver(self) -> Any:
        """Return a resolver that asks only this provider."""
        return CredentialResolver([self])

    def load(self) -> Credentials:
        """Return credentials that are fetched on first use."""
        create_all_components(self._session)
        mask_logs()
        register_features(self._profile)
        return credentials_of(lambda: self._session, self._profile)

    def load_token(self, **_: Any) -> DeferredRefreshableToken:
        """Return a bearer token that is loaded on first use."""
        mask_logs()
        return bearer_token(self._session, self._profile)
