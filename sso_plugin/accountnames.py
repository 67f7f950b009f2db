"""Accounts that a profile names instead of numbering: looked up once, then remembered."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from .accountchoice import Wanted, choose, matching
from .answers import Account
from .errors import ConfigError, NoAccess, PortalError
from .filecache import own_cache
from .rolesource import RoleSource

if TYPE_CHECKING:
    from .cache import Cache, Entry
    from .config import SsoProfile
    from .role_credentials import RoleCredentials
    from .tokens import TokenSource

__all__ = ["AccountNames", "NamedRoleSource", "role_source"]

_logger = logging.getLogger(__name__)

_TRUSTED_FOR = 24 * 3600
"""Seconds. Accounts are renamed, and the name may then be given to another one."""


class AccountNames:
    """The names of all accounts of one login, as the portal told them last."""

    def __init__(self, tokens: TokenSource, cache: Cache) -> None:
        self._tokens = tokens
        self._cache = cache
        self._key = f"accounts-{tokens.key}"

    def load(self, name: str) -> str | None:
        """Return the remembered id of the one account of this name. Goes nowhere."""
        found = matching(_remembered(self._cache.get(self._key)), name)
        return found[0].account_id if len(found) == 1 else None

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
        from .directory import Directory

        with self._cache.locked(self._key):
            latest = self._cache.get(self._key)
            if latest is not None and latest != seen:
                return choose(_remembered(latest), wanted).account_id
            accounts = list(Directory(self._tokens).accounts())
            names = {account.account_id: account.name for account in accounts}
            self._cache.put(self._key, {"accounts": names})
        return choose(accounts, wanted).account_id

    def forget(self) -> None:
        """Have the portal asked the next time."""
        self._cache.delete(self._key)


class NamedRoleSource:
    """The credentials of one role in an account that is known by its name."""

    def __init__(self, profile: SsoProfile, tokens: TokenSource, cache: Cache) -> None:
        self._profile = profile
        self._tokens = tokens
        self._cache = cache
        self._wanted = Wanted.of(profile)
        self._names = AccountNames(tokens, own_cache())

    def load(self) -> RoleCredentials | None:
        """Return credentials of the cache that still live. Goes nowhere."""
        account_id = self._names.load(self._wanted.text)
        return self._source(account_id).load() if account_id else None

    def prepare(self) -> None:
        """Import all that `fetch` needs. See `refresh.Source`."""
        self._source("").prepare()

    def fetch(self, *, attended: bool = True) -> RoleCredentials:
        """Return credentials that are not due for renewal, asking the portal if need be.

        :param attended: whether a person may be asked to log in.
        :raises ConfigError: if there is no such account, or several of its name.
        :raises LoginRequired: if a person has to log in.
        :raises NoAccess: if the user does not have this role in this account.
        :raises PortalError: if the portal gives no answer, or another one.
        """
        if not attended:
            return NamedRoleSource(self._profile, self._tokens.unattended, self._cache).fetch()
        seen = self._names.entry()
        remembered = self._names.load(self._wanted.text)
        if remembered is None:
            return self._source(self._names.fetch(self._wanted, seen)).fetch()
        account_id = self._checked(remembered, seen)
        try:
            return self._source(account_id).fetch()
        except NoAccess:
            # The name may belong to another account by now.
            latest = self._names.fetch(self._wanted, seen)
            if latest == account_id:
                raise
            return self._source(latest).fetch()

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
        return RoleSource(replace(self._profile, account_id=account_id), self._tokens, self._cache)


def role_source(
    profile: SsoProfile, tokens: TokenSource, cache: Cache
) -> RoleSource | NamedRoleSource:
    """Return where the credentials of a profile's role come from; an id needs no name."""
    kind = RoleSource if profile.account_id else NamedRoleSource
    return kind(profile, tokens, cache)


def _remembered(entry: Entry | None) -> list[Account]:
    held = entry.document.get("accounts") if entry else None
    names = held.items() if isinstance(held, dict) else ()
    return [Account(str(account_id), str(name), "") for account_id, name in names]
