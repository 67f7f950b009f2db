"""The few places of botocore that have no public door, each with its one function.

``tests/session/test_seams.py`` pins the botocore code that these rely on. Only this module imports
wrapt, and only when a profile has a role chain: that takes longer than making a session.
"""

from __future__ import annotations

import os
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
    "cache_of_tokens",
    "find_stock",
    "is_slim",
    "make_components",
    "pending_factory",
    "plain_session",
    "session_cache_of_tokens",
    "token_cache_of",
    "token_folder",
    "token_providers",
    "wrap_source_profiles",
]

_CONCURRENT = (1, 31, 85)
_BUILDER = "botocore.credentials.ProfileProviderBuilder"

_BUILT_ON = {
    botocore.credentials: (
        "CredentialProvider",
        "DeferredRefreshableCredentials",
        "ReadOnlyCredentials",
        "SSOProvider",
    ),
    botocore.tokens: ("DeferredRefreshableToken", "FrozenAuthToken", "SSOTokenProvider"),
}
"""What the modules of our providers take from botocore when they are imported."""


def plain_session(session: object) -> Session | None:
    """Return the botocore session, also of a boto3 one; None if it is of another kind.

    Subclasses are other people's ideas of a session (aiobotocore's is asynchronous).
    """
    inner = getattr(session, "_session", session)
    # Looked up each time: the module may have been loaded again.
    return inner if type(inner) is botocore.session.Session else None


def pending_factory(session: Session, component: str) -> Callable[[], Any] | None:
    """Return the factory of a component that has not been made yet, else None."""
    factory: Callable[[], Any] | None = session._components._deferred.get(component)  # type: ignore[attr-defined]  # noqa: SLF001
    return factory


def is_slim(loader: Loader) -> bool:
    """Return whether a botocore is stripped of its data for Identity Center."""
    return not os.path.isdir(os.path.join(loader.BUILTIN_DATA_PATH, "sso"))  # noqa: PTH112, PTH118


def make_components(session: Session) -> None:
    """Make all parts of a session now, where two threads that first need one trip over each other.

    botocore does not from 1.31.85 on; before, our renewal could be the second thread.
    """
    if tuple(map(int, botocore.__version__.split(".")[:3])) >= _CONCURRENT:
        return
    for locator in (session._components, session._internal_components):  # type: ignore[attr-defined]  # noqa: SLF001
        for name in list(locator._deferred):  # noqa: SLF001
            locator.get_component(name)


def token_providers(chain: TokenProviderChain) -> list[Any]:
    """Return the list that the chain goes through; only newer botocore can exchange one in it."""
    providers: list[Any] = chain._providers  # type: ignore[attr-defined]  # noqa: SLF001
    return providers


def find_stock(providers: list[Any], name: str) -> Any:
    """Return the provider that is exactly of a class of botocore; None without one.

    None too if a program has put a mock in the place of a class that ours are built on.
    """
    built_on = [getattr(module, each) for module, names in _BUILT_ON.items() for each in names]
    if not all(type(each) is type for each in built_on):
        return None
    return next((one for one in providers if _is_of(one, name)), None)


def cache_of_tokens(provider: Any) -> object:
    """Return the cache in which a credential provider of botocore looks for its token.

    None if a program has replaced a method of botocore's on the way there, as tests do.
    """
    made_with = (botocore.credentials.SSOCredentialFetcher, botocore.credentials.SSOTokenLoader)
    if not (_is_unchanged(provider) and all(map(_has_own_methods, made_with))):
        return None
    section = provider._load_config().get("profiles", {}).get(provider._profile_name, {})  # noqa: SLF001
    if "sso_session" not in section:
        return provider._token_cache  # noqa: SLF001
    return token_cache_of(provider._token_provider)  # noqa: SLF001


def token_cache_of(provider: Any) -> object:
    """Return the cache in which a token provider of botocore looks; None for one that differs."""
    if not _is_of(provider, "botocore.tokens.SSOTokenProvider") or not _is_unchanged(provider):
        return None
    loader = provider._token_loader  # noqa: SLF001
    return loader._cache if _is_unchanged(loader) else None  # noqa: SLF001


def session_cache_of_tokens(session: Session) -> object:
    """Return the cache in which a session looks for its bearer token; None if it has none."""
    for provider in token_providers(session.get_component("token_provider")):
        if getattr(provider, "METHOD", None) == "sso":
            return token_cache_of(getattr(provider, "stock", provider))
    return None


def token_folder(cache: object) -> str | None:
    """Return the folder of a cache of botocore's own kind; None for another kind.

    A subclass may keep its tokens elsewhere, or encrypt them.
    """
    if not _is_of(cache, "botocore.utils.JSONFileCache") or not _is_unchanged(cache):
        return None
    folder: str = cache._working_dir  # type: ignore[attr-defined]  # noqa: SLF001
    return folder


def _is_of(thing: object, name: str) -> bool:
    # By its name, since a module may have been loaded again.
    return f"{type(thing).__module__}.{type(thing).__qualname__}" == name


def _is_unchanged(thing: object) -> bool:
    """Return whether an object of botocore does what its class in the source says."""
    kind = type(thing)
    return _has_own_methods(kind) and not vars(thing).keys() & _methods(kind).keys()


def _has_own_methods(kind: type) -> bool:
    """Return whether all methods of a class are of its module: a mock or a wrapper is not."""
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
) -> Callable[[], object]:
    """Have ``adapt`` look at the providers of each ``source_profile`` of a role chain.

    The resolver's own list is not consulted for a source profile: the assume-role provider makes
    a list of its own with a `ProfileProviderBuilder`. Its method is wrapped on that one object.
    The client that then assumes the role signs with the source credentials, not with fixed keys.

    :param find_source: returns the credentials with an access key; None if they are not ours.
    :returns: what takes the wrappers off.
    :raises LookupError: if the chain is not what we know.
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
        if source is not None:
            client._request_signer._credentials = source  # noqa: SLF001
        return client

    def unwrap() -> None:
        builder.__dict__.pop("providers", None)
        provider._client_creator = create_client  # noqa: SLF001

    wrapt.wrap_function_wrapper(builder, "providers", adapted)
    provider._client_creator = create_signing_client  # noqa: SLF001
    return unwrap


def _assume_role_provider(resolver: CredentialResolver) -> Any:
    for provider in resolver.providers:
        builder = getattr(provider, "_profile_provider_builder", None)
        known = _is_of(builder, _BUILDER) and "providers" not in vars(builder)
        if known and hasattr(provider, "_client_creator"):
            return provider
    raise LookupError("no assume-role provider with a builder of profile providers")
