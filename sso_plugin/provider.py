"""What a session gets from us: role credentials, bearer tokens, the token of its ``sso`` calls.

Each stands in for a part of botocore, and hands back to it what is not its own. Nothing here
goes out before somebody uses what it returned; least of all is a client made, since making one
asks for credentials.
"""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from botocore.credentials import CredentialProvider
from botocore.tokens import DeferredRefreshableToken, FrozenAuthToken

from .cache import Cache, MemoryCache
from .config import SsoProfile
from .filecache import role_cache
from .redact import Secret, SecretBytes, without_frames
from .refresh import SsoCredentials
from .rolesource import RoleSource
from .seams import make_components
from .served import ROLE_KEYS, is_served
from .tokens import TokenSource

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from botocore.credentials import Credentials, SSOProvider
    from botocore.session import Session
    from botocore.tokens import SSOTokenProvider

    from .credential_source import Source

__all__ = [
    "AccessTokenParameter",
    "LoginProvider",
    "SsoProvider",
    "SsoTokenProvider",
    "token_source",
]


_SECRET_HEADERS = {"x-amz-sso_bearer_token"}

LOGIN_COMPONENT = "sso_plugin_login"
"""The name under which a session of `get_session` keeps the login that it was made for."""


class SsoProvider(CredentialProvider):
    """The credential provider ``sso``, in the place of botocore's own.

    ``cache`` is what botocore has there: a mapping, ``{}`` by default. Whoever sets it to another
    one (as the AWS CLI does) has role credentials kept in that.
    """

    METHOD = "sso"
    CANONICAL_NAME = None

    def __init__(self, session: Session, profile_name: str, stock: SSOProvider) -> None:
        super().__init__()
        self.stock = stock
        self._session = session
        self._profile_name = profile_name
        self._foreign_cache = False
        self.loaded: SsoCredentials | None = None
        """What `load` returned last, if it was ours."""

    @property
    def cache(self) -> MutableMapping[str, Any]:
        """The mapping that keeps role credentials, if not in the profile's own cache."""
        return self.stock.cache

    @cache.setter
    def cache(self, mapping: MutableMapping[str, Any]) -> None:
        self.stock.cache = mapping  # type: ignore[assignment]
        self._foreign_cache = True

    def load(self) -> Credentials | None:
        """Return credentials that are fetched when first used, or None without a role."""
        section = self._session.full_config.get("profiles", {}).get(self._profile_name, {})
        if not any(key in section for key in ROLE_KEYS):
            # Whatever else it says, botocore asks no SSO for its credentials; nor do we.
            return self.stock.load()
        profile = SsoProfile.of(self._session, self._profile_name)
        if profile is None or profile.role_name is None:
            return self.stock.load()
        foreign = MemoryCache(self.cache) if self._foreign_cache else None
        self.loaded = _credentials(self._session, profile, foreign)
        return self.loaded


class SsoTokenProvider:
    """The bearer-token provider ``sso``, in the place of botocore's own."""

    METHOD = "sso"

    def __init__(self, session: Session, profile_name: str, stock: SSOTokenProvider) -> None:
        self.stock = stock
        self._session = session
        self._profile_name = profile_name

    def load_token(self, **kwargs: Any) -> DeferredRefreshableToken | None:
        """Return a token that is loaded when first used, or None without an sso-session."""
        profile = SsoProfile.of(self._session, self._profile_name)
        if profile is None or profile.session_name is None:
            return self.stock.load_token(**kwargs)
        return _bearer_token(self._session, profile)


