"""What processes share about one login: who the user is, and that its end was announced.

The notes are in a file of our own, with the id of the login that they are about. See `login_index`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..portal.responses import is_account_id
from ..storage.keys import own_key

if TYPE_CHECKING:
    from ..storage.cache import Cache
    from ..storage.reading import Document

__all__ = ["LoginNotes"]

_LOCK_TIMEOUT = 5.0
"""Seconds. Another process holds the lock for the time of one write."""

_MAX_NAME = 256
"""Characters of a user name. Those of Identity Center have at most 128."""


class LoginNotes:
    """The notes about the newest login of one cache key for tokens.

    Notes about another login count as missing, and are replaced by the next one.
    """

    def __init__(self, cache: Cache, token_key: str) -> None:
        self._cache = cache
        self._key = own_key("notes", token_key)

    def user_of(self, login_id: str) -> str | None:
        """Return the user who logged in; None if that is not known."""
        user = self._load(login_id).get("user")
        return user if _is_name(user) else None

    def role_of(self, login_id: str) -> tuple[str, str] | None:
        """Return the account and the role by which the user was found; None if not known."""
        notes = self._load(login_id)
        account_id, role = notes.get("account"), notes.get("role")
        if not isinstance(account_id, str) or not is_account_id(account_id) or not _is_name(role):
            return None
        return account_id, str(role)

    def note_user(self, login_id: str, user: str, role: tuple[str, str]) -> None:
        """Note who logged in. A name that is not valid is not stored.

        :param role: the account and the role by which the user was found.
        """
        if _is_name(user):
            self._add(login_id, {"user": user, "account": role[0], "role": role[1]})

    def note_warning(self, login_id: str) -> bool:
        """Note that the end of a login is announced. Return True to one caller of all processes."""
        return self._add(login_id, {"warned": True})

    def clear(self) -> None:
        """Delete the notes."""
        self._cache.delete(self._key)

    def _add(self, login_id: str, note: Document) -> bool:
        """Add a note. Return whether it is new, and no other process is adding one."""
        if self._has(login_id, note):
            return False
        with self._cache.locked(self._key, _LOCK_TIMEOUT) as held:
            is_new = bool(held) and not self._has(login_id, note)
            if is_new:
                notes = self._load(login_id)
                self._cache.put(self._key, {**notes, **note, "login": login_id})
        return is_new

    def _has(self, login_id: str, note: Document) -> bool:
        return self._load(login_id).items() >= note.items()

    def _load(self, login_id: str) -> Document:
        entry = self._cache.get(self._key)
        is_of_login = entry is not None and entry.document.get("login") == login_id
        return entry.document if entry is not None and is_of_login else {}


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= _MAX_NAME
