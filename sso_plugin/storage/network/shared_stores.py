"""Where the documents of a profile with ``sso_store`` are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import MadeOnce, Stores
from .remote import Remote
from .server import Server, server_at
from .shared_documents import SHARED_NOTES, SharedDocuments
from .shared_tokens import SharedTokens
from .store_key import StoreKey

if TYPE_CHECKING:
    from ...config.profile import Options
    from ...config.store_address import StoreAddress
    from ..cache import Cache
    from .names import LoginName
    from .remote import Timing

__all__ = ["SharedStores"]


class SharedStores(Stores):
    """`Stores` whose tokens, role credentials and notes many machines share.

    :param options: those of the profile.
    :param address: where the server is.
    :param login: the login that the documents belong to.
    :param token_key: the cache key of its token.
    """

    def __init__(
        self,
        options: Options,
        token_folder: str | None,
        address: StoreAddress,
        login: tuple[LoginName, str],
        timing: Timing,
    ) -> None:
        super().__init__(options, token_folder)
        self._files = Stores(options, token_folder)
        name, self._token_key = login
        self._names = StoreKey(name)
        self.server: Server = server_at(address)
        self._remote = Remote(self.server, self._names, timing)

    @property
    def remote(self) -> Remote:
        """The documents on the server."""
        return self._remote

    @MadeOnce
    def tokens(self) -> Cache:
        """See `Stores`."""
        return SharedTokens(self._files.tokens, self._remote, self._token_key)

    @MadeOnce
    def roles(self) -> Cache:
        """See `Stores`."""
        return SharedDocuments(self._files.roles, self._remote, "roles")

    @MadeOnce
    def own(self) -> Cache:
        """See `Stores`."""
        return SharedDocuments(self._files.own, self._remote, "notes", SHARED_NOTES)

    def name_on_server(self, kind: str) -> str:
        """Return the name of what all logins at the portal share.

        :raises KeyUnavailableError: if there is no key.
        """
        return self._names.names().of_portal(kind)
