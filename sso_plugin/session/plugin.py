"""Replaces parts of a botocore session, lazily, and restores them.

Enabling a session creates no component of it: boto3 sets the profile after it has created the
session, and a component that exists before that is bound to the profile ``default``.
"""

from __future__ import annotations

import logging
import sys
import weakref
from typing import TYPE_CHECKING, Any

from .. import startup
from ..config import is_served, source_profiles

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session

    from .providers import SsoProvider
    from .rejected_requests import RejectedCredentials
    from .token_parameter import AccessTokenParameter

__all__ = ["disable", "enable", "is_enabled"]

_logger = logging.getLogger(__name__)


def enable(session: object | None = None) -> None:
    """Let sso_plugin serve the SSO profiles of a session.

    A second call for the same session changes nothing.

    :param session: a session of boto3, botocore, aioboto3 or aiobotocore (not of a subclass), best
        before it has created a client; None for every session created from now on.
    """
    if startup.switched_off():
        return
    if session is None:
        startup.register()
        return
    from .seams import find_botocore_session

    core = find_botocore_session(session)
    if core is None:
        _logger.debug("A session of %s is not changed", type(session))
    elif id(core) not in _changed_sessions:
        _changed_sessions[id(core)] = changes = _SessionChanges(core)
        changes.apply()


def disable() -> None:
    """Remove sso_plugin from all sessions, including those created later.

    Credentials in use are still renewed, and existing clients keep the credentials that they were
    created with. So secrets stay masked in botocore's logs.
    """
    startup.unregister()
    for changes in list(_changed_sessions.values()):
        changes.undo()
    _changed_sessions.clear()


def is_enabled(session: object) -> bool:
    """Return whether `enable` has changed a session."""
    from .seams import find_botocore_session

    core = find_botocore_session(session)
    return core is not None and id(core) in _changed_sessions


