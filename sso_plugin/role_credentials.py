"""Role credentials: from the AWS CLI's cache while they are fresh, else by GetRoleCredentials."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .clock import Lifetime, format_timestamp, parse_timestamp
from .errors import NoAccess, PortalError, PortalRefusal, SsoPluginError
from .filecache import own_cache
from .outage import Outage

if TYPE_CHECKING:
    from .answers import RoleKeys
    from .cache import Cache, Document, Entry
    from .config import SsoProfile
    from .tokens import TokenSource

__all__ = ["RoleCredentials", "RoleIndex", "RoleSource", "role_key"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RoleCredentials:
    """Keys for one role in one account, and how long they live."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    lifetime: Lifetime
    account_id: str

    @classmethod
    def from_entry(cls, entry: Entry | None, account_id: str) -> RoleCredentials | None:
        """Read a cache file; None if it holds no credentials that can be understood."""
        held = entry.document.get("Credentials") if entry else None
        if entry is None or not isinstance(held, dict):
            return None
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")
        texts = [held[name] for name in names if isinstance(held.get(name), str)]
        if len(texts) < len(names):
            return None
        access_key, secret_key, session_token, expires = texts
        try:
            lifetime = Lifetime(entry.stored_at, parse_timestamp(expires))
        except (ValueError, OverflowError):
            return None
        return cls(access_key, secret_key, session_token, lifetime, account_id)

    @classmethod
    def granted(cls, keys: RoleKeys, account_id: str, now: float) -> RoleCredentials:
        """Make credentials of the portal's answer."""
        return cls(
            keys.access_key,
            keys.secret_key,
            keys.session_token,
            Lifetime(now, keys.expires_at),
            account_id,
        )

    def document(self) -> Document:
        """Return the cache file, as the AWS CLI writes it."""
        return {
            "ProviderType": "sso",
            "Credentials": {
                "AccessKeyId": self.access_key,
                "SecretAccessKey": self.secret_key,
                "SessionToken": self.session_token,
                "Expiration": format_timestamp(self.lifetime.expires_at),
                "AccountId": self.account_id,
            },
        }


class RoleSource:
    """The credentials of one role: one file, shared with every process of this user."""

    def __init__(self, profile: SsoProfile, tokens: TokenSource, cache: Cache) -> None:
        self._profile = profile
        self._account_id = str(profile.account_id)
        self._role_name = str(profile.role_name)
        self._tokens = tokens
        self._portal = tokens.portal
        self._clock = tokens.clock
        self._cache = cache
        self.key = role_key(profile, self._account_id)
        self._index = RoleIndex.of(tokens.key)
        self._outage = Outage(own_cache(), self.key)

    def load(self) -> RoleCredentials | None:
        """Return credentials of the cache that still live. Goes nowhere."""
        found = RoleCredentials.from_entry(self._cache.get(self.key), self._account_id)
        return found if found and self._clock.now() < found.lifetime.expires_at else None

    def fetch(self) -> RoleCredentials:
        """Return credentials that are not due for renewal, asking the portal if need be.

        :raises LoginRequired: if a person has to log in.
        :raises NoAccess: if the user does not have this role in this account.
        :raises PortalError: if the portal gives no answer, or another one.
        """
        began = time.time()
        found = self._load_fresh()
        if found:
            return found
        # A renewal or a login takes its time: nobody is kept at the lock of the role meanwhile.
        self._tokens.fetch()
        with self._cache.locked(self.key):
            return self._load_fresh() or self._ask_unless_down(began)

    def _ask_unless_down(self, began: float) -> RoleCredentials:
        self._outage.check(began)
        try:
            return self._ask()
        except PortalError as exc:
            self._outage.note(exc)
            raise

    def _load_fresh(self) -> RoleCredentials | None:
        found = self.load()
        return found if found and self._clock.now() < found.lifetime.renew_from else None

    def _ask(self) -> RoleCredentials:
        token = self._tokens.fetch().value
        try:
            try:
                keys = self._get(token)
            except PortalRefusal as exc:
                if exc.code != "UnauthorizedException":
                    raise
                # Revoked, or renewed by a program that does not take our lock.
                token = self._tokens.fetch(rejected=token).value
                keys = self._get(token)
        except PortalRefusal as exc:
            explained = self._explained(exc)
            if explained is None:
                raise
            raise explained from exc
        now = self._clock.now()
        if now >= keys.expires_at:
            raise PortalError(
                error_msg=f"The portal gave credentials for {self._name} that had expired",
                retryable=True,
            )
        fetched = RoleCredentials.granted(keys, self._account_id, now)
        self._cache.put(self.key, fetched.document())
        self._index.add(self.key)
        until = format_timestamp(fetched.lifetime.expires_at)
        _logger.debug("Fetched credentials for %s, valid until %s", self._name, until)
        return fetched

    def _get(self, token: str) -> RoleKeys:
        return self._portal.get_role_credentials(token, self._account_id, self._role_name)

    @property
    def _name(self) -> str:
        return f"the role {self._role_name} in the account {self._account_id}"

    def _explained(self, exc: PortalRefusal) -> Exception | None:
        if exc.code == "UnauthorizedException":
            return self._tokens.login_required("the portal does not accept its token")
        if exc.code not in ("ForbiddenException", "ResourceNotFoundException"):
            return None
        return NoAccess(
            error_msg=f"{self._profile.subject} asks for {self._name}, which this "
            f"user does not have. {self._alternatives()}",
            response=exc.response,
            operation_name=exc.operation_name,
        )

    def _alternatives(self) -> str:
        from .directory import Directory

        try:
            roles = Directory(self._tokens, pauses=()).role_names(self._account_id)
        except SsoPluginError as exc:
            _logger.debug("Cannot list the roles in %s: %s", self._account_id, exc)
            return "Check sso_account_id and sso_role_name."
        if not roles:
            return "Set sso_account_id to an account in which the user has a role."
        return f"Set sso_role_name to one of: {', '.join(sorted(roles))}."


class RoleIndex:
    """Which role credentials came from a login: their files do not say, and a logout must know."""

    def __init__(self, cache: Cache, token_key: str) -> None:
        self._cache = cache
        self._key = f"roles-{token_key}"

    @classmethod
    def of(cls, token_key: str) -> RoleIndex:
        """Return the index of a token's login, in our own folder."""
        return cls(own_cache(), token_key)

    def keys(self) -> set[str]:
        """Return the cache keys of all role credentials that were kept."""
        entry = self._cache.get(self._key)
        held = entry.document.get("keys") if entry else None
        return {str(key) for key in held} if isinstance(held, list) else set()

    def add(self, key: str) -> None:
        """Remember one."""
        if key in self.keys():
            return
        with self._cache.locked(self._key):
            self._cache.put(self._key, {"keys": sorted(self.keys() | {key})})

    def clear(self) -> None:
        """Forget all."""
        self._cache.delete(self._key)


def role_key(profile: SsoProfile, account_id: str) -> str:
    """Return the AWS CLI's name for the credentials of this profile's role."""
    parts = {"accountId": account_id, "roleName": profile.role_name}
    if profile.session_name:
        parts["sessionName"] = profile.session_name
    else:
        parts["startUrl"] = profile.start_url
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
