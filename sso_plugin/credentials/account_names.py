"""Accounts that a profile names instead of numbering: looked up once, then remembered."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ConfigError, NoAccess, PortalError
from ..portal.account_choice import Wanted, choose, matching
from ..portal.answers import Account, is_account_id
from ..storage.file_cache import own_cache
from .access_token import NO_ORIGIN, find_origin, note_origin
from .role_source import RoleSource

if TYPE_CHECKING:
    from ..config.profile import SsoProfile
    from ..storage.cache import Cache, Entry
    from .access_token import Origin
    from .role_credentials import RoleCredentials
    from .token_source import TokenSource

__all__ = ["AccountNames", "NamedRoleSource", "role_source"]

_logger = logging.getLogger(__name__)

_TRUSTED_FOR = 24 * 3600
"""Seconds. Accounts are renamed, and the name may then be given to another one."""


class KnownAccount(NamedTuple):
    """The id of an account, and the login whose user called it by its name."""

    account_id: str
    origin: Origin


class AccountNames:
    """The names of all accounts of one login, as the portal told them last."""

    def __init__(self, tokens: TokenSource, cache: Cache) -> None:
        self._tokens = tokens
        self._cache = cache
        self._key = f"accounts-{tokens.key}"

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

    def fetch(self, wanted: Wanted, seen: Entry | None) -> str:
        """Ask the portal for the id of an account, and remember all of its names.

        :param seen: what was remembered before it turned out that this does not help; if that has
            changed, another process has asked for us.
        :raises ConfigError: if there is no such account, or several of its name.
        :raises LoginRequired: if a person has to log in.
        :raises PortalError: if the portal gives no answer, or another one.
        """
        from ..portal.listings import Directory

        with self._cache.locked(self._key):
            latest = self._cache.get(self._key)
            if latest is not None and latest != seen and self._is_of_login(latest):
                return choose(_remembered(latest), wanted).account_id
            origin = self._tokens.origin_of(self._tokens.fetch())
            accounts = list(Directory(self._tokens).accounts())
            names = {account.account_id: account.name for account in accounts}
            self._cache.put(self._key, note_origin({"accounts": names}, origin))
        return choose(accounts, wanted).account_id

    def forget(self) -> None:
        """Have the portal asked the next time."""
        self._cache.delete(self._key)

    def _is_of_login(self, entry: Entry) -> bool:
        return self._tokens.vouches_for(_origin(entry), 0)


class NamedRoleSource:
    """The credentials of one role in an account that is known by its name."""

    def __init__(
        self, profile: SsoProfile, tokens: TokenSource, cache: Cache, *, of_login: bool = True
    ) -> None:
        self._profile = profile
        self._tokens = tokens
        self._cache = cache
        self._of_login = of_login
        self._wanted = Wanted.of(profile)
        self._names = AccountNames(tokens, own_cache())

    def load(self) -> RoleCredentials | None:
        """Return credentials of the cache that still live. Goes nowhere."""
        known = self._names.load(self._wanted.text)
        found = self._source(known.account_id).load() if known else None
        if known is None or found is None:
            return None
        # The credentials are of this login; the name has to be, too.
        origin = found.origin
        return found if (origin[0] == known.origin[0] if origin else self._is_ours(known)) else None

    def prepare(self) -> None:
        """Import all that `fetch` and `replace` need. See `refresh.Source`."""
        self._source("").prepare()

    def fetch(self, *, attended: bool = True, minimum: float = 0.0) -> RoleCredentials:
        """Return credentials that are not due for renewal, asking the portal if need be.

        :param attended: whether a person may be asked to log in.
        :param minimum: the seconds that they should live at least; see `Lifetime`.
        :raises ConfigError: if there is no such account, or several of its name.
        :raises LoginRequired: if a person has to log in.
        :raises NoAccess: if the user does not have this role in this account.
        :raises PortalError: if the portal gives no answer, or another one.
        """
        if not attended:
            return self._unattended().fetch(minimum=minimum)
        seen = self._names.entry()
        known = self._names.load(self._wanted.text)
        if known is None or not self._is_ours(known):
            account_id = self._names.fetch(self._wanted, seen)
            return self._source(account_id).fetch(minimum=minimum)
        account_id = self._checked(known.account_id, seen)
        try:
            return self._source(account_id).fetch(minimum=minimum)
        except NoAccess:
            # The name may belong to another account by now.
            latest = self._names.fetch(self._wanted, seen)
            if latest == account_id:
                raise
            return self._source(latest).fetch(minimum=minimum)

    def replace(self, rejected: str) -> RoleCredentials:
        """Return other credentials than those that AWS rejected. See `RoleSource.replace`."""
        known = self._names.load(self._wanted.text)
        if known is None or not self._is_ours(known):
            return self.fetch(attended=False)
        return self._source(known.account_id).replace(rejected)

    def _unattended(self) -> NamedRoleSource:
        tokens = self._tokens.unattended
        return NamedRoleSource(self._profile, tokens, self._cache, of_login=self._of_login)

    def _is_ours(self, known: KnownAccount) -> bool:
        return self._tokens.vouches_for(known.origin, 0)

    def _checked(self, remembered: str, seen: Entry | None) -> str:
        """Follow a name to another account, but let nothing break what has worked until now."""
        if not self._names.is_old():
            return remembered
        try:
            return self._names.fetch(self._wanted, seen)
        except (ConfigError, PortalError) as exc:
            _logger.debug("Going on with the account %s: %s", remembered, exc)
            return remembered

    def _source(self, account_id: str) -> RoleSource:
        profile = replace(self._profile, account_id=account_id)
        return RoleSource(profile, self._tokens, self._cache, of_login=self._of_login)


def role_source(
    profile: SsoProfile, tokens: TokenSource, cache: Cache, *, of_login: bool = True
) -> RoleSource | NamedRoleSource:
    """Return where the credentials of a profile's role come from; an id needs no name."""
    kind = RoleSource if profile.account_id else NamedRoleSource
    return kind(profile, tokens, cache, of_login=of_login)


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
