"""Accounts that a profile names instead of numbering: looked up once, then remembered."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigError, NoAccess, PortalError
from ..portal.account_choice import Wanted, choose, matching
from ..portal.responses import Account, is_account_id
from ..storage.file_cache import own_cache
from ..storage.keys import own_key
from . import NO_ORIGIN, find_origin, note_origin
from .role_credentials import is_of_login

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..storage.cache import Entry
    from . import Login, Origin
    from .credential_source import Source
    from .role_credentials import RoleCredentials
    from .token_source import AskPerson

__all__ = ["AccountNames", "NamedRoleSource"]

_logger = logging.getLogger(__name__)

_TRUSTED_FOR = 24 * 3600
"""Seconds. Accounts are renamed, and the name may then be given to another one."""


class KnownAccount(NamedTuple):
    """The id of an account, and the login whose user called it by its name."""

    account_id: str
    origin: Origin


class AccountNames:
    """The names of all accounts of one login, as the portal told them last."""

    def __init__(self, login: Login, ask: AskPerson | None = None) -> None:
        self._login = login
        self._ask = ask
        self._cache = own_cache()
        self._key = own_key("accounts", login.key)

    def load(self, name: str) -> KnownAccount | None:
        """Return what is known of the one account of this name. Makes no network call."""
        entry = self._cache.get(self._key)
        found = matching(_remembered(entry), name)
        if entry is None or len(found) != 1:
            return None
        return KnownAccount(found[0].account_id, _origin(entry))

    def entry(self) -> Entry | None:
        """Return what is remembered, to tell later whether somebody has asked anew."""
        return self._cache.get(self._key)

    def is_old(self) -> bool:
        """Tell whether the portal was last asked so long ago that it is time to do it again."""
        entry = self._cache.get(self._key)
        return entry is None or time.time() - entry.stored_at > _TRUSTED_FOR

    def fetch(self, wanted: Wanted, seen: Entry | None, *, attended: bool = True) -> str:
        """Ask the portal for the id of an account, and keep the names of all accounts.

        :param seen: what was remembered before it turned out that this does not help; if that has
            changed, another process has asked for us.
        :raises ConfigError: if there is no such account, or several of its name.
        :raises LoginRequired: if a person has to log in.
        :raises PortalError: if the portal gives no answer, or another one.
        """
        from .token_source import TokenSource

        with self._cache.locked(self._key):
            latest = self._cache.get(self._key)
            if latest is not None and latest != seen and self._is_of_login(latest):
                return choose(_remembered(latest), wanted).account_id
            tokens = TokenSource(self._login, self._ask)
            origin = tokens.file.origin_of(tokens.fetch(attended=attended))
            accounts = list(tokens.listings().accounts())
            names = {account.account_id: account.name for account in accounts}
            self._cache.put(self._key, note_origin({"accounts": names}, origin))
        return choose(accounts, wanted).account_id

    def forget(self) -> None:
        """Have the portal asked the next time."""
        self._cache.delete(self._key)

    def _is_of_login(self, entry: Entry) -> bool:
        return is_of_login(self._login, _origin(entry), 0)


class NamedRoleSource:
    """The credentials of one role in an account that is known by its name. See `Source`.

    :param source: returns the source of the role in the account of an id.
    """

    def __init__(
        self, login: Login, source: Callable[[str], Source], ask: AskPerson | None = None
    ) -> None:
        self._login = login
        self._source = source
        self._wanted = Wanted.of(login.profile)
        self._names = AccountNames(login, ask)

    def load(self) -> RoleCredentials | None:
        """Return valid credentials of the cache. Makes no network call."""
        known = self._names.load(self._wanted.text)
        found = self._source(known.account_id).load() if known else None
        if known is None or found is None:
            return None
        # The credentials are of this login; the name has to be, too.
        origin = found.origin
        return found if (origin[0] == known.origin[0] if origin else self._is_ours(known)) else None

    def prepare(self) -> None:
        """Import all that `fetch` and `replace` need. See `Source`."""
        self._source("").prepare()

    def fetch(self, *, attended: bool = True, minimum: float = 0.0) -> RoleCredentials:
        """Return credentials that are not due for renewal, asking the portal if need be.

        :param attended: whether a person may be asked to log in.
        :param minimum: for how many seconds they should be valid at least; see `Lifetime`.
        :raises ConfigError: if there is no such account, or several of its name.
        :raises LoginRequired: if a person has to log in.
        :raises NoAccess: if the user does not have this role in this account.
        :raises PortalError: if the portal is unreachable or returns an error.
        """
        seen = self._names.entry()
        known = self._names.load(self._wanted.text)
        if known is None or not self._is_ours(known):
            account_id = self._names.fetch(self._wanted, seen, attended=attended)
            return self._source(account_id).fetch(attended=attended, minimum=minimum)
        account_id = self._checked(known.account_id, seen, attended=attended)
        try:
            return self._source(account_id).fetch(attended=attended, minimum=minimum)
        except NoAccess:
            # The name may belong to another account by now.
            latest = self._names.fetch(self._wanted, seen, attended=attended)
            if latest == account_id:
                raise
            return self._source(latest).fetch(attended=attended, minimum=minimum)

    def replace(self, rejected: str) -> RoleCredentials:
        """Return other credentials than those that AWS rejected. See `RoleSource.replace`."""
        known = self._names.load(self._wanted.text)
        if known is None or not self._is_ours(known):
            return self.fetch(attended=False)
        return self._source(known.account_id).replace(rejected)

    def _is_ours(self, known: KnownAccount) -> bool:
        return is_of_login(self._login, known.origin, 0)

    def _checked(self, known: str, seen: Entry | None, *, attended: bool) -> str:
        """Follow a name to another account, but let nothing break what has worked until now."""
        if not self._names.is_old():
            return known
        try:
            return self._names.fetch(self._wanted, seen, attended=attended)
        except (ConfigError, PortalError) as exc:
            _logger.debug("Going on with the account %s: %s", known, exc)
            return known


def _origin(entry: Entry) -> Origin:
    return find_origin(entry.document) or NO_ORIGIN


def _remembered(entry: Entry | None) -> list[Account]:
    held = entry.document.get("accounts") if entry else None
    names = held.items() if isinstance(held, dict) else ()
    return [
        Account(account_id, name, "")
        for account_id, name in names
        if is_account_id(account_id) and isinstance(name, str)
    ]
