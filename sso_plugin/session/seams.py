"""The functions that reach into private parts of botocore. Subclasses of its classes do so too.

``tests/session/test_seams.py`` lists and pins all the botocore code that we rely on. Only this
module imports wrapt, and only when a profile has a role chain: that takes longer than creating a
session.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import botocore.credentials
import botocore.session
import botocore.tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.credentials import CredentialResolver
    from botocore.loaders import Loader
    from botocore.session import Session
    from botocore.tokens import TokenProviderChain

__all__ = [
    "create_all_components",
    "find_botocore_session",
    "find_credential_provider",
    "find_token_provider",
    "is_async",
    "lacks_sso_models",
    "pending_factory",
    "sign_with",
    "token_cache_of_credential_provider",
    "token_cache_of_session",
    "token_cache_of_token_provider",
    "token_folder",
    "token_providers",
    "wrap_source_profiles",
]

_SAFE_LOCATOR = (1, 31, 85)
"""The first botocore whose components can be created by two threads at the same time."""


def _variants(module: str, name: str) -> set[str]:
    """Return the names of a class of botocore and of its variants in aiobotocore."""
    return {f"botocore.{module}.{name}"} | {
        f"aiobotocore.{module}.{prefix}{name}" for prefix in ("Aio", "Anyio")
    }


_CREDENTIAL_PROVIDERS = _variants("credentials", "SSOProvider")
_TOKEN_PROVIDERS = _variants("tokens", "SSOTokenProvider")
_BUILDERS = _variants("credentials", "ProfileProviderBuilder")

_BASE_CLASSES = {
    botocore.credentials: (
        "CredentialProvider",
        "DeferredRefreshableCredentials",
        "ReadOnlyCredentials",
        "SSOProvider",
    ),
    botocore.tokens: ("DeferredRefreshableToken", "FrozenAuthToken", "SSOTokenProvider"),
}
"""The botocore classes that our modules use when they are imported."""


def find_botocore_session(session: object) -> Session | None:
    """Return a session of botocore or aiobotocore, or that of a boto3 or aioboto3 session.

    None for another kind of session: a subclass may do anything.
    """
    inner: Any = getattr(session, "_session", session)
    # Looked up each time, because the module may have been reloaded.
    return inner if type(inner) is botocore.session.Session or is_async(inner) else None


def is_async(session: object) -> bool:
    """Return whether this is a session of aiobotocore, and not of a subclass."""
    return "aiobotocore" in sys.modules and _is_of(session, {"aiobotocore.session.AioSession"})


def pending_factory(session: Session, component: str) -> Callable[[], Any] | None:
    """Return the factory of a component that has not been created yet, else None."""
    factory: Callable[[], Any] | None = session._components._deferred.get(component)  # type: ignore[attr-defined]  # noqa: SLF001
    return factory


def lacks_sso_models(loader: Loader) -> bool:
    """Return whether botocore was stripped of its service models for Identity Center."""
    return not os.path.isdir(os.path.join(loader.BUILTIN_DATA_PATH, "sso"))  # noqa: PTH112, PTH118


def create_all_components(session: Session) -> None:
    """Create all components of a session now, with a botocore older than 1.31.85.

    There, two threads that need a component first fail, and our renewal could be one of them.
    """
    if tuple(map(int, botocore.__version__.split(".")[:3])) >= _SAFE_LOCATOR:
        return
    for locator in (session._components, session._internal_components):  # type: ignore[attr-defined]  # noqa: SLF001
        for name in list(locator._deferred):  # noqa: SLF001
            locator.get_component(name)


def token_providers(chain: TokenProviderChain) -> list[Any]:
    """Return the providers of a chain, to change in place. Older botocore has no method for it."""
    providers: list[Any] = chain._providers  # type: ignore[attr-defined]  # noqa: SLF001
    return providers


def _find_provider(providers: list[Any], names: set[str]) -> Any:
    """Return the provider whose class has exactly one of these names; None if there is none.

    None too if a program has replaced a class that our modules use by a mock.
    """
    base_classes = [
        getattr(module, each) for module, names in _BASE_CLASSES.items() for each in names
    ]
    if not all(type(each) is type for each in base_classes):
        return None
    return next((one for one in providers if _is_of(one, names)), None)


def find_credential_provider(providers: list[Any]) -> Any:
    """Return botocore's SSO credential provider; None if there is none, or a program changed it."""
    found = _find_provider(providers, _CREDENTIAL_PROVIDERS)
    if found is None or token_folder(token_cache_of_credential_provider(found)) is None:
        return None
    return found


def find_token_provider(providers: list[Any]) -> Any:
    """Return botocore's SSO token provider; None if there is none, or a program changed it."""
    found = _find_provider(providers, _TOKEN_PROVIDERS)
    if found is None or token_folder(token_cache_of_token_provider(found)) is None:
        return None
    return found


