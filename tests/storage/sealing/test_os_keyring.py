"""The keys in the keyring of the operating system.

tests/keyring has the tests with a real one.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from plain_text_keyring import STORE, PlainTextKeyring

from sso_plugin.storage.sealing.key_source import KeyUnavailableError
from sso_plugin.storage.sealing.keyring_backend import Backend
from sso_plugin.storage.sealing.os_keyring import KeyringKeys


@pytest.fixture
def source(own_folder: Path) -> KeyringKeys:
    """Return the keys in a keyring that a test can read."""
    backend = Backend(PlainTextKeyring(), "Windows Credential Manager")
    return KeyringKeys(own_folder, lambda: backend)


def test_a_key_is_created_once(source: KeyringKeys) -> None:
    """In one item, as base64 text."""
    assert source.read() == ()
    keys = source.create()
    assert source.create() == source.read() == keys
    assert Path.home().joinpath(STORE).read_text() == keys[0].text
    assert source.describe() == "the key in the keyring (Windows Credential Manager)"
    assert not source.asks_now()
    assert source.mark() is None


def test_a_rotation_keeps_exactly_one_older_key(source: KeyringKeys) -> None:
    """Both are in the same item, since an item is replaced in one step."""
    first = source.create()
    second = source.rotate()
    third = source.rotate()
    assert (second[1:], third[1:]) == (first, second[:1])
    assert source.read() == third
    assert len(Path.home().joinpath(STORE).read_text()) < 1280


def test_an_item_that_is_not_a_key_is_not_replaced(source: KeyringKeys) -> None:
    """The message has the command that deletes it, and not the item."""
    path = Path.home() / STORE
    path.write_text("a password")
    for use in (source.read, source.create, source.rotate):
        with pytest.raises(KeyUnavailableError) as caught:
            use()
        assert str(caught.value) == (
            "the item of sso-plugin in the keyring (Windows Credential Manager) is not a key "
            '(delete it by: keyring del sso-plugin "encryption key")'
        )
    assert path.read_text() == "a password"


def test_a_key_that_is_not_stored_is_not_used(source: KeyringKeys) -> None:
    """It is read back after it was stored."""
    path = Path.home() / STORE
    path.symlink_to("/dev/null")
    with pytest.raises(KeyUnavailableError, match=r"does not return the key that it was given$"):
        source.create()
