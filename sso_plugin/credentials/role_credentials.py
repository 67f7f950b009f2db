"""The credentials of a role as a value, and their file in the AWS CLI's cache.

Reads the cache only. `role_request` asks the portal, and writes the file.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from botocore.credentials import ReadOnlyCredentials

from ..storage.keys import role_key
from ..timestamps import format_timestamp, parse_timestamp, timestamp_problem
from . import find_origin, note_origin
from .schedule import Lifetime

if TYPE_CHECKING:
    from ..clock import Clock
    from ..storage.cache import Cache, Document, Entry
    from . import Login, Origin

__all__ = ["RoleCredentials", "RoleFile", "is_of_login", "members"]

_logger = logging.getLogger(__name__)


class RoleCredentials(NamedTuple):
    """Credentials of one role in one account, their lifetime, and the login they came from.

    :param keys: botocore's own value of them. Their ``account_id`` is not set.
    :param origin: None where another program wrote them, or a caller set the cache.
    """

    keys: ReadOnlyCredentials
    lifetime: Lifetime
    account_id: str
    origin: Origin | None = None

    def __repr__(self) -> str:
        return (
            f"RoleCredentials(access_key={self.keys.access_key!r}, lifetime={self.lifetime!r}, "
            f"account_id={self.account_id!r}, origin={self.origin!r})"
        )

    @classmethod
    def from_entry(
        cls, entry: Entry | None, account_id: str, clock: Clock
    ) -> RoleCredentials | None:
        """Read a cache file; None if it holds no credentials that can be understood."""
        held = entry.document.get("Credentials") if entry else None
        if entry is None or not isinstance(held, dict):
            return None
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        texts = [held[name] for name in names if isinstance(held.get(name), str)]
        if len(texts) < len(names):
            return None
        try:
            expires_at = parse_timestamp(held.get("Expiration"))
        except ValueError:
            return None
        lifetime = Lifetime(clock.at(entry.stored_at), expires_at)
        origin = find_origin(entry.document)
        return cls(ReadOnlyCredentials(*texts), lifetime, account_id, origin)

    @staticmethod
    def fault(entry: Entry) -> str | None:
        """Say what is wrong with the expiration in a cache file; None if it is valid."""
        held = entry.document.get("Credentials")
        return timestamp_problem(held, "Expiration") if isinstance(held, dict) else None

    def document(self) -> Document:
        """Return the cache file, as the AWS CLI writes it, with a note of the login."""
        document = {
            "ProviderType": "sso",
            "Credentials": members(self.keys, self.lifetime.expires_at, self.account_id),
        }
        return note_origin(document, self.origin)


def members(
    keys: ReadOnlyCredentials, expires_at: float | None, account_id: str | None = None
) -> dict[str, str]:
    """Return credentials as the AWS CLI's cache and a credential process write them.

    :param expires_at: in epoch seconds; None for credentials that do not expire.
    """
    found = {
        "AccessKeyId": keys.access_key,
        "SecretAccessKey": keys.secret_key,
        "SessionToken": keys.token,
        "Expiration": None if expires_at is None else format_timestamp(expires_at),
        "AccountId": account_id or getattr(keys, "account_id", None),
    }
    return {name: value for name, value in found.items() if value is not None}


class RoleFile:
    """The file with the credentials of one role, shared with every process of this user.

    :param account_id: the account of the profile's role.
    :param of_login: whether credentials in the cache are used only for the login that they came
        from. A cache that a caller has set is used as botocore uses it.
    """

    def __init__(
        self, login: Login, cache: Cache, account_id: str, *, of_login: bool = True
    ) -> None:
        self.login = login
        self.cache = cache
        self.account_id = account_id
        self.of_login = of_login
        self.key = role_key(login.profile, account_id)
        self._reported: str | None = None

    def load(self) -> RoleCredentials | None:
        """Return valid credentials of the cache. Makes no network call."""
        entry = self.cache.get(self.key)
        found = RoleCredentials.from_entry(entry, self.account_id, self.login.clock)
        if entry and not found:
            self._report(RoleCredentials.fault(entry))
        if entry is None or found is None:
            return None
        if self.login.clock.now() >= found.lifetime.expires_at:
            return None
        if self.of_login and not is_of_login(self.login, found.origin, entry.mark[0]):
            return None
        return found

    def _report(self, fault: str | None) -> None:
        """Report a cache file that is not used, once."""
        if fault and fault != self._reported:
            self._reported = fault
            _logger.warning("Ignoring %s, which %s", self.cache.describe(self.key), fault)


def is_of_login(login: Login, origin: Origin | None, stored_at: int) -> bool:
    """Return whether a document that was derived from a login was derived from this one.

    If the token file has not changed since, that takes one call of ``stat``.

    :param origin: the login it was derived from; None if another program derived it.
    :param stored_at: when that was stored, in nanoseconds, by the clock of the token file.
    """
    mark = login.store.mark(login.key)
    if mark is None:
        return False
    if (mark == origin[1]) if origin else (stored_at > mark[0]):
        return True
    from .token_file import TokenFile

    known = TokenFile(login).known_login()
    if known is None:
        return False
    return known.id == origin[0] if origin else stored_at > (known.began_at or mark[0])
