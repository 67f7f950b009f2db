"""The credentials and tokens that all async sessions of a process share.

They are kept only while a session or a renewal uses them.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

# Imported here, because the task that starts the first renewal would wait for the import.
from ...credentials import background  # noqa: F401
from ..providers import credentials_of, open_token_source

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ...config.profile import SsoProfile
    from ...credentials.refreshable import SsoCredentials
    from ...credentials.renewed_token import RenewedToken
    from ...storage.cache import Cache
    from .twin import Twin

__all__ = ["shared_credentials", "shared_token"]

_shared: weakref.WeakValueDictionary[Hashable, Any] = weakref.WeakValueDictionary()


def shared_credentials(
    twin: Twin, profile: SsoProfile, folder: str | None = None, cache: Cache | None = None
) -> SsoCredentials:
    """Return the credentials of a profile's role; the same ones for sessions that are alike.

    :param folder: where the token is; None for the usual folder.
    :param cache: where a caller wants the role credentials. Those are not shared.
    """

    def make() -> SsoCredentials:
        return credentials_of(twin.open, profile, folder, cache)

    if cache is not None:
        return make()
    return _share(("role", profile, folder), twin, make)  # type: ignore[no-any-return]


def shared_token(twin: Twin, profile: SsoProfile, folder: str | None = None) -> RenewedToken:
    """Return the access token of a login; the same one for sessions that are alike.

    :param folder: where the token is; None for the usual folder.
    """
    # Not imported by a session that uses role credentials from the cache only.
    from ...credentials.renewed_token import RenewedToken

    def make() -> RenewedToken:
        return RenewedToken(open_token_source(twin.open, profile, folder))

    return _share(("token", profile, folder), twin, make)  # type: ignore[no-any-return]


def _share(key: tuple[Hashable, ...], twin: Twin, make: Callable[[], Any]) -> Any:
    try:
        full_key = (*key, twin.settings())
    except TypeError:
        # A setting cannot be compared, such as an object with credentials for a proxy.
        return make()
    # Of two threads that come here at once, both may make one. Then each is shared by some.
    return _shared.get(full_key) or _shared.setdefault(full_key, make())
