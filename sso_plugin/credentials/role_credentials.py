"""Role credentials as values, and their names and form in the AWS CLI's cache."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..timestamps import format_timestamp, parse_timestamp, timestamp_problem
from .access_token import find_origin, note_origin
from .schedule import Lifetime

if TYPE_CHECKING:
    from ..config.profile import SsoProfile
    from ..portal.answers import RoleKeys
    from ..portal.clock import Clock
    from ..storage.cache import Document, Entry
    from .access_token import Origin

__all__ = ["RoleCredentials", "role_key"]


@dataclass(frozen=True)
class RoleCredentials:
    """Keys for one role in one account, how long they live, and the login they came from.

    ``origin`` is None where another program wrote them, or a caller set the cache.
    """

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    lifetime: Lifetime
    account_id: str
    origin: Origin | None = None

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
        access_key, secret_key, session_token = texts
        try:
            expires_at = parse_timestamp(held.get("Expiration"))
        except ValueError:
            return None
        lifetime = Lifetime(clock.at(entry.stored_at), expires_at)
        origin = find_origin(entry.document)
        return cls(access_key, secret_key, session_token, lifetime, account_id, origin)

    @staticmethod
    def fault(entry: Entry) -> str | None:
        """Say what is wrong with the end of the credentials in a cache file; None if it is fine."""
        held = entry.document.get("Credentials")
        return timestamp_problem(held, "Expiration") if isinstance(held, dict) else None

    @classmethod
    def granted(
        cls, keys: RoleKeys, account_id: str, now: float, origin: Origin | None
    ) -> RoleCredentials:
        """Make credentials of the portal's answer."""
        return cls(
            keys.access_key,
            keys.secret_key,
            keys.session_token,
            Lifetime(now, keys.expires_at),
            account_id,
            origin,
        )

    def document(self) -> Document:
        """Return the cache file, as the AWS CLI writes it, with a note of the login."""
        document = {
            "ProviderType": "sso",
            "Credentials": {
                "AccessKeyId": self.access_key,
                "SecretAccessKey": self.secret_key,
                "SessionToken": self.session_token,
                "Expiration": format_timestamp(self.lifetime.expires_at),
                "AccountId": self.account_id,
            },
        }
        return note_origin(document, self.origin)


def role_key(profile: SsoProfile, account_id: str) -> str:
    """Return the AWS CLI's name for the credentials of this profile's role."""
    parts = {"accountId": account_id, "roleName": profile.role_name}
    if profile.session_name:
        parts["sessionName"] = profile.session_name
    else:
        parts["startUrl"] = profile.start_url
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
