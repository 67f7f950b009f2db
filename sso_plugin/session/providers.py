"""The providers that give a session its role credentials and bearer tokens.

They replace those of botocore, and leave to botocore what sso_plugin does not serve. They make no
network call before the credentials or the token are used, and create no client, because creating
one asks for credentials.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from botocore.credentials import SSOProvider
from botocore.exceptions import InvalidConfigError
from botocore.tokens import DeferredRefreshableToken, FrozenAuthToken, SSOTokenProvider

from ..clock import Clock
from ..config.profile import SsoProfile
from ..credentials import Login, stores_of
from ..credentials.refreshable import SsoCredentials
from ..credentials.role_source import role_source_of
from ..redact import mask_logs
from ..timestamps import to_datetime
from .seams import (
    create_all_components,
    token_cache_of_credential_provider,
    token_cache_of_token_provider,
    token_folder,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session

    from ..credentials.access_token import AccessToken
    from ..credentials.credential_source import Source
    from ..credentials.token_source import AskPerson, TokenSource
    from ..errors import LoginRequired
    from ..storage.cache import Cache

__all__ = [
    "SsoProvider",
    "SsoTokenProvider",
    "bearer_token",
    "credentials_of",
    "make_ask_person",
    "open_token_source",
    "register_features",
    "token_source",
]

# botocore's provider serves a profile only if it has one of these.
_BOTOCORE_ROLE_KEYS = {"sso_account_id", "sso_role_name"}


class _Replacement:
    """Shares the attributes of the provider that it replaces.

    Not by `__dict__`: with Python 3.13.0, the garbage collector then empties what they refer to.
    """

    original: Any
    own_names = ("original", "loaded", "_session", "_usual_cache")

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self).get("original"), name)

    def __setattr__(self, name: str, value: object) -> None:
        object.__setattr__(self if name in self.own_names else self.original, name, value)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self if name in self.own_names else self.original, name)


class SsoProvider(_Replacement, SSOProvider):
    """The credential provider ``sso``. It replaces botocore's, and shares its attributes.

    A ``cache`` that a caller has set, as the AWS CLI does, stores the role credentials. With a
    token cache of another kind than botocore's, it does what botocore's provider does.
    """

    def __init__(self, session: Session, original: SSOProvider) -> None:
        self.original = original
        self.loaded: Any = None
        """The credentials that `load` has returned last, if sso_plugin serves them."""
        self._session = session
        self._usual_cache = original.cache if type(original.cache) is dict else None

    def load(self) -> Any:
        """Return credentials that are fetched on first use, or None without a role."""
        served = self._serve()
        return self.original.load() if served is None else served

    def _serve(self) -> Any:
        """Return our credentials; None if botocore's provider is used instead."""
        profiles = self._session.full_config.get("profiles", {})
        names_role = profiles.get(self._profile_name, {}).keys() & _BOTOCORE_ROLE_KEYS
        tokens = token_cache_of_credential_provider(self.original) if names_role else None
        folder = token_folder(tokens)
        if folder is None:
            return None
        try:
            profile = SsoProfile.of(self._session, self._profile_name)
        except InvalidConfigError as exc:
            if _botocore_refuses(self._load_sso_config):
                raise
            return self._credentials_that_raise(exc)
        if profile is None:
            return None
        mask_logs()
        register_features(profile)
        self.loaded = self._credentials(profile, folder)
        return self.loaded

    def _credentials(self, profile: SsoProfile, folder: str) -> Any:
        create_all_components(self._session)
        return credentials_of(lambda: self._session, profile, folder, self._foreign_cache())

    def _credentials_that_raise(self, exc: InvalidConfigError) -> Any:
        """Return credentials that raise the error on use. An unsigned client never uses them."""
        from ..credentials.credential_source import Misconfigured

        return SsoCredentials(lambda: Misconfigured(exc), Clock())

    def _foreign_cache(self) -> Cache | None:
        """Return the cache that a caller has set, if any."""
        if self.cache is self._usual_cache:
            return None
        from ..storage.memory_cache import MemoryCache

        return MemoryCache(self.cache)


