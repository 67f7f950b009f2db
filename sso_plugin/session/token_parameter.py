"""The ``accessToken`` of the calls of a client ``sso``, where the caller omits it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..config import is_served
from ..config.profile import SsoProfile
from .providers import adopted, token_source
from .seams import session_cache_of_tokens

if TYPE_CHECKING:
    from botocore.session import Session

    from ..credentials.token_source import TokenSource

__all__ = ["LOGIN_COMPONENT", "AccessTokenParameter"]

LOGIN_COMPONENT = "sso_plugin_login"
"""The name under which a session of `get_session` keeps the login that it was made for."""


class AccessTokenParameter:
    """Fills in ``accessToken`` where a call of the client ``sso`` omits it.

    The token is valid in its own region only, so the call goes there, unless the client has an
    endpoint set. What a caller passes always wins.
    """

    _REGION = "sso_plugin_region"

    def __init__(self, session: Session) -> None:
        self._session = session
        self._source: TokenSource | None = None

    def provide(
        self, params: dict[str, Any], model: Any, context: dict[str, Any] | None = None, **_: Any
    ) -> dict[str, Any] | None:
        """Answer ``provide-client-params.sso``: the parameters with the token, or None."""
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
            # A session of `get_session` has a login of its own, and ignores AWS_PROFILE.
            own: SsoProfile = self._session.get_component(LOGIN_COMPONENT)
        except ValueError:
            return self._source_of_profile()
        return token_source(self._session, own)

    def _source_of_profile(self) -> TokenSource | None:
        name = self._session.get_config_variable("profile") or "default"
        if not is_served(self._session.full_config, name):
            return None
        profile = SsoProfile.login_of(self._session, name)
        tokens = adopted(session_cache_of_tokens(self._session))
        return token_source(self._session, profile, tokens) if profile and tokens else None

    def route(self, builtins: dict[Any, Any], context: dict[str, Any], **_: Any) -> None:
        """Answer ``before-endpoint-resolution.sso``: send the call to the token's region."""
        region = (context or {}).get(self._REGION)
        if region and not builtins.get("SDK::Endpoint"):
            builtins["AWS::Region"] = region
