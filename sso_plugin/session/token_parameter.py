"""Adds the ``accessToken`` to calls of the client ``sso`` that omit it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..config import is_served
from ..config.profile import SsoProfile
from .providers import token_source, token_store_for
from .seams import token_cache_of_session

if TYPE_CHECKING:
    from botocore.session import Session

    from ..credentials.token_source import TokenSource

__all__ = ["LOGIN_COMPONENT", "AccessTokenParameter"]

LOGIN_COMPONENT = "sso_plugin_login"
"""The component of a session of `get_session` that has its login."""


class AccessTokenParameter:
    """Adds ``accessToken`` to calls of the client ``sso`` that omit it.

    The token is valid in its own region only, so the call is sent there, unless the client has an
    endpoint. A token that the caller passes is never replaced.
    """

    _REGION = "sso_plugin_region"

    def __init__(self, session: Session) -> None:
        self._session = session
        self._source: TokenSource | None = None

    def provide(
        self, params: dict[str, Any], model: Any, context: dict[str, Any] | None = None, **_: Any
    ) -> dict[str, Any] | None:
        """Handle ``provide-client-params.sso``: return the parameters with the token, or None."""
        takes_token = model.input_shape and "accessToken" in model.input_shape.members
        if not takes_token or "accessToken" in params or context is None:
            return None
        source = self._source = self._source or self._find_source()
        if source is None:
            return None
        context[self._REGION] = source.login.profile.region
        return {**params, "accessToken": source.fetch().value}

    def _find_source(self) -> TokenSource | None:
        try:
            # A session of `get_session` has its own login, and ignores AWS_PROFILE.
            login: SsoProfile = self._session.get_component(LOGIN_COMPONENT)
        except ValueError:
            return self._source_of_profile()
        return token_source(self._session, login)

    def _source_of_profile(self) -> TokenSource | None:
        name = self._session.get_config_variable("profile") or "default"
        if not is_served(self._session.full_config, name):
            return None
        profile = SsoProfile.login_of(self._session, name)
        tokens = token_store_for(token_cache_of_session(self._session))
        return token_source(self._session, profile, tokens) if profile and tokens else None

    def route(self, builtins: dict[Any, Any], context: dict[str, Any], **_: Any) -> None:
        """Handle ``before-endpoint-resolution.sso``: send the call to the region of the token."""
        region = (context or {}).get(self._REGION)
        if region and not builtins.get("SDK::Endpoint"):
            builtins["AWS::Region"] = region
