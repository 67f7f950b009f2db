"""The key of a store: it encrypts documents and names them, and can be replaced by a new one."""

from __future__ import annotations

import base64
import os
from typing import TYPE_CHECKING

import pytest
from caches import KEY
from network import LOGIN, TOKEN_KEY

from sso_plugin.storage.network.store_key import StoreKey
from sso_plugin.storage.reading import UnusableFileError
from sso_plugin.storage.sealing import KeyUnavailableError

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE, FILE = "SSO_PLUGIN_STORE_KEY", "SSO_PLUGIN_STORE_KEY_FILE"


def new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture
def key() -> StoreKey:
    return StoreKey(LOGIN)


@pytest.fixture
def key_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n")
    path.chmod(0o600)
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setenv(FILE, str(path))
    return path


def name(key: StoreKey) -> str:
    return key.names().of("tokens", TOKEN_KEY)


def why(key: StoreKey) -> str:
    with pytest.raises(KeyUnavailableError) as caught:
        key.names()
    assert key.sealing.why_no_key() == str(caught.value)
    return str(caught.value)


def test_a_new_key_in_front_keeps_the_names_and_opens_old_documents(
    key: StoreKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It encrypts from then on."""
    before, old, new = name(key), key.sealing.seal("a", {"a": 1}, ""), new_key()
    monkeypatch.setenv(VARIABLE, f"{new} {KEY}")
    assert name(key) == before
    assert key.sealing.open("a", old) == {"a": 1}
    sealed = key.sealing.seal("a", {"a": 2}, "")
    monkeypatch.setenv(VARIABLE, new)
    assert name(key) != before
    assert key.sealing.open("a", sealed) == {"a": 2}


def test_all_keys_are_made_names_by_the_last_one(
    key: StoreKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Machines with other keys in front share the documents during a change."""
    before = name(key)
    monkeypatch.setenv(VARIABLE, f"{new_key()} {new_key()} {KEY}")
    assert name(key) == before
    monkeypatch.setenv(VARIABLE, f"{KEY} {new_key()}")
    assert name(key) != before


def test_a_changed_file_is_read_again(key: StoreKey, key_file: Path) -> None:
    """A process that has run for days gets the new key."""
    before = name(key)
    key_file.write_text(f"{new_key()}\n{KEY}\n")
    assert name(key) == before
    key_file.write_text(f"{new_key()}\n{new_key()}\n")
    assert name(key) != before


def test_a_file_has_the_same_key_as_the_variable(
    key: StoreKey, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One machine may have the one, and one the other."""
    in_file = name(key)
    monkeypatch.delenv(FILE)
    monkeypatch.setenv(VARIABLE, f"  {KEY}\n")
    assert name(key) == in_file


def test_a_missing_key_is_not_created(key: StoreKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other machines would not have it. The message has the command that makes one."""
    monkeypatch.delenv(VARIABLE)
    assert why(key) == (
        "neither SSO_PLUGIN_STORE_KEY nor SSO_PLUGIN_STORE_KEY_FILE is set (copy the key file of "
        "another machine or, for the first one, run: sso-plugin store init)"
    )


def test_a_missing_file_is_not_created(key: StoreKey, key_file: Path) -> None:
    """It may be a mount that is not there yet."""
    key_file.unlink()
    assert why(key) == (
        f"the key file {key_file} of SSO_PLUGIN_STORE_KEY_FILE does not exist (copy the key file "
        "of another machine or, for the first one, run: sso-plugin store init)"
    )
    assert not key_file.exists()


def test_both_variables_are_an_error(
    key: StoreKey, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may have different keys."""
    monkeypatch.setenv(VARIABLE, KEY)
    assert why(key) == (
        "SSO_PLUGIN_STORE_KEY and SSO_PLUGIN_STORE_KEY_FILE are both set (unset one of them)"
    )


@pytest.mark.parametrize("wrong", ["x", KEY[:-4], KEY + KEY, "hidden hidden", f"{KEY} hidden"])
def test_a_damaged_key_is_not_shown(
    key: StoreKey, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """Also if a part of it is right."""
    monkeypatch.setenv(VARIABLE, wrong)
    message = why(key)
    assert message.startswith("SSO_PLUGIN_STORE_KEY ")
    assert "which is 32 bytes in base64" in message
    assert "hidden" not in message
    assert "copy the key file of another machine" in message
    assert KEY[:8] not in message


@pytest.mark.parametrize("content", ["", "\n", "hidden"])
def test_a_damaged_file_is_named(key: StoreKey, key_file: Path, content: str) -> None:
    """Its content is not shown."""
    key_file.write_text(content)
    message = why(key)
    assert str(key_file) in message
    assert "hidden" not in message
    assert "copy the key file of another machine" in message


def test_a_document_of_another_group_is_not_opened(
    key: StoreKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has another key, which the message does not show."""
    other = StoreKey(LOGIN)
    monkeypatch.setenv(VARIABLE, new_key())
    sealed = other.sealing.seal("a", {"a": 1}, "")
    monkeypatch.setenv(VARIABLE, KEY)
    key.names()
    altered = {**sealed, **{field: "0" * 16 for field in sealed if "key" in field.lower()}}
    with pytest.raises(UnusableFileError):
        key.sealing.open("a", altered)


def test_a_repr_shows_no_key(key: StoreKey) -> None:
    """Nor do the attributes."""
    key.names()
    assert KEY not in f"{key!r} {vars(key)} {vars(key.sealing)} {vars(key.names())}"