class SsoTokenProvider(_Replacement, SSOTokenProvider):
    """The bearer-token provider ``sso``. It replaces botocore's, and shares its attributes."""

    def __init__(self, original: SSOTokenProvider) -> None:
        self.original = original

    def load_token(self, **kwargs: Any) -> Any:
        """Return a token that is loaded on first use, or None without an sso-session."""
        served = self._serve()
        return self.original.load_token(**kwargs) if served is None else served

    def _serve(self) -> Any:
        """Return our token; None if botocore's provider is used instead."""
        profiles = self._session.full_config.get("profiles", {})
        folder = token_folder(token_cache_of_token_provider(self.original))
        if folder is None or "sso_session" not in profiles.get(self._profile_name, {}):
            return None
        try:
            profile = SsoProfile.login_of(self._session, self._profile_name)
        except InvalidConfigError as exc:
            if _botocore_refuses(self._load_sso_config):
                raise
            return self._token_that_raises(exc)
        if profile is None:
            return None
        mask_logs()
        return self._token(profile, folder)

    def _token(self, profile: SsoProfile, folder: str) -> Any:
        return bearer_token(self._session, profile, folder)

    def _token_that_raises(self, exc: InvalidConfigError) -> Any:
        from ..credentials.credential_source import Misconfigured

        return DeferredRefreshableToken(self.METHOD, Misconfigured(exc).load)


def token_source(session: Session, profile: SsoProfile, folder: str | None = None) -> TokenSource:
    """Return the token source of a profile. It asks for a login if ``sso_login`` allows that.

    :param folder: where the token is; None for the usual folder.
    """
    return open_token_source(lambda: session, profile, folder)


def open_token_source(
    open_session: Callable[[], Session], profile: SsoProfile, folder: str | None = None
) -> TokenSource:
    """Return the same as `token_source`.

    :param open_session: returns the session. Called when the portal is first needed.
    """
    from ..credentials.token_source import TokenSource

    login = Login.with_session_from(open_session, profile, stores_of(profile, folder))
    return TokenSource(login, make_ask_person(open_session, profile))


def make_ask_person(open_session: Callable[[], Session], profile: SsoProfile) -> AskPerson | None:
    """Return the function that asks the user to log in; None if ``sso_login`` is ``never``."""
    options = profile.options
    # A machine of many that share a store can only wait for a login on another one.
    if options.login == "never" or (options.store and options.login != "wait"):
        return None

    def ask(tokens: TokenSource, required: LoginRequired, rejected: str | None) -> AccessToken:
        # Browsers and loopback servers are imported only when a login is needed.
        from ..signin.ask_person import ask_person

        return ask_person(open_session(), tokens, required, rejected)

    return ask


def _botocore_refuses(load_config: Callable[[], object]) -> bool:
    """Return whether botocore refuses a profile too, and so raises the error at this point."""
    try:
        load_config()
    except InvalidConfigError:
        return True
    return False


def credentials_of(
    open_session: Callable[[], Session],
    profile: SsoProfile,
    folder: str | None = None,
    cache: Cache | None = None,
) -> SsoCredentials:
    """Return credentials whose source is made on first use.

    :param open_session: returns the session. Called when the portal is first needed.
    :param folder: where the token is; None for the usual folder.
    :param cache: where a caller wants the role credentials.
    """

    def source() -> Source:
        stores = stores_of(profile, folder)
        login = Login.with_session_from(open_session, profile, stores)
        ask = make_ask_person(open_session, profile)
        return role_source_of(login, cache or stores.roles, ask, of_login=cache is None)

    return SsoCredentials(
        source,
        Clock.of(profile),
        background=profile.options.refresh == "background",
        minimum_lifetime=profile.options.minimum_lifetime,
    )


def bearer_token(
    session: Session, profile: SsoProfile, folder: str | None = None
) -> DeferredRefreshableToken:
    """Return the bearer token of a login, which is loaded on first use.

    :param folder: where the token is; None for the usual folder.
    """

    def fetch() -> FrozenAuthToken:
        token = source().fetch()
        # A plain string, as from botocore: programs check the type.
        return FrozenAuthToken(str(token.value), to_datetime(token.lifetime.expires_at))

    source = functools.cache(lambda: token_source(session, profile, folder))
    return DeferredRefreshableToken(SsoTokenProvider.METHOD, fetch)


def register_features(profile: SsoProfile) -> None:
    """Add the ids of SSO credentials to the user agent, as newer versions of botocore do."""
    try:
        from botocore.useragent import register_feature_ids
    except ImportError:
        return
    kind = "SSO" if profile.session_name else "SSO_LEGACY"
    register_feature_ids({f"CREDENTIALS_PROFILE_{kind}", f"CREDENTIALS_{kind}"})
