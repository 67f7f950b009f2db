"""The few places of botocore that have no public door, each with its one function.

``tests/test_seams.py`` pins the botocore code that these rely on. Only this module imports wrapt,
and only when a profile has a role chain: importing it takes longer than making a session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.credentials import CredentialResolver, ProfileProviderBuilder
from botocore.tokens import SSOTokenProvider
from botocore.utils import JSONFileCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.session import Session
    from botocore.tokens import TokenProviderChain

__all__ = [
    "cache_of_tokens",
    "make_components",
    "pending_factory",
    "plain_session",
    "session_cache_of_tokens",
    "token_folder",
    "token_providers",
    "wrap_source_profiles",
]

_CONCURRENT = (1, 31, 85)


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


def cache_of_tokens(provider: Any) -> object:
    """Return the cache in which a credential provider of botocore looks for its token."""
    section = provider._load_config().get("profiles", {}).get(provider._profile_name, {})  # noqa: SLF001
    if "sso_session" not in section:
        return provider._token_cache  # noqa: SLF001
    tokens = provider._token_provider  # noqa: SLF001
    # One of another kind has ideas of its own.
    return tokens._cache if type(tokens) is SSOTokenProvider else None  # type: ignore[attr-defined]  # noqa: SLF001


def session_cache_of_tokens(session: Session) -> object:
    """Return the cache in which a session looks for its bearer token; None if it has none."""
    for provider in token_providers(session.get_component("token_provider")):
        if isinstance(provider, SSOTokenProvider):
            return provider._cache  # type: ignore[attr-defined]  # noqa: SLF001
    return None


def token_folder(cache: object) -> str | None:
    """Return the folder of a cache of botocore's own kind; None for another kind.

    A subclass may keep its tokens elsewhere, or encrypt them.
    """
    return cache._working_dir if type(cache) is JSONFileCache else None  # type: ignore[attr-defined]  # noqa: SLF001


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
        known = type(builder) is ProfileProviderBuilder and "providers" not in vars(builder)
        if known and hasattr(provider, "_client_creator"):
            return provider
    raise LookupError("no assume-role provider with a builder of profile providers")
