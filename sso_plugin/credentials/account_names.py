"""The accounts that profiles give by name instead of id: looked up once, then cached."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigError, NoAccess, PortalError
from ..portal.account_choice import Wanted, choose, matching
from ..portal.responses import Account, is_account_id
from ..storage.keys import own_key
from . import NO_ORIGIN, find_origin, note_origin
from .role_credentials import is_of_login

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..storage.documents import Entry
    from . import Login, Origin
    from .credential_source import Source
    from .role_credentials import RoleCredentials
    from .token_source import AskPerson, TokenSource

__all__ = ["AccountNames", "NamedRoleSource"]

_logger = logging.getLogger(__name__)

_MAX_AGE = 24 * 3600
"""Seconds after which names are looked up again: an account may have got the name of another."""


class CachedAccount(NamedTuple):
    """The id of an account, and the origin of its name: the login that it was listed for."""

    account_id: str
    origin: Origin


class AccountNames:
    """The cached names of all accounts of one login."""

    def __init__(self, login: Login, ask: AskPerson | None = None) -> None:
        self._login = login
        self._ask = ask
        self._cache = login.stores.own
        self._key = own_key("accounts", login.key)

    def load(self, name: str) -> CachedAccount | None:
        """Return the cached account of this name, if it is the only one. No network call."""
        entry = self._cache.get(self._key)
        found = matching(_cached_accounts(entry), name)
        if entry is None or len(found) != 1:
            return None
        return CachedAccount(found[0].account_id, _origin(entry))

    def entry(self) -> Entry | None:
        """Return the cache entry. If it changes later, another process has listed the accounts."""
        return self._cache.get(self._key)

    def is_old(self) -> bool:
        """Return whether the names were cached more than a day ago, or never."""
        entry = self._cache.get(self._key)
        return entry is None or time.time() - entry.stored_at > _MAX_AGE

    def fetch(self, wanted: Wanted, seen: Entry | None, *, attended: bool = True) -> str:
        """List the accounts at the portal, cache their names, and return the id of one.

        :param seen: the cache entry that the caller could not use. If it has changed, another
            process has listed the accounts, and no request is sent.
        :raises ConfigError: if no account, or more than one, has this name.
        :raises LoginRequired: if a person has to log in.
        :raises PortalError: if the portal is unreachable or returns an error.
        """
        from .token_source import TokenSource

        tokens = TokenSource(self._login, self._ask)

        def accounts() -> list[Account]:
            with self._cache.locked(self._key):
                latest = self._cache.get(self._key)
                if latest is not None and latest != seen and self._is_of_login(latest):
                    return _cached_accounts(latest)
                return self._list(tokens)

        found = tokens.retry_after_login(accounts, attended=attended)
        return choose(found, wanted).account_id

    def _list(self, tokens: TokenSource) -> list[Account]:
        """List the accounts, and cache their names. Precondition: the lock is held."""
        origin = tokens.file.origin_of(tokens.fetch(attended=False))
        accounts = list(tokens.listings(attended=False).accounts())
        self._put(accounts, origin)
        return accounts

    def save(self, accounts: Iterable[Account], tokens: TokenSource) -> None:
        """Cache the names of all accounts, which the caller has just listed."""
        token = tokens.file.load()
        if token is None:
            # The login has ended since.
            return
        with self._cache.locked(self._key):
            self._put(accounts, tokens.file.origin_of(token))

    def _put(self, accounts: Iterable[Account], origin: Origin | None) -> None:
        names = {account.account_id: account.name for account in accounts}
        self._cache.put(self._key, note_origin({"accounts": names}, origin))

    def delete(self) -> None:
        """Delete the cached names."""
        self._cache.delete(self._key)

    def _is_of_login(self, entry: Entry) -> bool:
        return is_of_login(self._login, _origin(entry), 0)


class NamedRoleSource:
    """A source of the credentials of one role in an account that is given by name.

    :param source: returns the source of the role for the id of an account.
    """

    def __init__(
        self, login: Login, source: Callable[[str], Source], ask: AskPerson | None = None
    ) -> None:
        self._login = login
        self._source = source
        self._wanted = Wanted.of(login.profile)
        self._names = AccountNames(login, ask)

    def load(self) -> RoleCredentials | None:
        """See `Source`."""
        known = self._names.load(self._wanted.text)
        found = self._source(known.account_id).load() if known else None
        if known is None or found is None:
            return None
        # The credentials come from this login; the name has to come from it, too.
        origin = found.origin
        return found if (origin[0] == known.origin[0] if origin else self._is_ours(known)) else None

    def prepare(self) -> None:
        """See `Source`."""
        self._source("").prepare()

    def fetch(self, *, attended: bool = True, minimum: float = 0.0) -> RoleCredentials:
        """See `Source`.

        :raises ConfigError: also if no account, or more than one, has this name.
        """
        seen = self._names.entry()
        known = self._names.load(self._wanted.text)
        if known is None or not self._is_ours(known):
            account_id = self._names.fetch(self._wanted, seen, attended=attended)
            return self._source(account_id).fetch(attended=attended, minimum=minimum)
        account_id = self._follow_name(known.account_id, seen, attended=attended)
        try:
            return self._source(account_id).fetch(attended=attended, minimum=minimum)
        except NoAccess:
            # Another account may have this name now.
            latest = self._names.fetch(self._wanted, seen, attended=attended)
            if latest == account_id:
                raise
            return self._source(latest).fetch(attended=attended, minimum=minimum)

    def replace(self, rejected: str) -> RoleCredentials:
        """See `Source`."""
        known = self._names.load(self._wanted.text)
        if known is None or not self._is_ours(known):
            return self.fetch(attended=False)
        return self._source(known.account_id).replace(rejected)

    def _is_ours(self, known: CachedAccount) -> bool:
        return is_of_login(self._login, known.origin, 0)

    def _follow_name(self, known: str, seen: Entry | None, *, attended: bool) -> str:
        """Return the id that an old name stands for now; the known id if that is not available."""
        if not self._names.is_old():
            return known
        try:
            return self._names.fetch(self._wanted, seen, attended=attended)
        except (ConfigError, PortalError) as exc:
            _logger.debug("Cannot look up the account, using %s: %s", known, exc)
            return known


def _origin(entry: Entry) -> Origin:
    return find_origin(entry.document) or NO_ORIGIN


def _cached_accounts(entry: Entry | None) -> list[Account]:
    held = entry.document.get("accounts") if entry else None
    names = held.items() if isinstance(held, dict) else ()
    return [
        Account(account_id, name, "")
        for account_id, name in names
        if is_account_id(account_id) and isinstance(name, str)
    ]
