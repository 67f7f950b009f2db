"""The source of the credentials of a profile's role: its cache file, else a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .role_credentials import RoleFile

if TYPE_CHECKING:
    from ..storage.cache import Cache
    from . import Login
    from .credential_source import Source
    from .role_credentials import RoleCredentials
    from .role_request import RoleRequest
    from .token_source import AskPerson

__all__ = ["RoleSource", "role_source_of"]


class RoleSource:
    """A source of the credentials of one role: its file if they are fresh, else a request.

    :param ask: asks a person to log in if there is no valid token; see `TokenSource`.
    """

    def __init__(self, file: RoleFile, ask: AskPerson | None = None) -> None:
        self.file = file
        self._ask = ask
        self._made: RoleRequest | None = None

    def load(self) -> RoleCredentials | None:
        """See `Source`."""
        return self.file.load()

    def prepare(self) -> None:
        """See `Source`."""
        self._request.prepare()

    def fetch(self, *, attended: bool = True, minimum: float = 0.0) -> RoleCredentials:
        """See `Source`."""
        return self._request.fetch(attended=attended, minimum=minimum)

    def replace(self, rejected: str) -> RoleCredentials:
        """See `Source`."""
        return self._request.replace(rejected)

    @property
    def _request(self) -> RoleRequest:
        if self._made is None:
            # Not at the top: a session with cached credentials does not need it.
            from .role_request import RoleRequest

            self._made = RoleRequest(self.file, self._ask)
        return self._made


def role_source_of(
    login: Login, cache: Cache, ask: AskPerson | None = None, *, of_login: bool = True
) -> Source:
    """Return the source of the credentials of a profile's role.

    :param cache: the cache of role credentials.
    :param ask: asks a person to log in if there is no valid token; see `TokenSource`.
    :param of_login: see `RoleFile`.
    """

    def source(account_id: str) -> RoleSource:
        return RoleSource(RoleFile(login, cache, account_id, of_login=of_login), ask)

    account_id = login.profile.account_id
    if account_id is not None:
        return source(account_id)
    from .account_names import NamedRoleSource

    return NamedRoleSource(login, source, ask)
