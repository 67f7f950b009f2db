"""What a session gets from us: role credentials and bearer tokens.

Each stands in for a part of botocore, and hands back to it what is not its own. Nothing here
goes out before somebody uses what it returned; least of all is a client made, since making one
asks for credentials.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from botocore.credentials import CredentialProvider, SSOProvider
from botocore.exceptions import InvalidConfigError
from botocore.tokens import DeferredRefreshableToken, FrozenAuthToken, SSOTokenProvider

from ..config.profile import SsoProfile
from ..credentials import Login
from ..credentials.refreshable import SsoCredentials
from ..credentials.role_source import role_source_of
from ..storage.cache import Cache, MemoryCache
from ..storage.file_cache import role_cache, token_cache
from ..timestamps import to_datetime
from .seams import cache_of_tokens, make_components, token_cache_of, token_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.credentials import Credentials
    from botocore.session import Session

    from ..credentials.access_token import AccessToken
    from ..credentials.credential_source import Misconfigured
    from ..credentials.token_source import AskPerson, TokenSource
    from ..errors import LoginRequired

__all__ = [
    "LoginProvider",
    "SsoProvider",
    "SsoTokenProvider",
    "adopted",
    "token_source",
]

_BOTOCORE_ROLE_KEYS = {"sso_account_id", "sso_role_name"}
"""botocore's provider looks at a profile only if it has one of these."""


class SsoProvider(SSOProvider):
    """The credential provider ``sso``, in the place of botocore's own, whose attributes it shares.

    A ``cache`` that a caller has set, as the AWS CLI does, keeps the role credentials. With a token
    cache of another kind than botocore's, it does what botocore's provider does.
    """

    _profile_name: str
    _load_sso_config: Callable[[], object]

    def __init__(self, session: Session, stock: SSOProvider) -> None:
        self.__dict__ = vars(stock)
        self.stock = stock
        self.loaded: SsoCredentials | None = None
        """What `load` returned last, if it was ours."""
        self._session = session
        self._usual_cache = stock.cache if type(stock.cache) is dict else None

    def load(self) -> Credentials | None:  # type: ignore[override]  # the stubs are wrong
        """Return credentials that are fetched when first used, or None without a role."""
        profiles = self._session.full_config.get("profiles", {})
        names_role = profiles.get(self._profile_name, {}).keys() & _BOTOCORE_ROLE_KEYS
        tokens = adopted(cache_of_tokens(self.stock)) if names_role else None
        if tokens is None:
            return super().load()
        try:
            profile = SsoProfile.of(self._session, self._profile_name)
        except InvalidConfigError as exc:
            if _is_refused(self._load_sso_config):
                raise
            return _unusable(exc)
        if profile is None:
            return super().load()
        foreign = None if self.cache is self._usual_cache else MemoryCache(self.cache)
        self.loaded = _credentials(self._session, profile, tokens, foreign)
        return self.loaded


class SsoTokenProvider(SSOTokenProvider):
    """The bearer-token provider ``sso``, in the place of botocore's, whose attributes it shares."""

    _session: Session
    _profile_name: str
    _load_sso_config: Callable[[], object]

    def __init__(self, stock: SSOTokenProvider) -> None:
        self.__dict__ = vars(stock)
        self.stock = stock

    def load_token(  # type: ignore[override]  # the stubs are wrong
        self, **kwargs: Any
    ) -> DeferredRefreshableToken | None:
        """Return a token that is loaded when first used, or None without an sso-session."""
        profiles = self._session.full_config.get("profiles", {})
        tokens = adopted(token_cache_of(self.stock))
        if tokens is None or "sso_session" not in profiles.get(self._profile_name, {}):
            return super().load_token(**kwargs)
        try:
            profile = SsoProfile.login_of(self._session, self._profile_name)
        except InvalidConfigError as exc:
            if _is_refused(self._load_sso_config):
                raise
            return _deferred_token(_misconfigured(exc).load)
        return None if profile is None else _bearer_token(self._session, profile, tokens)


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
        return _credentials(self._session, self._profile, token_cache())

    def load_token(self, **_: Any) -> DeferredRefreshableToken:
        """Return a bearer token that is loaded when first used."""
        return _bearer_token(self._session, self._profile, token_cache())


def token_source(session: Session, profile: SsoProfile, store: Cache | None = None) -> TokenSource:
    """Return the source of a profile's token, which has a person log in if the profile says so.

    :param store: where the token is, if not in the usual folder.
    """
    from ..credentials.token_source import TokenSource

    return TokenSource(Login.of(session, profile, store), ask_of(session, profile))


def ask_of(session: Session, profile: SsoProfile) -> AskPerson | None:
    """Return what has a person log in where nothing else helps; None unless the profile says so."""
    if profile.options.login == "never":
        return None

    def ask(tokens: TokenSource, required: LoginRequired, rejected: str | None) -> AccessToken:
        # Browsers and loopback servers are imported only where one is needed.
        from ..signin.ask_person import ask_person

        return ask_person(session, tokens, required, rejected)

    return ask


def _is_refused(load_config: Callable[[], object]) -> bool:
    """Return whether botocore too refuses a profile, and so at this moment."""
    try:
        load_config()
    except InvalidConfigError:
        return True
    return False


def _misconfigured(exc: InvalidConfigError) -> Misconfigured:
    # On a warm cache, it need not even be imported.
    from ..credentials.credential_source import Misconfigured

    return Misconfigured(exc)


def _unusable(exc: InvalidConfigError) -> SsoCredentials:
    """Return credentials that raise the error when they are used: an unsigned client never does."""
    from ..clock import Clock

    return SsoCredentials(_misconfigured(exc), Clock())


def adopted(tokens: object) -> Cache | None:
    """Return the folder of a token cache of botocore's; None if a caller has set another kind."""
    folder = token_folder(tokens)
    return None if folder is None else token_cache(folder)


def _credentials(
    session: Session, profile: SsoProfile, store: Cache, cache: Cache | None = None
) -> SsoCredentials:
    make_components(session)
    login = Login.of(session, profile, store)
    own = role_cache(in_memory=profile.options.cache == "memory")
    _register_features(profile)
    return SsoCredentials(
        role_source_of(login, cache or own, ask_of(session, profile), of_login=cache is None),
        login.clock,
        background=profile.options.refresh == "background",
        minimum_lifetime=profile.options.minimum_lifetime,
    )


def _bearer_token(session: Session, profile: SsoProfile, store: Cache) -> DeferredRefreshableToken:
    def fetch() -> FrozenAuthToken:
        token = source().fetch()
        # A plain string: what is handed out must look like what botocore hands out.
        return FrozenAuthToken(str(token.value), to_datetime(token.lifetime.expires_at))

    source = functools.cache(lambda: token_source(session, profile, store))
    return _deferred_token(fetch)


def _deferred_token(fetch: Callable[[], FrozenAuthToken]) -> DeferredRefreshableToken:
    return DeferredRefreshableToken(SsoTokenProvider.METHOD, fetch)


def _register_features(profile: SsoProfile) -> None:
    """Tell AWS what botocore tells it of SSO credentials, where botocore has learned to."""
    try:
        from botocore.useragent import register_feature_ids
    except ImportError:
        return
    kind = "SSO" if profile.session_name else "SSO_LEGACY"
    register_feature_ids({f"CREDENTIALS_PROFILE_{kind}", f"CREDENTIALS_{kind}"})