class _SessionChanges:
    """The changes to one session, undone in reverse order. Only that session refers to it."""

    def __init__(self, session: Session) -> None:
        from . import seams

        self._seams = seams
        self._session = session
        self._is_async = seams.is_async(session)
        self._undo_steps: list[Callable[[], object]] = []
        self._made: dict[str, Any] = {}
        self._source_providers: list[SsoProvider | None] = []

    def apply(self) -> None:
        self._adapt_component("data_loader", self._add_missing_models)
        self._adapt_component("credential_provider", self._adapt_credentials)
        self._adapt_component("token_provider", self._adapt_tokens)
        self._register("provide-client-params.sso", self._provide_access_token)
        self._register("before-endpoint-resolution.sso", self._route_access_token)
        self._register("before-call.sso", self._conceal_access_token)
        self._register("before-send.sso", self._conceal_access_token)
        self._register("needs-retry.sso", self._drop_frames)

    def undo(self) -> None:
        while self._undo_steps:
            self._undo_steps.pop()()

    def _access_token(self) -> AccessTokenParameter:
        if "access_token" not in self._made:
            if not self._is_async:
                from .token_parameter import AccessTokenParameter as Parameter
            else:
                from .aio.token_parameter import AioAccessTokenParameter as Parameter
            self._made.setdefault("access_token", Parameter(self._session))
        return self._made["access_token"]  # type: ignore[no-any-return]

    def _provide_access_token(self, params: dict[str, Any], **kwargs: Any) -> Any:
        # A renewal passes the token itself. It must not import anything: a fork would interrupt it.
        return None if "accessToken" in params else self._access_token().provide(params, **kwargs)

    def _route_access_token(self, **kwargs: Any) -> None:
        if "access_token" in self._made:
            self._access_token().route(**kwargs)

    def _conceal_access_token(self, params: Any = None, request: Any = None, **_: Any) -> None:
        from ..redact import conceal_headers

        conceal_headers(request.headers if params is None else params["headers"])

    def _drop_frames(self, caught_exception: Exception | None = None, **_: Any) -> None:
        from ..redact import without_frames

        if caught_exception is not None:
            without_frames(caught_exception, handled=sys.exc_info()[1])

    def _rejected(self) -> RejectedCredentials:
        if "rejected" not in self._made:
            if not self._is_async:
                from .rejected_requests import RejectedCredentials as Rejected
            else:
                from .aio.rejected_requests import AioRejectedCredentials as Rejected
            self._made.setdefault("rejected", Rejected(self._session))
        return self._made["rejected"]  # type: ignore[no-any-return]

    def _record_credentials(self, signature_version: Any, **kwargs: Any) -> Any:
        from botocore import UNSIGNED

        # Requests to the portal are not signed, and are sent in the background as well.
        if signature_version is UNSIGNED:
            return None
        return self._rejected().record_credentials(signature_version=signature_version, **kwargs)

    def _retry_rejected(self, **kwargs: Any) -> Any:
        # Before the first signed request, there is nothing to retry.
        return self._rejected().retry(**kwargs) if "rejected" in self._made else None

    def _register(self, event: str, handler: Callable[..., Any]) -> None:
        self._session.register(event, handler)
        self._undo_steps.append(lambda: self._session.unregister(event, handler))

    def _adapt_component(self, name: str, adapt: Callable[[Any], None]) -> None:
        factory = self._seams.pending_factory(self._session, name)
        if factory is None:
            self._guarded(adapt, self._session.get_component(name))
            return

        def adapting_factory() -> Any:
            return self._guarded(adapt, factory())

        def restore() -> None:
            if self._seams.pending_factory(self._session, name) is adapting_factory:
                self._session.lazy_register_component(name, factory)

        self._session.lazy_register_component(name, adapting_factory)
        self._undo_steps.append(restore)

    def _guarded(self, adapt: Callable[[Any], None], component: Any) -> Any:
        try:
            adapt(component)
        except Exception as exc:  # noqa: BLE001 - must not break a call of the program
            _logger.debug("%s is not changed: %s", type(component), type(exc).__name__)
        return component

    def _adapt_credentials(self, resolver: Any) -> None:
        name = self._profile_name()
        served = self._serves(name) and self._replace_credential_provider(resolver.providers)
        chained = self._is_chained(name)
        if chained:
            self._undo_steps.append(self._wrap_source_profiles(resolver))
        if served or chained:
            self._register("before-sign", self._record_credentials)
            self._register("needs-retry", self._retry_rejected)
            self._add_models()

    def _wrap_source_profiles(self, resolver: Any) -> Callable[[], object]:
        if not self._is_async:
            sign_with = self._seams.sign_with
        else:
            from .aio.signing_client import sign_with
        return self._seams.wrap_source_profiles(
            resolver, self._adapt_source_profile, self._source_credentials, sign_with
        )

    def _is_chained(self, name: str) -> bool:
        """Return whether sso_plugin serves a source profile in the role chain of a profile."""
        profiles = self._session.full_config.get("profiles", {})
        return any(self._serves(source) for source in source_profiles(profiles, name))

    def _add_missing_models(self, loader: Any) -> None:
        if self._seams.lacks_sso_models(loader):
            self._add_models(loader)

    def _add_models(self, loader: Any = None) -> None:
        from ..models import add_data_path, remove_data_path

        loader = loader or self._session.get_component("data_loader")
        add_data_path(loader)
        self._undo_steps.append(lambda: remove_data_path(loader))

    def _adapt_source_profile(self, name: str, providers: list[Any]) -> list[Any]:
        if self._serves(name):
            self._source_providers.append(self._replace_credential_provider(providers))
        return providers

    def _source_credentials(self, access_key: str) -> Any:
        """Return the credentials of the source profile with this access key."""
        loaded = [each.loaded for each in self._source_providers if each is not None]
        return next((each for each in loaded if each and each.has_key(access_key)), None)

    def _serves(self, profile_name: str) -> bool:
        return is_served(self._session.full_config, profile_name)

    def _replace_credential_provider(self, providers: list[Any]) -> Any:
        original = self._seams.find_credential_provider(providers)
        if original is None:
            return None
        if not self._is_async:
            from .providers import SsoProvider as Provider
        else:
            from .aio.providers import AioSsoProvider as Provider
        return self._replace(providers, original, Provider(self._session, original))

    def _adapt_tokens(self, chain: Any) -> None:
        name = self._profile_name()
        served = self._serves(name) and self._replace_token_provider(chain)
        # A client asks for a token before it loads its model.
        if served or self._is_chained(name):
            self._add_models()

    def _replace_token_provider(self, chain: Any) -> Any:
        providers = self._seams.token_providers(chain)
        original = self._seams.find_token_provider(providers)
        if original is None:
            return None
        if not self._is_async:
            from .providers import SsoTokenProvider as Provider
        else:
            from .aio.providers import AioSsoTokenProvider as Provider
        return self._replace(providers, original, Provider(original))

    def _replace(self, providers: list[Any], original: Any, ours: Any) -> Any:
        _exchange(providers, original, ours)
        self._undo_steps.append(lambda: _exchange(providers, ours, original))
        return ours

    def _profile_name(self) -> str:
        # Not Session.profile, which would bind the session to the profile.
        return self._session.get_config_variable("profile") or "default"


def _exchange(providers: list[Any], old: Any, new: Any) -> None:
    if old in providers:
        providers[providers.index(old)] = new


_changed_sessions: weakref.WeakValueDictionary[int, _SessionChanges] = weakref.WeakValueDictionary()
