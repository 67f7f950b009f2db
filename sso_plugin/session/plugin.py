"""Puts our parts into a session, lazily, and takes them out again.

Nothing is made when a session is enabled: boto3 sets the profile only after it has made the
session, and a component that is touched before would be fixed to the profile ``default``.
"""

from __future__ import annotations

import functools
import logging
import sys
import weakref
from typing import TYPE_CHECKING, Any

from .. import startup
from ..config import is_served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from botocore.session import Session

    from .providers import SsoProvider
    from .rejected_requests import RejectedCredentials
    from .token_parameter import AccessTokenParameter

__all__ = ["disable", "enable", "is_enabled"]

_logger = logging.getLogger(__name__)


def enable(session: object | None = None) -> None:
    """Have the SSO profiles of a session served by sso_plugin.

    :param session: a boto3 session or a botocore one, at best before it has made a client; None
        for every session made from now on. A session of another kind, such as aiobotocore's, is
        left as it is. Doing it twice changes nothing.
    """
    if startup.switched_off():
        return
    if session is None:
        startup.register()
        return
    from .seams import plain_session

    plain = plain_session(session)
    if plain is None:
        _logger.debug("Leaving a session of %s as it is", type(session))
    elif id(plain) not in _adaptations:
        _adaptations[id(plain)] = adaptation = _Adaptation(plain)
        adaptation.begin()


def disable() -> None:
    """Take sso_plugin out of every session it is in, and out of those to come.

    Credentials in use continue to renew themselves, and existing clients keep what they were made
    with. Secrets stay masked in botocore's logs, since those credentials still need that.
    """
    startup.unregister()
    for adaptation in list(_adaptations.values()):
        adaptation.undo()
    _adaptations.clear()


def is_enabled(session: object) -> bool:
    """Tell whether a session of boto3 or botocore has been through `enable`."""
    from .seams import plain_session

    plain = plain_session(session)
    return plain is not None and id(plain) in _adaptations


