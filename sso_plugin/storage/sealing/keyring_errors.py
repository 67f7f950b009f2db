"""The errors of the package keyring and of what is behind it, each as one clause."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, TypeVar

from ...printable import one_line
from .key_source import KeyUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

__all__ = ["INSTEAD", "clause_of", "use_keyring"]

_logger = logging.getLogger(__name__)

INSTEAD = "set sso_key to file:PATH or env"
"""What to do without a keyring."""

_LOCKED = "the keyring is locked (unlock it, for example by logging in to the desktop)"

_CLAUSES = {
    "InitError": "there is no unlocked keyring in this session "
    f"(log in to the desktop, or {INSTEAD})",
    "KeyringLocked": _LOCKED,
    "LockedException": _LOCKED,
    "NoKeyringError": f"there is no keyring on this machine or in this session ({INSTEAD})",
    "PromptDismissedException": f"the prompt of the keyring was dismissed (allow it, or {INSTEAD})",
    "TimeoutError": f"the keyring does not respond (log in to the desktop again, or {INSTEAD})",
    "SecretServiceNotAvailableException": "the Secret Service cannot be reached on D-Bus "
    f"(log in to the desktop, or {INSTEAD})",
}
"""By the name of the class: the packages that have them may not be installed."""

_NO_INTERACTION = "-25308"
"""The number of the error of macOS if it may not ask, such as over SSH."""

_LONGEST = 200
"""Characters of another error that are shown."""

_PAUSES = (0.1, 0.3, 1.0)
"""Seconds before a call is repeated. Many processes at once can overload the bus."""


def use_keyring(backend: str, use: Callable[[], T]) -> T:
    """Call a function of a keyring, and return its result.

    It is repeated after an error that goes away without a person.

    :param backend: its name for messages; may be empty.
    :raises KeyUnavailableError: for each error of the keyring.
    """
    pauses = list(_PAUSES)
    while True:
        try:
            return use()
        except Exception as exc:  # noqa: BLE001 - logged; a backend may raise any error
            text = one_line(str(exc), _LONGEST)
            _logger.debug("The keyring (%s) failed: %s: %s", backend, type(exc).__name__, text)
            if not pauses or not _is_transient(exc):
                # Not the cause: its frames have the key.
                raise KeyUnavailableError(_clause(backend, exc, text)) from None
        time.sleep(pauses.pop(0))


def _is_transient(exc: Exception) -> bool:
    """Return whether the bus was overloaded, or the item was replaced while it was read."""
    is_of_bus = isinstance(exc, TimeoutError | ConnectionError)
    return is_of_bus or type(exc).__name__ == "ItemNotFoundException"


def clause_of(name: str) -> str:
    """Return the clause for an error, by the name of its class."""
    return _CLAUSES[name]


def _clause(backend: str, exc: Exception, text: str) -> str:
    if _NO_INTERACTION in text:
        return (
            "the macOS Keychain cannot ask for permission in this session (over SSH, run first: "
            f"security unlock-keychain; or {INSTEAD})"
        )
    name = type(exc).__name__
    if name == "KeyringLocked" and "keychain" in text.lower():
        return f"access to the macOS Keychain was denied (allow it when macOS asks, or {INSTEAD})"
    which = f"the keyring ({one_line(backend)})" if backend else "the keyring"
    return _CLAUSES.get(name, f"{which} failed: {text or name} ({INSTEAD})")
