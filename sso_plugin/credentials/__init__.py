"""What a session gets: role credentials and access tokens, cached, fetched and renewed.

`refreshable` has the credentials that botocore gets. They are renewed when their `schedule` says
so, by what `role_source` returns. All that belongs to one login is passed down as a `Login`.
"""

from __future__ import annotations

TYPE_CHECKING = False  # a plain name: this is imported by every session with SSO
if TYPE_CHECKING:
    from ..storage.cache import Cache
    from .credential_source import Source
    from .login import Login
    from .token_source import AskPerson

__all__ = ["role_source"]


def role_source(
    login: Login, cache: Cache, ask: AskPerson | None = None, *, of_login: bool = True
) -> Source:
    """Return where the credentials of a profile's role come from; see `RoleSource`."""
    account_id = login.profile.account_id
    if account_id is not None:
        from .role_credentials import RoleSource

        return RoleSource(login, cache, account_id, ask, of_login=of_login)
    from .account_names import NamedRoleSource

    return NamedRoleSource(login, cache, ask, of_login=of_login)
