"""Which login a token belongs to, and which role files come from that login.

A person logs in; after that, each renewal replaces the token by the next one of the same login. The
files of the AWS CLI do not say which login they belong to, so the index does. It is a file of our
own with the random id of the newest login, the digests of its tokens, and the keys of its role
files. A token that is not in the index was written by another program, possibly for another user,
and counts as a new login.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, NamedTuple

from ..storage.keys import own_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..storage.cache import Cache
    from ..storage.reading import Document
    from .access_token import AccessToken

__all__ = ["KnownLogin", "LoginIndex"]

_KEY = re.compile(r"[0-9a-f]{40}")
"""The cache key of a token or a role. Others are ignored, since we delete files by these names."""


class KnownLogin(NamedTuple):
    """A login.

    :param id: random, the same in all processes.
    :param began_at: the mtime of its first token file in nanoseconds, if a renewal of ours has
        replaced that file; else None.
    """

    id: str
    began_at: int | None


class LoginIndex:
    """The newest login of one cache key for tokens."""

    def __init__(self, cache: Cache, token_key: str) -> None:
        self._cache = cache
        self._key = own_key("roles", token_key)

    @staticmethod
    def keys_of_tokens(cache: Cache) -> set[str]:
        """Return the cache keys of all tokens that have an index."""
        keys = {name.removeprefix("roles-") for name in cache.keys("roles-")}
        return {key for key in keys if _KEY.fullmatch(key)}

    def find(self, token: str) -> KnownLogin | None:
        """Return the login that a token belongs to; None if the token is not in the index.

        :param token: the identity of the token.
        """
        return _find(self._load(), token)

    def identify(
        self, token: AccessToken, is_current: Callable[[], bool], role: str | None = None
    ) -> str:
        """Return the id of the login that a token belongs to; a new id for a new token.

        :param is_current: whether the token is still in its file; if not, a new id is not stored.
        :param role: the cache key of role credentials, which is added to the index.
        """
        document = self._load()
        found = _login_of(document, token)
        if found and role in (None, *_keys(document)):
            return found.id
        with self._cache.locked(self._key):
            document = self._load()
            found = _login_of(document, token)
            login = found.id if found else token.login_id or _new_id()
            if found or is_current():
                record = {} if found else _record(login, token)
                self._put(_with_key({**document, **record}, role))
        return login

    def begin(self, token: AccessToken) -> None:
        """Note that a person has logged in; the token is the first of a new login."""
        with self._cache.locked(self._key):
            self._put({**_record(token.login_id or _new_id(), token), "keys": []})

    def continue_with(self, renewed: AccessToken, old: AccessToken) -> None:
        """Note that a renewed token is about to replace another one of the same login."""
        with self._cache.locked(self._key):
            found = _login_of(self._load(), old)
            login = found or KnownLogin(old.login_id or _new_id(), None)
            first = login.began_at or (old.mark[0] if old.mark else None)
            record = {**_record(login.id, renewed, old), "beganAt": first}
            self._put({**self._load(), **record})

    def keys(self) -> set[str]:
        """Return the cache keys of the role credentials that come from this login."""
        return _keys(self._load())

    def add(self, key: str) -> None:
        """Note that role credentials come from this login.

        :param key: their cache key.
        """
        if key in self.keys():
            return
        with self._cache.locked(self._key):
            self._put(_with_key(self._load(), key))

    def clear(self) -> None:
        """Delete the index."""
        self._cache.delete(self._key)

    def _load(self) -> Document:
        entry = self._cache.get(self._key)
        return entry.document if entry else {}

    def _put(self, document: Document) -> None:
        self._cache.put(self._key, document)


def _login_of(document: Document, token: AccessToken) -> KnownLogin | None:
    """Return the login of a token; None if the index has another one than the token says."""
    found = _find(document, token.identity)
    return None if found and token.login_id not in (None, found.id) else found


def _find(document: Document, token: str) -> KnownLogin | None:
    login, began_at = document.get("login"), document.get("beganAt")
    if not isinstance(login, str) or token not in _strings(document.get("tokens")):
        return None
    return KnownLogin(login, began_at if isinstance(began_at, int) else None)


def _keys(document: Document) -> set[str]:
    return {key for key in _strings(document.get("keys")) if _KEY.fullmatch(key)}


def _with_key(document: Document, key: str | None) -> Document:
    return document if key is None else {**document, "keys": sorted(_keys(document) | {key})}


def _record(login: str, *tokens: AccessToken) -> Document:
    return {"login": login, "tokens": [token.identity for token in tokens], "beganAt": None}


def _new_id() -> str:
    return secrets.token_hex(16)


def _strings(held: object) -> list[str]:
    return [each for each in held if isinstance(each, str)] if isinstance(held, list) else []