def token_cache_of_credential_provider(provider: Any) -> object:
    """Return the cache in which a credential provider of botocore looks for its token.

    None if a program has replaced a method that botocore calls for it, as tests do.
    """
    helpers = [botocore.credentials.SSOCredentialFetcher, botocore.credentials.SSOTokenLoader]
    if aio := sys.modules.get("aiobotocore.credentials"):
        helpers.append(aio.AioSSOCredentialFetcher)
    if not (_is_unchanged(provider) and all(map(_has_own_methods, helpers))):
        return None
    section = provider._load_config().get("profiles", {}).get(provider._profile_name, {})  # noqa: SLF001
    if "sso_session" not in section:
        return provider._token_cache  # noqa: SLF001
    return token_cache_of_token_provider(provider._token_provider)  # noqa: SLF001


def token_cache_of_token_provider(provider: Any) -> object:
    """Return the cache in which a token provider of botocore looks; None if it was changed."""
    if not _is_of(provider, _TOKEN_PROVIDERS) or not _is_unchanged(provider):
        return None
    loader = provider._token_loader  # noqa: SLF001
    return loader._cache if _is_unchanged(loader) else None  # noqa: SLF001


def token_cache_of_session(session: Session) -> object:
    """Return the cache in which a session looks for its bearer token; None if it has none."""
    for provider in token_providers(session.get_component("token_provider")):
        if getattr(provider, "METHOD", None) == "sso":
            return token_cache_of_token_provider(getattr(provider, "original", provider))
    return None


def token_folder(cache: object) -> str | None:
    """Return the folder of a cache of botocore's class; None for another class.

    A subclass may store its tokens elsewhere, or encrypt them.
    """
    if not _is_of(cache, {"botocore.utils.JSONFileCache"}) or not _is_unchanged(cache):
        return None
    folder: str = cache._working_dir  # type: ignore[attr-defined]  # noqa: SLF001
    return folder


def _is_of(thing: object, names: set[str]) -> bool:
    # Compared by name, because a module may have been reloaded.
    return f"{type(thing).__module__}.{type(thing).__qualname__}" in names


def _is_unchanged(thing: object) -> bool:
    """Return whether no method of an object of botocore, or of its classes, was replaced."""
    kinds = [kind for kind in type(thing).__mro__ if kind is not object]
    return all(
        _has_own_methods(kind) and not vars(thing).keys() & _methods(kind).keys() for kind in kinds
    )


def _has_own_methods(kind: type) -> bool:
    """Return whether all methods of a class come from its module. Those of a mock do not."""
    if type(kind) is not type:
        return False
    spaces = [getattr(each, "__globals__", {}) for each in _methods(kind).values()]
    return all(space.get("__name__") == kind.__module__ for space in spaces)


def _methods(kind: type) -> dict[str, Any]:
    held = {name: getattr(each, "__func__", each) for name, each in vars(kind).items()}
    return {
        name: each for name, each in held.items() if callable(each) and not isinstance(each, type)
    }


def wrap_source_profiles(
    resolver: CredentialResolver,
    adapt: Callable[[str, list[Any]], list[Any]],
    find_source: Callable[[str], Any],
    sign_with: Callable[[Any, Any], Any],
) -> Callable[[], object]:
    """Call ``adapt`` with the providers of each ``source_profile`` of a role chain.

    botocore does not use the resolver's list for a source profile: the assume-role provider creates
    a list with its `ProfileProviderBuilder`. The method of that one object is wrapped. The client
    that assumes the role then signs with the source credentials, not with fixed keys.

    :param find_source: returns the credentials with an access key; None if they are not ours.
    :param sign_with: returns a new client that signs with credentials: see `sign_with`.
    :returns: a function that removes the wrappers.
    :raises LookupError: if botocore has no assume-role provider of the known form.
    """
    import wrapt

    provider = _assume_role_provider(resolver)
    builder, create_client = provider._profile_provider_builder, provider._client_creator  # noqa: SLF001

    def adapted(
        wrapped: Callable[..., list[Any]], _: object, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[Any]:
        name = kwargs["profile_name"] if "profile_name" in kwargs else args[0]
        return adapt(name, wrapped(*args, **kwargs))

    def create_signing_client(*args: Any, **kwargs: Any) -> Any:
        client = create_client(*args, **kwargs)
        source = find_source(kwargs.get("aws_access_key_id", ""))
        return client if source is None else sign_with(client, source)

    def unwrap() -> None:
        builder.__dict__.pop("providers", None)
        provider._client_creator = create_client  # noqa: SLF001

    wrapt.wrap_function_wrapper(builder, "providers", adapted)
    provider._client_creator = create_signing_client  # noqa: SLF001
    return unwrap


def sign_with(client: Any, credentials: Any) -> Any:
    """Return a client that signs with these credentials from now on."""
    client._request_signer._credentials = credentials  # noqa: SLF001
    return client


def _assume_role_provider(resolver: CredentialResolver) -> Any:
    for provider in resolver.providers:
        builder = getattr(provider, "_profile_provider_builder", None)
        known = _is_of(builder, _BUILDERS) and "providers" not in vars(builder)
        if known and hasattr(provider, "_client_creator"):
            return provider
    raise LookupError("no assume-role provider with a builder of profile providers")
