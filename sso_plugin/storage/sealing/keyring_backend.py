"""Which backends of the package keyring are accepted.

The package silently chooses a backend that forgets what it stores, or one that stores plain text,
if one is installed or configured. So only those that are listed here are used.
"""

from __future__ import annotations

import contextlib
import functools
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from ...printable import one_line
from .key_source import KeyUnavailableError
from .keyring_errors import INSTEAD, clause_of, use_keyring

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

__all__ = ["Backend", "accepted_backend", "asks_now", "check_not_locked"]

_ACCEPTED = {
    "keyring.backends.SecretService.Keyring": "Secret Service",
    "keyring.backends.libsecret.Keyring": "libsecret",
    "keyring.backends.kwallet.DBusKeyring": "KWallet",
    "keyring.backends.kwallet.DBusKeyringKWallet4": "KWallet",
    "keyring.backends.macOS.Keyring": "macOS Keychain",
    "keyring.backends.Windows.WinVaultKeyring": "Windows Credential Manager",
}
"""The names of the accepted backends for messages, by their classes."""

_CHAINER = "keyring.backends.chainer.ChainerBackend"
"""Asks several backends in turn."""

_MISSING = ("keyring.backends.fail.Keyring", "keyring.backends.null.Keyring")
"""The backends that the package uses if there is no keyring, or if it is disabled."""

_VARIABLE = "PYTHON_KEYRING_BACKEND"
"""Names the backend for the package keyring."""

_REPLY_TIMEOUT = 5.0
"""Seconds to wait for each reply to a question that opens no prompt. A keyring may hang."""

_NEVER_ASK = {"Windows Credential Manager"}
_SECRET_SERVICES = {"Secret Service", "libsecret"}


class Backend(NamedTuple):
    """A backend that is accepted, and its name for messages."""

    keyring: KeyringBackend
    name: str


def accepted_backend() -> Backend:
    """Return the backend that is configured, or that of the system.

    :raises KeyUnavailableError: if the package is not installed, or the backend is not accepted.
    """
    try:
        import keyring
    except ImportError:
        raise KeyUnavailableError(
            "the package keyring is not installed (run: pip install 'sso-plugin[keyring]', "
            f"or {INSTEAD})"
        ) from None
    configured = os.environ.get(_VARIABLE, "")
    configured = configured and f"{configured} of {_VARIABLE}"
    chosen = use_keyring(configured, lambda: _secret_service() or keyring.get_keyring())
    for each in use_keyring(configured, lambda: _links_of(chosen)):
        if name := _ACCEPTED.get(_class_of(each)):
            return Backend(each, name)
    raise KeyUnavailableError(_why_refused(_class_of(chosen)))


def _links_of(keyring: Any) -> list[KeyringBackend]:
    """Return the backends that a keyring stands for."""
    return list(keyring.backends) if _class_of(keyring) == _CHAINER else [keyring]


def _secret_service() -> KeyringBackend | None:
    """Return the backend of the Secret Service, if the package keyring would use it.

    That package loads all backends, which takes longer than all else here, and it remembers that
    there is none if the bus was overloaded at that moment.
    """
    is_kde = "KDE" in os.environ.get("XDG_CURRENT_DESKTOP", "").split(":")
    if is_kde or "DBUS_SESSION_BUS_ADDRESS" not in os.environ:
        return None
    from keyring.backends.SecretService import Keyring
    from keyring.core import load_config, load_env

    if load_env() or load_config():
        return None
    try:
        Keyring.priority  # noqa: B018 - raises an error if there is no Secret Service
    except RuntimeError:
        return None
    return Keyring()  # type: ignore[no-untyped-call]


def _class_of(keyring: KeyringBackend) -> str:
    return f"{type(keyring).__module__}.{type(keyring).__qualname__}"


def _why_refused(name: str) -> str:
    if name == _MISSING[0]:
        return f"there is no keyring on this machine or in this session ({INSTEAD})"
    what = "stores nothing" if name == _MISSING[1] else "is not one that sso-plugin trusts"
    return f"the keyring backend {one_line(name)} {what} ({INSTEAD}, or use another backend)"


def asks_now(backend: Backend, item: dict[str, str]) -> bool:
    """Return whether reading an item would ask a person, or whether that is not known.

    :param item: what identifies the item: its service and its user name.
    :raises KeyUnavailableError: if the keyring cannot be used.
    """
    if backend.name in _NEVER_ASK:
        return False
    # KWallet and the macOS Keychain do not say whether they would ask.
    if backend.name not in _SECRET_SERVICES:
        return True
    return use_keyring(backend.name, lambda: _find_obstacle(backend, item)) is not None


def check_not_locked(backend: Backend, item: dict[str, str]) -> None:
    """Raise `KeyUnavailableError` if reading an item would open a prompt that cannot be seen.

    A process that is not on the desktop, such as one of cron or SSH, would wait for it forever.
    """
    on_desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not on_desktop and backend.name in _SECRET_SERVICES:
        obstacle = use_keyring(backend.name, lambda: _find_obstacle(backend, item))
        if obstacle:
            raise KeyUnavailableError(clause_of(obstacle))


def _find_obstacle(backend: Backend, item: dict[str, str]) -> str | None:
    """Return what would open a prompt: the error of the package keyring if it is dismissed.

    Not by the package keyring, because that opens the prompt.
    """
    import secretstorage
    from secretstorage.collection import DEFAULT_COLLECTION

    path = getattr(backend.keyring, "preferred_collection", DEFAULT_COLLECTION)
    with contextlib.closing(secretstorage.dbus_init()) as connection:
        send = functools.partial(connection.send_and_get_reply, timeout=_REPLY_TIMEOUT)
        connection.send_and_get_reply = send
        try:
            collection = secretstorage.Collection(connection, path)
        except secretstorage.ItemNotFoundException:
            return "InitError"
        # KeePassXC locks single items: those that it asks about.
        items = collection.search_items(item)
        is_locked = collection.is_locked() or any(each.is_locked() for each in items)
        return "KeyringLocked" if is_locked else None