class _Adaptation:
    """What was changed in one session, to be undone in reverse. Lives as long as the session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._changes: list[Callable[[], object]] = []
        self._sources: list[SsoProvider | None] = []

    def begin(self) -> None:
        self._adapt_component("data_loader", self._complete_loader)
        self._adapt_component("credential_provider", self._adapt_credentials)
        self._adapt_component("token_provider", self._adapt_tokens)
        self._register("provide-client-params.sso", self._provide_access_token)
        self._register("before-endpoint-resolution.sso", self._route_access_token)
        self._register("before-call.sso", self._conceal_access_token)
        self._register("before-send.sso", self._conceal_access_token)
        self._register("needs-retry.sso", self._drop_frames)

    def undo(self) -> None:
        while self._changes:
            self._changes.pop()()

    @functools.cached_property
    def _access_token(self) -> AccessTokenParameter:
        from .token_parameter import AccessTokenParameter

        return AccessTokenParameter(self._session)

    def _provide_access_token(self, params: dict[str, Any], **kwargs: Any) -> dict[str, Any] | None:
        # A renewal passes the token, and may import nothing: a fork would leave it unfinished.
        return None if "accessToken" in params else self._access_token.provide(params, **kwargs)

    def _route_access_token(self, **kwargs: Any) -> None:
        if "_access_token" in vars(self):
            self._access_token.route(**kwargs)

    def _conceal_access_token(self, params: Any = None, request: Any = None, **_: Any) -> None:
        from ..redact import conceal_headers

        conceal_headers(request.headers if params is None else params["headers"])

    def _drop_frames(self, caught_exception: Exception | None = None, **_: Any) -> None:
        from ..redact import without_frames

        if caught_exception is not None:
            without_frames(caught_exception, handled=sys.exc_info()[1])

    @functools.cached_property
    def _rejected(self) -> RejectedCredentials:
        from .rejected_requests import RejectedCredentials

        return RejectedCredentials(self._session)

    def _note_signer(self, signature_version: Any, **kwargs: Any) -> None:
        from botocore import UNSIGNED

        # Requests to the portal are not signed, and are sent in the background as well.
        if signature_version is not UNSIGNED:
            self._rejected.note_signer(signature_version=signature_version, **kwargs)

    def _repeat_rejected(self, **kwargs: Any) -> float | None:
        if "_rejected" not in vars(self):
            # Nothing has been signed yet.
            return None
        return self._rejected.repeat(**kwargs)

    def _register(self, event: str, handler: Callable[..., Any]) -> None:
        self._session.register(event, handler)
        self._changes.append(lambda: self._session.unregister(event, handler))

    def _adapt_component(self, name: str, adapt: Callable[[Any], None]) -> None:
        from .seams import pending_factory

        factory = pending_factory(self._session, name)
        if factory is None:
            self._guarded(adapt, self._session.get_component(name))
            return

        def adapting_factory() -> Any:
            return self._guarded(adapt, factory())

        def put_back() -> None:
            if pending_factory(self._session, name) is adapting_factory:
                self._session.lazy_register_component(name, factory)

        self._session.lazy_register_component(name, adapting_factory)
        self._changes.append(put_back)

    def _guarded(self, adapt: Callable[[Any], None], component: Any) -> Any:
        try:
            adapt(component)
        except Exception as exc:  # noqa: BLE001 - our fault never breaks their call
            _logger.debug("Leaving %s as it is: %s", type(component), type(exc).__name__)
        return component

    def _adapt_credentials(self, resolver: Any) -> None:
        name = self._profile_name()
        served = self._serves(name) and self._replace_credential_provider(resolver.providers)
        chained = self._is_chained(name)
        if chained:
            from .seams import wrap_source_profiles

            unwrap = wrap_source_profiles(
                resolver, self._adapt_source_profile, self._source_credentials
            )
            self._changes.append(unwrap)
        if served or chained:
            self._register("before-sign", self._note_signer)
            self._register("needs-retry", self._repeat_rejected)
            self._offer_models()

    def _is_chained(self, name: str) -> bool:
        """Return whether a source profile of the role chain of a profile is ours to serve."""
        profiles = self._session.full_config.get("profiles", {})
        return any(self._serves(source) for source in _source_profiles(profiles, name))

    def _complete_loader(self, loader: Any) -> None:
        from .seams import is_slim

        if is_slim(loader):
            self._offer_models(loader)

    def _offer_models(self, loader: Any = None) -> None:
        from ..models import add_data_path, remove_data_path

        loader = loader or self._session.get_component("data_loader")
        add_data_path(loader)
        self._changes.append(lambda: remove_data_path(loader))

    def _adapt_source_profile(self, name: str, providers: list[Any]) -> list[Any]:
        if self._serves(name):
            self._sources.append(self._replace_credential_provider(providers))
        return providers

    def _source_credentials(self, access_key: str) -> Any:
        """Return the credentials of a source profile whose current access key this is."""
        loaded = [source.loaded for source in self._sources if source is not None]
        return next((each for each in loaded if each and each.has_key(access_key)), None)

    def _serves(self, profile_name: str) -> bool:
        return is_served(self._session.full_config, profile_name)

    def _replace_credential_provider(self, providers: list[Any]) -> Any:
        from .seams import cache_of_tokens, find_stock, token_folder

        stock = find_stock(providers, "botocore.credentials.SSOProvider")
        if stock is None or token_folder(cache_of_tokens(stock)) is None:
            return None
        from .providers import SsoProvider

        return self._replace(providers, stock, SsoProvider(self._session, stock))

    def _adapt_tokens(self, chain: Any) -> None:
        name = self._profile_name()
        served = self._serves(name) and self._replace_token_provider(chain)
        # Each client asks for a token before its model is loaded.
        if served or self._is_chained(name):
            self._offer_models()

    def _replace_token_provider(self, chain: Any) -> Any:
        from .seams import find_stock, token_cache_of, token_folder, token_providers

        providers = token_providers(chain)
        stock = find_stock(providers, "botocore.tokens.SSOTokenProvider")
        if stock is None or token_folder(token_cache_of(stock)) is None:
            return None
        from .providers import SsoTokenProvider

        return self._replace(providers, stock, SsoTokenProvider(stock))

    def _replace(self, providers: list[Any], stock: Any, ours: Any) -> Any:
        _exchange(providers, stock, ours)
        self._changes.append(lambda: _exchange(providers, ours, stock))
        return ours

    def _profile_name(self) -> str:
        # Not Session.profile, which would fix the profile for good.
        return self._session.get_config_variable("profile") or "default"


def _exchange(providers: list[Any], old: Any, new: Any) -> None:
    if old in providers:
        providers[providers.index(old)] = new


def _source_profiles(profiles: Mapping[str, Any], name: str) -> Iterator[str]:
    """Walk the role chain of a profile, without the profile itself."""
    seen = {name}
    while "role_arn" in profiles.get(name, {}):
        name = profiles[name].get("source_profile")
        if name in seen or name not in profiles:
            return
        seen.add(name)
        yield name


_adaptations: weakref.WeakValueDictionary[int, _Adaptation] = weakref.WeakValueDictionary()
