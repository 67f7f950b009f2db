"""The names of documents on a server. They reveal nothing without the key."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import NamedTuple

__all__ = ["LoginName", "Names"]

_LENGTH = 32
"""Hex digits: 128 bits."""


class LoginName(NamedTuple):
    """What a login is called.

    :param session_name: that of its sso-session; None in the legacy form.
    """

    region: str
    start_url: str
    session_name: str | None


class Names:
    """The names of one login, made with the naming key. They stay when the encryption key changes.

    Two groups of people with different keys share nothing, also with the same sso-session.
    """

    def __init__(self, key: bytes, login: LoginName) -> None:
        self._key = key
        self._login = self._digest("login", *login)
        self._portal = self._digest("portal", login.region, login.start_url)

    def of(self, kind: str, key: str = "") -> str:
        """Return the name of a document. All of one login are in one hash slot."""
        return f"{{sso-plugin:{self._login}}}:{kind}:{self._digest(self._login, kind, key)}"

    def of_portal(self, kind: str) -> str:
        """Return the name of what all logins at one portal share."""
        return f"{{sso-plugin:{self._portal}}}:{kind}"

    def _digest(self, *parts: str | None) -> str:
        text = json.dumps(["sso-plugin", *parts]).encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:_LENGTH]
