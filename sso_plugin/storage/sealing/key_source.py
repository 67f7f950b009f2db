"""What each source of the encryption key implements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .encryption_key import EncryptionKey

__all__ = ["KeySource", "KeyUnavailableError", "Keys"]

Keys = tuple["EncryptionKey", ...]
"""The newest first, which encrypts. All of them decrypt."""


class KeyUnavailableError(Exception):
    """The encryption key cannot be used. The message is a clause without a full stop."""


class KeySource(Protocol):
    """Where the keys are. Each method raises `KeyUnavailableError`, except where it says so."""

    may_ask: bool
    """Whether it may ask a person, so that it is not used in an unattended thread."""

    def read(self) -> Keys:
        """Return the keys; none if a key is still to be created."""

    def create(self) -> Keys:
        """Create a key if there is none. Return the keys that all processes read from now on."""

    def rotate(self) -> Keys:
        """Put a new key in front, and keep exactly one older key. Return the keys."""

    def mark(self) -> object:
        """Return what changes when the keys change, if that is known without reading them.

        Never raises.
        """

    def asks_now(self) -> bool:
        """Return whether reading would ask a person, or whether that is not known. Never raises."""

    def why_not_creatable(self) -> str | None:
        """Return why a missing key could not be created, as a clause; None if it could be.

        None also if only creating it tells. Never raises.
        """

    def describe(self) -> str:
        """Name the source for a message, such as "the key file PATH". Never raises."""
