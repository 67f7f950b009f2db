"""The form of a sealed document: AES-256-GCM, bound to its name, its key and its identity.

A sealed document is a JSON object. Its identity can be read without the key. A document that was
changed, or stored under another name, cannot be opened.
"""

from __future__ import annotations

import base64
import json
import os
from typing import TYPE_CHECKING

from ..reading import MAX_BYTES, UnusableFileError, document_of
from .key_source import KeyUnavailableError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from ..reading import Document
    from .encryption_key import EncryptionKey

__all__ = [
    "VERSION",
    "identity_of",
    "key_id_of",
    "open_envelope",
    "require_cryptography",
    "seal_envelope",
]

VERSION = 1

_NONCE_BYTES = 12
"""As recommended for GCM."""

_FIELDS = ("key", "id", "nonce", "data")


def require_cryptography() -> None:
    """Raise `KeyUnavailableError` if the package that encrypts is not installed."""
    try:
        import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401
    except ImportError:
        raise KeyUnavailableError(
            "sealed files need the package cryptography (run: pip install 'sso-plugin[keyring]')"
        ) from None


def seal_envelope(key: EncryptionKey, name: str, document: Document, identity: str) -> Document:
    """Return a sealed document.

    :raises KeyUnavailableError: if the sealed document would be too large to be read again.
    """
    header = {"sealed": VERSION, "key": key.id, "id": identity}
    nonce, text = os.urandom(_NONCE_BYTES), json.dumps(document).encode()
    data = _cipher(key).encrypt(nonce, text, _bound(name, key.id, identity))
    sealed = {**header, "nonce": _to_text(nonce), "data": _to_text(data)}
    if len(json.dumps(sealed)) > MAX_BYTES:
        raise KeyUnavailableError("the sealed document would be larger than 1 MiB")
    return sealed


def key_id_of(sealed: Document) -> str:
    """Return the id of the key that opens a sealed document.

    :raises UnusableFileError: if it does not have the form of a sealed document.
    """
    version = sealed.get("sealed")
    if type(version) is not int:
        raise UnusableFileError("is damaged: it is not a sealed document")
    if version != VERSION:
        raise UnusableFileError(
            f"is sealed in the form {version}, which this version of sso-plugin does not know"
        )
    if not all(isinstance(sealed.get(field), str) for field in _FIELDS):
        raise UnusableFileError("is damaged: it is not a complete sealed document")
    return str(sealed["key"])


def identity_of(sealed: Document) -> str:
    """Return the identity of a sealed document, which needs no key.

    :raises UnusableFileError: if it does not have the form of a sealed document.
    """
    key_id_of(sealed)
    return str(sealed["id"])


def open_envelope(key: EncryptionKey, name: str, sealed: Document) -> Document:
    """Return the document in a sealed one, which has passed `key_id_of`.

    :raises UnusableFileError: if it was changed, or sealed under another name.
    """
    from cryptography.exceptions import InvalidTag

    try:
        nonce, data = _to_bytes(sealed["nonce"]), _to_bytes(sealed["data"])
        text = _cipher(key).decrypt(nonce, data, _bound(name, sealed["key"], sealed["id"]))
    except (InvalidTag, ValueError):
        # Not the cause: its frames have the key.
        raise UnusableFileError(
            "is damaged: it was changed, or is the sealed document of another file"
        ) from None
    return document_of(text)


def _cipher(key: EncryptionKey) -> AESGCM:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key.value)


def _bound(name: str, key_id: str, identity: str) -> bytes:
    """Return what the encryption protects beside the content, in a form without ambiguity."""
    return json.dumps(["sso-plugin", VERSION, name, key_id, identity]).encode()


def _to_text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _to_bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
