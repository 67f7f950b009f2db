"""Role credentials as values, and their names and form in the AWS CLI's cache."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .clock import Lifetime, format_timestamp, parse_timestamp
from .filecache import own_cache

if TYPE_CHECKING:
    from .answers import RoleKeys
    from .cache import Cache, Document, Entry
    from .clock import Clock
    from .config import SsoProfile

__all__ = ["RoleCredentials", "RoleIndex", "role_key"]

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
    def from_entry(
        cls, entry: Entry | None, account_id: str, clock: Clock
    ) -> RoleCredentials | None:
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
            lifetime = Lifetime(clock.at(entry.stored_at), parse_timestamp(expires))
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
