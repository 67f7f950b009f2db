"""Adds the ``accessToken`` to calls of the client ``sso`` that omit it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..config import is_served
from ..config.profile import SsoProfile
from .login_provider import LOGIN_COMPONENT
from .providers import token_source
from .seams import token_cache_of_session, token_folder

if TYPE_CHECKING:
    from botocore.session import Session

    from ..credentials.token_source import TokenSource

__all__ = ["AccessTokenParameter", "login_of_session", "omits_token"]


class AccessTokenParameter:
    """Adds ``accessToken`` to calls of the client ``sso`` that omit it.

    The token is valid in its own region only, so the call is sent there, unless the client has an
    endpoint. A token that the caller passes is never replaced.
    """

    REGION = "sso_plugin_region"
    """Where the context of a call has the region of its token."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._source: TokenSource | None = None

    def provide(
        self, params: dict[str, Any], model: Any, context: dict[str, Any] | None = None, **_: Any
    ) -> Any:
        """Handle ``provide-client-params.sso``: return the parameters with the token, or None."""
        if context is None or not omits_token(params, model):
            return None
        source = self._source = self._source or self._find_source()
        if source is None:
            return None
        context[self.REGION] = source.login.profile.region
        return {**params, "accessToken": source.fetch().value}

    def _find_source(self) -> TokenSource | None:
        found = login_of_session(self._session)
        return token_source(self._session, *found) if found else None

    def route(self, builtins: dict[Any, Any], context: dict[str, Any], **_: Any) -> None:
        """Handle ``before-endpoint-resolution.sso``: send the call to the region of the token."""
        region = (context or {}).get(self.REGION)
        if region and not builtins.get("SDK::Endpoint"):
            builtins["AWS::Region"] = region


def omits_token(params: dict[str, Any], model: Any) -> bool:
    """Return whether a call of an operation needs an ``accessToken`` and has none."""
    takes_token = model.input_shape and "accessToken" in model.input_shape.members
    return bool(takes_token) and "accessToken" not in params


def login_of_session(session: Session) -> tuple[SsoProfile, str | None] | None:
    """Return the login of a session and the folder of its token; None if it is not served.

    The folder is None for the usual one.
    """
    try:
        # A session of `get_session` has its own login, and ignores AWS_PROFILE.
        return session.get_component(LOGIN_COMPONENT), None
    except ValueError:
        name = session.get_config_variable("profile") or "default"
    if not is_served(session.full_config, name):
        return None
    profile = SsoProfile.login_of(session, name)
    folder = token_folder(token_cache_of_session(session))
    return (profile, folder) if profile and folder else None