class LoginProvider(CredentialProvider):
    """The only provider, of both kinds, of a session made for one role: it needs no profile."""

    METHOD = "sso"
    CANONICAL_NAME = None

    def __init__(self, session: Session, profile: SsoProfile) -> None:
        super().__init__()
        self._session = session
        self._profile = profile

    def load(self) -> Credentials:
        """Return credentials that are fetched when first used."""
        return _credentials(self._session, self._profile)

    def load_token(self, **_: Any) -> DeferredRefreshableToken:
        """Return a bearer token that is loaded when first used."""
        return _bearer_token(self._session, self._profile)


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
        profile = self._profile()
        if profile is None:
            return None
        if self._source is None:
            self._source = token_source(self._session, profile)
        context[self._REGION] = profile.region
        return {**params, "accessToken": self._source.fetch().value}

    def _profile(self) -> SsoProfile | None:
        try:
            # A session of `get_session` has a login of its own, whatever AWS_PROFILE says.
            own: SsoProfile = self._session.get_component(LOGIN_COMPONENT)
        except ValueError:
            name = self._session.get_config_variable("profile") or "default"
            served = is_served(self._session.full_config, name)
            return SsoProfile.of(self._session, name) if served else None
        return own

    def route(self, builtins: dict[Any, Any], context: dict[str, Any], **_: Any) -> None:
        """Answer ``before-endpoint-resolution.sso``: send the call to the token's region."""
        region = (context or {}).get(self._REGION)
        if region and not builtins.get("SDK::Endpoint"):
            builtins["AWS::Region"] = region

    @staticmethod
    def conceal(request: dict[str, Any]) -> None:
        """Answer ``before-call.sso``: tracebacks of a failed call show its headers."""
        headers = request["headers"]
        for name in _SECRET_HEADERS & headers.keys():
            headers[name] = Secret(headers[name])

    @staticmethod
    def conceal_sent(request: Any) -> None:
        """Answer ``before-send.sso``, when botocore has turned the headers into bytes."""
        for name in _SECRET_HEADERS:
            if isinstance(request.headers.get(name), bytes):
                request.headers[name] = SecretBytes(request.headers[name])

    @staticmethod
    def drop_frames(caught_exception: Exception | None) -> None:
        """Answer ``needs-retry.sso``: the frames of a failed request hold the bytes sent."""
        if caught_exception is not None:
            without_frames(caught_exception, handled=sys.exc_info()[1])


def token_source(session: Session, profile: SsoProfile) -> TokenSource:
    """Return the source of a profile's token, which has a person log in if the profile says so."""
    plain = TokenSource.of(session, profile)
    if profile.options.login == "never":
        return plain
    # Browsers and loopback servers are imported only where one may be needed.
    from .signin import AttendedTokenSource

    return AttendedTokenSource(session, profile, plain)


def _credentials(
    session: Session, profile: SsoProfile, cache: Cache | None = None
) -> SsoCredentials:
    make_components(session)
    tokens = token_source(session, profile)
    own = role_cache(in_memory=profile.options.cache == "memory")
    _register_features(profile)
    return SsoCredentials(
        _role_source(profile, tokens, cache or own, of_login=cache is None),
        tokens.clock,
        background=profile.options.refresh == "background",
        minimum_lifetime=profile.options.minimum_lifetime,
    )


def _bearer_token(session: Session, profile: SsoProfile) -> DeferredRefreshableToken:
    source = token_source(session, profile)

    def fetch() -> FrozenAuthToken:
        token = source.fetch()
        expires = datetime.fromtimestamp(token.lifetime.expires_at, timezone.utc)
        return FrozenAuthToken(token.value, expiration=expires)

    return DeferredRefreshableToken(SsoTokenProvider.METHOD, fetch)


def _role_source(
    profile: SsoProfile, tokens: TokenSource, cache: Cache, *, of_login: bool
) -> Source:
    if profile.account_id is not None:
        return RoleSource(profile, tokens, cache, of_login=of_login)
    from .accountnames import role_source

    return role_source(profile, tokens, cache, of_login=of_login)


def _register_features(profile: SsoProfile) -> None:
    """Tell AWS what botocore tells it of SSO credentials, where botocore has learned to."""
    try:
        from botocore.useragent import register_feature_ids
    except ImportError:
        return
    kind = "SSO" if profile.session_name else "SSO_LEGACY"
    register_feature_ids({f"CREDENTIALS_PROFILE_{kind}", f"CREDENTIALS_{kind}"})
