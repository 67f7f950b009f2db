"""One encryption key: 32 random bytes, which are base64 text where they are stored."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from typing import NamedTuple

from ...redact import Secret, SecretBytes, hide_frames

__all__ = ["HOW_TO_MAKE", "EncryptionKey", "key_from_text", "new_key"]

HOW_TO_MAKE = "openssl rand -base64 32"
"""The command that prints a new key."""

_LENGTH = 32
"""Bytes, for AES-256."""

_URL_SAFE = str.maketrans("-_", "+/")


class EncryptionKey(NamedTuple):
    """A key. Its id is in each document that it seals, and does not reveal the key."""

    value: SecretBytes
    id: str

    @property
    @hide_frames
    def text(self) -> Secret:
        """The base64 text of the key."""
        return Secret(base64.b64encode(self.value).decode("ascii"))


@hide_frames
def key_from_text(text: str) -> EncryptionKey | None:
    """Return the key of a base64 text; None if that is not the text of 32 bytes.

    :param text: in the standard or the URL-safe alphabet, with or without padding.
    """
    bare = text.rstrip("=").translate(_URL_SAFE)
    try:
        value = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return _key(value) if len(value) == _LENGTH else None


@hide_frames
def new_key() -> EncryptionKey:
    """Return a new random key."""
    return _key(os.urandom(_LENGTH))


def _key(value: bytes) -> EncryptionKey:
    digest = hashlib.sha256(b"sso-plugin key id\0" + value).hexdigest()
    return EncryptionKey(SecretBytes(value), digest[:16])
