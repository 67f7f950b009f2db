"""The credentials of a role: from the AWS CLI's cache while they are valid, else fetched.

`role_request` asks the portal; a session whose credentials are cached does not import it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from botocore.credentials import ReadOnlyCredentials

from ..storage.keys import role_key
from ..timestamps import format_timestamp, parse_timestamp, timestamp_problem
from .schedule import Lifetime

if TYPE_CHECKING:
    from ..clock import Clock
    from ..storage.cache import Cache, Document, Entry, Mark
    from .login import Login
    from .role_request import RoleRequest
    from .token_source import AskPerson

__all__ = [
    "NO_ORIGIN",
    "Origin",
    "RoleCredentials",
    "RoleSource",
    "find_origin",
    "members",
    "note_origin",
]

_logger = logging.getLogger(__name__)

Origin = tuple[str, "Mark"]
"""What a document was derived from: the id of a login, and the mark of its token file."""

NO_ORIGIN: Origin = ("", (0, 0, 0))
"""The origin of what no login vouches for."""

_ORIGIN = "SsoPlugin"


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


class RoleSource:
    """The credentials of one role: one file, shared with every process of this user.

    :param account_id: the account of the profile's role.
    :param ask: has a person log in where nothing else helps; see `TokenSource`.
    :param of_login: whether credentials in the cache count only for the login that they came from.
        A cache that a caller has set is used as botocore uses it.
    """

    def __init__(
        self,
        login: Login,
        cache: Cache,
        account_id: str,
        ask: AskPerson | None = None,
        *,
        of_login: bool = True,
    ) -> None:
        self.login = login
        self.cache = cache
        self.account_id = account_id
        self.ask = ask
        self.of_login = of_login
        self.key = role_key(login.profile, account_id)
        self._made: RoleRequest | None = None
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
        if self.of_login and not self.login.vouches_for(found.origin, entry.mark[0]):
            return None
        return found

    def prepare(self) -> None:
        """Import all that `fetch` and `replace` need. See `Source`."""
        self._request.prepare()

    def fetch(self, *, attended: bool = True, minimum: float = 0.0) -> RoleCredentials:
        """Return credentials that are not due for renewal, asking the portal if need be.

        :param attended: whether a person may be asked to log in.
        :param minimum: for how many seconds they should be valid at least; see `Lifetime`.
        :raises LoginRequired: if a person has to log in.
        :raises NoAccess: if the user does not have this role in this account.
        :raises PortalError: if the portal is unreachable or returns an error.
        """
        return self._request.fetch(attended=attended, minimum=minimum)

    def replace(self, rejected: str) -> RoleCredentials:
        """Return other credentials than those that AWS rejected; asks no person to log in.

        What another process has fetched meanwhile is used. The portal is asked at most once in 5
        minutes, by all processes together.

        :param rejected: the access key that was rejected.
        :raises SsoPluginError: as `fetch` does, also if it is too early to ask.
        """
        return self._request.replace(rejected)

    @property
    def _request(self) -> RoleRequest:
        if self._made is None:
            from .role_request import RoleRequest

            self._made = RoleRequest(self)
        return self._made

    def _report(self, fault: str | None) -> None:
        """Report a cache file that is not used, once."""
        if fault and fault != self._reported:
            self._reported = fault
            _logger.warning("Ignoring %s, which %s", self.cache.describe(self.key), fault)


def note_origin(document: Document, origin: Origin | None) -> Document:
    """Return a document with a note of the login that it was derived from."""
    if origin is None:
        return document
    return {**document, _ORIGIN: {"LoginId": origin[0], "TokenFile": list(origin[1])}}


def find_origin(document: Document) -> Origin | None:
    """Return the login that a document was derived from; None if another program wrote it."""
    held = document.get(_ORIGIN)
    if held is None:
        return None
    try:
        mtime, size, inode = map(int, held["TokenFile"])
        return str(held["LoginId"]), (mtime, size, inode)
    except (TypeError, ValueError, KeyError, OverflowError):
        return NO_ORIGIN
