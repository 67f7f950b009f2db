"""One encryption key and its text."""

from __future__ import annotations

import base64
import pickle

import pytest

from sso_plugin.storage.sealing.encryption_key import key_from_text, new_key

BYTES = bytes(range(224, 256))
STANDARD = base64.b64encode(BYTES).decode()
URL_SAFE = base64.urlsafe_b64encode(BYTES).decode()


@pytest.mark.parametrize("text", [STANDARD, URL_SAFE, STANDARD.rstrip("="), URL_SAFE.rstrip("=")])
def test_a_key_is_read_in_each_usual_form_of_base64(text: str) -> None:
    """In the standard or the URL-safe alphabet, with or without padding."""
    key = key_from_text(text)
    assert key is not None
    assert key.value == BYTES
    assert key.text == STANDARD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "secret",
        STANDARD[:-4],
        STANDARD + STANDARD,
        BYTES.hex(),
        STANDARD[:10] + " " + STANDARD[10:],
        STANDARD[:-2] + "\u00e4=",
        "*" * 44,
        "====",
    ],
)
def test_another_text_is_not_a_key(text: str) -> None:
    """It must be the base64 text of exactly 32 bytes."""
    assert key_from_text(text) is None


def test_each_new_key_is_different() -> None:
    """Its bytes, and its id."""
    first, second = new_key(), new_key()
    assert first.value != second.value
    assert first.id != second.id
    assert len(first.value) == len(second.value) == 32


def test_a_key_with_the_same_bytes_has_the_same_id() -> None:
    """In all processes, since sealed documents have it."""
    key = key_from_text(STANDARD)
    assert key is not None
    assert key.id == "4c168d30f4d7d623"


def test_a_key_is_not_shown() -> None:
    """Neither its bytes nor its text are in a repr."""
    key = new_key()
    assert repr(key) == f"EncryptionKey(value=b'***', id={key.id!r})"
    assert repr(key.text) == "'***'"
    assert pickle.loads(pickle.dumps(str(key.text))) == key.text  # noqa: S301 - our own
