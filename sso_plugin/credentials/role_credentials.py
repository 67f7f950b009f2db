"""The credentials of one role as a value, and their file in the AWS CLI's cache.

Reads the cache only. `role_request` sends the request and writes the file.
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
    from ..storage.cache import Cache
    from ..storage.documents import Entry
    from ..storage.reading import Document
    from . import Login, Origin

__all__ = ["RoleCredentials", "RoleFile", "is_of_login", "members"]

_logger = logging.getLogger(__name__)


class RoleCredentials(NamedTuple):
    """Credentials of one role in one account, their lifetime, and the login they came from.

    :param keys: the keys as botocore's own type. Its ``account_id`` is not set.
    :param origin: None if another program wrote the file, or a caller has set the cache.
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
        """Read a cache file; return None if it holds no complete credentials."""
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
    def problem(entry: Entry) -> str | None:
        """Return why the expiration in a cache file is not valid, as the end of a sentence."""
        held = entry.document.get("Credentials")
        return timestamp_problem(held, "Expiration") if isinstance(held, dict) else None

    def document(self) -> Document:
        """Return the content of the cache file: that of the AWS CLI, and the origin."""
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
    :param of_login: whether cached credentials are used only for the login that they came from.
        A cache that a caller has set is used as botocore uses it: for every login.
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
        self._last_read: tuple[Entry | None] | None = None
        """What the file held when it was last read; None before that."""

    def load(self) -> RoleCredentials | None:
        """Return valid credentials from the cache. Makes no network call."""
        entry = self.cache.get(self.key)
        self._last_read = (entry,)
        return self._valid_in(entry)

    def load_if_changed(self) -> RoleCredentials | None:
        """Return the same as `load`, but do not open the file if it is the one last read.

        Only for a first check: over NFS, the status of a file can be a few seconds old.
        """
        # A cache that a caller has set may return another document without a sign of the change.
        if self._last_read is None or not self.of_login:
            return self.load()
        (entry,) = self._last_read
        unchanged = self.cache.mark(self.key) == (entry.mark if entry else None)
        return self._valid_in(entry) if unchanged else self.load()

    def _valid_in(self, entry: Entry | None) -> RoleCredentials | None:
        found = RoleCredentials.from_entry(entry, self.account_id, self.login.clock)
        if entry and not found:
            self._report(RoleCredentials.problem(entry))
        if entry is None or found is None:
            return None
        if self.login.clock.now() >= found.lifetime.expires_at:
            return None
        if self.of_login and not is_of_login(self.login, found.origin, entry.mark[0]):
            return None
        return found

    def _report(self, problem: str | None) -> None:
        """Report a cache file that is ignored, once."""
        if problem and problem != self._reported:
            self._reported = problem
            _logger.warning("Ignoring %s, which %s", self.cache.describe(self.key), problem)


def is_of_login(login: Login, origin: Origin | None, stored_at: int) -> bool:
    """Return whether a document comes from this login. Makes no network call.

    If the token file has not changed since, this takes one call of ``stat``.

    :param origin: the origin of the document; None if another program wrote it.
    :param stored_at: when the document was stored, in nanoseconds, by the clock of the token file.
    """
    mark = login.stores.tokens.mark(login.key)
    if mark is None:
        return False
    if (mark == origin[1]) if origin else (stored_at > mark[0]):
        return True
    from .token_file import TokenFile

    known = TokenFile(login).known_login()
    if known is None:
        return False
    return known.id == origin[0] if origin else stored_at > (known.began_at or mark[0])
