"""Which login a token belongs to, and which role credentials came from that login.

A login is what a person does; its tokens follow each other by renewal. No file of the AWS CLI says
which login it belongs to, so this is kept in a file of our own: the random id of the newest login,
the digests of its tokens, and the keys of its role files. A token that is not in there was written
by another program, maybe for another user, and counts as a new login.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from typing import TYPE_CHECKING, NamedTuple

from ..storage.file_cache import own_cache
from ..storage.keys import own_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..storage.cache import Cache, Document
    from .access_token import AccessToken

__all__ = ["KnownLogin", "LoginIndex"]

_KEY = re.compile(r"[0-9a-f]{40}")
"""The cache key of a token or a role. Others are ignored, since files are deleted by these names.
"""


class KnownLogin(NamedTuple):
    """A login.

    :param id: random, the same in all processes.
    :param began_at: the mtime of its first token file in nanoseconds, where that file has been
        replaced by a renewal of ours; else None.
    """

    id: str
    began_at: int | None


class LoginIndex:
    """The newest login whose token has a given cache key."""

    def __init__(self, cache: Cache, token_key: str) -> None:
        self._cache = cache
        self._key = own_key("roles", token_key)

    @classmethod
    def of(cls, token_key: str) -> LoginIndex:
        """Return the index of a token's login, in our own folder."""
        return cls(own_cache(), token_key)

    @staticmethod
    def keys_of_tokens() -> set[str]:
        """Return the cache keys of all tokens that there is an index of."""
        keys = {name.removeprefix("roles-") for name in own_cache().keys("roles-")}
        return {key for key in keys if _KEY.fullmatch(key)}

    def find(self, token: AccessToken) -> KnownLogin | None:
        """Return the login that a token belongs to; None if we have not seen the token yet."""
        held = self._load()
        login, began_at = held.get("login"), held.get("beganAt")
        known = isinstance(login, str) and _digest(token) in _strings(held.get("tokens"))
        if not known:
            return None
        return KnownLogin(str(login), began_at if isinstance(began_at, int) else None)

    def identify(self, token: AccessToken, is_current: Callable[[], bool]) -> str:
        """Return the id of the login that a token belongs to, a new one for a new token.

        :param is_current: whether the token is still in its file; if not, its id is not kept.
        """
        found = self.find(token)
        if found:
            return found.id
        with self._cache.locked(self._key):
            found = self.find(token)
            login = found.id if found else _new_id()
            if not found and is_current():
                self._put({**self._load(), **_record(login, token)})
        return login

    def begin(self, token: AccessToken) -> None:
        """Note that a person has logged in: the token is the first of a new login."""
        with self._cache.locked(self._key):
            self._put({**_record(_new_id(), token), "keys": []})

    def continue_with(self, renewed: AccessToken, old: AccessToken) -> None:
        """Note that a token is about to take the place of another one of the same login."""
        with self._cache.locked(self._key):
            login = self.find(old) or KnownLogin(_new_id(), None)
            first = login.began_at or (old.mark[0] if old.mark else None)
            record = {**_record(login.id, renewed, old), "beganAt": first}
            self._put({**self._load(), **record})

    def keys(self) -> set[str]:
        """Return the cache keys of all role credentials that were kept."""
        return {key for key in _strings(self._load().get("keys")) if _KEY.fullmatch(key)}

    def add(self, key: str) -> None:
        """Note that role credentials are kept under a cache key."""
        if key in self.keys():
            return
        with self._cache.locked(self._key):
            self._put({**self._load(), "keys": sorted(self.keys() | {key})})

    def clear(self) -> None:
        """Forget the login."""
        self._cache.delete(self._key)

    def _load(self) -> Document:
        entry = self._cache.get(self._key)
        return entry.document if entry else {}

    def _put(self, document: Document) -> None:
        self._cache.put(self._key, document)


def _record(login: str, *tokens: AccessToken) -> Document:
    return {"login": login, "tokens": [_digest(token) for token in tokens], "beganAt": None}


def _digest(token: AccessToken) -> str:
    """Return a digest that identifies a token. The token cannot be computed from it."""
    return hashlib.sha256(token.value.encode()).hexdigest()


def _new_id() -> str:
    return secrets.token_hex(16)


def _strings(held: object) -> list[str]:
    return [each for each in held if isinstance(each, str)] if isinstance(held, list) else []
