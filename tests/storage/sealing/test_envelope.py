"""The form of a sealed document."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from property_tests import FIXED

from sso_plugin.storage.reading import MAX_BYTES, MAX_DEPTH, UnusableFileError
from sso_plugin.storage.sealing.encryption_key import new_key
from sso_plugin.storage.sealing.envelope import (
    key_id_of,
    open_envelope,
    seal_envelope,
)
from sso_plugin.storage.sealing.key_source import KeyUnavailableError

KEY = new_key()
DOCUMENT = {"accessToken": "the token", "expiresAt": "2026-01-31T22:15:00Z", "list": [1, None]}


def test_a_sealed_document_opens_to_the_same_document() -> None:
    """With the same key and name."""
    sealed = seal_envelope(KEY, "tokens/a", DOCUMENT, "digest")
    assert open_envelope(KEY, "tokens/a", json.loads(json.dumps(sealed))) == DOCUMENT


def test_what_can_be_read_without_the_key() -> None:
    """The version, the id of the key, and the identity. The content cannot."""
    sealed = seal_envelope(KEY, "tokens/a", DOCUMENT, "digest")
    assert list(sealed) == ["sealed", "key", "id", "nonce", "data"]
    assert (sealed["sealed"], sealed["key"], sealed["id"]) == (1, KEY.id, "digest")
    assert key_id_of(sealed) == KEY.id
    data = base64.b64decode(sealed["data"])
    assert b"token" not in data
    assert len(data) == len(json.dumps(DOCUMENT)) + 16


def test_the_same_document_is_never_sealed_twice_in_the_same_way() -> None:
    """Each has its own nonce."""
    first, second = (seal_envelope(KEY, "tokens/a", DOCUMENT, "") for _ in range(2))
    assert first["nonce"] != second["nonce"]
    assert first["data"] != second["data"]


def test_a_document_opens_only_under_its_name() -> None:
    """The owner of the folder cannot give the token of one login to another."""
    sealed = seal_envelope(KEY, "tokens/a", DOCUMENT, "")
    with pytest.raises(UnusableFileError, match=r"^is damaged: it was changed, or is the sealed"):
        open_envelope(KEY, "tokens/b", sealed)


def flipped(text: str) -> str:
    """Return base64 text in which one bit is different."""
    value = bytearray(base64.b64decode(text))
    value[len(value) // 2] ^= 1
    return base64.b64encode(value).decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "another digest"),
        ("key", "another key"),
        ("nonce", flipped),
        ("nonce", ""),
        ("nonce", "AAAA"),
        ("nonce", "no base64"),
        ("data", flipped),
        ("data", ""),
        ("data", "AAAA"),
        ("data", "\u00e4"),
        ("data", lambda text: text[:-4]),
    ],
)
def test_a_changed_document_is_damaged(field: str, value: object) -> None:
    """Each part is protected, also those that can be read without the key."""
    sealed = seal_envelope(KEY, "tokens/a", DOCUMENT, "digest")
    changed = {**sealed, field: value(sealed[field]) if callable(value) else value}
    with pytest.raises(UnusableFileError, match=r"^is damaged: it was changed"):
        open_envelope(KEY, "tokens/a", changed)


def nested(levels: int) -> dict[str, Any]:
    """Return a document with some levels of nesting."""
    document: dict[str, Any] = {}
    for _ in range(levels):
        document = {"a": document}
    return document


@pytest.mark.parametrize("content", [[], "text", None, nested(MAX_DEPTH + 1), nested(800)])
def test_the_content_passes_the_checks_of_each_file(content: Any) -> None:
    """It is a JSON object that is not nested too deep."""
    sealed = seal_envelope(KEY, "tokens/a", content, "")
    with pytest.raises(UnusableFileError, match=r"^is damaged: it is (not a JSON|nested deeper)"):
        open_envelope(KEY, "tokens/a", sealed)


@settings(FIXED, max_examples=50)
@given(
    document=st.dictionaries(st.text(max_size=9), st.text(max_size=99) | st.integers(), max_size=3),
    name=st.text(max_size=50),
    identity=st.text(max_size=50),
    place=st.integers(min_value=0),
)
def test_any_document_opens_unless_any_bit_of_it_was_changed(
    document: dict[str, Any], name: str, identity: str, place: int
) -> None:
    """With any name and identity, also in another language."""
    sealed = seal_envelope(KEY, name, document, identity)
    assert open_envelope(KEY, name, json.loads(json.dumps(sealed))) == document
    data = bytearray(base64.b64decode(sealed["data"]))
    data[place // 8 % len(data)] ^= 1 << place % 8
    changed = {**sealed, "data": base64.b64encode(data).decode()}
    with pytest.raises(UnusableFileError, match=r"^is damaged: it was changed"):
        open_envelope(KEY, name, changed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sealed": None}, "is damaged: it is not a sealed document"),
        ({"sealed": True}, "is damaged: it is not a sealed document"),
        ({"sealed": 2}, "is sealed in the form 2, which this version of sso-plugin does not know"),
        ({"key": None}, "is damaged: it is not a complete sealed document"),
        ({"id": 1}, "is damaged: it is not a complete sealed document"),
        ({"nonce": []}, "is damaged: it is not a complete sealed document"),
        ({"data": {}}, "is damaged: it is not a complete sealed document"),
    ],
)
def test_a_document_without_the_form_is_not_opened(change: dict[str, object], message: str) -> None:
    """The message is the end of a sentence."""
    sealed = {**seal_envelope(KEY, "tokens/a", DOCUMENT, ""), **change}
    with pytest.raises(UnusableFileError) as caught:
        key_id_of(sealed)
    assert str(caught.value) == message


def test_a_plain_document_is_not_a_sealed_one() -> None:
    """Such as the file of the AWS CLI in the wrong folder."""
    with pytest.raises(UnusableFileError, match=r"^is damaged: it is not a sealed document$"):
        key_id_of(DOCUMENT)


def test_a_document_that_could_not_be_read_again_is_not_sealed() -> None:
    """The limit is that of all files, for the sealed document."""
    fits = {"a": "x" * (MAX_BYTES * 3 // 4 - 400)}
    sealed = seal_envelope(KEY, "tokens/a", fits, "")
    assert len(json.dumps(sealed)) <= MAX_BYTES
    assert open_envelope(KEY, "tokens/a", sealed) == fits
    with pytest.raises(KeyUnavailableError, match="larger than 1 MiB"):
        seal_envelope(KEY, "tokens/a", {"a": "x" * (MAX_BYTES * 3 // 4)}, "")


WITHOUT_CRYPTOGRAPHY = """
import sys
sys.modules["cryptography"] = None
from pathlib import Path
from sso_plugin.storage.sealing import KeyUnavailableError, sealing_of
sealing = sealing_of("file:~/key", Path.home())
print(sealing.why_no_key())
try:
    sealing.seal("tokens/a", {}, "")
except KeyUnavailableError as exc:
    print(exc)
print((Path.home() / "key").exists())
"""


def test_the_missing_package_is_named_with_the_command_that_installs_it() -> None:
    """And no key is created that could not be used."""
    command = [sys.executable, "-c", WITHOUT_CRYPTOGRAPHY]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    line = "sealed files need the package cryptography (run: pip install 'sso-plugin[keyring]')"
    assert done.stdout.splitlines() == [line, line, "False"]
    assert done.stderr == ""
