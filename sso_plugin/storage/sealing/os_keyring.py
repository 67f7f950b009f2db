"""The keys in the keyring of the operating system, by the package keyring.

They are one item: the newest key and at most one older one. An item of Windows has at most 1,280
characters, so the documents themselves are in files.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from ...redact import Secret, hide_frames
from ..waiting import is_unattended
from .creation import creation_lock
from .encryption_key import EncryptionKey, key_from_text, new_key
from .key_source import Keys, KeyUnavailableError
from .keyring_backend import accepted_backend, asks_now, check_not_locked
from .keyring_errors import use_keyring

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .keyring_backend import Backend

__all__ = ["KeyringKeys"]

_SERVICE = "sso-plugin"
_USER = "encryption key"
_ITEM = {"service": _SERVICE, "username": _USER}


class KeyringKeys:
    """The keys in the keyring.

    :param own_folder: ``~/.aws/sso-plugin``, for the lock.
    :param choose: returns the backend, or raises `KeyUnavailableError`.
    """

    may_ask = True

    def __init__(self, own_folder: Path, choose: Callable[[], Backend] = accepted_backend) -> None:
        self._own_folder = own_folder
        self._choose = choose
        self._accepted: Backend | None = None

    @hide_frames
    def read(self) -> Keys:
        """See `KeySource`."""
        backend = self._backend()
        check_not_locked(backend, _ITEM)
        return _read(backend)

    @hide_frames
    def create(self) -> Keys:
        """See `KeySource`."""
        # Before the lock: a prompt may stay open for minutes.
        keys = self.read()
        if keys:
            return keys
        with creation_lock(self._own_folder, "keyring"):
            backend = self._backend()
            return _read(backend) or _store(backend, (new_key(),))

    @hide_frames
    def rotate(self) -> Keys:
        """See `KeySource`."""
        self.read()
        with creation_lock(self._own_folder, "keyring"):
            backend = self._backend()
            return _store(backend, (new_key(), *_read(backend)[:1]))

    def mark(self) -> object:
        """See `KeySource`. The keys would have to be read."""
        return None

    def asks_now(self) -> bool:
        """See `KeySource`."""
        try:
            return asks_now(self._backend(), _ITEM)
        except KeyUnavailableError:
            # Reading reports the same error.
            return False

    def why_not_creatable(self) -> str | None:
        """See `KeySource`. A backend may accept a key and forget it."""
        return None

    def describe(self) -> str:
        """See `KeySource`."""
        if not self._accepted and not is_unattended():
            with contextlib.suppress(KeyUnavailableError):
                self._backend()
        backend = f" ({self._accepted.name})" if self._accepted else ""
        return f"the key in the keyring{backend}"

    def _backend(self) -> Backend:
        self._accepted = self._accepted or self._choose()
        return self._accepted


@hide_frames
def _read(backend: Backend) -> Keys:
    text = Secret(
        use_keyring(backend.name, lambda: backend.keyring.get_password(_SERVICE, _USER)) or ""
    )
    keys = [key_from_text(Secret(word)) for word in text.split()]
    valid = tuple(key for key in keys if key is not None)
    if len(valid) != len(keys):
        raise KeyUnavailableError(
            f"the item of sso-plugin in the keyring ({backend.name}) is not a key "
            f'(delete it by: keyring del {_SERVICE} "{_USER}")'
        )
    return valid


@hide_frames
def _store(backend: Backend, keys: tuple[EncryptionKey, ...]) -> Keys:
    text = Secret(" ".join(key.text for key in keys))
    use_keyring(backend.name, lambda: backend.keyring.set_password(_SERVICE, _USER, str(text)))
    stored = _read(backend)
    if stored != keys:
        raise KeyUnavailableError(
            f"the keyring ({backend.name}) does not return the key that it was given"
        )
    return stored
